"""Forecasts beside outcomes, group by group: the figures for whoever has the groups' means and not their customers."""

import math
from typing import Final

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from hvc_ml.report.style import MODEL, MUTED, OTHERS, calm, canvas, per_cent

Floats = NDArray[np.float64]

_Z: Final = 1.959964
"""95 % of a normal distribution lie within so many standard deviations."""


def shares_chart(predicted: ArrayLike, observed: ArrayLike, customers: ArrayLike) -> Figure:
    """Forecast risk against the share that left, group by group; the closer to the diagonal, the better.

    Parameters
    ----------
    predicted, observed : array_like, shape (n,)
        Mean churn risk and share that left of each group, in [0, 1].
    customers : array_like, shape (n,) or a number
        How many customers a group holds.

    Returns
    -------
    Figure
        With 95 % intervals of the observed shares (`within`); both axes end at the next tenth above all of them.
    """
    x, y = np.asarray(predicted, dtype=np.float64), np.asarray(observed, dtype=np.float64)
    order = np.argsort(x, kind="stable")
    x, y, n = x[order], y[order], np.broadcast_to(np.asarray(customers, dtype=np.float64), x.shape)[order]
    low, high = within(y, n)
    top = min(1.0, max(0.1, math.ceil(10.0 * float(np.max([x, high], initial=0.0))) / 10.0))
    with calm():
        figure, axes = canvas("Of customers with this risk, so many left", width=5.6, height=5.0)
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1.0, linestyle=(0, (4, 4)), label="perfect")
        axes.vlines(x, low, high, color=MODEL, alpha=0.35, linewidth=4)
        axes.plot(x, y, color=MODEL, marker="o", markersize=5, label="model")
        axes.set(xlim=(0, top), ylim=(0, top), xlabel="churn risk", ylabel="share that left", aspect="equal")
        axes.grid(visible=True)
        per_cent(axes.xaxis)
        per_cent(axes.yaxis)
        axes.legend(loc="upper left")
    return figure


def values_chart(predicted: ArrayLike, actual: ArrayLike, *, currency: str) -> Figure:
    """Mean forecast beside mean outcome of each tenth, the most valuable first; equal heights are best.

    Parameters
    ----------
    predicted, actual : array_like, shape (n,)
        Mean future value of each tenth, in money.
    currency : str
        ISO 4217 code, for the axis.
    """
    forecast, value = np.asarray(predicted, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    x = np.arange(1, len(forecast) + 1)
    with calm():
        figure, axes = canvas("Forecast and outcome by tenth of the ranking")
        axes.bar(x - 0.2, forecast, width=0.38, color=MODEL, label="forecast")
        axes.bar(x + 0.2, value, width=0.38, color=OTHERS[0], label="outcome")
        axes.set(xlabel="tenth of the customers, the most valuable first", xticks=x)
        axes.set_ylabel(f"mean future value, {currency}")
        axes.yaxis.set_major_formatter(lambda amount, _: f"{amount:,.0f}")
        axes.grid(visible=True, axis="y")
        axes.legend()
    return figure


def within(observed: Floats, customers: Floats) -> tuple[Floats, Floats]:
    """95 % interval of an observed share; it has a width even where nobody or everybody left.

    Parameters
    ----------
    observed, customers : ndarray, shape (n,)
        Shares in [0, 1], and of how many.

    Returns
    -------
    low, high : ndarray, shape (n,)

    References
    ----------
    Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA 22.

    Examples
    --------
    >>> low, high = within(np.array([0.0, 0.5]), np.array([100.0, 100.0]))
    >>> low.round(3), high.round(3)
    (array([0.   , 0.404]), array([0.037, 0.596]))
    """
    square = _Z**2 / customers
    middle = observed + square / 2
    spread = np.sqrt(square * (observed * (1.0 - observed) + square / 4))
    return np.maximum((middle - spread) / (1 + square), 0.0), np.minimum((middle + spread) / (1 + square), 1.0)
