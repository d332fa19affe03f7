# ruff: noqa: S608 # queries are built from quoted names and texts only (see sql.py)
"""Readers: each turns one source into parts whose columns are addressed by position, never by a name from outside."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import duckdb

from hvc_ml.errors import ConfigError, DataError, ServiceError
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.mapping import TableMapping
from hvc_ml.tables.parts import Fingerprint, Part, RawColumn, Reading, Stamp
from hvc_ml.tables.postgres import read_postgres
from hvc_ml.tables.schema import TableName
from hvc_ml.tables.sources import Source, SourceKind, database_file, table_files
from hvc_ml.tables.sql import identifier, literal
from hvc_ml.tables.textfile import text_file

__all__ = [
    "READERS",
    "Fingerprint",
    "Reader",
    "is_parquet",
    "open_file",
    "open_table",
    "read_database",
    "read_files",
    "sha256",
    "unchanged",
]


class Reader(Protocol):
    """What a kind of source has to offer: the parts of a table."""

    def __call__(self, engine: Engine, source: Source, table: TableName, mapping: TableMapping, base: Path) -> Reading:
        """Open one table."""
        ...


def open_table(engine: Engine, source: Source, table: TableName, mapping: TableMapping, base: Path) -> Reading:
    """Open one table of a source.

    Raises
    ------
    ConfigError
        If the source is incomplete, or the mapping does not fit it.
    DataError
        If a file is missing, empty, damaged or not UTF-8.
    ServiceError
        If a database is in use elsewhere, or a server does not answer.
    """
    if found := source.problems():
        raise ConfigError(f"source.{'; '.join(found)}.")
    if source.kind not in READERS:
        raise ConfigError(f"source.kind: {source.kind} is not read here; its tables stay in Spark.")
    return READERS[source.kind](engine, source, table, mapping, base)


def unchanged(reading: Reading) -> None:
    """Refuse a reading whose files changed while they were read: what was loaded would be half of each.

    Raises
    ------
    DataError
    """
    for before in reading.stamps:
        if _stamp(before.path, before.label) != before:
            raise DataError(f"{before.label}: the file changed while it was read; run again when it is complete.")


def open_file(engine: Engine, path: Path, label: str, mapping: TableMapping) -> Part:
    """Open one CSV or Parquet file."""
    return _parquet(engine, path, label) if is_parquet(path) else text_file(path, label, mapping)


def sha256(path: Path) -> str:
    """Hash the bytes of a file, without holding them."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_files(engine: Engine, source: Source, table: TableName, mapping: TableMapping, base: Path) -> Reading:
    """Open CSV and Parquet files; equal bytes are read once."""
    parts: list[Part] = []
    seen: dict[str, Fingerprint] = {}
    warnings: list[str] = []
    stamps: list[Stamp] = []
    for path in table_files(source, table, base):
        label = _label(path, base)
        stamps.append(_stamp(path, label))
        print_ = _fingerprint(path, label)
        if print_.sha256 in seen:
            warnings.append(f"{label}: the same bytes as {seen[print_.sha256].name}; read once.")
            continue
        seen[print_.sha256] = print_
        parts.append(open_file(engine, path, label, mapping))
    return Reading(tuple(parts), tuple(seen.values()), tuple(warnings), tuple(stamps))


def read_database(engine: Engine, source: Source, table: TableName, mapping: TableMapping, base: Path) -> Reading:
    """Open one table or view of a DuckDB file, read-only."""
    path = database_file(source, base)
    label = _label(path, base)
    stamp = _stamp(path, label)
    attached = _attach(engine, path, label)
    catalog = dict(_catalog(engine, attached))
    name = mapping.table or table
    if name not in catalog:
        there = ", ".join(sorted(catalog)) or "none"
        raise ConfigError(f"tables.{table}.table: no table {name!r} in {label}; there are: {there}.")
    relation = catalog[name]
    described = _described(engine, f"SELECT * FROM {relation}", f"{label}: {name}")
    columns = tuple(RawColumn(c, f"c{i}", t) for i, (c, t) in enumerate(described))
    part = Part(f"{label}:{name}", f"SELECT * FROM {relation} AS t({_positions(columns)})", columns)
    return Reading((part,), (_fingerprint(path, label),), stamps=(stamp,))


