# ruff: noqa: S608 # queries are built from quoted names and texts only (see sql.py)
"""Delimited text: an explicit dialect, every value as text, and no row that disappears."""

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from hvc_ml.errors import DataError
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.mapping import TableMapping
from hvc_ml.tables.parts import Part, RawColumn
from hvc_ml.tables.sql import literal

MAX_HEADER = 1_000_000
REJECTS, SCANS = "reader_rejects", "reader_scans"


def text_file(path: Path, label: str, mapping: TableMapping) -> Part:
    """Open one file of delimited text.

    Raises
    ------
    DataError
        If its first line cannot be read as UTF-8 names.
    """
    delimiter = mapping.delimiter or ("tab" if ".tsv" in path.suffixes or ".tab" in path.suffixes else ",")
    names = list(mapping.header) if mapping.header else _header(path, label, delimiter, mapping.quote)
    columns = tuple(RawColumn(n, f"c{i}", "VARCHAR") for i, n in enumerate(names))
    first = 1 if mapping.header else 2
    if delimiter == "whitespace":
        return _blank_separated(path, label, columns, first)
    dialect = _scan(path, "\t" if delimiter == "tab" else delimiter, mapping.quote, [c.sql for c in columns], first)
    return Part(label, f"SELECT * FROM {dialect}", columns, first=first, unit="line", rejects=True)


def _blank_separated(path: Path, label: str, columns: tuple[RawColumn, ...], first: int) -> Part:
    # one column per line (a delimiter that text does not hold), split at runs of blanks afterwards
    lines = _scan(path, "\x01", "", ["line"], first)
    split = (
        f"SELECT regexp_split_to_array(trim(line, ' \t\r'), '[ \t]+') AS w FROM {lines} WHERE trim(line, ' \t\r') <> ''"
    )
    picked = ", ".join(f"w[{i + 1}] AS {c.sql}" for i, c in enumerate(columns))
    select = f"SELECT {picked}, len(w) <> {len(columns)} AS ragged FROM ({split})"
    return Part(label, select, columns, ragged="ragged", first=first, unit="line", rejects=True)


def _scan(path: Path, delimiter: str, quote: str, columns: Sequence[str], first: int) -> str:
    types = ", ".join(f"{literal(c)}: 'VARCHAR'" for c in columns)
    compression = "gzip" if path.suffix.lower() == ".gz" else "none"
    return (
        f"read_csv({literal(str(path.resolve()))}, auto_detect = false, delim = {literal(delimiter)}, "
        f"quote = {literal(quote)}, escape = {literal(quote)}, header = {'true' if first > 1 else 'false'}, "
        f"columns = {{{types}}}, nullstr = '', compression = '{compression}', strict_mode = true, "
        f"store_rejects = true, rejects_table = '{REJECTS}', rejects_scan = '{SCANS}')"
    )


def _header(path: Path, label: str, delimiter: str, quote: str) -> list[str]:
    record = _first_record(path, label, delimiter, quote)
    names = [n.strip() if delimiter == "whitespace" else n for n in record]
    if not any(n.strip() for n in names):
        raise DataError(f"{label}: the first line is empty; expected the names of the columns (or give `header:`).")
    return names


def _first_record(path: Path, label: str, delimiter: str, quote: str) -> list[str]:
    raw = head_bytes(path, label)
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(raw)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{label}: not UTF-8 at byte {error.start}; save the file as UTF-8 (no guess is made)."
        ) from None
    if delimiter == "whitespace":
        return text.splitlines()[0].split() if text.strip() else []
    lines = io.StringIO(text, newline="")
    sign = "\t" if delimiter == "tab" else delimiter
    quoting: Literal[0, 3] = 0 if quote else 3  # csv.QUOTE_MINIMAL, csv.QUOTE_NONE
    try:
        return next(csv.reader(lines, delimiter=sign, quotechar=quote or None, quoting=quoting, strict=True), [])
    except csv.Error:
        raise DataError(f"{label}: line 1: the names of the columns cannot be read; is a quote open?") from None


def head_bytes(path: Path, label: str, size: int = MAX_HEADER) -> bytes:
    """Read the beginning of a text file, unpacked."""
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
            return stream.read(size)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{label}: cannot be read; damaged or truncated ({type(error).__name__}).") from None


def broken_lines(engine: Engine, part: Part) -> list[int]:
    """Line numbers of rows with too few or too many columns, left by the last reading of ``part``.

    Raises
    ------
    DataError
        Where the file's structure itself is broken: a quote that never closes, or bytes that are not UTF-8. Then rows
        cannot be counted, and rejecting some of them would be a guess.
    """
    if not part.rejects:
        return []
    found = engine.execute(f"SELECT DISTINCT line, CAST(error_type AS VARCHAR) FROM {REJECTS} ORDER BY line, 2")
    engine.drop(REJECTS)
    engine.drop(SCANS)
    for line, kind in found:
        if kind not in {"MISSING COLUMNS", "TOO MANY COLUMNS"}:
            what = {
                "INVALID ENCODING": "not UTF-8; save the file as UTF-8 (no guess is made)",
                "UNQUOTED VALUE": "a quote that opens and does not close rightly; rows after it cannot be told apart",
                "LINE SIZE OVER MAXIMUM": "a line longer than 2,000,000 bytes; is a quote open?",
            }.get(kind, f"cannot be read ({kind.lower()})")
            raise DataError(f"{part.label}: line {line}: {what}.")
    return [int(line) for line, _ in found]
