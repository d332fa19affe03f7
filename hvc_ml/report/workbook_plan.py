"""The workbook's plan: how much of which action falls to whom, and by when."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from hvc_ml.report.columns import ListColumn
from hvc_ml.report.workbook_looks import Looks, bar

PLAN: Final = "Plan"
NOBODY: Final = "(nobody named)"
TOTAL: Final = "all"
WEEK: Final = "week from"

_WORK: Final[dict[str, ListColumn]] = {
    "action": ListColumn("text", 26, "What is to be done."),
    "owner": ListColumn("text", 20, "Who does it."),
    "channel": ListColumn("text", 16, "How."),
    "to contact": ListColumn("count", 12, "Rows of the group contact."),
    "held out": ListColumn("count", 12, "Rows of the group holdout."),
    "value at risk": ListColumn("money", 16, "Of the rows to contact."),
    "expected gain": ListColumn("money", 16, "Of the rows to contact."),
    "first act before": ListColumn("date", 14, "The earliest day."),
    "last act before": ListColumn("date", 14, "The latest day."),
}


def plan_sheet(looks: Looks, listed: pd.DataFrame, currency: str) -> None:
    """Write the sheet: work by action and owner, contacts by the week they are due, and what to say.

    Parameters
    ----------
    looks
        Of the workbook.
    listed : DataFrame
        What `as_listed` returns.
    currency
        ISO 4217 code.
    """
    sheet = looks.sheet(PLAN)
    looks.title(sheet, f"Plan by action and owner, money in {currency}")
    looks.widths(sheet, _WORK)
    sheet.freeze_panes(1, 0)
    row = _table(looks, sheet, 2, work_table(listed), _WORK, bars="expected gain")
    row = _weeks(looks, sheet, row + 1, listed)
    _words(looks, sheet, row + 1, listed)


def _weeks(looks: Looks, sheet: Any, row: int, listed: pd.DataFrame) -> int:
    """Contacts by week and action; returns the first free row below."""
    looks.heading(sheet, row, "Contacts by the week in which they are due", columns=len(_WORK))
    weeks = week_table(listed)
    columns = {str(name): ListColumn("date" if name == WEEK else "count", 14, "") for name in weeks}
    return _table(looks, sheet, row + 1, weeks, columns, bars=TOTAL)


def _words(looks: Looks, sheet: Any, row: int, listed: pd.DataFrame) -> None:
    """What to say, action by action, over the whole width."""
    looks.heading(sheet, row, "What to say", columns=len(_WORK))
    says = listed.drop_duplicates("action")[["action", "talking_points"]].sort_values("action")
    for i, (action, points) in enumerate(says.itertuples(index=False), start=row + 1):
        looks.line(sheet, i, action, "")
        sheet.merge_range(i, 1, i, len(_WORK) - 1, "", looks.cell("text"))
        looks.column(sheet, i, 1, [points], "text", text_wrap=True, bottom=0)
        sheet.set_row(i, 15 * (1 + len(points) // 110))  # programs do not make merged cells high enough


def work_table(listed: pd.DataFrame) -> pd.DataFrame:
    """Rows and money by action, owner and channel, the largest gain first, and a last row with the totals.

    Parameters
    ----------
    listed : DataFrame
        What `as_listed` returns.

    Returns
    -------
    DataFrame
        Money is of the rows to contact; the holdout is counted only.
    """
    contact = listed["group"] == "contact"
    rows = listed[["action", "owner", "channel"]].assign(
        **{
            "to contact": contact.astype(int),
            "held out": (~contact).astype(int),
            "value at risk": listed["value_at_risk"].where(contact, 0.0),
            "expected gain": listed["expected_gain"].where(contact, 0.0),
            "act": listed["act_before"].where(contact),
        }
    )
    sums = ["to contact", "held out", "value at risk", "expected gain"]
    groups = rows.groupby(["action", "owner", "channel"], sort=True)
    table = groups[sums].sum().join(groups["act"].agg(["min", "max"])).reset_index()
    table = table.sort_values("expected gain", ascending=False, kind="stable", ignore_index=True)
    total = {"action": TOTAL, "owner": "", "channel": "", **table[sums].sum().to_dict()}
    total |= {"min": rows["act"].min(), "max": rows["act"].max()}
    table["owner"] = table["owner"].replace("", NOBODY)
    table = pd.concat([table, pd.DataFrame([total])], ignore_index=True) if len(table) else table
    return table.rename(columns={"min": "first act before", "max": "last act before"})[list(_WORK)]


def week_table(listed: pd.DataFrame) -> pd.DataFrame:
    """Contacts by the Monday of the week of ``act_before`` and by action; days that are none are left out."""
    rows = listed[listed["group"] == "contact"]
    days = pd.to_datetime(rows["act_before"], format="%Y-%m-%d", errors="coerce")
    monday = (days - pd.to_timedelta(days.dt.day_of_week, unit="D")).dt.strftime("%Y-%m-%d")
    table = pd.crosstab(monday, rows["action"])
    table.columns = pd.Index([f"{name} (action)" if name in {TOTAL, WEEK} else str(name) for name in table])
    table.insert(0, TOTAL, table.sum(axis=1))
    return table.rename_axis(WEEK).reset_index()


def _table(
    looks: Looks, sheet: Any, row: int, table: pd.DataFrame, columns: Mapping[str, ListColumn], *, bars: str
) -> int:
    """A table with its header at ``row``; returns the first free row below."""
    looks.header(sheet, row, columns)
    for j, (name, column) in enumerate(columns.items()):
        values = table.iloc[:, j].fillna("").tolist() if column.kind == "date" else table.iloc[:, j].tolist()
        looks.column(sheet, row + 1, j, values, column.kind)
        if name == bars and len(table) > 1:
            below = row + len(table) - int(TOTAL in set(table.iloc[:, 0]))  # a total would dwarf its parts
            sheet.conditional_format(row + 1, j, below, j, bar(min_type="num", min_value=0))
    return row + len(table) + 1