READERS: Mapping[SourceKind, Reader] = {"files": read_files, "duckdb": read_database, "postgres": read_postgres}
"""The seam: a new kind of source is one function here."""


def _label(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else path.name


def _stamp(path: Path, label: str) -> Stamp:
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(f"{label}: cannot be read ({error.strerror}).") from None
    return Stamp(path, label, status.st_size, status.st_mtime_ns)


def _fingerprint(path: Path, label: str) -> Fingerprint:
    try:
        size = path.stat().st_size
        if size == 0:
            raise DataError(f"{label}: the file is empty (0 bytes).")
        return Fingerprint(path.name, size, sha256(path))
    except OSError as error:
        raise DataError(f"{label}: cannot be read ({error.strerror}).") from None


def is_parquet(path: Path) -> bool:
    """Whether the name or the first bytes of a file say Parquet."""
    with path.open("rb") as stream:
        return path.suffix.lower() in {".parquet", ".pq"} or stream.read(4) == b"PAR1"


def _positions(columns: Sequence[RawColumn]) -> str:
    return ", ".join(c.sql for c in columns)


def _described(engine: Engine, query: str, label: str) -> list[tuple[str, str]]:
    try:
        return [(str(r[0]), str(r[1])) for r in engine.execute(f"DESCRIBE {query}")]
    except (duckdb.CatalogException, duckdb.BinderException):
        raise DataError(
            f"{label}: a view on tables that are not found; write their schema's name in the view."
        ) from None
    except duckdb.Error as error:
        raise DataError(f"{label}: cannot be read; damaged, truncated or of another format ({_kind(error)}).") from None


def _kind(error: Exception) -> str:
    return type(error).__name__.removesuffix("Exception").lower()


def _parquet(engine: Engine, path: Path, label: str) -> Part:
    import pyarrow.lib  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415 # half a second that readers of text files need not pay

    try:
        names = list(pq.read_schema(path).names)  # the engine renames columns that differ in case only
    except (pyarrow.lib.ArrowInvalid, OSError):
        raise DataError(f"{label}: not a Parquet file, or truncated.") from None
    scan = f"read_parquet({literal(str(path.resolve()))}"
    types = [t for _, t in _described(engine, f"SELECT * FROM {scan})", label)]
    columns = tuple(RawColumn(n, f"c{i}", t) for i, (n, t) in enumerate(zip(names, types, strict=True)))
    select = f"SELECT * FROM {scan}, file_row_number = true) AS t({_positions(columns)}, file_row)"
    return Part(label, select, columns, row="file_row")


def _attach(engine: Engine, path: Path, label: str) -> str:
    name = f"source_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]}"
    try:
        engine.execute(f"ATTACH IF NOT EXISTS {literal(str(path.resolve()))} AS {identifier(name)} (READ_ONLY)")
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise ServiceError(f"{label}: the database is in use by another process; close it there.") from None
        raise DataError(f"{label}: not a DuckDB database, or damaged.") from None
    except duckdb.Error as error:
        raise DataError(f"{label}: not a DuckDB database this release can read ({_kind(error)}).") from None
    return name


def _catalog(engine: Engine, attached: str) -> list[tuple[str, str]]:
    rows: list[tuple[Any, ...]] = engine.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ? UNION ALL "
        "SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = ? AND NOT internal ORDER BY ALL",
        [attached, attached],
    )
    found = []
    for schema, name in rows:
        relation = ".".join(identifier(p) for p in (attached, schema, name))
        found.append((name if schema == "main" else f"{schema}.{name}", relation))
    return found
