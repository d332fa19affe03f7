"""Files without some customers' rows: tables in every format we write, and those that a team put beside them."""

import copy
import csv
import io
import re
import warnings
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.feather
import pyarrow.parquet

from hvc_ml.report.sanitise import safe_text
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.workflows.contact_file import NAMES

Ids = Collection[str]
_SIGNS: Final = ",;\t|"
_HEAD_ROWS: Final = 10
"""Rows of a sheet in which its header is looked for: a team may have written above it."""


@dataclass(frozen=True)
class Without:
    """A file without some customers.

    Parameters
    ----------
    rows
        How many rows of it were theirs.
    content
        The file without them; None where it stays as it is.
    searched
        False where we cannot read such a file: somebody has to look.
    """

    rows: int = 0
    content: bytes | None = None
    searched: bool = True


def without(path: Path, ids: Ids) -> Without:
    r"""Read a file and leave out the rows of these customers.

    Parameters
    ----------
    path
        A table with a column of customers: ``.csv``, ``.tsv``, ``.txt``, ``.parquet``, ``.arrow``, ``.feather`` or
        ``.xlsx`` (every sheet). Everything else of it stays as it is.
    ids
        Byte-exact; in CSV also with the apostrophe that keeps a spreadsheet from running them.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "worked.csv"
    >>> _ = file.write_text("rank,customer_id\n1,007\n2,7\n")
    >>> without(file, {"7"})
    Without(rows=1, content=b'rank,customer_id\n1,007\n', searched=True)
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        return Without(searched=False)
    try:
        return reader(path, ids)
    except (pa.ArrowException, zipfile.BadZipFile, csv.Error, KeyError, ValueError):
        return Without(searched=False)


def _csv(path: Path, ids: Ids) -> Without:
    text = path.read_bytes().decode("utf-8", "surrogateescape")  # bytes of another encoding come through as they are
    records = list(_records(text))
    if not records:
        return Without()
    sign = max(_SIGNS, key=records[0].count)
    place = _place(_cells(records[0].removeprefix("\ufeff"), sign))
    if place is None:
        return Without(searched=False)
    written = {form for name in ids for form in (name, safe_text(name))}
    likely = re.compile("|".join(re.escape(name.replace('"', '""')) for name in ids))

    def is_theirs(record: str) -> bool:
        return bool(likely.search(record)) and not written.isdisjoint(_cells(record, sign)[place : place + 1])

    kept = [records[0], *(record for record in records[1:] if not is_theirs(record))]
    rows = len(records) - len(kept)
    return Without(rows, "".join(kept).encode("utf-8", "surrogateescape") if rows else None)


def _records(text: str) -> Iterator[str]:
    """The records of a CSV with their line ends: a quoted cell may hold some."""
    if text.count('"') % 2:  # somebody's inch mark: no cell is quoted for sure, so a record is a line
        yield from io.StringIO(text, newline="")
        return
    pending = ""
    for line in io.StringIO(text, newline=""):
        pending += line
        if pending.count('"') % 2 == 0:
            yield pending
            pending = ""


def _cells(record: str, sign: str) -> list[str]:
    return next(csv.reader(io.StringIO(record, newline=""), delimiter=sign), [])


def _place(names: list[Any]) -> int | None:
    """Which column holds the customers."""
    plain = [re.sub(r"[^a-z0-9]+", "_", str(name).strip().lower()).strip("_") for name in names]
    return next((plain.index(name) for name in (CUSTOMER, *NAMES[CUSTOMER]) if name in plain), None)


def _parquet(path: Path, ids: Ids) -> Without:
    if CUSTOMER not in pyarrow.parquet.read_schema(path).names:
        return Without(searched=False)
    theirs = _theirs(pyarrow.parquet.read_table(path, columns=[CUSTOMER], partitioning=None), ids)
    if not (rows := pc.sum(theirs).as_py()):
        return Without()
    kept = pyarrow.parquet.read_table(path, partitioning=None).filter(pc.invert(theirs))
    sink = io.BytesIO()
    pyarrow.parquet.write_table(kept.replace_schema_metadata(None), sink, compression="zstd")
    return Without(rows, sink.getvalue())


def _arrow(path: Path, ids: Ids) -> Without:
    table = pyarrow.feather.read_table(path, memory_map=False)
    if CUSTOMER not in table.column_names:
        return Without(searched=False)
    theirs = _theirs(table, ids)
    if not (rows := pc.sum(theirs).as_py()):
        return Without()
    sink = io.BytesIO()
    pyarrow.feather.write_feather(table.filter(pc.invert(theirs)), sink, compression="uncompressed")
    return Without(rows, sink.getvalue())


def _theirs(table: pa.Table, ids: Ids) -> pa.ChunkedArray:
    names = pc.cast(table[CUSTOMER], pa.string())
    return pc.is_in(names, value_set=pa.array(sorted(ids), pa.string()))


def _xlsx(path: Path, ids: Ids) -> Without:
    import openpyxl  # type: ignore[import-untyped] # noqa: PLC0415 # .3 s; shipped without types

    with warnings.catch_warnings():  # what openpyxl does not know of a workbook's looks is no matter here
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(path)
        found = [_without_rows(sheet, ids) for sheet in book.worksheets]
        if all(rows is None for rows in found):
            return Without(searched=False)
        if not (removed := sum(rows or 0 for rows in found)):
            return Without()
        sink = io.BytesIO()
        book.save(sink)
    return Without(removed, sink.getvalue())


def _without_rows(sheet: Any, ids: Ids) -> int | None:
    """Close the gaps that these customers leave in a sheet, and count them; None where it has no customers."""
    heads = ((i, _place(list(row))) for i, row in enumerate(sheet.iter_rows(max_row=_HEAD_ROWS, values_only=True), 1))
    head, place = next(((i, place) for i, place in heads if place is not None), (0, None))
    if place is None:
        return None
    last, to = sheet.max_row, head + 1
    for i, row in enumerate(sheet.iter_rows(min_row=head + 1), head + 1):
        if _is_theirs(row[place].value, ids):
            continue
        if to < i:
            for cell in row:
                _move(cell, sheet.cell(to, cell.column))
        to += 1
    if to <= last:
        sheet.delete_rows(to, last - to + 1)
    return int(last - to + 1)


def _is_theirs(value: Any, ids: Ids) -> bool:
    text = "" if value is None else str(value)
    return text in ids or text.removeprefix("'") in ids


def _move(cell: Any, to: Any) -> None:
    to.value, to.comment = cell.value, copy.copy(cell.comment)
    to._style = copy.copy(cell._style)  # noqa: SLF001 # openpyxl's own way to copy all of a cell's looks


_READERS: Final[Mapping[str, Callable[[Path, Ids], Without]]] = {
    ".csv": _csv,
    ".tsv": _csv,
    ".txt": _csv,
    ".parquet": _parquet,
    ".arrow": _arrow,
    ".feather": _arrow,
    ".xlsx": _xlsx,
}
