"""The retention list: who, with which action, worth how much, until when."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.planning.allocation import NOTHING, allocate
from hvc_ml.planning.economics import expected_gain, expected_spending
from hvc_ml.planning.holdout import draw_holdout
from hvc_ml.planning.playbook import ListSettings, Playbook
from hvc_ml.planning.prices import Limits
from hvc_ml.planning.triggers import allowed_actions

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


def retention_list(
    scores: pd.DataFrame,
    playbook: Playbook,
    settings: ListSettings,
    *,
    cutoff: str,
    horizon: int,
    family_amounts: pd.DataFrame | None = None,
    suppressed: Collection[str] = (),
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
        Length, budget, holdout.
    cutoff : str
        ISO date of the cutoff; it also seeds the holdout.
    horizon : int
        Days the churn risk looks ahead.
    family_amounts : DataFrame, optional
        Money at risk by family of reasons, rows as in ``scores``.
    suppressed : collection of str
        Ids that never come on a list.

    Returns
    -------
    DataFrame
        ``rank``, the columns ``CARRIED``, ``action``, ``expected_gain`` (money, to the cent), ``act_before`` (ISO
        date), ``group`` (``contact`` or ``holdout``) and ``cutoff``; sorted by expected gain, ties by customer_id.
        The index is each customer's position in ``scores``, so that reasons can be looked up there.

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
    if scores["customer_id"].duplicated().any():
        raise ValueError("a customer stands twice in the scores")
    positions = _eligible(scores, suppressed)
    eligible = scores.iloc[positions]
    amounts = None if family_amounts is None else family_amounts.iloc[positions]
    gains, spending = _by_action(eligible, playbook)
    limits = Limits(tuple(action.capacity for action in playbook.actions), settings.budget, settings.top)
    choice = allocate(gains, spending, allowed_actions(eligible["tier"], playbook, amounts), limits)
    listed = np.flatnonzero(choice != NOTHING)
    plan = eligible[list(CARRIED)].iloc[listed].set_axis(positions[listed], axis=0)
    plan["action"] = np.array([action.name for action in playbook.actions], dtype=object)[choice[listed]]
    plan["expected_gain"] = gains[listed, choice[listed]]
    lead = np.array([action.lead_time for action in playbook.actions])[choice[listed]]
    by = (
        eligible["act_before_days"].to_numpy()[listed] if "act_before_days" in eligible else np.full(len(lead), horizon)
    )
    plan["act_before"] = act_before(cutoff, by, lead, horizon)
    plan["group"] = np.where(draw_holdout(plan, settings.holdout, seed=cutoff), "holdout", "contact")
    plan["cutoff"] = cutoff
    plan = plan.sort_values(["expected_gain", "customer_id"], ascending=[False, True], kind="stable")
    plan.insert(0, "rank", np.arange(1, len(plan) + 1))
    return plan


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


def _eligible(scores: pd.DataFrame, suppressed: Collection[str]) -> NDArray[np.int64]:
    """Positions of customers who may be listed, by customer_id, so that ties fall the same way in any order of rows."""
    keep = np.flatnonzero(~scores["customer_id"].isin(set(suppressed)).to_numpy(dtype=np.bool_))
    return np.asarray(keep[np.argsort(scores["customer_id"].to_numpy(dtype=object)[keep], kind="stable")])


def _by_action(customers: pd.DataFrame, playbook: Playbook) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Expected gain (to the cent) and expected spending, shape (n, number of actions)."""
    actions = playbook.actions
    risk, value = (customers[c].to_numpy(dtype=np.float64)[:, None] for c in ("churn_risk", "value_if_kept"))
    costs = {
        "save_rate": np.array([action.save_rate for action in actions]),
        "offer_cost": np.array([action.offer_cost for action in actions]),
        "take_up": np.array([action.take_up for action in actions]),
        "contact_cost": np.array([action.contact_cost for action in actions]),
    }
    return np.round(expected_gain(risk, value, **costs), 2), expected_spending(risk, **costs)
