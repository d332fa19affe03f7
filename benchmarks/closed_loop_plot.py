"""The figure of the closed loop: what each policy has earned by when, and learned save rates beside the true ones."""

from collections.abc import Mapping
from itertools import cycle
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hvc_ml.report.style import ALERT, MODEL, OTHERS, calm, per_cent


def closed_loop_plot(path: Path, monthly: Mapping[str, NDArray[np.float64]], rates: pd.DataFrame) -> None:
    """Draw it.

    Parameters
    ----------
    path
        An .svg or .png file.
    monthly
        Policy -> true profit, shape (shops, months); the first is the closed loop.
    rates
        ``action, tier, leavers, true, learned, low, high``, one row per shop, action and tier.
    """
    with calm():
        figure = Figure(figsize=(11.5, 4.6))
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2, width_ratios=(1.15, 1))
        _profits(left, monthly)
        _rates(right, rates)
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else {"Software": None})


def _profits(axes: Axes, monthly: Mapping[str, NDArray[np.float64]]) -> None:
    colours = cycle(OTHERS)
    for i, (name, profit) in enumerate(monthly.items()):
        months = np.arange(profit.shape[1] + 1)
        total = np.concatenate([[0.0], profit.mean(axis=0).cumsum()])
        colour, width = (MODEL, 2.8) if i == 0 else (next(colours), 1.6)
        axes.plot(months, total, label=name, color=colour, linewidth=width, zorder=3 - min(i, 1))
    axes.set(title="True profit of all contacts so far", xlabel="months", ylabel="EUR, mean of the shops")
    axes.axhline(0.0, color=ALERT, linewidth=0.8, linestyle=(0, (4, 4)), label="nobody")
    axes.yaxis.set_major_formatter(lambda amount, _: f"{amount:,.0f}")
    axes.grid(visible=True)
    axes.legend(loc="upper left", fontsize=9)


def _rates(axes: Axes, rates: pd.DataFrame) -> None:
    rates = rates.sort_values(["action", "tier", "shop"], ignore_index=True)
    y = -np.arange(len(rates), dtype=np.float64)
    axes.hlines(y, rates["low"], rates["high"], color=MODEL, alpha=0.35, linewidth=4, label="learned, 95 %")
    axes.plot(rates["learned"], y, color=MODEL, marker="o", markersize=4, linestyle="", label="learned")
    axes.plot(rates["true"], y, color=ALERT, marker="|", markersize=11, markeredgewidth=2, linestyle="", label="true")
    labels = rates["action"] + ", " + rates["tier"]
    axes.set_yticks(y[~labels.duplicated()], labels[~labels.duplicated()])
    axes.tick_params(axis="y", labelsize=8)
    axes.set(title="Save rates", xlabel="share of leavers kept", xlim=(0, None))
    per_cent(axes.xaxis)
    axes.grid(visible=True, axis="x")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3, fontsize=9)
