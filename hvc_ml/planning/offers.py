"""What each action would bring to and cost for each customer, and who may have it: what a list is chosen from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.planning.economics import (
    expected_gain,
    expected_spending,
    gain_from_uplift,
    spending_at_uplift,
)
from hvc_ml.planning.learned import Learned
from hvc_ml.planning.playbook import Action, Playbook

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Offers:
    """Customers x actions.

    Parameters
    ----------
    gains
        Expected gain to the cent, shape (n, k).
    spending
        Expected outlay, shape (n, k).
    saved
        How much likelier each customer is to stay, shape (n, k): churn risk times save rate, or the measured uplift.
    alpha, beta
        The Beta distribution of the save rate behind them, shape (n, k).
    """

    gains: Floats
    spending: Floats
    saved: Floats
    alpha: Floats
    beta: Floats


def offers(
    customers: pd.DataFrame,
    playbook: Playbook,
    *,
    learned: Learned = Learned.NOTHING,
    effects: pd.DataFrame | None = None,
) -> Offers:
    """Work out every action for every customer.

    Parameters
    ----------
    customers : DataFrame
        ``churn_risk``, ``value_if_kept`` and ``tier``, one row per customer.
    playbook : Playbook
        The actions: costs, and the beliefs that stand where nothing is measured.
    learned : Learned
        Save rates per action and tier that replace the beliefs, and the actions that are ranked by uplift.
    effects : DataFrame, optional
        Rows as in ``customers``, one column per action of ``learned.uplift``: how much likelier the customer is to stay
        because of it. Where an effect is unknown, the save rate stands.

    Returns
    -------
    Offers

    Examples
    --------
    >>> people = pd.DataFrame({"churn_risk": [0.5], "value_if_kept": [1000.0], "tier": ["Gold"]})
    >>> book = Playbook(actions=(Action(name="call", contact_cost=3, offer_cost=15, take_up=0.5),))
    >>> offers(people, book).gains
    array([[141.]])
    """
    risk, value = (customers[c].to_numpy(dtype=np.float64)[:, None] for c in ("churn_risk", "value_if_kept"))
    actions, costs = playbook.actions, _costs(playbook)
    alpha, beta = _beliefs(customers["tier"], actions, learned)
    rate = alpha / (alpha + beta)
    gains, saved = expected_gain(risk, value, save_rate=rate, **costs), risk * rate
    spending = expected_spending(risk, save_rate=rate, **costs)
    for j, effect in _measured(actions, learned, effects).items():
        own, known = {name: cost[j] for name, cost in costs.items()}, np.isfinite(effect)
        uplift = np.clip(np.where(known, effect, saved[:, j]), -1.0, 1.0)
        outlay = np.where(known, spending_at_uplift(uplift, risk[:, 0], **own), spending[:, j])
        gain = gain_from_uplift(uplift, value[:, 0], spending=outlay)
        gains[:, j], spending[:, j], saved[:, j] = np.where(known, gain, gains[:, j]), outlay, uplift
    return Offers(np.round(gains, 2), spending, saved, alpha, beta)


def _costs(playbook: Playbook) -> dict[str, Floats]:
    """Costs and take-up of the actions, shape (k,) each."""
    names = ("offer_cost", "take_up", "contact_cost")
    return {name: np.array([getattr(action, name) for action in playbook.actions], np.float64) for name in names}


def _beliefs(tiers: pd.Series, actions: tuple[Action, ...], learned: Learned) -> tuple[Floats, Floats]:
    """Alpha and beta of the save rates, shape (n, k) each: as measured for the tier, else the playbook's prior."""
    codes, names = pd.factorize(tiers)
    table = np.array([[_belief(action, str(tier), learned) for action in actions] for tier in names], np.float64)
    by_customer = table.reshape(len(names), len(actions), 2)[codes]
    return by_customer[..., 0], by_customer[..., 1]


def _belief(action: Action, tier: str, learned: Learned) -> tuple[float, float]:
    measured = learned.rate(action.name, tier)
    return action.save_rate_prior if measured is None else (measured.alpha, measured.beta)


def _measured(actions: tuple[Action, ...], learned: Learned, effects: pd.DataFrame | None) -> dict[int, Floats]:
    """Position of each action that is ranked by uplift -> its effect on each customer."""
    if effects is None:
        return {}
    names = [action.name for action in actions]
    return {
        names.index(name): effects[name].to_numpy(dtype=np.float64)
        for name in learned.uplift
        if name in names and name in effects
    }
