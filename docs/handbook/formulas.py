r"""Formulas as MathML: ``$p V$`` in a line, ``$$ ... $$`` on lines of their own. No script, no font from elsewhere.

A Markdown extension for the site; on other readers of the same pages (a repository's web view) the dollars work as they
are.
"""

import xml.etree.ElementTree as ET
from typing import Any

from latex2mathml.converter import convert
from markdown import Markdown
from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor

INLINE = r"(?<![\\$\w])\$(?![\s$])([^$\n]*[^$\s\\])\$(?![\w$])"
DISPLAY = r"\$\$((?:.|\n)+?)\$\$"


class Formula(InlineProcessor):
    """One kind of dollars."""

    def __init__(self, pattern: str, md: Markdown, display: str) -> None:
        super().__init__(pattern, md)
        self.display = display

    def handleMatch(self, m: Any, data: str) -> tuple[Any, int, int]:  # type: ignore[override] # noqa: N802 # Markdown's name
        """Put the formula's MathML in place of it."""
        del data
        html = convert(m[1], display=self.display)
        element = ET.Element("span", {"class": "formula", "role": "math", "aria-label": m[1]})
        element.text = self.md.htmlStash.store(html)
        return element, m.start(0), m.end(0)


class Formulas(Extension):
    """Both kinds."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 # Markdown's name
        """Before escapes and emphasis, after code."""
        md.inlinePatterns.register(Formula(DISPLAY, md, "block"), "formula-display", 186)
        md.inlinePatterns.register(Formula(INLINE, md, "inline"), "formula", 185)


def makeExtension(**options: Any) -> Formulas:  # noqa: N802 # Markdown looks for this name
    """What Markdown asks a module of extensions for."""
    return Formulas(**options)
