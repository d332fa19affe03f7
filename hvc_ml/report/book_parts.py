"""What a chapter of the book is made of: lines, tables and charts. Whoever knows the business fills them in."""

from dataclasses import dataclass
from typing import Literal

from matplotlib.figure import Figure

Tone = Literal["", "good", "bad", "faint", "strong"]


@dataclass(frozen=True)
class Chart:
    """A figure of the book.

    Parameters
    ----------
    title
        What it shows, in a few words; also read aloud instead of the figure.
    figure
        Drawn by this package; it becomes part of the page.
    says
        How to read it, in one sentence.
    """

    title: str
    figure: Figure
    says: str


@dataclass(frozen=True)
class Cell:
    """A cell of a table: its text, and whether that is good news, bad news, faint (little is known) or strong."""

    text: str
    tone: Tone = ""


@dataclass(frozen=True)
class Table:
    """A table: the first column names the rows, the others hold figures.

    Parameters
    ----------
    caption
        What it shows.
    head
        One heading per column.
    rows
        As many cells each as there are headings.
    says
        How to read it, in one sentence; empty for nothing.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    says: str = ""


@dataclass(frozen=True)
class Chapter:
    """A chapter of the book.

    Parameters
    ----------
    key
        Its anchor in the page: a word of lower-case letters.
    title
        Its heading.
    lines
        Sentences that come first.
    tables, charts
        What follows.
    """

    key: str
    title: str
    lines: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()


def cells(*texts: str) -> tuple[Cell, ...]:
    """A row of plain cells.

    Examples
    --------
    >>> cells("Priority", "959")
    (Cell(text='Priority', tone=''), Cell(text='959', tone=''))
    """
    return tuple(Cell(text) for text in texts)
