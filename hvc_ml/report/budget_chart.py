"""The figure of what a budget earns."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from hvc_ml.report.style import ALERT, MODEL, calm, canvas


def budget_chart(budgets: ArrayLike, gains: ArrayLike, *, budget: float | None, currency: str) -> Figure:
    """Expected gain of the best list at each budget; where the curve is flat, more money earns nothing.

    Parameters
    ----------
    budgets, gains : array_like, shape (n,)
        Expected spending allowed, rising, and expected gain; both in money.
    budget : float, optional
        The list's own budget; it is marked.
    currency : str
        ISO 4217 code, for the axes.
    """
    x, y = (np.concatenate([[0.0], np.asarray(values, dtype=np.float64)]) for values in (budgets, gains))
    with calm():
        figure, axes = canvas("What a budget earns")
        axes.plot(x, y, color=MODEL, marker="o", markersize=4, label="expected gain of the best list")
        if budget is not None:
            axes.axvline(min(budget, x[-1]), color=ALERT, linewidth=1.2, label="this list's budget")
        axes.set(xlim=(0, x[-1]), ylim=(0, 1.05 * max(float(y.max()), 1e-9)))
        axes.set(xlabel=f"budget, {currency}", ylabel=f"expected gain, {currency}")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda amount, _: f"{amount:,.0f}")
        axes.grid(visible=True)
        axes.legend(loc="lower right", fontsize=9)
    return figure
