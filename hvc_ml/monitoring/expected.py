"""What calibrated risks say of their own quality, before anyone knows who left."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def expected_auc(churn_risk: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Higher is better (0.5 is chance): the churn AUC to expect if the risks are right.

    The chance that a leaver has a higher risk than a stayer, each pair weighted with how likely it is: the first leaves
    with its risk, the second stays with one minus its own. It knows nothing of wrong risks: those show when labels
    mature.

    Parameters
    ----------
    churn_risk : array_like, shape (n,)
        Calibrated probabilities.
    weight : array_like, shape (n,), optional
        How many customers each row stands for.

    Returns
    -------
    float
        NaN where nobody can leave, or nobody can stay.

    References
    ----------
    Confidence-based performance estimation: Bialek, Kuberski, Perrakis & Bifet (2024), "Estimating Model Performance
    Under Covariate Shift Without Labels", arXiv:2401.08348.

    Examples
    --------
    >>> expected_auc([0.5, 0.5, 0.5])
    0.5
    >>> round(expected_auc([0.9, 0.9, 0.1, 0.1]), 3)
    0.9
    """
    risk = np.asarray(churn_risk, dtype=np.float64)
    rows = np.ones_like(risk) if weight is None else np.asarray(weight, dtype=np.float64)
    _, place = np.unique(risk, return_inverse=True)
    leaving, staying = np.bincount(place, rows * risk), np.bincount(place, rows * (1.0 - risk))
    below = np.cumsum(staying) - 0.5 * staying  # ties count half
    pairs = leaving.sum() * staying.sum()
    return float((leaving * below).sum() / pairs) if pairs > 0.0 else float("nan")


def expected_brier(churn_risk: ArrayLike) -> float:
    """Lower is better (0 is certain): the mean squared error to expect if the risks are right, ``mean(p (1 - p))``.

    Examples
    --------
    >>> expected_brier([0.5, 1.0])
    0.125
    """
    risk = np.asarray(churn_risk, dtype=np.float64)
    return float(np.mean(risk * (1.0 - risk))) if len(risk) else float("nan")
