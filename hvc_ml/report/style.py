"""One calm look for every figure: colour-blind safe, few lines, words instead of boxes."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

INK: Final = "#1f2a37"
MUTED: Final = "#6b7785"
LINE: Final = "#d5dde6"
MODEL: Final = "#0072b2"
PERFECT: Final = "#009e73"
ALERT: Final = "#d55e00"
OTHERS: Final = ("#e69f00", "#56b4e9", "#cc79a7", "#8c6d31", "#7a5195", "#999999")
"""Okabe & Ito's colours (2008), told apart with any kind of colour vision; the model is always the same blue."""

_SETTINGS: Final[Any] = {
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 10,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.titlesize": 12.5,
    "axes.titleweight": "bold",
    "axes.axisbelow": True,
    "figure.constrained_layout.use": True,
    "figure.dpi": 110,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 2.0,
    "svg.fonttype": "none",
    "svg.hashsalt": "hvc-ml",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.color": LINE,
    "ytick.labelcolor": MUTED,
}
_THEMED: Final = {INK: "var(--ink)", MUTED: "var(--muted)", LINE: "var(--line)"}


@contextmanager
def calm() -> Iterator[None]:
    """Draw in the house's style, and leave the reader's own settings as they were."""
    with mpl.rc_context(_SETTINGS):
        yield


def canvas(title: str, *, width: float = 7.2, height: float = 4.4) -> tuple[Figure, Axes]:
    """A figure with one pair of axes, without pyplot's global state."""
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title)
    return figure, axes


def per_cent(axis: mpl.axis.Axis) -> None:
    """Label an axis of shares in per cent."""
    axis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")


def to_png(figure: Figure, *, dpi: int = 144) -> bytes:
    """The figure as PNG, the same bytes each time."""
    sink = io.BytesIO()
    with calm():
        figure.savefig(sink, format="png", dpi=dpi, metadata={"Software": None}, facecolor="white")
    return sink.getvalue()


def to_svg(figure: Figure) -> str:
    """The figure as an SVG element to stand inside a page, the same text each time.

    The background is left out and ink, grey and lines become the page's own ``--ink``, ``--muted`` and ``--line``, so
    that a figure is as readable on a dark page as on a light one.
    """
    sink = io.StringIO()
    with calm():
        figure.savefig(sink, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = sink.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    for colour, name in _THEMED.items():
        text = text.replace(colour, name)
    return text
