"""How much a list may bring: its expected gain with an interval, and what another budget would earn."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hvc_ml.planning.allocation import NOTHING, allocate
from hvc_ml.planning.prices import SAMPLE, Limits, most_gain

Floats = NDArray[np.float64]

_DRAWS = 4_000
_Z80 = 1.2815515655446004  # the normal's 90 % quantile


def gain_interval(rows: pd.DataFrame, *, shock: float = 0.0, seed: int = 0) -> tuple[float, float]:
    """The 80 % interval of what all rows together gain, were every one of them contacted.

    Three things are drawn. The save rate, from its Beta distribution: customers of one action and one belief about it
    share it. The error that all forecasts of money share: a season moves everyone. And each customer's own luck: to
    leave or stay, to be kept or not, to take the offer up, to spend more or less; its sum is taken as normal with its
    exact variance. Only the last averages out over many customers.

    Parameters
    ----------
    rows : DataFrame
        One row per customer of the list: ``action``, ``churn_risk``, ``value_if_kept``, ``saved`` (how much likelier
        they stay), ``offer_cost``, ``take_up``, ``contact_cost``, ``alpha`` and ``beta`` of the save rate, and
        ``spread``: standard deviation of the money of a customer who stays.
    shock : float
        Standard deviation of the logarithm of the error that totals share, as seen in backtests.
    seed : int
        Of the draws: the same rows give the same interval.

    Returns
    -------
    tuple of float
        (low, high), money to the cent.

    Examples
    --------
    >>> row = {"action": "call", "churn_risk": 0.5, "value_if_kept": 100.0, "saved": 0.15, "offer_cost": 0.0,
    ...     "take_up": 0.0, "contact_cost": 3.0, "alpha": 600.0, "beta": 1400.0, "spread": 0.0}
    >>> low, high = gain_interval(pd.DataFrame([row] * 10_000))  # 10,000 x (0.15 x 100 - 3) = 120,000
    >>> low < 120_000 < high, high - low < 20_000
    (True, True)
    """
    if rows.empty:
        return 0.0, 0.0
    rng = np.random.default_rng(seed)
    belief = rows.groupby(["action", "alpha", "beta"], sort=True)
    alpha, beta = (belief[name].first().to_numpy(np.float64) for name in ("alpha", "beta"))
    draws = _Draws(
        np.asarray(belief.ngroup(), np.int64),
        rng.beta(alpha, beta, (_DRAWS, len(alpha))) * (alpha + beta) / alpha,
        np.exp(shock * rng.standard_normal((_DRAWS, 1)) - shock**2 / 2),
    )
    mean, variance = _moments(rows)
    luck = np.sqrt(np.maximum(draws.sums(variance), 0.0)) * rng.standard_normal(_DRAWS)
    low, high = np.quantile(draws.sums(mean) + luck, [0.1, 0.9])
    return round(float(low), 2), round(float(high), 2)


@dataclass(frozen=True)
class _Draws:
    """What customers share, drawn: a factor of the save rate per belief, shape (draws, beliefs), and of all money."""

    belief: NDArray[np.int64]
    rate: Floats
    money: Floats

    def sums(self, terms: Mapping[tuple[int, int], Floats]) -> Floats:
        """The sum over customers of a polynomial in (rate, money), given by power -> coefficient per customer."""
        total = np.zeros(len(self.money))
        for (i, j), each in terms.items():
            by_belief = np.bincount(self.belief, weights=each, minlength=self.rate.shape[1])
            total += (self.rate**i * self.money**j) @ by_belief if i or j else by_belief.sum()
        return total


def _moments(rows: pd.DataFrame) -> tuple[dict[tuple[int, int], Floats], dict[tuple[int, int], Floats]]:
    """Mean and variance of each customer's gain as polynomials in the factors of the save rate and of money.

    A customer brings ``kept (money - offer) - taken offer - contact``, where kept has the chance ``h`` and taken (a
    stayer who takes the offer) the chance ``(1 - risk) take_up``; not both.
    """
    names = ("churn_risk", "value_if_kept", "saved", "offer_cost", "take_up", "contact_cost", "spread")
    risk, v, h, d, take_up, contact, spread = (rows[name].to_numpy(np.float64) for name in names)
    h, taken = np.maximum(h, 0.0), (1.0 - risk) * take_up
    wasted = taken * d
    mean = {(1, 1): h * v, (1, 0): -h * d, (0, 0): -wasted - contact}
    variance = {
        (1, 2): h * (v**2 + spread**2),
        (1, 1): 2.0 * h * v * (wasted - d),
        (1, 0): h * d * (d - 2.0 * wasted),
        (0, 0): taken * d**2 - wasted**2,
        (2, 2): -((h * v) ** 2),
        (2, 1): 2.0 * h**2 * v * d,
        (2, 0): -((h * d) ** 2),
    }
    return mean, variance


def spread_of(scores: pd.DataFrame) -> Floats:
    """Standard deviation of each customer's money, from the 80 % interval of their future value; shape (n,)."""
    width = scores["future_value_high"].to_numpy(np.float64) - scores["future_value_low"].to_numpy(np.float64)
    return np.asarray(np.maximum(width, 0.0) / (2.0 * _Z80))


def budget_curve(
    gains: ArrayLike, spending: ArrayLike, allowed: ArrayLike, limits: Limits, *, points: int = 10
) -> pd.DataFrame:
    """What other budgets would earn, the other limits as they are.

    Parameters
    ----------
    gains, spending, allowed, limits
        As for `allocate`. Of more than 20,000 customers every m-th stands for m of them.
    points : int
        How many budgets, evenly up to what would be spent without one.

    Returns
    -------
    DataFrame
        ``budget`` and ``gain``, both in money, rising; no rows where nothing is spent at all. The gain is that of the
        linear relaxation: concave, and more than a list can reach by at most about a row per limit.

    Examples
    --------
    >>> budget_curve([[30], [20], [10]], [[1], [1], [1]], [[True]] * 3, Limits((None,)), points=3).to_dict("list")
    {'budget': [1.0, 2.0, 3.0], 'gain': [30.0, 50.0, 60.0]}
    """
    gain, cost, may = np.asarray(gains, np.float64), np.asarray(spending, np.float64), np.asarray(allowed, np.bool_)
    step = max(1, -(-len(gain) // SAMPLE))
    gain, cost, may = gain[::step], cost[::step], may[::step]
    scaled = replace(limits.share(step), budget=None)
    choice = allocate(gain, cost, may, scaled)
    rows = np.flatnonzero(choice != NOTHING)
    everything = float(cost[rows, choice[rows]].sum())
    if everything <= 0.0:
        return pd.DataFrame({"budget": [], "gain": []}, dtype=np.float64)
    budgets, open_ = everything * np.arange(1, points + 1) / points, np.where(may & (gain > 0.0), gain, -np.inf)
    earned = [most_gain(open_, cost, replace(scaled, budget=float(budget))) for budget in budgets]
    return pd.DataFrame({"budget": np.round(budgets * step, 2), "gain": np.round(np.array(earned) * step, 2)})
