"""The figure of a promotion: by how much a model is better than its rivals, and how sure that is."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hvc_ml.report.style import ALERT, INK, LINE, MUTED, PERFECT, calm, canvas

Interval = Sequence[float | None]
"""``[low, mid, high]``; None where it is undefined."""

ACROSS: Final = 2
"""Panels side by side: MLflow's page leaves a figure half a screen."""


def difference_chart(differences: Mapping[str, Mapping[str, Interval]]) -> Figure:
    """Differences to each rival with their 95 % intervals, one panel per figure; right of 0 the model is better.

    Parameters
    ----------
    differences
        Figure -> rival -> ``[low, mid, high]`` of model minus rival, for figures of which more is better. Undefined
        ones are left out.

    Returns
    -------
    Figure
        Green where the whole interval is above 0, red where it is below, grey where chance may explain it.

    Examples
    --------
    >>> figure = difference_chart({"churn AUC": {"recency": [0.05, 0.08, 0.1], "champion": [-0.01, 0.0, 0.01]}})
    >>> figure.axes[0].get_title(loc="left")
    'churn AUC'
    """
    known = {metric: _known(found) for metric, found in differences.items() if _known(found)}
    named = dict.fromkeys(rival for found in differences.values() for rival in found)
    rivals = [rival for rival in named if any(rival in found for found in known.values())]
    down = math.ceil(len(known) / ACROSS)
    with calm():
        figure, axes = canvas("", width=7.6, height=max(1.0, down * (1.0 + 0.45 * len(rivals))))
        axes.remove()
        for place, (metric, found) in enumerate(known.items()):
            axes = figure.add_subplot(down, ACROSS, place + 1)
            _panel(axes, found, metric, rivals, named=place % ACROSS == 0)
    return figure


def _known(found: Mapping[str, Interval]) -> dict[str, tuple[float, float, float]]:
    ends = {rival: tuple(x for x in interval if x is not None) for rival, interval in found.items()}
    return {rival: (x[0], x[1], x[2]) for rival, x in ends.items() if len(x) == len(found[rival])}


def _panel(
    axes: Axes, found: Mapping[str, tuple[float, float, float]], metric: str, rivals: Sequence[str], *, named: bool
) -> None:
    axes.axvline(0.0, color=MUTED, linewidth=1.0, linestyle=(0, (4, 4)))
    beside: dict[str, Any] = {"xytext": (0, 7), "textcoords": "offset points", "ha": "center", "fontsize": 9}
    for rival, (low, mid, high) in found.items():
        place, colour = rivals.index(rival), PERFECT if low > 0 else ALERT if high < 0 else MUTED
        axes.hlines(place, low, high, color=colour, alpha=0.4, linewidth=5)
        axes.plot([mid], [place], color=colour, marker="o", markersize=7)
        axes.annotate(f"{mid:+.2g}", (mid, place), **beside, color=INK)
    axes.set_yticks(range(len(rivals)), rivals if named else [""] * len(rivals), fontsize=9)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.set_ylim(len(rivals) - 0.5, -0.8)
    axes.set_title(metric, fontsize=11)
    axes.margins(x=0.15)
    axes.locator_params(axis="x", nbins=4)
    axes.spines["left"].set_color(LINE)
