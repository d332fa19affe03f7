"""The figure of a search over settings: what each candidate gained, and whether one stood out."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hvc_ml.report.style import LINE, MODEL, MUTED, PERFECT, calm, canvas

MOST_DOWN: Final = 3.0
"""How much further down than up the axis may reach: one disaster must not flatten everything else."""


def search_chart(
    gains: Sequence[float],
    pruned: Sequence[bool],
    *,
    metric: str,
    best: tuple[int, float, float] | None = None,
    chosen: int = 0,
) -> Figure:
    """Gain of each candidate over the configured settings, in the order they were tried; higher is better.

    Parameters
    ----------
    gains : sequence of float
        Difference to the configured settings, which are candidate 0.
    pruned : sequence of bool
        Whether a candidate was ended early: its gain is of the cutoffs it was measured at.
    metric : str
        What was measured, for the axis.
    best : tuple, optional
        Number of the best candidate, and the interval of its gain.
    chosen : int
        Number of the candidate that is used.
    """
    gain, early = np.asarray(gains, dtype=np.float64), np.asarray(pruned, dtype=bool)
    number = np.arange(len(gain))
    with calm():
        figure, axes = canvas("What other settings would have gained")
        axes.axhline(0.0, color=MUTED, linewidth=1.0, linestyle=(0, (4, 4)), label="as configured")
        whole = np.where(early | np.isnan(gain), -np.inf, gain)
        axes.step(number, np.maximum.accumulate(whole), where="post", color=LINE, label="best so far")
        dots: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 6}
        axes.plot(number[~early], gain[~early], color=MODEL, label="measured at every cutoff", **dots)
        if early.any():
            axes.plot(number[early], gain[early], color=MUTED, markerfacecolor="none", label="ended early", **dots)
        if best is not None:
            axes.vlines(best[0], best[1], best[2], color=MODEL, alpha=0.35, linewidth=4, label="interval of the best")
        ring: dict[str, Any] = {**dots, "markersize": 11, "markerfacecolor": "none", "markeredgewidth": 2}
        axes.plot([chosen], [gain[chosen]], color=PERFECT, label="used", **ring)
        top = max(float(np.nanmax(gain)), best[2] if best else 0.0, 1e-6)
        low = max(float(np.nanmin(gain)), -MOST_DOWN * top)
        axes.set_ylim(low - 0.15 * top, top + 0.15 * top)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set(xlabel="candidate", ylabel=f"difference in {metric}")
        axes.grid(visible=True, axis="y")
        axes.legend(fontsize=9)
    return figure
