# ruff: noqa: S608 # queries are built from quoted names and texts only (see sql.py)
"""Tables and views of a PostgreSQL server: one read-only query each, in Arrow batches through ADBC into the engine.

The engine's own extension for PostgreSQL is fetched from the network at run time; a driver is installed with the rest.
"""

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import pyarrow as pa

from hvc_ml.errors import ConfigError, DataError, ServiceError
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.mapping import TableMapping
from hvc_ml.tables.parts import Fingerprint, Part, RawColumn, Reading
from hvc_ml.tables.schema import TableName
from hvc_ml.tables.sources import Source
from hvc_ml.tables.sql import identifier, literal

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Cursor

CONNECT_SECONDS: Final = 10

_PLAIN: Final = frozenset({"bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar"})
_TIMES: Final = frozenset({"date", "timestamp", "timestamptz"})

_REFUSED: Final = {
    "password": "the user or the password is refused",
    "no pg_hba.conf entry": "the server does not let this user in from here",
    "database": "there is no such database, or it takes no connections",
    "host name": "no such host",
    "refused": "nobody listens there",
    "timeout": f"no answer within {CONNECT_SECONDS} seconds",
    "SSL": "no agreement about encryption (sslmode)",
}
"""A word of the server's answer -> ours. The answer itself is not repeated: it quotes the URL it could not read."""


def read_postgres(engine: Engine, source: Source, table: TableName, mapping: TableMapping, base: Path) -> Reading:  # noqa: ARG001 # a reader's signature
    """Copy one table or view into the engine, as one consistent moment of the server saw it.

    Numbers of unlimited precision and every type that has no counterpart here arrive as text, digit by digit;
    ``infinity`` in a time is no time.

    Raises
    ------
    ConfigError
        If the driver is not installed, or the server has no such table.
    DataError
        If the rows of a view cannot be computed.
    ServiceError
        If the server does not answer, refuses, or goes away. No message holds the user, the password or the answer.
    """
    url = source.url or ""
    landed = f"landed_{table}"
    with _asking(url) as cursor:
        schema, name = _found(cursor, table, mapping.table or table, _place(url))
        columns, query = _selected(cursor, schema, name)
        cursor.execute(query)
        reader = cursor.fetch_record_batch()
        engine.land(landed, reader.schema, _unbroken(reader, _place(url)))
    types = [kind for _, kind in engine.described(landed)]
    raw = tuple(RawColumn(c, f"c{i}", t) for i, (c, t) in enumerate(zip(columns, types, strict=True)))
    part = Part(f"{_place(url)}:{name}", f"SELECT * FROM {identifier(landed)}", raw)
    return Reading((part,), (_fingerprint(engine, landed, name),), landed=(landed,))


@contextlib.contextmanager
def _asking(url: str) -> Iterator["Cursor"]:
    """A read-only transaction whose queries all see the same rows."""
    try:
        from adbc_driver_manager import Error  # noqa: PLC0415 # an extra
        from adbc_driver_postgresql import dbapi  # noqa: PLC0415
    except ImportError:
        raise ConfigError(
            "source.kind: postgres needs the driver adbc-driver-postgresql: pip install 'hvc-ml[postgres]'."
        ) from None
    try:
        connection = dbapi.connect(_patient(url))
    except Error as error:
        raise _refused(str(error), _place(url)) from None
    try:
        with contextlib.closing(connection), connection.cursor() as cursor:
            for setting in ("TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", "client_encoding = 'UTF8'"):
                cursor.execute(f"SET {setting}")
            yield cursor
    except Error as error:
        raise _broken(error, _place(url)) from None


def _patient(url: str) -> str:
    """The URL with a limit for the connection, where it has none: libpq would wait for minutes."""
    if "connect_timeout" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}connect_timeout={CONNECT_SECONDS}"


def _place(url: str) -> str:
    """Host, port and database; never the user, the password or an option."""
    parts = urlsplit(url)
    return f"{parts.netloc.rpartition('@')[2] or 'localhost'}{parts.path}"


def _refused(answer: str, place: str) -> ConfigError | ServiceError:
    if "connection to server" not in answer and "host name" not in answer:
        return ConfigError("source.url: not a URL that PostgreSQL can read; write signs of the password as %XX.")
    why = next((words for sign, words in _REFUSED.items() if sign in answer), "no connection")
    return ServiceError(f"source.url: {place}: {why}.")


def _broken(error: Exception, place: str) -> DataError | ServiceError:
    state = getattr(error, "sqlstate", None) or ""
    if state == "42501":
        return ServiceError(f"source.url: {place}: the user may not read the table; GRANT SELECT on it.")
    if state.startswith("22"):  # data exceptions
        return DataError(f"{place}: a view whose rows cannot be computed (SQLSTATE {state}).")
    return ServiceError(f"source.url: {place}: the server broke off{f' (SQLSTATE {state})' if state else ''}.")


def _unbroken(reader: pa.RecordBatchReader, place: str) -> Iterator[pa.RecordBatch]:
    """The batches of a stream; once it runs, Arrow tells of the server's errors, without their SQLSTATE."""
    try:
        yield from reader
    except OSError as error:
        if "ERROR: " in str(error):
            raise DataError(f"{place}: a row that cannot be computed, or a text that is not UTF-8.") from None
        raise ServiceError(f"source.url: {place}: the server broke off while rows were read.") from None


def _found(cursor: "Cursor", table: TableName, wanted: str, place: str) -> tuple[str, str]:
    """The schema and name of a table: by its name alone where the search path finds it, or as ``schema.name``."""
    cursor.execute(
        "SELECT n.nspname::text, c.relname::text, pg_table_is_visible(c.oid) "
        "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') "
        r"AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%' ORDER BY 1, 2"
    )
    there: dict[str, tuple[str, str]] = {}
    for schema, name, visible in cursor.fetchall():
        there[f"{schema}.{name}"] = (schema, name)
        if visible:
            there[name] = (schema, name)
    if wanted not in there:
        shown = dict.fromkeys(n if there.get(n) == (s, n) else f"{s}.{n}" for s, n in there.values())
        listed = ", ".join(sorted(shown)) or "none"
        raise ConfigError(f"tables.{table}.table: no table {wanted!r} in {place}; there are: {listed}.")
    return there[wanted]


def _selected(cursor: "Cursor", schema: str, name: str) -> tuple[list[str], str]:
    """The columns of a table, and the query that reads them by position."""
    cursor.execute(
        "SELECT a.attname::text, b.typname::text FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "
        "JOIN pg_type b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END "
        "WHERE a.attnum > 0 AND NOT a.attisdropped "
        f"AND a.attrelid = {literal(f'{identifier(schema)}.{identifier(name)}')}::regclass ORDER BY a.attnum"
    )
    found: list[tuple[Any, ...]] = cursor.fetchall()
    read = ", ".join(f"{_readable(identifier(c), kind)} AS c{i}" for i, (c, kind) in enumerate(found))
    return [c for c, _ in found], f"SELECT {read} FROM {identifier(schema)}.{identifier(name)}"


def _readable(column: str, kind: str) -> str:
    """SQL of a column as a type that both sides know."""
    if kind in _PLAIN:
        return column
    if kind in _TIMES:
        return f"CASE WHEN isfinite({column}) THEN {column} END"
    if kind in {"numeric", "money"}:
        return f"trim_scale({column}::numeric)::text"
    return f"{column}::text"


def _fingerprint(engine: Engine, landed: str, name: str) -> Fingerprint:
    frame = engine.frame(landed)
    return Fingerprint(name, engine.count(frame), hashlib.sha256(engine.fingerprint(frame).encode()).hexdigest())
