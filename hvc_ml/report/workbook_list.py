"""The workbook's first sheet: the list, and two columns for what came of it."""

from datetime import date, timedelta
from typing import Any, Final

import pandas as pd

from hvc_ml.report.columns import COLUMNS, OUTCOMES, ListColumn
from hvc_ml.report.workbook_looks import FILL_IN, Looks, bar

LIST: Final = "Retention list"

ANSWERS: Final[dict[str, ListColumn]] = {
    "contacted_on": ListColumn("date", 14, "To fill in: the day of the contact. Empty with an outcome: the cutoff."),
    "outcome": ListColumn("text", 16, "To fill in: what came of it. hvc-ml campaign import reads it back."),
}
"""Columns after the list's own that the team fills in; ``campaign import`` knows them by these names."""

_SHOWN: Final = COLUMNS | ANSWERS
_PLACES: Final = {name: j for j, name in enumerate(_SHOWN)}
_BREAKS: Final = ("reason_1", "model_version")
"""Columns that begin a new page in print."""


def list_sheet(looks: Looks, listed: pd.DataFrame) -> None:
    """Write the sheet: filters, frozen header, colours, and drop-downs for the answers.

    Parameters
    ----------
    looks
        Of the workbook.
    listed : DataFrame
        What `as_listed` returns, no longer than a sheet.
    """
    sheet, last = looks.sheet(LIST), len(listed)
    looks.widths(sheet, _SHOWN)
    looks.header(sheet, 0, _SHOWN)
    for name, column in COLUMNS.items():
        looks.column(sheet, 1, _PLACES[name], listed[name].tolist(), column.kind)
    for name, column in ANSWERS.items():
        looks.column(sheet, 1, _PLACES[name], [""] * last, column.kind, bg_color=FILL_IN)
    sheet.autofilter(0, 0, last, len(_SHOWN) - 1)
    sheet.freeze_panes(1, 2)  # the header, and who it is about
    _printed(sheet)
    if last:
        _colours(looks, sheet, last)
        _choices(sheet, listed, last)


def _printed(sheet: Any) -> None:
    """Three pages beside each other, each with who it is about."""
    sheet.fit_to_pages(3, 0)
    sheet.repeat_rows(0)
    sheet.repeat_columns(0, 1)
    sheet.set_v_pagebreaks([_PLACES[name] for name in _BREAKS])


def _colours(looks: Looks, sheet: Any, last: int) -> None:
    """Bars for money, a scale for risk, grey for those to leave alone."""
    risk, group = _PLACES["churn_risk"], chr(ord("A") + _PLACES["group"])
    for name, colour in (("expected_gain", "#9CC9A4"), ("value_at_risk", "#8FB8DE")):
        j = _PLACES[name]
        sheet.conditional_format(1, j, last, j, bar(bar_color=colour, min_type="num", min_value=0))
    scale = {"type": "2_color_scale", "min_color": "#FFFFFF", "max_color": "#F2B48C"}
    limits = {"min_type": "num", "max_type": "num", "min_value": 0, "max_value": 1}
    sheet.conditional_format(1, risk, last, risk, scale | limits)
    rule = {"type": "formula", "criteria": f'=${group}2="holdout"', "format": looks.quiet()}
    sheet.conditional_format(1, 0, last, len(_SHOWN) - 1, rule)


def _choices(sheet: Any, listed: pd.DataFrame, last: int) -> None:
    """What may stand in the columns that the team fills in."""
    j = _PLACES["outcome"]
    words = {"input_title": "What came of it", "input_message": "Choose one; leave it empty where nobody tried."}
    refusal = {"error_title": "Another outcome", "error_message": "Please choose one of the list."}
    sheet.data_validation(1, j, last, j, {"validate": "list", "source": list(OUTCOMES), **words, **refusal})
    first, j = _day(listed["cutoff"].iloc[0]), _PLACES["contacted_on"]
    if first is not None:
        days = {"validate": "date", "criteria": "between", "minimum": first, "maximum": first + timedelta(days=3660)}
        why = {"error_title": "Not a day", "error_message": f"Expected a day from {first} on, such as {first}."}
        sheet.data_validation(1, j, last, j, days | why)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
