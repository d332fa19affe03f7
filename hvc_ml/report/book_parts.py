"""What the book is made of: lines, tables, charts, figures of customers. Whoever knows the business fills them in."""

from dataclasses import dataclass
from typing import Literal

import pandas as pd
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
class PeerFigure:
    """One figure of every listed customer, beside those of all customers.

    Parameters
    ----------
    name
        What it is, in words.
    unit
        As for `hvc_ml.explanation.formatting.formatter`, but no text.
    median
        Of all customers whose figure is known.
    own
        Of each listed customer, indexed by id; NaN where unknown.
    below
        Share of the other customers whose figure is smaller, equal ones counted half; NaN where unknown.
    """

    name: str
    unit: str
    median: float
    own: pd.Series
    below: pd.Series


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
    points
        What comes then: a heading, and what stands below it, point by point.
    tables, charts
        What follows.
    """

    key: str
    title: str
    lines: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    points: tuple[tuple[str, tuple[str, ...]], ...] = ()


def cells(*texts: str) -> tuple[Cell, ...]:
    """A row of plain cells.

    Examples
    --------
    >>> cells("Priority", "959")
    (Cell(text='Priority', tone=''), Cell(text='959', tone=''))
    """
    return tuple(Cell(text) for text in texts)
