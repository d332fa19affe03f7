"""SHAP's summary plot of exact contributions: which columns move the forecasts, and in which direction."""

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import ArrayLike


def summary_chart(
    contributions: ArrayLike, figures: pd.DataFrame, *, title: str, shown: int = 15, points: int = 2_000, seed: int = 7
) -> Figure:
    """Draw SHAP's beeswarm of a model's contributions.

    Parameters
    ----------
    contributions : array_like, shape (n, k)
        Contributions to the raw margin, without the base.
    figures : DataFrame, shape (n, k)
        The features' values; texts are drawn grey.
    title : str
        What the margin is.
    shown : int
        How many features.
    points : int
        How many customers are drawn, taken evenly from all.
    seed : int
        Of the jitter.

    Returns
    -------
    Figure
        It shows no id; a dot is a customer.
    """
    phi = np.asarray(contributions, dtype=np.float64)
    rows = np.unique(np.linspace(0, len(phi) - 1, min(points, len(phi))).astype(np.int64))
    values = figures.iloc[rows].apply(_number).to_numpy(dtype=np.float64)
    return _draw(phi[rows], values, [str(c).replace("_", " ") for c in figures.columns], title, shown, seed=seed)


def _draw(phi: np.ndarray, values: np.ndarray, names: Sequence[str], title: str, shown: int, *, seed: int) -> Figure:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own, about libraries of its own
        import shap  # noqa: PLC0415 # three seconds, for one figure
        from matplotlib import pyplot as plt  # noqa: PLC0415 # shap draws through pyplot only

        figure = plt.figure()
        try:
            draw = np.random.default_rng(seed)
            shap.summary_plot(phi, values, names, max_display=shown, show=False, plot_size=(8.0, 5.5), rng=draw)
        finally:
            plt.close(figure)  # pyplot forgets it; the figure itself lives on
    figure.axes[0].set_title(title, loc="left", fontsize=12.5, fontweight="bold")
    figure.axes[0].set_xlabel("contribution to the margin", fontsize=10)
    return figure


def _number(column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column):
        return column.astype(np.float64)
    return pd.Series(np.nan, index=column.index)
