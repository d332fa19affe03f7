"""Which actions a customer may be proposed: by tier, by reasons, by figures, by birthday, by what campaigns showed."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.planning.learned import Learned
from hvc_ml.planning.playbook import Action, Playbook

Mask = NDArray[np.bool_]


def allowed_actions(
    tiers: pd.Series,
    playbook: Playbook,
    family_amounts: pd.DataFrame | None = None,
    *,
    top: int = 3,
    figures: pd.DataFrame | None = None,
    birthdays: Mapping[str, NDArray[np.float64]] | None = None,
    weeks: int = 1,
    learned: Learned = Learned.NOTHING,
) -> Mask:
    """Whether each action of the playbook may be proposed to each customer.

    Parameters
    ----------
    tiers : Series, length n
        Each customer's tier.
    playbook : Playbook
        Its actions name the tiers and the families of reasons that trigger them; null means all.
    family_amounts : DataFrame, shape (n, number of families), optional
        Money at risk linked with each family, one column per family, rows as in ``tiers``. Without it, an action that
        asks for a family is never allowed.
    top : int, default 3
        How many of a customer's largest positive families count.
    figures : DataFrame, n rows, optional
        Features that actions ask for (``where``); an unknown figure, or a feature that is not there, is never within
        bounds.
    birthdays : mapping, optional
        Attribute -> days from the cutoff to the next birthday, shape (n,); NaN where unknown.
    weeks : int, default 1
        How long the list is worked: a birthday counts from ``lead_time`` days on, for so many weeks, so that lists that
        follow each other miss none and name none twice.
    learned : Learned
        Actions that measured campaigns have stopped.

    Returns
    -------
    ndarray of bool, shape (n, number of actions)

    Raises
    ------
    ValueError
        If ``family_amounts`` has another number of rows.

    Examples
    --------
    >>> amounts = pd.DataFrame({"service": [9.0, -1.0], "rhythm": [1.0, 5.0]})
    >>> allowed_actions(pd.Series(["Priority", "Mass"]), Playbook(), amounts)
    array([[ True,  True,  True],
           [False, False,  True]])
    """
    if family_amounts is not None and len(family_amounts) != len(tiers):
        raise ValueError(f"{len(family_amounts):,} rows of amounts for {len(tiers):,} customers")
    leading = _leading(family_amounts, top) if family_amounts is not None else {}
    columns = [
        _of_tier(action, tiers, learned)
        & _with_reason(action, leading, len(tiers))
        & _within_bounds(action, figures, len(tiers))
        & _birthday_comes(action, birthdays or {}, len(tiers), weeks)
        for action in playbook.actions
    ]
    return np.column_stack(columns)


def _of_tier(action: Action, tiers: pd.Series, learned: Learned) -> Mask:
    open_to = [
        tier
        for tier in tiers.unique()
        if (action.tiers is None or tier in action.tiers) and not learned.stops(action.name, tier)
    ]
    return np.asarray(tiers.isin(open_to).to_numpy(dtype=np.bool_))


def _with_reason(action: Action, leading: Mapping[str, Mask], n: int) -> Mask:
    if action.families is None:
        return np.ones(n, dtype=np.bool_)
    nobody = np.zeros(n, dtype=np.bool_)
    return np.asarray(np.logical_or.reduce([nobody, *(leading.get(family, nobody) for family in action.families)]))


def _within_bounds(action: Action, figures: pd.DataFrame | None, n: int) -> Mask:
    may = np.ones(n, dtype=np.bool_)
    for feature, (low, high) in action.where.items():
        if figures is None or feature not in figures:
            return np.zeros(n, dtype=np.bool_)
        own = pd.to_numeric(figures[feature], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        may &= (own >= (-np.inf if low is None else low)) & (own <= (np.inf if high is None else high))
    return may


def _birthday_comes(action: Action, birthdays: Mapping[str, NDArray[np.float64]], n: int, weeks: int) -> Mask:
    if action.birthday is None:
        return np.ones(n, dtype=np.bool_)
    days = birthdays.get(action.birthday, np.full(n, np.nan))
    return np.asarray((days >= action.lead_time) & (days < action.lead_time + 7 * weeks))


def _leading(amounts: pd.DataFrame, top: int) -> dict[str, Mask]:
    """Per family, whether it is among a customer's ``top`` largest positive ones; ties by the order of the columns."""
    money = amounts.to_numpy(dtype=np.float64)
    order = np.argsort(-money, axis=1, kind="stable")[:, :top]
    leads = np.zeros(money.shape, dtype=np.bool_)
    np.put_along_axis(leads, order, values=True, axis=1)
    leads &= money > 0.0
    return {str(family): leads[:, j] for j, family in enumerate(amounts.columns)}
