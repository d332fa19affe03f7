"""The figure of a change between two lists: a bridge from the old total to the new one."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.figure import Figure

from hvc_ml.report.style import ALERT, INK, LINE, MODEL, PERFECT, calm, canvas


def bridge_chart(steps: Sequence[tuple[str, float]], *, title: str, money: Callable[[float], str]) -> Figure:
    """A total, what came to it and went from it, and the new total; to be read from top to bottom.

    Parameters
    ----------
    steps : sequence of (str, float)
        Words and amounts: first the old total, last the new one, which is the old one plus all amounts between.
    title : str
        What is counted.
    money : callable
        Writes an amount.

    Returns
    -------
    Figure
        More value at risk is red, less is green; amounts are written with their signs.

    Examples
    --------
    >>> steps = [("before", 100.0), ("time passing", 30.0), ("own behaviour", -50.0), ("after", 80.0)]
    >>> axes = bridge_chart(steps, title="Value at risk", money="{:.0f}".format).axes[0]
    >>> [text.get_text() for text in axes.texts]
    ['100', '+30', '-50', '80']
    """
    names, amounts = [name for name, _ in steps], np.array([amount for _, amount in steps], dtype=np.float64)
    ends = np.r_[np.cumsum(amounts[:-1]), amounts[-1]]
    starts = np.r_[0.0, ends[:-2], 0.0]
    totals = np.isin(np.arange(len(steps)), (0, len(steps) - 1))
    colours = np.where(totals, MODEL, np.where(amounts > 0, ALERT, PERFECT))
    with calm():
        figure, axes = canvas(title, width=8.0, height=1.2 + 0.44 * len(steps))
        places = -np.arange(len(steps))
        axes.barh(places, ends - starts, left=starts, color=colours, height=0.62)
        axes.vlines(ends[:-1], places[:-1] - 0.31, places[1:] + 0.31, color=INK, linewidth=0.8)
        for place, start, end, amount, total in zip(places, starts, ends, amounts, totals, strict=True):
            words = f"{'+' if amount > 0 and not total else ''}{money(float(amount))}"
            axes.annotate(words, (max(start, end), place), xytext=(5, 0), textcoords="offset points", va="center")
        axes.set_yticks(places, names)
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.axvline(0.0, color=LINE, linewidth=1.0)
        axes.set_xlim(min(0.0, 1.15 * ends.min()), 1.18 * max(float(ends.max()), 1e-9))
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)
    return figure
