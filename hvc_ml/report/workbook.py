"""The list as a workbook that a team can sort, filter, fill in and print."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import pandas as pd
import xlsxwriter

from hvc_ml.report.columns import COLUMNS, OUTCOMES
from hvc_ml.report.workbook_figures import Figures, figures_sheet, in_words
from hvc_ml.report.workbook_list import ANSWERS, list_sheet
from hvc_ml.report.workbook_looks import Looks
from hvc_ml.report.workbook_plan import plan_sheet

MAX_ROWS: Final = 100_000
"""Rows of the workbook; nobody works more by hand, and the CSV and Parquet hold all."""

_CREATED: Final = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # a clock would make every file another file

READING: Final = (
    "Work the rows of the group contact from the top; leave the holdout alone, or the list teaches nothing.",
    "Reasons are figures that are linked with the money at risk in the model. They are not causes.",
    "The list supports a decision and does not take it: whoever knows the customer better decides.",
)
FILLING: Final = (
    "Write in the sheet Retention list, in the columns contacted_on and outcome; sort and filter as you like.",
    "Then: hvc-ml campaign import retention_list.xlsx. Rows that are left empty count as not worked.",
)


@dataclass(frozen=True)
class About:
    """What a list says about itself.

    Parameters
    ----------
    name
        The business.
    cutoff
        ISO date.
    model_version
        The model that made the forecasts.
    currency
        ISO 4217 code.
    horizon
        Days looked ahead.
    facts
        Further lines: name -> text, such as the model's headline figures.
    """

    name: str
    cutoff: str
    model_version: str
    currency: str
    horizon: int
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Beside:
    """What the workbook holds beside the list.

    Parameters
    ----------
    figures
        What is known of each customer; without it, that sheet is missing.
    words
        Words of the glossary -> what they mean.
    """

    figures: Figures | None = None
    words: Mapping[str, str] = field(default_factory=dict)


def workbook_bytes(listed: pd.DataFrame, about: About, beside: Beside | None = None) -> bytes:
    """The workbook of a list: sheets ``Retention list``, ``Plan``, ``Customer figures``, ``Glossary``, ``About``.

    Parameters
    ----------
    listed : DataFrame
        What `as_listed` returns.
    about : About
        What the last sheet says.
    beside : Beside, optional
        Further figures and words.

    Returns
    -------
    bytes
        An XLSX file; the same list gives the same bytes. No cell holds a formula or a link: texts are written as text.
    """
    beside, sink = beside or Beside(), io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(sink, options) as book:
        book.set_properties({"title": "Retention list", "created": _CREATED})
        looks = Looks(book, f"{about.name}, {about.cutoff}")
        list_sheet(looks, listed.head(MAX_ROWS))
        plan_sheet(looks, listed, about.currency)
        if beside.figures is not None:
            figures_sheet(looks, beside.figures)
        _glossary(looks, beside)
        _about(looks, listed, about)
    return sink.getvalue()


def _glossary(looks: Looks, beside: Beside) -> None:
    sheet = looks.page("Glossary", "What the words and columns mean")
    row = 2
    if beside.words:
        row = _section(looks, sheet, row, "Words", beside.words) + 1
    columns = {name: column.says for name, column in (COLUMNS | ANSWERS).items()}
    row = _section(looks, sheet, row, "Columns of the list", columns) + 1
    row = _section(looks, sheet, row, "Outcomes to choose from", OUTCOMES) + 1
    if beside.figures is not None:
        further = {name: column for name, column in beside.figures.columns.items() if name not in COLUMNS}
        said = {name: column.says for name, column in in_words(further).items()}
        _section(looks, sheet, row, "Customer figures", said)


def _about(looks: Looks, listed: pd.DataFrame, about: About) -> None:
    sheet = looks.page("About", f"Retention list: {about.name}")
    row = _section(looks, sheet, 2, "This list", _facts(listed, about)) + 1
    row = _section(looks, sheet, row, "How to read it", dict.fromkeys(READING, "")) + 1
    _section(looks, sheet, row, "How to fill it in", dict.fromkeys(FILLING, ""))


def _section(looks: Looks, sheet: Any, row: int, name: str, lines: Mapping[str, str]) -> int:
    """A heading, and under it one line for each text; the first free row below. A line alone takes both columns."""
    looks.heading(sheet, row, name, columns=2)
    for i, (left, right) in enumerate(lines.items(), start=row + 1):
        looks.line(sheet, i, left, right) if right else looks.line(sheet, i, "", left)
    return row + len(lines) + 1


def _facts(listed: pd.DataFrame, about: About) -> dict[str, str]:
    contact = int((listed["group"] == "contact").sum())
    shown = "" if len(listed) <= MAX_ROWS else f" (the first {MAX_ROWS:,} are in this workbook)"
    return {
        "Cutoff": f"{about.cutoff}: the list knows what happened before this day.",
        "Horizon": f"{about.horizon} days from the cutoff.",
        "Currency": f"All money is in {about.currency}.",
        "Model version": about.model_version,
        "Rows": f"{len(listed):,}{shown}",
        "To contact": f"{contact:,}",
        "Held out": f"{len(listed) - contact:,}",
        **about.facts,
    }
