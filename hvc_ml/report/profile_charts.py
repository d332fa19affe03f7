"""The figures of a profile: who brings the money, who moved, who came back, and what sets the best apart."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from hvc_ml.report.style import INK, LINE, MODEL, MUTED, OTHERS, PERFECT, calm, canvas, per_cent, to_svg

_COLOURS: Final = (MODEL, OTHERS[0], PERFECT, *OTHERS[1:])
_THEMED: Final = {"var(--ink)": INK, "var(--muted)": MUTED, "var(--line)": LINE}
BARS: Final = 15


def whale_chart(curves: pd.DataFrame, eighty: Mapping[str, float]) -> Figure:
    """Share of the value that the best customers bring; a curve above 100 % says that others cost more than they bring.

    Parameters
    ----------
    curves : DataFrame
        ``customers`` (share, best first), then one column of shares of the value per span.
    eighty : mapping
        Span -> share of customers who bring 80 %.
    """
    with calm():
        figure, axes = canvas("So few customers bring so much of the money")
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1.0, linestyle=(0, (4, 4)), label="all alike")
        for name, colour in zip(curves.columns[1:], _COLOURS, strict=False):
            words = f"{str(name).replace('_', ' ')}: {100 * eighty[name]:.1f} % of customers bring 80 %"
            axes.plot(curves["customers"], curves[name], color=colour, label=words)
            axes.plot([eighty[name]], [0.8], color=colour, marker="o", linestyle="none")
        axes.axhline(0.8, color=LINE, linewidth=1.0)
        top = float(np.nanmax(curves.iloc[:, 1:].to_numpy(np.float64), initial=1.0))
        axes.set(xlim=(0, 1), ylim=(0, 1.03 * top), xlabel="share of customers, best first", ylabel="share of value")
        axes.grid(visible=True)
        per_cent(axes.xaxis)
        per_cent(axes.yaxis)
        axes.legend(loc="lower right", fontsize=9)
    return figure


def migration_chart(counts: pd.DataFrame, first: str, last: str) -> Figure:
    """Where the customers of each state went; shares of the row, darker is more.

    Parameters
    ----------
    counts : DataFrame
        Customers, states before as rows and states after as columns.
    first, last : str
        The two cutoffs.
    """
    customers = counts.to_numpy(np.int64)
    total = customers.sum(axis=1, keepdims=True)
    share = np.divide(customers, total, out=np.zeros(customers.shape), where=total > 0)
    with calm():
        figure, axes = canvas(f"From {first} to {last}", height=1.6 + 0.55 * len(counts))
        axes.imshow(share, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
        for (row, column), part in np.ndenumerate(share):
            words = f"{customers[row, column]:,}\n{100 * part:.0f} %"
            axes.text(column, row, words, ha="center", va="center", fontsize=9, color="white" if part > 0.5 else INK)
        axes.set_xticks(range(counts.shape[1]), [str(c) for c in counts.columns])
        axes.set_yticks(range(len(counts)), [str(r) for r in counts.index])
        axes.tick_params(length=0, labelcolor=INK)
        axes.set(xlabel=f"on {last}", ylabel=f"on {first}")
    return figure


def returns_chart(curves: Mapping[str, pd.DataFrame]) -> Figure:
    """Share that placed the next order by each day (Kaplan-Meier); higher and sooner is better.

    Parameters
    ----------
    curves : mapping
        ``second``, ``third`` -> ``days`` and ``share``.
    """
    with calm():
        figure, axes = canvas("How soon customers come back")
        for (name, curve), colour in zip(curves.items(), _COLOURS, strict=False):
            days, share = np.r_[0.0, curve["days"].to_numpy()], np.r_[0.0, curve["share"].to_numpy()]
            axes.step(days, share, where="post", color=colour, label=f"the {name} order")
        axes.set(ylim=(0, 1), xlabel="days since the order before", ylabel="share that has placed it")
        axes.set_xlim(left=0)
        axes.grid(visible=True)
        per_cent(axes.yaxis)
        axes.legend(loc="lower right")
    return figure


def contrast_chart(differences: pd.DataFrame) -> Figure:
    """What sets high-value customers apart: standardised differences, the largest on top.

    Parameters
    ----------
    differences : DataFrame
        ``feature``, ``level``, ``difference``, the largest first.
    """
    top = differences.head(BARS).iloc[::-1]
    with calm():
        figure, axes = canvas("High-value customers beside the others", height=1.4 + 0.28 * max(len(top), 1))
        colours = [MODEL if d > 0 else OTHERS[0] for d in top["difference"]]
        axes.barh(range(len(top)), top["difference"].to_numpy(np.float64), color=colours, height=0.68)
        names = [" = ".join(part for part in pair if part) for pair in zip(top["feature"], top["level"], strict=True)]
        axes.set_yticks(range(len(top)), [n.replace("_", " ") for n in names], fontsize=9)
        axes.axvline(0.0, color=MUTED, linewidth=1.0)
        axes.set_xlabel("difference in standard deviations; to the right: more")
        axes.grid(visible=True, axis="x")
    return figure


def standalone_svg(figure: Figure) -> str:
    """The figure as a file of its own: an SVG with its colours written out, the same text each time."""
    text = to_svg(figure)
    for name, colour in _THEMED.items():
        text = text.replace(name, colour)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + text
