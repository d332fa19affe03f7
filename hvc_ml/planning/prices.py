"""What a list may use, and what one more row of it would be worth: the shadow prices of its limits."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SAMPLE: Final = 20_000
"""How many customers stand for all where a good guess is enough."""

_ROUNDS = 50
_NEAR = 1e-3


@dataclass(frozen=True)
class Limits:
    """What one list may use; None means no limit.

    Parameters
    ----------
    capacities
        Rows per action, one entry per action.
    budget
        Expected spending on the whole list, in the currency of the gains.
    top
        Rows of the list.
    """

    capacities: tuple[int | None, ...]
    budget: float | None = None
    top: int | None = None

    def as_array(self) -> Floats:
        """Rows per action, money, rows of the list: shape (k + 2,), infinite where there is no limit."""
        limits = (*self.capacities, self.budget, self.top)
        return np.array([np.inf if limit is None else float(limit) for limit in limits])

    def share(self, step: int) -> "Limits":
        """The limits of every ``step``-th customer."""
        capacities = (None if c is None else round(c / step) for c in self.capacities)
        budget = None if self.budget is None else self.budget / step
        return Limits(tuple(capacities), budget, None if self.top is None else round(self.top / step))

    def allow(self, used: Floats) -> bool:
        """Whether ``used``, shape (k + 2,), stays within every limit."""
        return bool((used <= self.as_array()).all())


def usage(choice: NDArray[np.int64], cost: Floats) -> Floats:
    """What a list of choices (-1: nobody) uses of each limit: rows per action, money, rows; shape (k + 2,)."""
    rows = np.flatnonzero(choice >= 0)
    counts = np.bincount(choice[rows], minlength=cost.shape[1]).astype(np.float64)
    return np.array([*counts, cost[rows, choice[rows]].sum(), len(rows)])


@dataclass(frozen=True)
class Prices:
    """The price of one row of each action, of one unit of money, and of one row of the list."""

    actions: Floats
    money: float
    row: float

    def as_array(self) -> Floats:
        """All prices in the order of `Limits.as_array`."""
        return np.array([*self.actions, self.money, self.row])

    def reduced(self, gain: Floats, cost: Floats) -> Floats:
        """Gains after prices, shape (n, k)."""
        return np.asarray(gain - self.actions - self.money * cost - self.row)


def prices(gain: Floats, cost: Floats, limits: Limits, *, close: float = 1e-6) -> Prices:
    """Minimise the dual one price at a time; each step is exact, so the dual never rises.

    Parameters
    ----------
    gain : ndarray, shape (n, k)
        Expected gains; minus infinity where an action is not allowed.
    cost : ndarray, shape (n, k)
        Expected spending, at least 0.
    limits : Limits
        What the list may use.
    close : float
        Share by which prices may still move when the search ends; of more than ``SAMPLE`` customers at least 0.001, for
        few of so many are undecided at the margin.

    Returns
    -------
    Prices
        All at least 0; 0 for a limit that does not bind.
    """
    at, step = Prices(np.zeros(gain.shape[1]), 0.0, 0.0), -(-len(gain) // SAMPLE)
    if step > 1:  # a sample shows where to begin, so that few passes over everybody are left
        at = _descend(at, gain[::step], cost[::step], limits.share(step), close)
    return _descend(at, gain, cost, limits, max(close, _NEAR) if step > 1 else close)


def _descend(at: Prices, gain: Floats, cost: Floats, limits: Limits, close: float) -> Prices:
    for _ in range(_ROUNDS):
        before = at
        if limits.budget is not None:
            at = replace(at, money=_money_price(gain - at.actions - at.row, cost, limits.budget))
        for j, capacity in enumerate(limits.capacities):
            if capacity is not None:
                at = replace(at, actions=_action_prices(at, gain, cost, j, capacity))
        if limits.top is not None:
            advantage = replace(at, row=0.0).reduced(gain, cost).max(axis=1)
            at = replace(at, row=_rank_price(advantage, limits.top))
        if np.allclose(at.as_array(), before.as_array(), rtol=close, atol=0.0):
            break
    return at


def most_gain(gain: Floats, cost: Floats, limits: Limits) -> float:
    """No list can gain more: the value of the linear relaxation, by its dual at the shadow prices.

    Parameters
    ----------
    gain, cost, limits
        As for `prices`.

    Returns
    -------
    float
        Money.
    """
    at, ends = prices(gain, cost, limits, close=_NEAR), limits.as_array()  # any prices bound it, near ones closely
    binding = np.isfinite(ends)
    kept = at.reduced(gain, cost).max(axis=1, initial=0.0).sum()
    return float(kept + at.as_array()[binding] @ ends[binding])


def _action_prices(at: Prices, gain: Floats, cost: Floats, j: int, capacity: int) -> Floats:
    """The actions' prices, with that of action ``j`` set anew: what its last row is worth more than its best rival."""
    actions = at.actions.copy()
    actions[j] = 0.0
    reduced = replace(at, actions=actions).reduced(gain, cost)
    rival = np.delete(reduced, j, axis=1).max(axis=1, initial=0.0)
    actions[j] = _rank_price(reduced[:, j] - rival, capacity)
    return actions


def _rank_price(advantage: Floats, places: int) -> float:
    """The price at which ``places`` customers still want a row: between the last one in and the first one out."""
    if places >= int((advantage > 0.0).sum()):
        return 0.0
    if places == 0:
        return float(max(advantage.max(), 0.0))
    order = np.partition(advantage, (len(advantage) - places - 1, len(advantage) - places))
    return float(max(order[len(advantage) - places - 1], 0.0))


def _money_price(gain: Floats, cost: Floats, budget: float) -> float:
    """The efficiency (gain per unit of money) at which climbing every customer's hull has used up the budget."""
    efficiency, step = _hull_steps(gain, cost)
    order = np.argsort(-efficiency, kind="stable")
    used = np.cumsum(step[order])
    over = int(np.searchsorted(used, budget, side="right"))
    return float(efficiency[order[over]]) if over < len(order) else 0.0


def _hull_steps(gain: Floats, cost: Floats) -> tuple[Floats, Floats]:
    """Steps up each customer's upper hull of (cost, gain) from (0, 0): gain per money, and money.

    Steps that cost nothing are left out, for they are always taken.
    One round per action: from where each customer stands, the action with the steepest ascent is next.
    """
    n, k = gain.shape
    at_gain, at_cost = np.zeros(n), np.zeros(n)
    free = np.where(cost <= 0.0, gain, -np.inf).max(axis=1)
    at_gain = np.maximum(at_gain, free)
    efficiencies, steps = [], []
    rows = np.arange(n)
    for _ in range(k):
        rise, run = gain - at_gain[:, None], cost - at_cost[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where((run > 0.0) & (rise > 0.0), rise / run, -np.inf)
        steepest = slope.argmax(axis=1)
        climbs = slope[rows, steepest] > 0.0
        if not climbs.any():
            break
        efficiencies.append(slope[rows, steepest][climbs])
        steps.append(run[rows, steepest][climbs])
        at_gain = np.where(climbs, gain[rows, steepest], at_gain)
        at_cost = np.where(climbs, cost[rows, steepest], at_cost)
    if not steps:
        return np.empty(0), np.empty(0)
    return np.concatenate(efficiencies), np.concatenate(steps)
