"""One action per customer, within capacities, a budget and a length of the list."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hvc_ml.planning.exchange import exchange
from hvc_ml.planning.prices import Floats, Limits, Prices, usage
from hvc_ml.planning.prices import prices as shadow_prices

Integers = NDArray[np.int64]

NOTHING: Final = -1
"""The choice of leaving a customer alone."""

_ROUNDS = 200
_BEGINNINGS = 24
_ROWS_TRIED = 3_000
_SHAKE = 0.3


@dataclass(frozen=True)
class Allocation:
    """Who gets which action, and what one more row of each limit would be worth.

    Parameters
    ----------
    choice
        The chosen action's position per customer, or ``NOTHING``; shape (n,).
    prices
        All 0 where no limit binds. ``prices.money`` is what the next unit of budget would earn.
    """

    choice: Integers
    prices: Prices


def allocate(gains: ArrayLike, spending: ArrayLike, allowed: ArrayLike, limits: Limits) -> Integers:
    """Choose at most one action per customer so that the expected gain of the whole list is large.

    Without limits each customer gets the allowed action with the largest gain, or none where no gain is positive.
    With limits this is a multiple-choice knapsack. Its linear relaxation puts a price on each limit, and a customer
    takes the action with the largest gain *after prices*: with a budget alone that is the greedy climb by incremental
    gain per incremental spending. Rows are filled in, the surest choice first; then the rows that were hardest to
    decide are exchanged, one or two at a time, as long as that helps. What is missed is about one row per limit.

    Parameters
    ----------
    gains : array_like, shape (n, k)
        Expected gain of action j on customer i, in money.
    spending : array_like, shape (n, k)
        Expected spending of action j on customer i, in money, at least 0.
    allowed : array_like of bool, shape (n, k)
        Whether action j may be proposed to customer i.
    limits : Limits
        Capacities (k of them), budget, length.

    Returns
    -------
    ndarray of int64, shape (n,)
        The chosen action's position, or ``NOTHING``. Ties go to the earlier action and to the earlier row: sort rows by
        customer_id for a result that depends on nothing else.

    Raises
    ------
    ValueError
        If shapes do not fit, or a gain or spending of an allowed action is NaN.

    References
    ----------
    Sinha & Zoltners (1979), "The multiple-choice knapsack problem", Operations Research 27(3), 503-515; Kellerer,
    Pferschy & Pisinger (2004), "Knapsack Problems", chapter 11.

    Examples
    --------
    Two calls for three customers: the third customer has the most to gain from another action as well, and gets that.

    >>> gains = [[50, 10], [40, 5], [60, 55]]
    >>> allocate(gains, [[8, 1]] * 3, [[True, True]] * 3, Limits((2, None)))
    array([0, 0, 1])
    """
    return allocation(gains, spending, allowed, limits).choice


def allocation(gains: ArrayLike, spending: ArrayLike, allowed: ArrayLike, limits: Limits) -> Allocation:
    """What `allocate` chooses, with the shadow prices of the limits.

    Parameters
    ----------
    gains, spending, allowed, limits
        As for `allocate`.

    Examples
    --------
    Three units of money would bring 3, 2 and 1; with one of them, the next one would bring 2.

    >>> found = allocation([[3], [2], [1]], [[1], [1], [1]], [[True]] * 3, Limits((None,), budget=1))
    >>> found.choice.tolist(), found.prices.money
    ([0, -1, -1], 2.0)
    """
    gain, cost, may = np.asarray(gains, np.float64), np.asarray(spending, np.float64), np.asarray(allowed, np.bool_)
    _check(gain, cost, may, limits)
    gain = np.where(may & (gain > 0.0), gain, -np.inf)  # an action that gains nothing is never proposed
    everyone = np.flatnonzero(np.isfinite(gain).any(axis=1))
    choice, free = np.full(len(gain), NOTHING, dtype=np.int64), Prices(np.zeros(gain.shape[1]), 0.0, 0.0)
    if not len(everyone):
        return Allocation(choice, free)
    gain, cost = gain[everyone], np.where(np.isfinite(gain[everyone]), cost[everyone], 0.0)
    best = gain.argmax(axis=1)
    if limits.allow(usage(best, cost)):
        choice[everyone] = best
        return Allocation(choice, free)
    at = shadow_prices(gain, cost, limits)
    choice[everyone] = _allocate_within(gain, cost, limits, at)
    return Allocation(choice, at)


def _allocate_within(gain: Floats, cost: Floats, limits: Limits, at: Prices) -> Integers:
    """The best list after prices and after shaken prices."""
    reduced = at.reduced(gain, cost)
    sure = _regret(reduced)
    lists = (exchange(_fill(order, cost, limits), gain, cost, limits, hardest=sure) for order in _shaken(reduced))
    return max(lists, key=lambda choice: _total(choice, gain))


def _shaken(reduced: Floats) -> Iterator[Floats]:
    """The gains after prices; where customers are few, and one row weighs much, also in slightly other orders."""
    yield reduced
    rng, scale = np.random.default_rng(0), _SHAKE * np.median(np.abs(reduced[np.isfinite(reduced)]))
    for _ in range(min(_BEGINNINGS, _ROWS_TRIED // len(reduced))):
        yield reduced + scale * rng.standard_normal(reduced.shape)


def _total(choice: Integers, gain: Floats) -> float:
    rows = np.flatnonzero(choice != NOTHING)
    return float(gain[rows, choice[rows]].sum())


def _fill(reduced: Floats, cost: Floats, limits: Limits) -> Integers:
    """Give rows their best open action, the surest first; what does not fit closes, and the others choose again."""
    n, k = reduced.shape
    choice = np.full(n, NOTHING, dtype=np.int64)
    left = limits.as_array()
    open_ = np.isfinite(reduced) & (reduced >= -1e-9 * np.abs(reduced).max(initial=0.0, where=np.isfinite(reduced)))
    for _ in range(_ROUNDS):
        open_ &= (left[:k] >= 1.0) & (cost <= left[k]) & (left[k + 1] >= 1.0)
        waiting = np.flatnonzero((choice == NOTHING) & open_.any(axis=1))
        if not len(waiting):
            break
        offers = np.where(open_[waiting], reduced[waiting], -np.inf)
        order = np.argsort(-_regret(offers), kind="stable")
        rows, wish = waiting[order], offers.argmax(axis=1)[order]
        taken = np.eye(k)[wish]
        used = np.column_stack([taken, cost[rows, wish], np.ones(len(rows))]).cumsum(axis=0)
        fits = (used[:, :k] * taken <= left[:k]).all(axis=1) & (used[:, k:] <= left[k:]).all(axis=1)
        accepted = len(rows) if fits.all() else int(fits.argmin())
        choice[rows[:accepted]] = wish[:accepted]
        if accepted:
            left = left - used[accepted - 1]
        if accepted < len(rows) and cost[rows[accepted], wish[accepted]] <= left[k] and left[wish[accepted]] >= 1.0:
            open_[rows[accepted], wish[accepted]] = False  # rounding alone kept it out
    return choice


def _regret(reduced: Floats) -> Floats:
    """How much worse the second best choice is, leaving alone (0) included: large where the choice is sure."""
    options = np.column_stack([reduced, np.zeros(len(reduced))])
    options.sort(axis=1)
    return np.asarray(options[:, -1] - options[:, -2])


def _check(gain: Floats, cost: Floats, may: NDArray[np.bool_], limits: Limits) -> None:
    if gain.ndim != 2 or gain.shape != cost.shape or gain.shape != may.shape:
        raise ValueError(
            f"gains {gain.shape}, spending {cost.shape} and allowed {may.shape}: expected one shape (n, k)"
        )
    if len(limits.capacities) != gain.shape[1]:
        raise ValueError(f"{len(limits.capacities)} capacities for {gain.shape[1]} actions")
    if np.isnan(gain[may]).any() or not (cost[may] >= 0.0).all():
        raise ValueError("gains must be numbers, and spending at least 0, wherever an action is allowed")
