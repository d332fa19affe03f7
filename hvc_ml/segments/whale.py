"""The whale curve: how much of the value the best customers bring, and what the worst take away again."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

POINTS: Final = 100


def whale_curve(values: npt.ArrayLike, points: int = POINTS) -> pd.DataFrame:
    """Share of the net total that the best customers bring, at equal steps of their number.

    Customers below zero come last, so the curve rises above 1 where some cost more than they bring.

    Parameters
    ----------
    values
        Value of **every** customer, shape (n,), in money.
    points
        Number of steps.

    Returns
    -------
    DataFrame
        ``customers`` (share, from 0 to 1) and ``value`` (share of the net total; NaN where that is not positive).

    Examples
    --------
    >>> whale_curve([80.0, 40.0, -20.0, 0.0], points=4)["value"].tolist()
    [0.0, 0.8, 1.2, 1.2, 1.0]
    """
    money = np.sort(np.asarray(values, dtype=np.float64))[::-1]
    running, total = np.concatenate([[0.0], np.cumsum(money)]), float(money.sum())
    shares = np.linspace(0.0, 1.0, points + 1)
    at = np.rint(shares * len(money)).astype(np.int64)
    value = running[at] / total if total > 0 else np.full(points + 1, np.nan)
    return pd.DataFrame({"customers": shares, "value": value})
