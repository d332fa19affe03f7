"""The metrics as formulas over a matrix of weights: one row per bootstrap replicate, one figure per row.

``metrics.py`` documents each for people; here stand the formulas, because a bootstrap with one call per replicate would
be a hundred times slower. A figure that is undefined (one class only, no variation) is NaN.
"""

from typing import Final, Protocol

import numpy as np

from hvc_ml.evaluation.ranking import FloatArray, Ranking, divide

RISK_FLOOR: Final = 1e-6
"""Risks are kept this far from 0 and 1 before a logit: nobody is certain."""


class Kernel(Protocol):
    """A metric over a matrix of weights: actual (n,), predicted (n,), weights (replicates, n) -> (replicates,)."""

    def __call__(self, actual: FloatArray, predicted: FloatArray, weights: FloatArray) -> FloatArray:
        """Compute one figure per row of ``weights``."""
        ...


def auc(actual: FloatArray, predicted: FloatArray, weights: FloatArray) -> FloatArray:
    """Area under the ROC curve: P(a leaver is ranked above a stayer), ties count half."""
    ranking = Ranking.of(predicted)
    positives = ranking.sums(weights * actual)
    p = positives.sum(axis=1)
    n = weights.sum(axis=1) - p
    stayers_above = (positives * ranking.mid_ranks(weights)).sum(axis=1) - p**2 / 2
    return 1.0 - divide(stayers_above, p * n)


def average_precision(actual: FloatArray, predicted: FloatArray, weights: FloatArray) -> FloatArray:
    """Precision at each distinct threshold, weighted by the recall gained there."""
    ranking = Ranking.of(predicted)
    found = ranking.sums(weights * actual)
    precision = divide(np.cumsum(found, axis=1), np.cumsum(ranking.sums(weights), axis=1))
    return divide((found * np.nan_to_num(precision)).sum(axis=1), found.sum(axis=1))


def brier(actual: FloatArray, predicted: FloatArray, weights: FloatArray) -> FloatArray:
    """Mean squared error of a probability."""
    return divide(_dot(weights, (actual - predicted) ** 2), weights.sum(axis=1))


def brier_skill(actual: FloatArray, predicted: FloatArray, weights: FloatArray) -> FloatArray:
    """Share of the base rate's Brier score that the forecast removes."""
    rate = divide(_dot(weights, actual), weights.sum(axis=1))
    return 1.0 - divide(brier(actual, predicted, weights), rate * (1 - rate))


def ece(actual: FloatArray, predicted: FloatArray, weights: FloatArray, *, bins: int = 10) -> FloatArray:
    """Mean distance of predicted and actual rate over bins of equal numbers of customers."""
    ranking, edges = Ranking.of(predicted), np.linspace(0.0, 1.0, bins + 1)
    gap = ranking.captured(weights, predicted - actual, edges)
    return divide(np.abs(np.diff(gap, axis=1)).sum(axis=1), weights.sum(axis=1))


def calibration_slope(actual: FloatArray, predicted: FloatArray, weights: FloatArray) -> FloatArray:
    """Slope of a logistic regression of what happened on the logit of the risk, by Newton steps."""
    risk = np.clip(predicted, RISK_FLOOR, 1 - RISK_FLOOR)
    x = np.log(risk / (1 - risk))
    rate = divide(_dot(weights, actual), weights.sum(axis=1))
    defined = (np.ptp(x) > 0) & (rate > 0) & (rate < 1)
    a, b = np.zeros(len(weights)), np.ones(len(weights))
    for _ in range(25):
        fitted = 1 / (1 + np.exp(-np.clip(a[:, None] + b[:, None] * x, -30, 30)))
        error, curve = weights * (actual - fitted), weights * fitted * (1 - fitted)
        g0, g1 = error.sum(axis=1), _dot(error, x)
        h00, h01, h11 = curve.sum(axis=1), _dot(curve, x), _dot(curve, x**2)
        determinant = np.where(defined, np.maximum(h00 * h11 - h01**2, 1e-12), 1.0)
        step_a, step_b = (h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant
        a, b = a + np.clip(step_a, -2, 2), b + np.clip(step_b, -2, 2)
        if np.max(np.abs(np.where(defined, step_b, 0.0))) < 1e-10:
            break
    return np.where(defined, b, np.nan)


def gini(actual: FloatArray, predicted: FloatArray, weights: FloatArray) -> FloatArray:
    """Normalised Gini: cov(actual, rank by prediction) / cov(actual, rank by actual)."""
    return divide(_lift(actual, predicted, weights), _lift(actual, actual, weights))


def _lift(actual: FloatArray, by: FloatArray, weights: FloatArray) -> FloatArray:
    """How much earlier than at random the money comes when customers are ranked by ``by``."""
    ranking = Ranking.of(by)
    money = ranking.sums(weights * actual)
    lift: FloatArray = money.sum(axis=1) * weights.sum(axis=1) / 2 - (money * ranking.mid_ranks(weights)).sum(axis=1)
    return lift


def value_captured(actual: FloatArray, predicted: FloatArray, weights: FloatArray, *, share: float = 0.2) -> FloatArray:
    """Share of all actual money that the top ``share`` by prediction brings."""
    money = Ranking.of(predicted).captured(weights, actual, np.array([share, 1.0]))
    return divide(money[:, 0], money[:, 1])


def top_recall(actual: FloatArray, predicted: FloatArray, weights: FloatArray, *, share: float = 0.2) -> FloatArray:
    """Share of the actual top ``share`` that is in the predicted top ``share``."""
    chosen = Ranking.of(predicted).share_in_top(weights, share)
    best = Ranking.of(actual).share_in_top(weights, share)
    both = (weights * np.nan_to_num(chosen) * np.nan_to_num(best)).sum(axis=1)
    return divide(both, share * weights.sum(axis=1))


def spearman(actual: FloatArray, predicted: FloatArray, weights: FloatArray) -> FloatArray:
    """Correlation of mid-ranks."""
    first, second = Ranking.of(actual), Ranking.of(predicted)
    total = weights.sum(axis=1, keepdims=True)
    x = first.mid_ranks(weights)[:, first.group] - total / 2
    y = second.mid_ranks(weights)[:, second.group] - total / 2
    return divide((weights * x * y).sum(axis=1), np.sqrt((weights * x**2).sum(axis=1) * (weights * y**2).sum(axis=1)))


def value_bias(actual: FloatArray, predicted: FloatArray, weights: FloatArray) -> FloatArray:
    """Total predicted over total actual, minus one."""
    return divide(_dot(weights, predicted), _dot(weights, actual)) - 1.0


def _dot(weights: FloatArray, values: FloatArray) -> FloatArray:
    """Row sums of ``weights * values`` in one order whatever the number of threads, which BLAS does not promise."""
    product: FloatArray = np.einsum("ij,j->i", weights, values)
    return product
