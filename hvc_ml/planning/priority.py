"""The retention list: who, with which action, worth how much, until when."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.planning.allocation import NOTHING, allocation
from hvc_ml.planning.candidates import Candidates, Known, candidates
from hvc_ml.planning.holdout import draw_holdout
from hvc_ml.planning.learned import Learned
from hvc_ml.planning.outlook import budget_curve, gain_interval, spread_of
from hvc_ml.planning.playbook import ListSettings, Playbook

CARRIED: Final = (
    "customer_id",
    "tier",
    "churn_risk",
    "value_if_kept",
    "future_value",
    "future_value_low",
    "future_value_high",
    "value_at_risk",
)
"""Columns of the scores that the list repeats."""


@dataclass(frozen=True)
class RetentionPlan:
    """A list, what it may bring, and what it was chosen from.

    Parameters
    ----------
    rows
        As `retention_list` returns them.
    marginal_gain
        What the next unit of budget would earn; None where there is no budget, or it does not bind.
    gain_interval
        80 % interval of the total expected gain of the rows, in money.
    candidates
        Everybody who could have come on it.
    """

    rows: pd.DataFrame
    marginal_gain: float | None
    gain_interval: tuple[float, float]
    candidates: Candidates = field(repr=False)

    def budget_curve(self) -> pd.DataFrame:
        """What ten budgets would earn, up to one that no longer binds: ``budget`` and ``gain``, in money."""
        found = self.candidates
        return budget_curve(found.offers.gains, found.offers.spending, found.allowed, found.limits)


def retention_list(
    scores: pd.DataFrame,
    playbook: Playbook,
    settings: ListSettings,
    *,
    cutoff: str,
    horizon: int,
    family_amounts: pd.DataFrame | None = None,
    suppressed: Collection[str] = (),
    learned: Learned = Learned.NOTHING,
    effects: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Choose whom to contact, with what, and whom to leave alone, in the order in which to begin.

    Suppressed customers leave first. Every other customer gets the action that helps the whole list most within the
    playbook's capacities, the budget and the length; customers without a gain of at least a cent are not listed. Of
    those listed, a holdout is drawn: limits bound the list with its holdout, so a team spends a little less.

    Parameters
    ----------
    scores : DataFrame
        One row per eligible customer with the columns ``CARRIED``, and optionally ``act_before_days``: whole days from
        the cutoff, by default the horizon.
    playbook : Playbook
        The actions.
    settings : ListSettings
        Length, weeks, budget, holdout.
    cutoff : str
        ISO date of the cutoff; it also seeds the holdout.
    horizon : int
        Days the churn risk looks ahead.
    family_amounts : DataFrame, optional
        Money at risk by family of reasons, rows as in ``scores``.
    suppressed : collection of str
        Ids that never come on a list.
    learned : Learned
        What measured campaigns say: save rates that replace the priors, actions that are stopped.
    effects : DataFrame, optional
        Rows as in ``scores``, one column per action of ``learned.uplift``: how much likelier customers are to stay
        because of it; their gain is then ``effect * value_if_kept - expected spending``.

    Returns
    -------
    DataFrame
        ``rank``, the columns ``CARRIED``, ``action``, ``expected_gain`` (money, to the cent), ``act_before`` (ISO
        date), ``group`` (``contact`` or ``holdout``), ``cutoff``, ``owner``, ``channel`` and ``talking_points``; sorted
        by expected gain, ties by customer_id. The index is each customer's position in ``scores``, so that reasons can
        be looked up there.

    Raises
    ------
    ValueError
        If a customer stands twice, or a risk is not a probability.

    Examples
    --------
    >>> scores = pd.DataFrame({"customer_id": ["ann", "bob"], "tier": ["Priority", "Mass"], "churn_risk": [0.5, 0.2],
    ...     "value_if_kept": [900.0, 40.0], "future_value": [450.0, 32.0], "future_value_low": [0.0, 0.0],
    ...     "future_value_high": [999.0, 80.0], "value_at_risk": [450.0, 8.0]})
    >>> plan = retention_list(scores, Playbook(), ListSettings(holdout=0), cutoff="2026-01-01", horizon=90)
    >>> print(plan[["rank", "customer_id", "action", "expected_gain", "act_before"]].to_string(index=False))
     rank customer_id          action  expected_gain act_before
        1         ann   personal call          127.0 2026-03-29
        2         bob personal e-mail            0.3 2026-03-31
    """
    known = Known(family_amounts, effects=effects)
    found = candidates(scores, playbook, settings, known=known, suppressed=suppressed, learned=learned)
    return retention_plan(found, playbook, settings, cutoff=cutoff, horizon=horizon).rows


