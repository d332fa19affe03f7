"""What a forecast is worth, one documented function per figure; each says first which way is good.

``actual`` and ``predicted`` are (n,), one entry per customer; ``weight`` (n,) counts a customer more than once. An
undefined figure (one class only, nothing that varies) is NaN, never an error. Ties are never broken by row order: a
figure is its expected value over random orders of tied customers, so it does not depend on how the rows are sorted.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from hvc_ml.evaluation import kernels
from hvc_ml.evaluation.kernels import Kernel
from hvc_ml.evaluation.ranking import FloatArray, Ranking, divide

CHURN_KERNELS: Final[dict[str, Kernel]] = {
    "churn_auc": kernels.auc,
    "churn_average_precision": kernels.average_precision,
    "churn_brier": kernels.brier,
    "churn_brier_skill": kernels.brier_skill,
    "churn_ece": kernels.ece,
    "churn_calibration_slope": kernels.calibration_slope,
}
"""Figures of churn risk (a probability) against churned (0 or 1)."""

VALUE_KERNELS: Final[dict[str, Kernel]] = {
    "value_gini": kernels.gini,
    "value_captured_20": kernels.value_captured,
    "value_recall_20": kernels.top_recall,
    "value_spearman": kernels.spearman,
    "value_bias": kernels.value_bias,
}
"""Figures of future value (money) against what came."""


def churn_auc(churned: npt.ArrayLike, churn_risk: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> float:
    """Higher is better (0.5 is chance, 1 perfect): the chance that a leaver has a higher risk than a stayer.

    Examples
    --------
    >>> churn_auc([1, 0, 1, 0], [0.9, 0.1, 0.4, 0.4])
    0.875
    """
    return _figure(kernels.auc, churned, churn_risk, weight)


def average_precision(churned: npt.ArrayLike, churn_risk: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> float:
    """Higher is better (the churn rate is chance, 1 perfect): precision averaged over recall.

    Examples
    --------
    >>> average_precision([1, 0, 1], [0.9, 0.8, 0.1]).__round__(4)
    0.8333
    """
    return _figure(kernels.average_precision, churned, churn_risk, weight)


def brier(churned: npt.ArrayLike, churn_risk: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> float:
    """Lower is better (0 is perfect): mean squared distance of risk and what happened.

    Examples
    --------
    >>> brier([1, 0], [0.5, 0.5])
    0.25
    """
    return _figure(kernels.brier, churned, churn_risk, weight)


def brier_skill(churned: npt.ArrayLike, churn_risk: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> float:
    """Higher is better (0 is the base rate of these rows, 1 perfect): share of the Brier score that is removed.

    Examples
    --------
    >>> brier_skill([1, 0], [1.0, 0.0])
    1.0
    """
    return _figure(kernels.brier_skill, churned, churn_risk, weight)


def ece(churned: npt.ArrayLike, churn_risk: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> float:
    """Lower is better (0 is perfect): mean distance of predicted and actual churn rate in ten equal-mass bins.

    Bins hold equal numbers of customers (equal-width bins are ruled by a few empty ones); tied customers on an edge are
    shared between the two bins.

    Examples
    --------
    >>> ece([1, 0, 0, 0] * 5, [0.25] * 20)
    0.0
    """
    return _figure(kernels.ece, churned, churn_risk, weight)


def calibration_slope(churned: npt.ArrayLike, churn_risk: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> float:
    """Best at 1: below it risks are too extreme, above it too timid.

    Slope of the logistic regression of what happened on logit(risk), with an intercept (Cox, Biometrika 45, 1958).

    Examples
    --------
    >>> risk = [0.2] * 5 + [0.8] * 5
    >>> round(calibration_slope([1, 0, 0, 0, 0, 1, 1, 1, 1, 0], risk), 6)
    1.0
    """
    return _figure(kernels.calibration_slope, churned, churn_risk, weight)


def value_gini(value: npt.ArrayLike, predicted: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> float:
    """Higher is better (0 is chance, 1 the perfect order): normalised Gini of the ranking.

    Covariance of value with rank by prediction over covariance with rank by value itself. Net-negative customers count
    with their negative money, and the ratio stays within [-1, 1].

    Examples
    --------
    >>> value_gini([10.0, 0.0, 5.0], [3.0, 1.0, 2.0])
    1.0
    """
    return _figure(kernels.gini, value, predicted, weight)


def value_captured(
    value: npt.ArrayLike, predicted: npt.ArrayLike, weight: npt.ArrayLike | None = None, *, share: float = 0.2
) -> float:
    """Higher is better (``share`` is chance): share of all actual value that the predicted top ``share`` brings.

    Net of refunds: a net-negative customer takes money from both sides of the ratio, so perfect foresight of the top
    may pass 1. The customer on the edge counts in part when ``share * n`` is not whole.

    Examples
    --------
    >>> value_captured([8.0, 1.0, 1.0, 0.0, 0.0], [5.0, 4.0, 3.0, 2.0, 1.0])
    0.8
    """
    _check_share(share)
    rows = _rows(value, predicted, weight)
    return float(kernels.value_captured(*rows, share=share)[0])


def recall_top(
    value: npt.ArrayLike, predicted: npt.ArrayLike, weight: npt.ArrayLike | None = None, *, share: float = 0.2
) -> float:
    """Higher is better (``share`` is chance, 1 perfect): share of the actual top ``share`` that was foreseen.

    Examples
    --------
    >>> recall_top([8.0, 1.0, 1.0, 0.0, 0.0], [5.0, 4.0, 3.0, 2.0, 1.0])
    1.0
    """
    _check_share(share)
    rows = _rows(value, predicted, weight)
    return float(kernels.top_recall(*rows, share=share)[0])


def spearman(value: npt.ArrayLike, predicted: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> float:
    """Higher is better (1 is the same order, 0 none): rank correlation over all customers, ties at their mid-rank.

    Examples
    --------
    >>> spearman([1.0, 2.0, 3.0], [10.0, 20.0, 30.0])
    1.0
    """
    return _figure(kernels.spearman, value, predicted, weight)


def value_bias(value: npt.ArrayLike, predicted: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> float:
    """Best at 0: total predicted money over total actual money, minus one (0.1 is 10 % too much).

    Examples
    --------
    >>> value_bias([50.0, 50.0], [60.0, 50.0]).__round__(6)
    0.1
    """
    return _figure(kernels.value_bias, value, predicted, weight)


def interval_coverage(value: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike) -> float:
    """Best at the interval's nominal level: share of customers whose actual value lies in ``[low, high]``.

    Examples
    --------
    >>> interval_coverage([0.0, 5.0], [0.0, 6.0], [1.0, 9.0])
    0.5
    """
    inside = (np.asarray(low) <= np.asarray(value)) & (np.asarray(value) <= np.asarray(high))
    return float(inside.mean()) if inside.size else float("nan")


def capture_curve(value: npt.ArrayLike, predicted: npt.ArrayLike, at: npt.ArrayLike | None = None) -> FloatArray:
    """Higher is better: share of all actual value in the predicted top shares ``at`` (101 steps by default).

    Returns
    -------
    array of shape (k, 2)
        Columns: share of customers, share of value.

    Examples
    --------
    >>> capture_curve([3.0, 1.0], [2.0, 1.0], [0.0, 0.5, 1.0])
    array([[0.  , 0.  ],
           [0.5 , 0.75],
           [1.  , 1.  ]])
    """
    actual, forecast, weights = _rows(value, predicted, None)
    shares = np.linspace(0.0, 1.0, 101) if at is None else np.asarray(at, dtype=np.float64)
    money = Ranking.of(forecast).captured(weights, actual, shares)[0]
    return np.column_stack([shares, divide(money, np.asarray(actual.sum()))])


def _figure(kernel: Kernel, actual: npt.ArrayLike, predicted: npt.ArrayLike, weight: npt.ArrayLike | None) -> float:
    return float(kernel(*_rows(actual, predicted, weight))[0])


def _rows(
    actual: npt.ArrayLike, predicted: npt.ArrayLike, weight: npt.ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    y, p = np.asarray(actual, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    w = np.ones_like(y) if weight is None else np.asarray(weight, dtype=np.float64)
    if not y.shape == p.shape == w.shape or y.ndim != 1:
        raise ValueError(
            f"actual, predicted and weight need one entry per customer each; found {y.shape}, {p.shape}, {w.shape}"
        )
    if not len(y):
        raise ValueError("there are no customers to measure on")
    if not (np.isfinite(y).all() and np.isfinite(p).all() and np.isfinite(w).all() and (w >= 0).all()):
        raise ValueError("actual, predicted and weight must be finite, and weight not negative")
    return y, p, w[None, :]


def _check_share(share: float) -> None:
    if not 0 < share <= 1:
        raise ValueError(f"share lies in (0, 1]; found {share}")
