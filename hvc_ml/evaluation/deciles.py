"""Ten groups of customers by prediction, forecast beside fact."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from hvc_ml.evaluation.metrics import _rows
from hvc_ml.evaluation.ranking import Ranking


def decile_table(actual: npt.ArrayLike, predicted: npt.ArrayLike, bins: int = 10) -> pd.DataFrame:
    """Forecast and fact in ``bins`` groups of equal size; good where the two columns agree and fall from top to bottom.

    Parameters
    ----------
    actual, predicted
        Churned and churn risk, or value and predicted value, shape (n,).

    Returns
    -------
    DataFrame
        ``decile`` (1 = highest prediction), ``customers``, means ``predicted`` and ``actual``, and ``share`` of the
        actual total. Tied customers on an edge are shared between groups, so counts need not be whole.

    Examples
    --------
    >>> decile_table([1.0, 0.0, 0.0, 0.0], [0.8, 0.2, 0.2, 0.0], bins=2)
       decile  customers  predicted  actual  share
    0       1        2.0        0.5     0.5    1.0
    1       2        2.0        0.1     0.0    0.0
    """
    y, p, w = _rows(actual, predicted, None)
    ranking, edges = Ranking.of(p), np.linspace(0.0, 1.0, bins + 1)
    customers = np.full(bins, len(y) / bins)
    total = np.diff(ranking.captured(w, y, edges)[0])
    forecast = np.diff(ranking.captured(w, p, edges)[0])
    return pd.DataFrame(
        {
            "decile": np.arange(1, bins + 1),
            "customers": customers,
            "predicted": forecast / customers,
            "actual": total / customers,
            "share": total / y.sum() if y.sum() else np.nan,
        }
    )
