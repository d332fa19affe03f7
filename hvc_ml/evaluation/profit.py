"""What a ranking earns: profit at capacity, the profit curve, expected maximum profit, regret.

Realised profit needs what a leaver would have brought, which nobody ever sees. ``value_if_kept`` is therefore a
yardstick and not a forecast of any ranking that is compared: the same for all of them, for stayers the money they did
bring, for leavers what the buy-till-you-die prior expected of them had they stayed. It leans to rankings that value
customers as the prior does; it cannot be bent by a model that is sure of itself.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from hvc_ml.evaluation.campaign import Campaign
from hvc_ml.evaluation.ranking import FloatArray, Ranking, divide

CAPACITY: Final = 0.1
"""Share of the customers that a team can contact, unless it is said otherwise."""

MOST_STEPS: Final = 200
"""The share contacted is chosen to half a percent; to the customer where there are fewer."""


CURVE: Final = ("share", "realised", "expected")
"""The columns of a profit curve."""


class Profit(NamedTuple):
    """What contacting a top of a ranking earned."""

    money: float
    """In the currency of the values."""
    per_customer: float
    """Of all customers that were ranked, contacted or not."""
    contacted: float
    """Share of the customers, at most the capacity."""


class MaximumProfit(NamedTuple):
    """Expected maximum profit, and the share contacted that reaches it."""

    per_customer: float
    share: float


def profit_at_capacity(
    churned: npt.ArrayLike,
    value_if_kept: npt.ArrayLike,
    expected_gain: npt.ArrayLike,
    campaign: Campaign,
    *,
    capacity: float = CAPACITY,
) -> Profit:
    """Higher is better (0 is contacting nobody): realised profit when the best ``capacity`` of a ranking is contacted.

    Customers are contacted from the highest expected gain down, those without a gain never; tied customers on the edge
    count in part.

    Parameters
    ----------
    churned
        Who left (1) or stayed (0), shape (n,).
    value_if_kept
        The yardstick (see this module's first lines), shape (n,).
    expected_gain
        What a model expects of contacting each customer (`Campaign.expected_gain` of its own risk and value).
    capacity
        Share of the customers that can be contacted, in [0, 1].

    Examples
    --------
    The best two of four: a leaver worth 110 and a stayer, at an offer of 10 and a contact of 1.

    >>> campaign = Campaign(offer_cost=10, contact_cost=1)
    >>> profit_at_capacity([1, 0, 1, 0], [110, 50, 60, 40], [30, 12, 9, -5], campaign, capacity=0.5)
    Profit(money=18.0, per_customer=4.5, contacted=0.5)
    """
    stakes, gain = _rows(churned, value_if_kept, expected_gain, campaign, capacity)
    earned = at_capacity(stakes, gain, np.ones((1, len(gain))), save_rate=campaign.save_rate, capacity=capacity)
    return Profit(float(earned[0]) * len(gain), float(earned[0]), min(capacity, float((gain > 0).mean())))


def profit_curve(
    churned: npt.ArrayLike,
    value_if_kept: npt.ArrayLike,
    expected_gain: npt.ArrayLike,
    campaign: Campaign,
    at: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """Higher is better: profit per customer when the top ``share`` of a ranking is contacted, gain or not.

    Parameters
    ----------
    churned, value_if_kept, expected_gain
        As for `profit_at_capacity`.
    at
        Shares contacted (101 steps by default), shape (k,).

    Returns
    -------
    DataFrame
        ``share``, and money per customer ranked: ``realised`` and ``expected``, k rows.

    Examples
    --------
    >>> campaign = Campaign(offer_cost=10, contact_cost=1)
    >>> profit_curve([1, 0], [110, 50], [30.0, -5.0], campaign, [0, 0.5, 1])
       share  realised  expected
    0    0.0       0.0       0.0
    1    0.5      14.5      15.0
    2    1.0       9.0      12.5
    """
    stakes, gain = _rows(churned, value_if_kept, expected_gain, campaign)
    shares = np.linspace(0.0, 1.0, 101) if at is None else np.asarray(at, dtype=np.float64)
    return pd.DataFrame(curve(stakes, gain, shares, save_rate=campaign.save_rate), columns=list(CURVE))


def empc(
    churned: npt.ArrayLike, value_if_kept: npt.ArrayLike, expected_gain: npt.ArrayLike, campaign: Campaign
) -> MaximumProfit:
    r"""Higher is better (0 is nobody worth contacting): expected maximum profit per customer, values of their own.

    Parameters
    ----------
    churned, value_if_kept, expected_gain
        As for `profit_at_capacity`; ``expected_gain`` gives the order only.

    Notes
    -----
    With :math:`S_\eta` the top share :math:`\eta` of the ranking, :math:`c_i` = 1 for a leaver, :math:`h` the
    Beta density of the save rate :math:`\gamma`,

    .. math::

        \mathrm{EMPC} = \int_0^1 \max_\eta \frac{1}{n} \sum_{i \in S_\eta}
        \left[ c_i \gamma (V_i - d) - (1 - c_i) t d - f \right] h(\gamma)\, d\gamma .

    One value for all and take-up 1 give the paper's :math:`CLV (\gamma (1 - \delta) - \phi) \pi_0 F_0 - CLV
    (\delta + \phi) \pi_1 F_1` with :math:`\delta = d / CLV, \phi = f / CLV`. The integral is a mean over equally
    likely slices of the Beta, each at its own mean: exact but for slices inside which the best share changes. The best
    share is chosen in hindsight, so EMPC is never below the profit at any one share.

    References
    ----------
    Verbraken, Verbeke & Baesens (2013), "A novel profit maximizing metric for measuring classification performance of
    customer churn prediction models", IEEE Transactions on Knowledge and Data Engineering 25(5), 961-973. Values of
    customers' own: Oskarsdottir, Baesens & Vanthienen (2018), "Profit-based model selection for customer retention
    using individual customer lifetime values", Big Data 6(1).

    Examples
    --------
    >>> found = empc([0, 1] * 4, [200] * 8, [0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9], Campaign((6, 14), 10, 1.0, 1))
    >>> round(found.per_customer, 2), round(found.share, 2)
    (23.88, 0.88)
    """
    stakes, gain = _rows(churned, value_if_kept, expected_gain, campaign)
    at_stake, cost, shares = _captured(stakes, gain, np.ones((1, len(gain))))
    profit = np.outer(campaign.save_rates(), at_stake[0]) - cost[0]
    best = profit.argmax(axis=1)
    return MaximumProfit(float(profit.max(axis=1).mean()) / len(gain), float(shares[best].mean()))


def regret(plan: npt.ArrayLike, oracle: npt.ArrayLike) -> float:
    """Lower is better (0 is the oracle's own plan): share of the oracle's profit that a plan lets go.

    Only where the truth is known, as in made-up data.

    Parameters
    ----------
    plan, oracle
        True gains, in money, of the contacts in the plan and in the plan of someone who knows the true gains.

    Returns
    -------
    float
        ``1 - sum(plan) / sum(oracle)``; above 1 where the plan loses money, NaN where even the oracle earns nothing.

    Examples
    --------
    >>> regret([40.0, 30.0, 5.0], [60.0, 40.0])
    0.25
    """
    earned, best = (float(np.sum(np.asarray(gains, dtype=np.float64))) for gains in (plan, oracle))
    return 1.0 - earned / best if best > 0 else float("nan")


def curve(stakes: FloatArray, predicted: FloatArray, at: FloatArray, *, save_rate: float) -> FloatArray:
    """`profit_curve` as an array (k, 3), from `Campaign.stakes` (n, 2) and expected gains (n,)."""
    ranking, ones = Ranking.of(predicted), np.full((1, len(predicted)), 1.0)
    realised = ranking.captured(ones, save_rate * stakes[:, 0] - stakes[:, 1], at)[0]
    return np.column_stack([at, realised / len(predicted), ranking.captured(ones, predicted, at)[0] / len(predicted)])


def at_capacity(
    actual: FloatArray, predicted: FloatArray, weights: FloatArray, *, save_rate: float, capacity: float = CAPACITY
) -> FloatArray:
    """Profit per customer of the top ``capacity``: a kernel, with `Campaign.stakes` (n, 2) as ``actual``."""
    earned = np.where(predicted > 0, save_rate * actual[:, 0] - actual[:, 1], 0.0)
    money = Ranking.of(predicted).captured(weights, earned, np.array([capacity]))
    return divide(money[:, 0], weights.sum(axis=1))


def expected_maximum(
    actual: FloatArray, predicted: FloatArray, weights: FloatArray, *, save_rates: FloatArray
) -> FloatArray:
    """EMPC per customer: a kernel, with `Campaign.stakes` (n, 2) as ``actual``."""
    at_stake, cost, _ = _captured(actual, predicted, weights)
    total = np.zeros(len(weights))
    for rate in save_rates:
        total += (rate * at_stake - cost).max(axis=1)
    return divide(total / len(save_rates), weights.sum(axis=1))


def _captured(
    stakes: FloatArray, predicted: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Both columns of ``stakes`` summed over the tops of the ranking (replicates, k), and the tops' shares (k,)."""
    ranking, shares = Ranking.of(predicted), np.linspace(0.0, 1.0, min(len(predicted), MOST_STEPS) + 1)
    at_stake, cost = (ranking.captured(weights, stakes[:, i], shares) for i in (0, 1))
    return at_stake, cost, shares


def _rows(
    churned: npt.ArrayLike,
    value_if_kept: npt.ArrayLike,
    expected_gain: npt.ArrayLike,
    campaign: Campaign,
    capacity: float = CAPACITY,
) -> tuple[FloatArray, FloatArray]:
    stakes, gain = campaign.stakes(churned, value_if_kept), np.asarray(expected_gain, dtype=np.float64)
    if gain.shape != stakes.shape[:1] or not len(gain):
        raise ValueError(f"one entry per customer, at least one; found {len(stakes):,} customers, {gain.size:,} gains")
    if not (np.isfinite(stakes).all() and np.isfinite(gain).all()):
        raise ValueError("churned, value_if_kept and expected_gain must be finite")
    if not 0.0 <= capacity <= 1.0:
        raise ValueError(f"capacity lies in [0, 1]; found {capacity}")
    return stakes, gain
