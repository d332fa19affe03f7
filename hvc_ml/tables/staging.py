# ruff: noqa: S608 # queries are built from quoted names and texts only (see sql.py)
"""One source table read into the engine: every row with its canonical values and the reason it is kept or not."""

from bisect import bisect_right
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from hvc_ml.errors import DataError, OutputError
from hvc_ml.tables.convert import Conversion, attribute_kinds, canonical_columns, conversion_sql
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.parts import Fingerprint, Part, Reading
from hvc_ml.tables.reading import unchanged
from hvc_ml.tables.sql import identifier
from hvc_ml.tables.textfile import REJECTS, broken_lines


@dataclass(frozen=True)
class StagedPart:
    """Where the rows of one part lie in the staged table, and the lines that could not be split into columns."""

    part: Part
    start: int
    rows: int
    broken: tuple[int, ...]
    sha256: str = ""

    def position(self, rowid: int, row: int | None) -> str:
        """Say where a row stands in its file, as a person counts; lines inside quoted values are not counted."""
        if row is not None:
            return f"{self.part.label} {self.part.unit} {row + 1}"
        number = self.part.first + rowid - self.start
        # the k-th broken line pushes every later row down by one
        number += bisect_right([line - k for k, line in enumerate(self.broken)], number)
        return f"{self.part.label} {self.part.unit} {number}"


@dataclass(frozen=True)
class Staged:
    """A staged table: ``columns``, then reason, shape, content, sentinel, row and source_row."""

    name: str
    columns: tuple[str, ...]
    parts: tuple[StagedPart, ...]
    fingerprints: tuple[Fingerprint, ...]
    warnings: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Rows of the source, broken lines included."""
        return sum(p.rows + len(p.broken) for p in self.parts)

    @property
    def broken(self) -> int:
        """Lines that could not be split into columns."""
        return sum(len(p.broken) for p in self.parts)

    def position(self, rowid: int, row: int | None) -> str:
        """Say where a staged row came from."""
        return self._at(rowid).position(rowid, row)

    def _at(self, rowid: int) -> StagedPart:
        return self.parts[bisect_right([p.start for p in self.parts], rowid) - 1]


def stage(engine: Engine, reading: Reading, conversion: Conversion, known: Collection[str] = ()) -> Staged:
    """Read one table of a source into the engine.

    Parameters
    ----------
    known
        SHA-256 of files whose rows are there from an earlier run; they are not read.

    Raises
    ------
    ConfigError
        If the mapping names columns that are not there.
    DataError
        If a file is missing, empty, without rows, damaged, not UTF-8, or changes while it is read.
    """
    kinds = attribute_kinds(conversion, reading.parts)
    name = f"staged_{conversion.table}"
    engine.drop(name)
    parts: list[StagedPart] = []
    start = 0
    engine.drop(REJECTS)
    fresh = [(p, f.sha256) for p, f in zip(reading.parts, reading.fingerprints, strict=True) if f.sha256 not in known]
    if not fresh:  # a table without rows, so that there is nothing to ask afterwards
        engine.execute(
            f"CREATE TABLE {identifier(name)} AS {conversion_sql(conversion, reading.parts[0], kinds)} LIMIT 0"
        )
    for part, sha256 in fresh:
        query = conversion_sql(conversion, part, kinds)
        with _readable(part):
            head = f"INSERT INTO {identifier(name)}" if parts else f"CREATE TABLE {identifier(name)} AS"
            engine.execute(f"{head} {query}")
        rows = int(engine.execute(f"SELECT count(*) FROM {identifier(name)}")[0][0]) - start
        broken = tuple(broken_lines(engine, part))
        if rows + len(broken) == 0:
            raise DataError(f"{part.label}: no rows below the names of the columns.")
        parts.append(StagedPart(part, start, rows, broken, sha256))
        start += rows
    unchanged(reading)
    for landed in reading.landed:
        engine.drop(landed)
    return Staged(name, canonical_columns(conversion), tuple(parts), reading.fingerprints, reading.warnings)


_NOT_THE_FILE = (
    *(duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException),  # a bug of ours
    duckdb.InterruptException,  # the user's Ctrl-C
    *(duckdb.TransactionException, duckdb.FatalException),  # the engine's own disk gave way
)


@contextmanager
def _readable(part: Part) -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException:
        raise OutputError(
            f"{part.label}: the engine ran out of memory or disk; raise resources.memory or free space."
        ) from None
    except _NOT_THE_FILE:
        raise
    except duckdb.Error as error:
        # the engine's own message may quote a value
        kind = type(error).__name__.removesuffix("Exception").lower()
        mixed = ", or its lines end in different ways (CRLF and LF)" if part.rejects else ""
        raise DataError(f"{part.label}: cannot be read to its end; damaged or truncated{mixed} ({kind}).") from None
