# ruff: noqa: S608 # queries are built from quoted names and texts only (see sql.py)
"""What a file is made of, seen from its content: delimiter, names, and a few facts about each column."""

import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hvc_ml.errors import DataError
from hvc_ml.tables.compile import is_number, text_of
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.mapping import Delimiter, TableMapping
from hvc_ml.tables.parts import Part
from hvc_ml.tables.reading import is_parquet, open_file
from hvc_ml.tables.sql import literal
from hvc_ml.tables.textfile import head_bytes

SAMPLE = 100_000
Form = Literal["number", "comma number", "date", "text", "empty"]

_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S")
_DATES = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y",
          "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%d-%b-%y")  # fmt: skip
FORMATS = ("%Y%m%d", "%Y%m%d%H%M%S", *(d + t for d in _DATES for t in _TIMES))


@dataclass(frozen=True)
class Facts:
    """One column of a sample; shares are of its values that are not empty."""

    name: str
    form: Form
    filled: float
    distinct: float  # distinct values per filled value
    values: int  # distinct values
    whole: float  # share of numbers without a fraction
    negative: float
    formats: tuple[str | None, ...] = ()  # every way in which all dates can be read; None is ISO


@dataclass(frozen=True)
class Sniffed:
    """A file as it should be read, and what its columns hold."""

    path: Path
    rows: int
    part: Part
    mapping: TableMapping  # only the settings of the dialect
    columns: tuple[Facts, ...]
    headless: bool


def sniff(engine: Engine, path: Path) -> Sniffed:
    """Look at a CSV or Parquet file.

    Raises
    ------
    DataError
        If it cannot be read, or no delimiter splits its lines alike.
    """
    headless = False
    mapping = TableMapping(columns={"customer_id": "?"})
    if not is_parquet(path):
        delimiter, quote, header = _dialect(path)
        headless = header is not None
        mapping = TableMapping(columns={"customer_id": "?"}, delimiter=delimiter, quote=quote, header=header)
    part = open_file(engine, path, path.name, mapping)
    engine.materialise(f"SELECT * FROM ({part.select}) LIMIT {SAMPLE}", "sniffed")
    facts = tuple(_facts(engine, part, c.name) for c in part.columns)
    rows = int(engine.execute("SELECT count(*) FROM sniffed")[0][0])
    if rows == 0:
        raise DataError(f"{path.name}: no rows below the names of the columns.")
    comma = any(f.form == "comma number" for f in facts)
    mapping = mapping.model_copy(update={"decimal": "," if comma else "."})
    return Sniffed(path, rows, part, mapping, facts, headless)


def readable_formats(engine: Engine, part: Part, name: str) -> tuple[str | None, ...]:
    """Every format that reads all values of a column of the whole file (None is ISO)."""
    text = text_of(part.column(name))
    rows = f"(SELECT trim({text}) AS x FROM ({part.select}))"
    return _formats(engine, rows, _formats(engine, f"(SELECT trim({text}) AS x FROM sniffed)", (None, *FORMATS)))


def _formats(engine: Engine, rows: str, candidates: tuple[str | None, ...]) -> tuple[str | None, ...]:
    for limit in (" LIMIT 50", ""):  # a few values leave few candidates for the many
        candidates = _surviving(engine, f"(SELECT x FROM {rows} WHERE x IS NOT NULL{limit})", candidates)
    return candidates


def _surviving(engine: Engine, rows: str, candidates: tuple[str | None, ...]) -> tuple[str | None, ...]:
    if not candidates:
        return ()
    tests = ", ".join(f"coalesce(bool_and({_reads(c)}), false)" for c in candidates)
    found = engine.execute(f"SELECT {tests} FROM {rows}")[0]
    return tuple(c for c, yes in zip(candidates, found, strict=True) if yes)


def _reads(form: str | None) -> str:
    if form is None:
        return "regexp_matches(x, '^[0-9]{4}[-/]') AND (TRY_CAST(x AS TIMESTAMPTZ) IS NOT NULL)"
    guard = "regexp_full_match(x, '(19|20)[0-9]{6}([0-9]{6})?') AND " if form.startswith("%Y%m") else ""
    return f"{guard}try_strptime(x, {literal(form)}) IS NOT NULL"


