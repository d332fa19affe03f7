"""The workbook's figures of each customer: what is known, and how the money at risk splits into reasons."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from hvc_ml.report.columns import ListColumn
from hvc_ml.report.workbook_looks import Looks, bar

FIGURES: Final = "Customer figures"
MAX_ROWS: Final = 10_000
"""Rows of the sheet: whoever works further down looks the customer up in the book or with ``hvc-ml explain``."""

AMOUNT: Final = "amount_"


@dataclass(frozen=True)
class Figures:
    """Figures of the customers of a list.

    Parameters
    ----------
    rows : DataFrame
        One row per customer, in the order of the list; unknown figures are NaN.
    columns
        The columns of ``rows`` to show, in order, and what they hold.
    """

    rows: pd.DataFrame
    columns: Mapping[str, ListColumn]


def in_words(columns: Mapping[str, ListColumn]) -> dict[str, ListColumn]:
    """The columns by names that a narrow cell can wrap.

    Examples
    --------
    >>> list(in_words({"spend_90d": ListColumn("money", 12, "Spent in the last 90 days.")}))
    ['spend 90d']
    """
    return {name.replace("_", " "): column for name, column in columns.items()}


def figures_sheet(looks: Looks, figures: Figures) -> None:
    """Write the sheet: filters, frozen panes, bars, and a scale over the amounts of the reasons.

    Parameters
    ----------
    looks
        Of the workbook.
    figures
        What to show; the first ``MAX_ROWS`` rows of it.
    """
    rows, columns = figures.rows.head(MAX_ROWS), dict(figures.columns)
    sheet, last = looks.sheet(FIGURES), len(rows)
    looks.widths(sheet, columns)
    looks.header(sheet, 0, in_words(columns))
    for j, (name, column) in enumerate(columns.items()):
        values = rows[name].astype(object).where(rows[name].notna(), "" if column.kind == "text" else float("nan"))
        looks.column(sheet, 1, j, values.tolist(), column.kind)
    sheet.autofilter(0, 0, last, len(columns) - 1)
    sheet.freeze_panes(1, 2)
    sheet.fit_to_pages(2, 0)
    sheet.repeat_rows(0)
    sheet.repeat_columns(0, 1)
    if not last:
        return
    amounts = [j for j, name in enumerate(columns) if name.startswith(AMOUNT)]
    if amounts:
        scale = {"type": "3_color_scale", "min_color": "#A8D5B5", "mid_color": "#FFFFFF", "max_color": "#F2B48C"}
        sheet.conditional_format(1, amounts[0], last, amounts[-1], scale | {"mid_type": "num", "mid_value": 0})
    for j, name in enumerate(columns):
        if name == "value_at_risk":
            sheet.conditional_format(1, j, last, j, bar(min_type="num", min_value=0))
