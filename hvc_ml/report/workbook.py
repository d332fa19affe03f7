"""The list as a workbook that a team can sort, filter and print."""

import io
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

import pandas as pd
import xlsxwriter

from hvc_ml.report.columns import COLUMNS, Kind

MAX_ROWS: Final = 100_000
"""Rows of the workbook; nobody works more by hand, and the CSV and Parquet hold all."""

_CREATED: Final = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # a clock would make every file another file
_LONGEST: Final = 32_767  # characters of a cell
_INK, _ACCENT, _PALE, _LINE = "#1F2A37", "#2F5D8A", "#EEF3F8", "#D5DDE6"
_FORMATS: Final[dict[Kind, str]] = {
    "count": "0",
    "text": "@",
    "risk": "0.0%",
    "money": "#,##0.00",
    "date": "yyyy-mm-dd",
}


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


def workbook_bytes(listed: pd.DataFrame, about: About) -> bytes:
    """The workbook of a list: sheets ``Retention list`` and ``About``.

    Parameters
    ----------
    listed : DataFrame
        What `as_listed` returns.
    about : About
        What the second sheet says.

    Returns
    -------
    bytes
        An XLSX file; the same list gives the same bytes. It holds no formula and no link: texts are written as text.
    """
    sink = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(sink, options) as book:
        book.set_properties({"title": "Retention list", "created": _CREATED})
        _list_sheet(book, listed.head(MAX_ROWS))
        _about_sheet(book, listed, about)
    return sink.getvalue()


def _list_sheet(book: Any, listed: pd.DataFrame) -> None:
    sheet = book.add_worksheet("Retention list")
    header = book.add_format(
        {"bold": True, "font_color": "white", "bg_color": _ACCENT, "text_wrap": True, "valign": "vcenter", "border": 0}
    )
    sheet.set_row(0, 32, header)
    for j, (name, column) in enumerate(COLUMNS.items()):
        sheet.set_column(j, j, column.width)
        sheet.write_string(0, j, name, header)
        _write_column(sheet, j, listed[name].tolist(), column.kind, _cell_format(book, column.kind))
    last = len(listed)
    sheet.autofilter(0, 0, last, len(COLUMNS) - 1)
    sheet.freeze_panes(1, 2)  # the header, and who it is about
    sheet.hide_gridlines(2)
    if last:
        _colours(book, sheet, last)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _cell_format(book: Any, kind: Kind) -> Any:
    looks = {"num_format": _FORMATS[kind], "font_color": _INK, "bottom": 1, "bottom_color": _LINE, "valign": "top"}
    if kind == "text":
        looks |= {"quote_prefix": True}  # text stays text when the cell is edited
    if kind in {"date", "count"}:
        looks |= {"align": "center"}
    return book.add_format(looks)


def _write_column(sheet: Any, j: int, values: list[Any], kind: Kind, looks: Any) -> None:
    for i, value in enumerate(values, start=1):
        if kind == "text":
            sheet.write_string(i, j, _clean(value), looks)
        elif kind == "date":
            _write_date(sheet, i, j, value, looks)
        elif value == value:  # noqa: PLR0124 # a number, not NaN
            sheet.write_number(i, j, value, looks)
        else:
            sheet.write_blank(i, j, None, looks)


def _write_date(sheet: Any, i: int, j: int, value: str, looks: Any) -> None:
    try:
        sheet.write_datetime(i, j, date.fromisoformat(value), looks)
    except ValueError:
        sheet.write_string(i, j, _clean(value), looks)


def _colours(book: Any, sheet: Any, last: int) -> None:
    """Bars for what can be gained, a scale for risk, grey for those to leave alone."""
    places = {name: j for j, name in enumerate(COLUMNS)}
    gain, risk, group = places["expected_gain"], places["churn_risk"], places["group"]
    bar = {"type": "data_bar", "bar_color": "#8FB8DE", "min_type": "num", "min_value": 0}
    scale = {"type": "2_color_scale", "min_color": "#FFFFFF", "max_color": "#F2B48C"}
    limits = {"min_type": "num", "max_type": "num", "min_value": 0, "max_value": 1}
    sheet.conditional_format(1, gain, last, gain, bar)
    sheet.conditional_format(1, risk, last, risk, scale | limits)
    rest = book.add_format({"font_color": "#8A94A0", "italic": True})
    rule = {"type": "cell", "criteria": "==", "value": '"holdout"', "format": rest}
    sheet.conditional_format(1, group, last, group, rule)


def _about_sheet(book: Any, listed: pd.DataFrame, about: About) -> None:
    sheet = book.add_worksheet("About")
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 96)
    title = book.add_format({"bold": True, "font_size": 16, "font_color": _ACCENT})
    heading = book.add_format(
        {"bold": True, "font_size": 12, "font_color": _ACCENT, "bottom": 1, "bottom_color": _ACCENT}
    )
    key = book.add_format({"bold": True, "font_color": _INK, "valign": "top"})
    text = book.add_format({"font_color": _INK, "text_wrap": True, "valign": "top", "quote_prefix": True})
    sheet.write_string(0, 0, _clean(f"Retention list: {about.name}"), title)
    row = _section(sheet, 2, "This list", _facts(listed, about), (heading, key, text))
    meanings = [(name, column.says) for name, column in COLUMNS.items()]
    row = _section(sheet, row + 1, "Columns", meanings, (heading, key, text))
    _section(sheet, row + 1, "How to read it", [("", line) for line in READING], (heading, key, text))


READING: Final = (
    "Work the rows of the group contact from the top; leave the holdout alone, or the list teaches nothing.",
    "Reasons are figures that are linked with the money at risk in the model. They are not causes.",
    "The list supports a decision and does not take it: whoever knows the customer better decides.",
)


def _section(sheet: Any, row: int, name: str, lines: list[tuple[str, str]], looks: tuple[Any, Any, Any]) -> int:
    heading, key, text = looks
    sheet.write_string(row, 0, name, heading)
    sheet.write_blank(row, 1, None, heading)
    for i, (left, right) in enumerate(lines, start=row + 1):
        sheet.write_string(i, 0, _clean(left), key)
        sheet.write_string(i, 1, _clean(right), text)
    return row + len(lines) + 1


def _facts(listed: pd.DataFrame, about: About) -> list[tuple[str, str]]:
    contact = int((listed["group"] == "contact").sum())
    shown = "" if len(listed) <= MAX_ROWS else f" (the first {MAX_ROWS:,} are in this workbook)"
    return [
        ("Cutoff", f"{about.cutoff}: the list knows what happened before this day."),
        ("Horizon", f"{about.horizon} days from the cutoff."),
        ("Currency", f"All money is in {about.currency}."),
        ("Model version", about.model_version),
        ("Rows", f"{len(listed):,}{shown}"),
        ("To contact", f"{contact:,}"),
        ("Held out", f"{len(listed) - contact:,}"),
        *about.facts.items(),
    ]


def _clean(text: str) -> str:
    """Text that fits a cell and an XML file."""
    return str(text).encode("utf-8", "replace").decode("utf-8")[:_LONGEST]