def _facts(engine: Engine, part: Part, name: str) -> Facts:
    column = part.column(name)
    text = text_of(column)
    point, comma = "'[+-]?[0-9]*[.]?[0-9]+([eE][+-]?[0-9]+)?'", "'[+-]?([0-9]+|[0-9]{1,3}([.][0-9]{3})+)(,[0-9]+)?'"
    value = "TRY_CAST(replace(x, ',', '.') AS DOUBLE)"
    n, rows, distinct, points, commas, with_comma, whole, negative = engine.execute(
        f"SELECT count(x), count(*), count(DISTINCT x), count(*) FILTER (regexp_full_match(trim(x), {point})), "
        f"count(*) FILTER (regexp_full_match(trim(x), {comma})), count(*) FILTER (contains(x, ',')), "
        f"count(*) FILTER ({value} = trunc({value})), count(*) FILTER (starts_with(trim(x), '-')) "
        f"FROM (SELECT {text} AS x FROM sniffed)"
    )[0]
    form: Form = "text"
    formats: tuple[str | None, ...] = ()
    if n == 0:
        form = "empty"
    elif column.type.startswith(("TIMESTAMP", "DATE")):
        form, formats = "date", (None,)
    elif formats := _formats(engine, f"(SELECT trim({text}) AS x FROM sniffed)", (None, *FORMATS)):
        form = "date"
    elif (is_number(column.type) and column.type != "BOOLEAN") or points == n:
        form = "number"
    elif commas == n and with_comma:
        form = "comma number"
    return Facts(name, form, n / rows if rows else 0.0, distinct / n if n else 0.0, distinct,
                 whole / n if n else 0.0, negative / n if n else 0.0, formats)  # fmt: skip


def _dialect(path: Path) -> tuple[Delimiter, Literal['"', "'", ""], tuple[str, ...] | None]:
    raw = head_bytes(path, path.name, 200_000)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(raw) - 4:  # a character cut in two at the end of the sample is no fault
            raise DataError(f"{path.name}: not UTF-8 at byte {error.start}; save the file as UTF-8.") from None
        text = raw[: error.start].decode("utf-8-sig")
    lines = text.splitlines()[:200]
    if not any(line.strip() for line in lines):
        raise DataError(f"{path.name}: the file is empty.")
    sample = "\n".join(lines)
    scores = {d: _evenness(sample, sign) for d, sign in ((",", ","), (";", ";"), ("tab", "\t"), ("|", "|"))}
    best = max(scores, key=lambda d: scores[d])
    delimiter: Delimiter = best  # type: ignore[assignment] # keys of the dict above
    if scores[best] == (0.0, 0):
        widths = Counter(len(line.split()) for line in lines if line.strip())
        if max(widths) < 2 or len(widths) > 1:
            raise DataError(f"{path.name}: no delimiter (comma, semicolon, tab, bar, blanks) splits the lines alike.")
        delimiter = "whitespace"
    first = lines[0].split() if delimiter == "whitespace" else next(csv.reader([lines[0]], delimiter=_sign(delimiter)))
    looks_like_data = any(_is_data(cell) for cell in first)
    return delimiter, '"', tuple(f"column_{i + 1}" for i in range(len(first))) if looks_like_data else None


def _sign(delimiter: Delimiter) -> str:
    return "\t" if delimiter == "tab" else delimiter


def _evenness(sample: str, sign: str) -> tuple[float, int]:
    """Share of lines as wide as the first, and that width; (0, 0) where the first line is not split."""
    rows = [r for r in csv.reader(io.StringIO(sample), delimiter=sign) if r]
    width = len(rows[0]) if rows else 0
    if width < 2:
        return (0.0, 0)
    share = sum(len(r) == width for r in rows) / len(rows)
    return (round(share, 1), width) if share > 0.5 else (0.0, 0)


def _is_data(cell: str) -> bool:
    stripped = cell.strip()
    return bool(stripped) and sum(c.isdigit() for c in stripped) / len(stripped) > 0.5
