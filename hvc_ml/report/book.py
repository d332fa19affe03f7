"""The book: what to do this week, the list to search, who the best customers are, how honest the model is."""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import pandas as pd
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from hvc_ml.publish import write_bytes_atomic
from hvc_ml.report.book_parts import Cell, Chapter, Chart, PeerFigure, Table
from hvc_ml.report.book_rows import rows_data, script_json
from hvc_ml.report.columns import COLUMNS, as_listed
from hvc_ml.report.inline_svg import StyleSheet, drawn
from hvc_ml.report.workbook import READING, About

__all__ = ["SHOWN", "Book", "Cell", "Chapter", "Chart", "PeerFigure", "Table", "book_html", "write_book"]

SHOWN: Final = 10_000
"""Rows of the list that the page holds; the files beside it hold all."""
_PER_CENT: Final = re.compile(r"(?<=\d) ?%")
_ROOM: Final = "hvc_ml.report"


@dataclass(frozen=True)
class Book:
    """What goes into the page.

    Parameters
    ----------
    plan
        The list with the columns of ``LIST_COLUMNS``.
    about
        Business, cutoff, model version, currency, horizon, further facts.
    says
        Talking points per action.
    plans
        Figures of what to do, in order.
    chapters
        What comes after the list, in order.
    scores, history, figures
        What is known of each customer beside the list; see `rows_data`.
    families
        Family of reasons -> what it is about.
    words
        Further words of the glossary -> what they mean.
    gain
        Interval of the expected gain of all rows, in money.
    leaving
        What it means that a customer leaves, in a few words.
    """

    plan: pd.DataFrame
    about: About
    says: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    plans: tuple[Chart, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    scores: pd.DataFrame | None = None
    history: pd.DataFrame | None = None
    figures: tuple[PeerFigure, ...] = ()
    families: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    gain: tuple[float, float] | None = None
    leaving: str = "no order"


def book_html(book: Book, *, money: Callable[[float], str]) -> str:
    """The page, complete in itself: its policy lets through its own style and script, and no request to anywhere.

    Parameters
    ----------
    book : Book
        What goes into it. Every text of it is escaped, or is data that the script shows as text.
    money : callable
        Writes an amount in the business's currency.

    Returns
    -------
    str
        HTML; the same book gives the same text.
    """
    listed, sheet = as_listed(book.plan), StyleSheet()
    plans = drawn(book.plans, sheet)
    chapters = [(chapter, drawn(chapter.charts, sheet)) for chapter in book.chapters]
    style, script = f"{_asset('book.css')}\n{sheet.rules}\n", _asset("book.js")
    return _template().render(
        about=book.about,
        headlines=_headlines(listed, book.gain, money),
        actions=_actions(listed, book.says, money),
        n_rows=len(listed),
        n_shown=min(len(listed), SHOWN),
        plans=plans,
        chapters=chapters,
        columns=COLUMNS,
        words=book.words,
        reading=READING,
        unbroken=_unbroken,
        style=Markup(style),  # noqa: S704 # our own file, and looks that Matplotlib wrote
        script=Markup(script),  # noqa: S704 # our own file
        data=Markup(script_json(_data(book, listed.head(SHOWN), money))),  # noqa: S704 # escaped for a script element
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


def write_book(book: Book, path: Path, *, money: Callable[[float], str]) -> None:
    """Write the page.

    Parameters
    ----------
    book, money
        As for `book_html`.
    path : Path
        The file; the same book gives the same bytes.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    write_bytes_atomic(path, book_html(book, money=money).encode("utf-8", "replace"))


def _data(book: Book, listed: pd.DataFrame, money: Callable[[float], str]) -> dict[str, Any]:
    """What the script reads."""
    before, after = money(1.0).split("1", 1)  # where the sign or the code of the currency stands
    return {
        "money": [before, after],
        "horizon": book.about.horizon,
        "leaving": book.leaving,
        "listed": len(book.plan),
        "families": dict(book.families),
        **rows_data(listed, book.scores, book.history, book.figures),
    }


def _unbroken(text: str) -> str:
    """The text with a figure and its per cent apart, and on one line."""
    return _PER_CENT.sub("\N{NO-BREAK SPACE}%", text)


def _hash(text: str) -> str:
    """The source expression by which a policy knows an element (CSP level 3, section 2.3.1)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _asset(name: str) -> str:
    return files(_ROOM).joinpath(f"templates/{name}").read_text(encoding="utf-8")


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_asset("book.html.j2"))


def _headlines(
    listed: pd.DataFrame, interval: tuple[float, float] | None, money: Callable[[float], str]
) -> list[tuple[str, str, str]]:
    contact = listed[listed["group"] == "contact"]
    held = len(listed) - len(contact)
    at_risk, gain = float(contact["value_at_risk"].sum()), float(contact["expected_gain"].sum())
    spread = "after what contacts and offers cost"
    if interval is not None:
        low, high = map(money, interval)
        spread += f"; most likely between {low} and {high}, were the held-out contacted too"
    return [
        (f"{len(contact):,}", "customers to contact", f"{held:,} more are held out, to measure"),
        (money(at_risk), "value at risk", "what these customers may take with them"),
        (money(gain), "expected gain", spread),
    ]


def _actions(
    listed: pd.DataFrame, says: Mapping[str, tuple[str, ...]], money: Callable[[float], str]
) -> list[tuple[str, str, str, str, str, tuple[str, ...]]]:
    """Action, customers, value at risk, expected gain, first day to act by, talking points; the largest gain first."""
    contact = listed[listed["group"] == "contact"]
    groups = contact.groupby("action", sort=True).agg(
        size=("rank", "size"), risk=("value_at_risk", "sum"), gain=("expected_gain", "sum"), first=("act_before", "min")
    )
    groups = groups.sort_values("gain", ascending=False, kind="stable")
    return [
        (
            str(name),
            f"{int(size):,}",
            money(float(risk)),
            money(float(gain)),
            str(first),
            tuple(says.get(str(name), ())),
        )
        for name, size, risk, gain, first in groups.itertuples()
    ]
