"""How the workbook looks: formats of cells, pages and headings, and how a value of each kind is written."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from hvc_ml.report.columns import Kind, ListColumn

_LONGEST: Final = 32_767  # characters of a cell
_INK, _ACCENT, _LINE, _QUIET = "#1F2A37", "#2F5D8A", "#D5DDE6", "#8A94A0"
FILL_IN: Final = "#FFF8E1"
"""Behind cells that the team fills in."""
_FORMATS: Final[dict[Kind, str]] = {
    "count": "#,##0",
    "text": "@",
    "risk": "0.0%",
    "money": "#,##0.00",
    "date": "yyyy-mm-dd",
    "number": "#,##0.0",
}
_TITLE: Final = {"bold": True, "font_size": 16, "font_color": _ACCENT}
_HEADING: Final = {"bold": True, "font_size": 12, "font_color": _ACCENT, "bottom": 1, "bottom_color": _ACCENT}
_HEADER: Final = {"bold": True, "font_color": "white", "bg_color": _ACCENT, "text_wrap": True, "valign": "vcenter"}
_LEFT: Final = {"align": "left", "indent": 1}
_RIGHT: Final = {"align": "right"}
_ALIGNED: Final[dict[Kind, dict[str, Any]]] = {
    "text": _LEFT,
    "date": {"align": "center"},
    "count": _RIGHT,
    "risk": _RIGHT,
    "money": _RIGHT,
    "number": _RIGHT,
}
_KEY: Final = {"bold": True, "font_color": _INK, "valign": "top"}
_WORDS: Final = {"font_color": _INK, "text_wrap": True, "valign": "top", "quote_prefix": True}


class Looks:
    """The formats of one workbook, made once each.

    Parameters
    ----------
    book : xlsxwriter.Workbook
        An open one.
    foot : str
        Business and day, below every printed page.
    """

    def __init__(self, book: Any, foot: str) -> None:
        self.book = book
        self._foot = foot.replace("&", "&&")  # one alone would be a command of the footer's
        self._made: dict[tuple[tuple[str, Any], ...], Any] = {}

    def format(self, looks: Mapping[str, Any]) -> Any:
        """A format with these properties."""
        key = tuple(sorted(looks.items()))
        if key not in self._made:
            self._made[key] = self.book.add_format(dict(looks))
        return self._made[key]

    def cell(self, kind: Kind, **more: Any) -> Any:
        """The format of a value of one kind."""
        looks: dict[str, Any] = {"num_format": _FORMATS[kind], "font_color": _INK, "valign": "top"}
        looks |= {"bottom": 1, "bottom_color": _LINE}
        looks |= _ALIGNED[kind]
        if kind == "text":
            looks |= {"quote_prefix": True}  # text stays text when the cell is edited
        return self.format(looks | more)

    def quiet(self) -> Any:
        """For rows that are to be left alone."""
        return self.format({"font_color": _QUIET, "italic": True, "bg_color": "#F3F4F6"})

    def sheet(self, name: str) -> Any:
        """A new sheet that prints on A4 across, as wide as the paper, with a foot that tells whose it is."""
        sheet = self.book.add_worksheet(name)
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.set_footer(f"&L&8{self._foot}&C&8{name}&R&8&P / &N")
        return sheet

    def page(self, name: str, title: str) -> Any:
        """A new sheet of words: a title, a narrow column and a wide one."""
        sheet = self.sheet(name)
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 96)
        sheet.write_string(0, 0, clean(title), self.format(_TITLE))
        return sheet

    def title(self, sheet: Any, text: str) -> None:
        """The title of a sheet, in its first row."""
        sheet.write_string(0, 0, clean(text), self.format(_TITLE))

    def heading(self, sheet: Any, row: int, text: str, *, columns: int) -> None:
        """A heading with a line below it."""
        sheet.write_string(row, 0, clean(text), self.format(_HEADING))
        for j in range(1, columns):
            sheet.write_blank(row, j, None, self.format(_HEADING))

    def line(self, sheet: Any, row: int, left: str, right: str) -> None:
        """A word and what it means."""
        sheet.write_string(row, 0, clean(left), self.format(_KEY))
        sheet.write_string(row, 1, clean(right), self.format(_WORDS))

    def header(self, sheet: Any, row: int, columns: Mapping[str, ListColumn]) -> None:
        """The names of columns."""
        sheet.set_row(row, 32, self.format({"valign": "vcenter"}))
        for j, (name, column) in enumerate(columns.items()):
            sheet.write_string(row, j, clean(name), self.format(_HEADER | _ALIGNED[column.kind]))

    def widths(self, sheet: Any, columns: Mapping[str, ListColumn]) -> None:
        """As wide as each column asks for."""
        for j, column in enumerate(columns.values()):
            sheet.set_column(j, j, column.width)

    def column(self, sheet: Any, row: int, j: int, values: Sequence[Any], kind: Kind, **more: Any) -> None:
        """One column of values, from ``row`` downwards."""
        looks = self.cell(kind, **more)
        for i, value in enumerate(values, start=row):
            if value == "" or value != value:  # noqa: PLR0124 # nothing, or NaN
                sheet.write_blank(i, j, None, looks)
            elif kind == "text":
                sheet.write_string(i, j, clean(value), looks)
            elif kind == "date":
                _write_date(sheet, i, j, value, looks)
            else:
                sheet.write_number(i, j, value, looks)


def bar(**more: Any) -> dict[str, Any]:
    """A bar in each cell, as long as its figure; of the plain kind that every program knows."""
    return {"type": "data_bar", "bar_color": "#8FB8DE"} | more


def clean(text: str) -> str:
    """Text that fits a cell and an XML file."""
    return str(text).encode("utf-8", "replace").decode("utf-8")[:_LONGEST]


def _write_date(sheet: Any, i: int, j: int, value: str, looks: Any) -> None:
    try:
        sheet.write_datetime(i, j, date.fromisoformat(value), looks)
    except ValueError:
        sheet.write_string(i, j, clean(value), looks)
