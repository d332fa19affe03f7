"""The figure of the watch: what lists promised and what came true, month by month."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from hvc_ml.report.style import ALERT, INK, LINE, MODEL, calm, canvas

Line = Sequence[tuple[date, float | None]]
"""Day and figure; None where it is not known yet."""

ACROSS: Final = 2
CAME: Final = "came"
"""How the names of lines begin that say what came true: they are black, forecasts are blue."""

RATIO: Final = 2.0
"""Figures below it are shares and the like; others are money, and begin at 0."""

LEAST_SPAN: Final = 0.1
"""Of the axis of a share."""


def monitor_chart(panels: Mapping[str, Mapping[str, Line]], limits: Mapping[str, float] | None = None) -> Figure:
    """One panel per figure, one line per name: the first is what was promised, the second what came.

    Parameters
    ----------
    panels
        Title -> name -> line. A panel without any known figure is left out.
    limits
        Title -> where a dashed line warns.

    Returns
    -------
    Figure

    Examples
    --------
    >>> days = [date(2026, 1, 1), date(2026, 2, 1)]
    >>> figure = monitor_chart({"churn AUC": {"promised": list(zip(days, (0.8, 0.81), strict=True))}})
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['churn AUC']
    """
    known = {title: found for title, lines in panels.items() if (found := _known(lines))}
    days = [day for lines in known.values() for line in lines.values() for day, _ in line]
    down = -(-max(1, len(known)) // ACROSS)
    with calm():
        figure, axes = canvas("", width=9.0, height=2.6 * down)
        axes.remove()
        for place, (title, lines) in enumerate(known.items(), start=1):
            axes = figure.add_subplot(down, ACROSS, place)
            _panel(axes, title, lines, (limits or {}).get(title))
            _months(axes, min(days), max(days))
    return figure


def watch_chart(
    title: str,
    lines: Mapping[str, Line],
    *,
    days: tuple[date, date],
    limit: float | None = None,
    shares: bool = False,
) -> Figure:
    """One such figure by itself, for a page that is also read on a phone.

    Parameters
    ----------
    title
        What it shows.
    lines
        Name -> line; what is not known yet is left out.
    days
        The first and the last day, the same for every figure of a page.
    limit
        Where a dashed line warns.
    shares
        Whether the figures are shares, and told in per cent.

    Examples
    --------
    >>> days = [date(2026, 1, 1), date(2026, 2, 1)]
    >>> lines = {"forecast": list(zip(days, (0.3, 0.31), strict=True))}
    >>> watch_chart("Who leaves", lines, days=(days[0], days[1])).axes[0].get_title(loc="left")
    'Who leaves'
    """
    with calm():
        figure, axes = canvas(title, width=5.6, height=3.0)
        _panel(axes, title, _known(lines), limit)
        axes.set_title(title)
        _months(axes, *days)
        if shares:
            axes.yaxis.set_major_formatter(PercentFormatter(xmax=1.0, symbol=" %"))
    return figure


def _known(lines: Mapping[str, Line]) -> dict[str, list[tuple[date, float]]]:
    found = {name: [(day, value) for day, value in line if value is not None] for name, line in lines.items()}
    return {name: line for name, line in found.items() if line}


def _panel(axes: Axes, title: str, lines: Mapping[str, list[tuple[date, float]]], limit: float | None) -> None:
    if limit is not None:
        axes.axhline(limit, color=ALERT, linewidth=1.0, linestyle=(0, (4, 4)))
    for name, line in lines.items():
        days, values = zip(*line, strict=True)
        axes.plot(days, values, color=INK if name.startswith(CAME) else MODEL, marker="o", markersize=4, label=name)
    axes.set_title(title, fontsize=11)
    axes.grid(axis="y", color=LINE)
    axes.margins(y=0.15)
    low, high = axes.get_ylim()
    if high < RATIO:  # a share that moves by a thousandth should look still
        apart = max(0.0, (LEAST_SPAN - (high - low)) / 2)
        axes.set_ylim(low - apart, high + apart)
    else:
        axes.set_ylim(bottom=0.0)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.locator_params(axis="y", nbins=4)
    if len(lines) > 1:
        axes.legend(fontsize=9, loc="best")


def _months(axes: Axes, first: date, last: date) -> None:
    """The same days below every panel."""
    beside = max(timedelta(days=3), (last - first) * 0.05)
    axes.set_xlim(first - beside, last + beside)  # type: ignore[arg-type] # matplotlib takes days; its stubs do not
    locator: Any = AutoDateLocator(minticks=2, maxticks=5)  # type: ignore[no-untyped-call] # matplotlib left it out
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call] # as above
