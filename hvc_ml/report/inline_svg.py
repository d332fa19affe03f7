"""Figures as part of a page that allows no style but its own: their looks become classes of its style sheet."""

import re
from collections.abc import Iterable
from typing import Final

from markupsafe import Markup, escape

from hvc_ml.report.book_parts import Chart
from hvc_ml.report.style import to_svg

SMALL: Final = 5.6
"""Inches up to which a figure is readable across a phone, so that nobody has to move it."""

_STYLE: Final = re.compile(r' style="([^"]*)"')
_OWN_SHEET: Final = re.compile(r"<style[^>]*>.*?</style>", re.DOTALL)
_GROUP_ID: Final = re.compile(r'<g id="[^"]*"')  # nothing refers to groups, and two figures would share them
_SIZE: Final = re.compile(r'^<svg height="[^"]*"|(?<=^<svg) width="[^"]*" height="[^"]*"')


class StyleSheet:
    """Classes for looks, each look named once.

    Examples
    --------
    >>> sheet = StyleSheet()
    >>> sheet.classed('<g style="fill: red"><g style="fill: red"/></g>')
    '<g class="c0"><g class="c0"/></g>'
    >>> sheet.rules
    '.c0 { fill: red }'
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def classed(self, markup: str) -> str:
        """The markup with a class in place of every ``style``, which a strict policy would not let through."""
        return _STYLE.sub(lambda found: f' class="{self._name(found[1])}"', markup)

    def _name(self, look: str) -> str:
        return self._names.setdefault(look, f"c{len(self._names)}")

    @property
    def rules(self) -> str:
        """The classes as CSS."""
        return "\n".join(f".{name} {{ {look} }}" for look, name in self._names.items())


def drawn(charts: Iterable[Chart], sheet: StyleSheet) -> list[tuple[str, Markup, str]]:
    """Title, drawing and explanation of each chart; their looks go to the sheet."""
    return [(chart.title, _drawing(chart, sheet), chart.says) for chart in charts]


def _drawing(chart: Chart, sheet: StyleSheet) -> Markup:
    svg = sheet.classed(_GROUP_ID.sub("<g", _OWN_SHEET.sub("", to_svg(chart.figure))))
    label, small = escape(f"{chart.title}: {chart.says}"), chart.figure.get_figwidth() <= SMALL
    own = ' class="small"' if small else ""
    svg = _SIZE.sub("", svg, count=1).replace("<svg", f'<svg{own} role="img" aria-label="{label}"', 1)
    return Markup(svg)  # noqa: S704 # drawn by this package; Matplotlib escapes its texts
