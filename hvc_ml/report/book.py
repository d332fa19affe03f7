"""The list as one page: headline figures, the rows with their reasons, how honest the model is, what the words mean."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import pandas as pd
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup
from matplotlib.figure import Figure

from hvc_ml.publish import write_bytes_atomic
from hvc_ml.report.columns import COLUMNS, as_listed
from hvc_ml.report.style import to_svg
from hvc_ml.report.workbook import READING, About

SHOWN: Final = 500
"""Rows of the list the page shows; the files beside it hold all."""


@dataclass(frozen=True)
class Chart:
    """A figure of the book.

    Parameters
    ----------
    title
        What it shows, in a few words.
    figure
        Drawn by this package; it becomes part of the page.
    says
        How to read it, in one sentence.
    """

    title: str
    figure: Figure
    says: str


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
    charts
        Figures of how good the model is, in order.
    plans
        Figures of what to do, in order.
    """

    plan: pd.DataFrame
    about: About
    says: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    charts: tuple[Chart, ...] = ()
    plans: tuple[Chart, ...] = ()


def book_html(book: Book, *, money: Callable[[float], str]) -> str:
    """The page, complete in itself: no script, no request to anywhere; light and dark; made to be printed too.

    Parameters
    ----------
    book : Book
        What goes into it; every text is escaped.
    money : callable
        Writes an amount in the business's currency.

    Returns
    -------
    str
        HTML; the same book gives the same text.
    """
    listed = as_listed(book.plan)
    return _template().render(
        about=book.about,
        headlines=_headlines(listed, money),
        actions=_actions(listed, book.says, money),
        rows=[_row(row, money) for row in listed.head(SHOWN).to_dict("records")],
        n_rows=len(listed),
        charts=_drawn(book.charts),
        plans=_drawn(book.plans),
        columns=COLUMNS,
        reading=READING,
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


@cache
def _template() -> Template:
    source = files("hvc_ml.report").joinpath("templates/book.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(source)


def _drawn(charts: tuple[Chart, ...]) -> list[tuple[str, Markup, str]]:
    return [(chart.title, Markup(to_svg(chart.figure)), chart.says) for chart in charts]  # noqa: S704 # drawn by us, text escaped by Matplotlib


def _headlines(listed: pd.DataFrame, money: Callable[[float], str]) -> list[tuple[str, str, str]]:
    contact = listed[listed["group"] == "contact"]
    held = len(listed) - len(contact)
    at_risk, gain = float(contact["value_at_risk"].sum()), float(contact["expected_gain"].sum())
    return [
        (f"{len(contact):,}", "customers to contact", f"{held:,} more are held out, to measure"),
        (money(at_risk), "value at risk", "what these customers may take with them"),
        (money(gain), "expected gain", "after what contacts and offers cost"),
    ]


def _actions(
    listed: pd.DataFrame, says: Mapping[str, tuple[str, ...]], money: Callable[[float], str]
) -> list[tuple[str, str, str, tuple[str, ...]]]:
    contact = listed[listed["group"] == "contact"]
    groups = contact.groupby("action", sort=True)["expected_gain"].agg(["size", "sum"])
    groups = groups.sort_values("sum", ascending=False, kind="stable")
    return [
        (str(name), f"{int(size):,}", money(float(gain)), tuple(says.get(str(name), ())))
        for name, size, gain in groups.itertuples()
    ]


def _row(row: Mapping[Any, Any], money: Callable[[float], str]) -> dict[str, Any]:
    """One row in words; reasons that are not there are left out."""
    places = (1, 2, 3)
    told = [(row[f"reason_{i}"], money(row[f"reason_{i}_amount"])) for i in places if row[f"reason_{i}"]]
    return {
        "rank": f"{row['rank']:,}",
        "customer": row["customer_id"],
        "tier": row["tier"],
        "risk": f"{100 * row['churn_risk']:.0f} %",
        "risk_width": f"{100 * min(max(row['churn_risk'], 0.0), 1.0):.1f}",
        "at_risk": money(row["value_at_risk"]),
        "action": row["action"],
        "gain": money(row["expected_gain"]),
        "before": row["act_before"],
        "held": row["group"] == "holdout",
        "reasons": told,
    }
