"""SHAP's plots of exact contributions: which columns move the forecasts, in which direction, and along which curve.

Dots are drawn as pixels even in an SVG: a picture shows where customers lie, and no file holds a customer's figures.
"""

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

ACROSS: Final = 3
"""Curves side by side."""

ENDS: Final = (1, 99)
"""Percentiles between which a curve is drawn: one enormous basket would leave the others a single line."""


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
    phi, values = _sample(contributions, figures, points)
    return _summary(phi, values, _words(figures), title, shown, seed=seed)


def dependence_chart(
    contributions: ArrayLike, figures: pd.DataFrame, *, title: str, shown: int = 6, points: int = 2_000
) -> Figure:
    """Draw SHAP's dependence plots of the features that move a model most: contribution by the feature's value.

    Parameters
    ----------
    contributions : array_like, shape (n, k)
        Contributions to the raw margin, without the base.
    figures : DataFrame, shape (n, k)
        The features' values. Texts are left out: their values may not leave for MLflow.
    title : str
        What the margin is.
    shown : int
        How many features, by mean absolute contribution.
    points : int
        How many customers are drawn, taken evenly from all.

    Returns
    -------
    Figure
        One panel per feature, between its 1st and 99th percentile; without a single one where no number varies.
    """
    phi, values = _sample(contributions, figures, points)
    return _dependence(phi, values, _words(figures), title, _strongest(phi, values, shown))


def _sample(contributions: ArrayLike, figures: pd.DataFrame, points: int) -> tuple[Floats, Floats]:
    """Rows taken evenly from all; texts become NaN."""
    phi = np.asarray(contributions, dtype=np.float64)
    rows = np.unique(np.linspace(0, len(phi) - 1, min(points, len(phi))).astype(np.int64))
    return phi[rows], figures.iloc[rows].apply(_number).to_numpy(dtype=np.float64)


def _strongest(phi: Floats, values: Floats, shown: int) -> list[int]:
    """Columns of numbers that vary, the one that moves the forecasts most first."""
    low, high = np.nanpercentile(np.where(np.isfinite(values).any(axis=0), values, 0.0), ENDS, axis=0)
    strength = np.where(high > low, np.abs(phi).mean(axis=0), 0.0)
    order = np.argsort(-strength, kind="stable")[:shown]
    return [int(column) for column in order if strength[column] > 0]


def _summary(phi: Floats, values: Floats, names: Sequence[str], title: str, shown: int, *, seed: int) -> Figure:
    with _shap_plots() as (shap, pyplot):
        figure = pyplot.figure()
        try:
            draw = np.random.default_rng(seed)
            shap.summary_plot(phi, values, names, max_display=shown, show=False, plot_size=(8.0, 5.5), rng=draw)
        finally:
            pyplot.close(figure)  # pyplot forgets it; the figure itself lives on
    figure.axes[0].set_title(title, loc="left", fontsize=12.5, fontweight="bold")
    figure.axes[0].set_xlabel("contribution to the margin", fontsize=10)
    return _pixels(figure)


def _dependence(phi: Floats, values: Floats, names: Sequence[str], title: str, columns: Sequence[int]) -> Figure:
    down = max(1, math.ceil(len(columns) / ACROSS))
    figure = Figure(figsize=(4.0 * ACROSS, 0.6 + 3.0 * down), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=12.5, fontweight="bold")
    with _shap_plots() as (shap, _):
        ends = dict(zip(("xmin", "xmax"), (f"percentile({end})" for end in ENDS), strict=True))
        for place, column in enumerate(columns, start=1):
            axes = figure.add_subplot(down, ACROSS, place)
            looks: dict[str, Any] = {"dot_size": 9, "alpha": 0.45, "ax": axes, "show": False, **ends}
            shap.dependence_plot(column, phi, values, names, interaction_index=None, **looks)
            axes.set_xlabel(names[column], fontsize=10)
            axes.set_ylabel("contribution" if place % ACROSS == 1 else "", fontsize=10)
    return _pixels(figure)


@contextmanager
def _shap_plots() -> Iterator[tuple[Any, Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own, about libraries of its own
        import shap  # noqa: PLC0415 # three seconds, for few figures
        from matplotlib import pyplot as plt  # noqa: PLC0415 # shap draws its summary through pyplot only

        state = np.random.get_state()  # noqa: NPY002 # shap shuffles its dots with NumPy's global generator
        np.random.seed(7)  # noqa: NPY002 # as above
        try:
            yield shap, plt
        finally:
            np.random.set_state(state)  # noqa: NPY002 # the reader's own draws go on as before


def _pixels(figure: Figure) -> Figure:
    for axes in figure.axes:
        for dots in axes.collections:
            dots.set_rasterized(True)
    return figure


def _words(figures: pd.DataFrame) -> list[str]:
    return [str(name).replace("_", " ") for name in figures.columns]


def _number(column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column):
        return column.astype(np.float64)
    return pd.Series(np.nan, index=column.index)