def retention_plan(
    found: Candidates, playbook: Playbook, settings: ListSettings, *, cutoff: str, horizon: int, shock: float = 0.0
) -> RetentionPlan:
    """The list of `retention_list` from candidates, with what it may bring.

    Parameters
    ----------
    found : Candidates
        Who may have what.
    playbook, settings
        What the candidates were gathered with.
    cutoff : str
        ISO date of the cutoff; it also seeds the holdout.
    horizon : int
        Days the churn risk looks ahead.
    shock : float
        Standard deviation of the logarithm of the error that totals share; see `gain_interval`.

    Returns
    -------
    RetentionPlan
    """
    chosen = allocation(found.offers.gains, found.offers.spending, found.allowed, found.limits)
    listed = np.flatnonzero(chosen.choice != NOTHING)
    choice = chosen.choice[listed]
    rows = found.scores[list(CARRIED)].iloc[listed].set_axis(found.positions[listed], axis=0)
    rows["action"] = _per_action(playbook, "name")[choice]
    rows["expected_gain"] = found.offers.gains[listed, choice]
    days, lead = _days_to_act(found, playbook, listed, choice, horizon), _per_action(playbook, "lead_time")[choice]
    rows["act_before"] = act_before(cutoff, days, lead.astype(np.int64), horizon)
    rows["group"] = np.where(draw_holdout(rows, settings.holdout, seed=cutoff), "holdout", "contact")
    rows["cutoff"] = cutoff
    rows["owner"] = _owners(found, playbook, listed, choice)
    rows["channel"] = _per_action(playbook, "channel")[choice]
    rows["talking_points"] = _per_action(playbook, "talking_points")[choice]
    interval = gain_interval(_economics(found, playbook, listed, choice), shock=shock)
    rows = rows.sort_values(["expected_gain", "customer_id"], ascending=[False, True], kind="stable")
    rows.insert(0, "rank", np.arange(1, len(rows) + 1))
    price = chosen.prices.money
    return RetentionPlan(rows, round(price, 4) if price > 0.0 else None, interval, found)


def act_before(cutoff: str, days: NDArray[np.int64], lead_time: NDArray[np.int64], horizon: int) -> NDArray[np.object_]:
    """Dates by which the contact should have happened.

    Half of the customers like this one who come back on their own have come by then (with contracts: half of those who
    leave have left). Before that day a contact mostly reaches people who would have come anyway; after it, silence is
    more and more of an answer, and there is ever less left to save.

    Parameters
    ----------
    cutoff : str
        ISO date.
    days : ndarray, shape (n,)
        That day, in whole days from the cutoff.
    lead_time : ndarray, shape (n,)
        Days the action needs to reach the customer.
    horizon : int
        Days the churn risk looks ahead.

    Returns
    -------
    ndarray of str, shape (n,)
        ISO dates, ``cutoff + days - lead_time``, neither before the cutoff nor after the end of the horizon.

    Examples
    --------
    >>> act_before("2026-01-01", np.array([40, 2]), np.array([3, 3]), 90).tolist()
    ['2026-02-07', '2026-01-01']
    """
    moved_up = np.clip(days - lead_time, 0, horizon).astype(np.int64)
    start = date.fromisoformat(cutoff)
    words = np.array([(start + timedelta(days=day)).isoformat() for day in range(horizon + 1)], dtype=object)
    return np.asarray(words[moved_up])


def _per_action(playbook: Playbook, name: str) -> NDArray[np.object_]:
    """One property of each action, shape (k,)."""
    return np.array([getattr(action, name) for action in playbook.actions], dtype=object)


def _days_to_act(
    found: Candidates, playbook: Playbook, listed: NDArray[np.int64], choice: NDArray[np.int64], horizon: int
) -> NDArray[np.int64]:
    """Days from the cutoff until the customer should feel the action: their own day, or their birthday."""
    own = found.scores.get("act_before_days")
    days = np.full(len(listed), horizon, np.int64) if own is None else own.to_numpy(dtype=np.int64)[listed]
    for j, action in enumerate(playbook.actions):
        if action.birthday is not None and (mine := choice == j).any():
            days[mine] = found.known.birthdays[action.birthday][listed[mine]].astype(np.int64)
    return days


def _owners(
    found: Candidates, playbook: Playbook, listed: NDArray[np.int64], choice: NDArray[np.int64]
) -> NDArray[np.object_]:
    """Who makes each contact: whoever looks after the customer, else the action's owner."""
    owner = _per_action(playbook, "owner")[choice]
    if found.known.owners is None:
        return owner
    own = found.known.owners.iloc[listed].fillna("").to_numpy(dtype=object)
    return np.where(own == "", owner, own)


def _economics(
    found: Candidates, playbook: Playbook, listed: NDArray[np.int64], choice: NDArray[np.int64]
) -> pd.DataFrame:
    """What `gain_interval` asks for."""
    scores, offers = found.scores.iloc[listed], found.offers
    return pd.DataFrame(
        {
            **{name: _per_action(playbook, name)[choice] for name in ("offer_cost", "take_up", "contact_cost")},
            **{name: getattr(offers, name)[listed, choice] for name in ("saved", "alpha", "beta")},
            **{name: scores[name].to_numpy(np.float64) for name in ("churn_risk", "value_if_kept")},
            "action": _per_action(playbook, "name")[choice],
            "spread": spread_of(scores),
        }
    )
