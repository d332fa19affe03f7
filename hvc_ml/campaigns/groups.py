"""Four groups, on the list or not, contacted or left alone: so that the model and the offer are judged apart."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hvc_ml.campaigns.measure import Effect

Money = Callable[[float], str]


@dataclass(frozen=True)
class Group:
    """One of the four groups.

    Parameters
    ----------
    listed, contacted
        Which one. On the list, contacted means drawn for contact; off it, contacted in fact.
    n
        Customers.
    predicted_churn, churn
        Share that was expected to leave if nobody were contacted, and share that left.
    chance
        Half of the width within which ``churn - predicted_churn`` lies by luck alone (95 %).
    predicted_value, value
        Mean money that was expected, and that came.
    says
        What follows from it, in words.
    """

    listed: bool
    contacted: bool
    n: int
    predicted_churn: float
    churn: float
    chance: float
    predicted_value: float
    value: float
    says: str = ""

    def as_json(self) -> dict[str, Any]:
        """The figures, rounded; what is unknown because nobody is there is null."""
        numbers = {
            name: round(float(value), 4) if self.n else None
            for name, value in vars(self).items()
            if isinstance(value, float)
        }
        return {**vars(self), **numbers}


def four_groups(people: pd.DataFrame, kept: Effect | None, money: Money) -> tuple[Group, ...]:
    """Judge the model by those who were left alone, and the offer by what contact changed.

    Parameters
    ----------
    people : DataFrame
        Everyone who was scored, over all campaigns: ``listed`` and ``contacted`` (bool; see `Group`), ``churn_risk``
        and ``forecast`` (what was said), ``churned`` and ``future_value`` (what came).
    kept : Effect, optional
        The effect of contact on the share who stay, from the same campaigns.
    money : callable
        An amount in words.

    Returns
    -------
    tuple of Group
        Listed and contacted; listed and left alone; not listed and contacted; not listed and left alone.
    """
    words: dict[tuple[bool, bool], Callable[[Group], str]] = {
        (True, True): lambda group: _of_the_offer(group, kept),
        (True, False): lambda group: _of_the_model(group, "on the list", money),
        (False, True): _of_others,
        (False, False): lambda group: _of_the_model(group, "not on the list", money),
    }
    found = []
    for (listed, contacted), says in words.items():
        rows = people[(people["listed"] == listed) & (people["contacted"] == contacted)]
        group = _group(rows, listed=listed, contacted=contacted)
        found.append(Group(**{**vars(group), "says": says(group)}))
    return tuple(found)


def _group(rows: pd.DataFrame, *, listed: bool, contacted: bool) -> Group:
    risk = rows["churn_risk"].to_numpy(np.float64)
    luck = 1.96 * float(np.sqrt((risk * (1.0 - risk)).sum())) / max(len(rows), 1)
    means = [float(rows[c].mean()) if len(rows) else 0.0 for c in ("churn_risk", "churned", "forecast", "future_value")]
    return Group(
        listed=listed,
        contacted=contacted,
        n=len(rows),
        predicted_churn=means[0],
        churn=means[1],
        chance=luck,
        predicted_value=means[2],
        value=means[3],
    )


def _of_the_model(group: Group, where: str, money: Money) -> str:
    """Those left alone show what the forecasts are worth: nobody meddled."""
    if not group.n:
        return f"Nobody {where} was left alone: the model cannot be judged there."
    gap = group.churn - group.predicted_churn
    verdict = (
        "the model's risks hold there"
        if abs(gap) <= group.chance
        else f"the model said too {'little' if gap > 0 else 'much'} there"
    )
    return (
        f"Of {group.n:,} {where} who were left alone, {group.predicted_churn:.1%} were expected to leave and "
        f"{group.churn:.1%} did (luck explains {group.chance:.1%} either way): {verdict}. They were expected to bring "
        f"{money(group.predicted_value)} each and brought {money(group.value)}."
    )


def _of_the_offer(group: Group, kept: Effect | None) -> str:
    """Only lots tell what contact did; what the model said does not enter."""
    if not group.n:
        return "Nobody on the list was to be contacted: the offer cannot be judged."
    if kept is None:
        return f"{group.n:,} were to be contacted; too few were held out beside them to judge the offer."
    verdict = {"better": "the offer works", "worse": "contact does harm", "not shown": "no effect is shown yet"}
    points, low, high = (f"{100 * x:+.1f}" for x in (kept.estimate, kept.low, kept.high))
    return (
        f"Of {group.n:,} drawn for contact {group.churn:.1%} left. Against those held out, contact changed the share "
        f"who stay by {points} points (95 %: {low} to {high}): {verdict[kept.verdict]}."
    )


def _of_others(group: Group) -> str:
    if not group.n:
        return "Nobody was contacted outside the list."
    return (
        f"{group.n:,} were contacted without standing on the list, and {group.churn:.1%} of them left "
        f"({group.predicted_churn:.1%} expected). Nobody drew lots there, so this says nothing about the offer."
    )
