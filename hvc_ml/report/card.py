"""The model card: one page that says what a model is, what it was measured to do, and what it is not for."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import pandas as pd
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from hvc_ml.report.book_parts import Chart
from hvc_ml.report.inline_svg import StyleSheet, drawn

_SPECIAL: Final = "\\`*<|"
"""Characters that Markdown reads as more than text, wherever they stand; intervals keep their plain brackets."""


@dataclass(frozen=True)
class Part:
    """One part of a card.

    Parameters
    ----------
    title
        Its heading.
    says
        Paragraphs.
    points
        Items of a list.
    table
        Of groups, never of customers; every cell a text.
    charts
        Figures; the page shows them, the Markdown does not.
    """

    title: str
    says: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    table: pd.DataFrame | None = None
    charts: tuple[Chart, ...] = ()


@dataclass(frozen=True)
class ModelCard:
    """A card after Mitchell et al., "Model Cards for Model Reporting" (FAT* 2019).

    Parameters
    ----------
    title
        Of which model.
    promoted
        Whether it became champion.
    verdict
        Why, in words and numbers.
    parts
        In the order they are read.
    """

    title: str
    promoted: bool
    verdict: str
    parts: tuple[Part, ...]


def card_markdown(card: ModelCard) -> str:
    r"""The card as Markdown, for git, a wiki, or the registry.

    Examples
    --------
    >>> told = ModelCard("A|B", True, "Promoted.", (Part("Use", ("For lists.",), ("one", "two")),))
    >>> print(card_markdown(told))
    # Model card: A\|B
    <BLANKLINE>
    **Promoted.**
    <BLANKLINE>
    ## Use
    <BLANKLINE>
    For lists.
    <BLANKLINE>
    - one
    - two
    <BLANKLINE>
    """
    blocks = [f"# Model card: {plain(card.title)}", f"**{plain(card.verdict)}**"]
    for part in card.parts:
        blocks += _blocks(part)
    return "\n\n".join(blocks) + "\n"


def card_html(card: ModelCard) -> str:
    """The card as one page with its figures: no script, nothing from elsewhere, every text escaped."""
    sheet = StyleSheet()
    figures = {part.title: drawn(part.charts, sheet) for part in card.parts}
    tables = {part.title: _rows(part.table) for part in card.parts if part.table is not None}
    style = f"{_style()}\n{sheet.rules}\n"
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return _page().render(card=card, figures=figures, tables=tables, style=Markup(style), digest=digest)  # noqa: S704 # our own sheet


def plain(text: str) -> str:
    r"""A text that Markdown shows as it is, in one line.

    Examples
    --------
    >>> print(plain("a|b <i>\n2 * 3 [0.1, 0.2] [x](http://y)"))
    a\|b \<i> 2 \* 3 [0.1, 0.2] [x]\(http://y)
    """
    escaped = "".join(f"\\{c}" if c in _SPECIAL else c for c in " ".join(text.split()))
    return escaped.replace("](", "]\\(")


def markdown_table(table: pd.DataFrame) -> str:
    """A table of texts in Markdown.

    Examples
    --------
    >>> print(markdown_table(pd.DataFrame({"tier": ["Gold"], "customers": ["1,204"]})))
    | tier | customers |
    | --- | --- |
    | Gold | 1,204 |
    """
    rows = [[str(c) for c in table.columns], ["---"] * table.shape[1], *_rows(table)[1]]
    shown = [row if place == 1 else [plain(cell) for cell in row] for place, row in enumerate(rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in shown)


def _blocks(part: Part) -> Iterator[str]:
    yield f"## {plain(part.title)}"
    yield from (plain(text) for text in part.says)
    if part.points:
        yield "\n".join(f"- {plain(point)}" for point in part.points)
    if part.table is not None:
        yield markdown_table(part.table)


def _rows(table: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    return [str(c) for c in table.columns], [[str(cell) for cell in row] for row in table.itertuples(index=False)]


@cache
def _style() -> str:
    return _file("card.css")


@cache
def _page() -> Template:
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(
        _file("card.html.j2")
    )


def _file(name: str) -> str:
    return (files("hvc_ml.report") / "templates" / name).read_text(encoding="utf-8")
