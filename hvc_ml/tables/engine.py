# ruff: noqa: S608 # queries are built from quoted names and texts only (see sql.py)
"""The one door to DuckDB: a private, locked-down database that lives as long as a run.

Rows stay in the engine, which spills to disk; rooms downstream see Narwhals frames and never a connection.
"""

import contextlib
import hashlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa

from hvc_ml.errors import ConfigError, OutputError
from hvc_ml.tables.resources import Resources
from hvc_ml.tables.sql import identifier, literal

log = logging.getLogger(__name__)

PREFIX = "hvc-engine-"
DIGEST = ("rows", "hash_a", "hash_b", "hash_c", "hash_d")
STALE_SECONDS = 60  # a younger directory may not hold its lock yet


@contextlib.contextmanager
def open_engine(resources: Resources, allowed: Sequence[Path] = (), scratch: Path | None = None) -> Iterator["Engine"]:
    """Open a private engine that can read the ``allowed`` files and nothing else.

    Parameters
    ----------
    resources
        Memory and threads.
    allowed
        Source files or directories; resolved now, so that a link changed later leads nowhere.
    scratch
        Where the private directory (mode 0700, removed at the end) is made; default the system's temporary directory.

    Raises
    ------
    OutputError
        If no private directory can be made there.

    Examples
    --------
    >>> with open_engine(Resources(memory="1GB", threads=1)) as engine:
    ...     numbers = engine.materialise("SELECT range AS n FROM range(3)", "numbers")
    ...     engine.arrow(numbers.select(nw.col("n").sum())).to_pylist()
    [{'n': 3}]
    """
    with _private_directory(scratch) as private:
        con = _connect(resources, allowed, private)
        engine = Engine(con)
        try:
            with _disk_errors(private):
                yield engine
        finally:
            engine.close()


@contextlib.contextmanager
def _disk_errors(private: Path) -> Iterator[None]:
    """Say in words that the engine's own disk or memory gave way; the engine's message may quote a value."""
    try:
        yield
    except (
        duckdb.IOException,
        duckdb.OutOfMemoryException,
        duckdb.FatalException,
        duckdb.TransactionException,
    ) as error:
        raise OutputError(
            f"{private.parent}: the engine could not keep its rows ({type(error).__name__.removesuffix('Exception')}). "
            "Free some space there, set TMPDIR to another disk, or raise resources.memory."
        ) from None


class Engine:
    """Tables of one run; every name it makes lives in its own temporary database."""

    def __init__(self, con: "duckdb.DuckDBPyConnection") -> None:
        self._con = con

    def close(self) -> None:
        """Close the database; frames made from it cannot be read any more."""
        self._con.close()

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and fetch all of its (few) rows."""
        return self._con.execute(statement, list(parameters)).fetchall()

    def frame(self, name: str) -> "nw.LazyFrame[Any]":
        """Return the table ``name`` as a lazy frame."""
        return nw.from_native(self._con.table(identifier(name)))

    def sql(self, query: str) -> "nw.LazyFrame[Any]":
        """Return a query (built by us, never the user's text) as a lazy frame."""
        return nw.from_native(self._con.sql(query))

    def materialise(self, source: "nw.LazyFrame[Any] | str", name: str) -> "nw.LazyFrame[Any]":
        """Compute a frame (or query) once and keep its rows as the table ``name``, replacing an older one.

        Sums come back from DuckDB as HUGEINT; they are kept as 64-bit integers (an overflow raises).
        """
        query = source if isinstance(source, str) else source.to_native().sql_query()
        columns = self._plain_columns(self._con.sql(query))
        self._con.execute(f"CREATE OR REPLACE TABLE {identifier(name)} AS SELECT {columns} FROM ({query})")
        return self.frame(name)

    def append(self, name: str, rows: pa.Table) -> None:
        """Add a few rows held in memory to the table ``name``, whose columns have the same order."""
        self._con.register("rows_in_memory", rows)
        try:
            self._con.execute(f"INSERT INTO {identifier(name)} SELECT * FROM rows_in_memory")
        finally:
            self._con.unregister("rows_in_memory")

    def land(self, name: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
        """Keep a stream of rows as the table ``name``, batch by batch, replacing an older one."""
        self.drop(name)
        self._con.register("rows_in_memory", schema.empty_table())
        self._con.execute(f"CREATE TABLE {identifier(name)} AS SELECT * FROM rows_in_memory")
        self._con.unregister("rows_in_memory")
        for batch in batches:
            self.append(name, pa.Table.from_batches([batch]))

    def described(self, name: str) -> list[tuple[str, str]]:
        """The columns of the table ``name`` and their types."""
        return [(str(row[0]), str(row[1])) for row in self.execute(f"DESCRIBE {identifier(name)}")]

    def has(self, name: str) -> bool:
        """Whether there is a table ``name``."""
        return bool(self.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = ? AND NOT temporary", [name]))

    def drop(self, name: str) -> None:
        """Forget the table ``name``; nothing happens where there is none."""
        self._con.execute(f"DROP TABLE IF EXISTS {identifier(name)}")

    def arrow(self, frame: "nw.LazyFrame[Any]") -> pa.Table:
        """Collect a frame; HUGEINT and whole decimals as int64, other decimals as float64."""
        relation = frame.to_native()
        return relation.project(self._plain_columns(relation)).to_arrow_table()

    def batches(self, frame: "nw.LazyFrame[Any]", rows: int = 1_000_000) -> Iterator[pa.RecordBatch]:
        """Yield a frame in batches of at most ``rows`` rows; ask the engine nothing else until the last one."""
        relation = frame.to_native()
        yield from relation.project(self._plain_columns(relation)).to_arrow_reader(rows)

    def count(self, frame: "nw.LazyFrame[Any]") -> int:
        """Count the rows of a frame."""
        return int(self.arrow(frame.select(nw.len().alias("n")))["n"][0].as_py())

    def fingerprint(self, frame: "nw.LazyFrame[Any]") -> str:
        """Hash the content of a frame: same rows, same hash, whatever their order, the threads or the column order.

        Returns
        -------
        str
            ``duckdb<version>:<64 hex digits>``: the hash function is DuckDB's, so another version is another hash.
        """
        relation = frame.to_native()
        schema = sorted(zip(relation.columns, map(str, relation.types), strict=True))
        hashed = f"hash({', '.join(identifier(c) for c, _ in schema)})"
        # sums of UBIGINT are exact 128-bit integers: no row order, no rounding
        summary = relation.aggregate(f"count(*) AS n, sum({hashed}) AS s, sum(hash({hashed}, 1)) AS t").fetchall()[0]
        digest = hashlib.sha256(repr((schema, summary)).encode()).hexdigest()
        return f"duckdb{duckdb.__version__}:{digest}"

    def digests(self, frame: "nw.LazyFrame[Any]", by: Sequence[str], name: str) -> "nw.LazyFrame[Any]":
        """Hash the content of a frame group by group, and keep that as the table ``name``.

        Returns
        -------
        LazyFrame
            ``by``, and `DIGEST`: whole numbers that say the content of any set of groups when they are added up.
        """
        relation = frame.to_native()
        every = ", ".join(identifier(c) for c in sorted(relation.columns))
        groups = ", ".join(identifier(c) for c in by)
        # halves of two 64-bit hashes: sums of 32-bit numbers stay below 64 bits
        parts = ("1", "h >> 32", "h & 4294967295", "hash(h, 1) >> 32", "hash(h, 1) & 4294967295")
        sums = ", ".join(f"sum({p})::BIGINT AS {c}" for p, c in zip(parts, DIGEST, strict=True))
        hashed = f"SELECT {groups + ', ' if groups else ''}hash({every}) AS h FROM ({relation.sql_query()})"
        tail = f" GROUP BY {groups}" if groups else ""
        return self.materialise(f"SELECT {groups + ', ' if groups else ''}{sums} FROM ({hashed}){tail}", name)

    @property
    def memory(self) -> int:
        """Bytes that the engine may use."""
        number, unit = str(self.execute("SELECT current_setting('memory_limit')")[0][0]).split(" ")
        powers = ("bytes", "KiB", "MiB", "GiB", "TiB")
        return int(float(number) * 1024 ** powers.index(unit))

    def drawn(self, frame: "nw.LazyFrame[Any]", column: str, one_in: int) -> pa.Table:
        """Draw one of so many values of a column by its hash: ``value``, sorted, and how many ``rows`` have it."""
        name, rows = identifier(column), frame.to_native().sql_query()
        chosen = f"SELECT {name} AS value FROM ({rows}) WHERE hash({name}) % {int(one_in)} = 0"
        return self._con.sql(f"SELECT value, count(*) AS rows FROM ({chosen}) GROUP BY 1 ORDER BY 1").to_arrow_table()

    @staticmethod
    def _plain_columns(relation: "duckdb.DuckDBPyRelation") -> str:
        return ", ".join(_plain(identifier(c), str(t)) for c, t in zip(relation.columns, relation.types, strict=True))


def _plain(column: str, kind: str) -> str:
    if kind in {"HUGEINT", "UHUGEINT"} or (kind.startswith("DECIMAL") and kind.endswith(",0)")):
        return f"CAST({column} AS BIGINT) AS {column}"
    return f"CAST({column} AS DOUBLE) AS {column}" if kind.startswith("DECIMAL") else column


def _connect(resources: Resources, allowed: Sequence[Path], private: Path) -> "duckdb.DuckDBPyConnection":
    config: dict[str, Any] = {
        "memory_limit": resources.memory.replace(" ", ""),
        "threads": resources.threads or usable_cores(),
        "temp_directory": str(private / "spill"),
        "extension_directory": str(private / "extensions"),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        # on, because the position of a row in a staged table is its line number in messages
        "preserve_insertion_order": True,
    }
    try:
        con = duckdb.connect(str(private / "tables.duckdb"), config=config)
    except (duckdb.IOException, duckdb.FatalException):
        raise OutputError(f"{private.parent}: the engine cannot write there. Free some space, or set TMPDIR.") from None
    except duckdb.Error as error:
        raise ConfigError(
            f"resources: the engine does not start with {resources!r} ({type(error).__name__})."
        ) from None
    con.execute("SET TimeZone = 'UTC'")
    with contextlib.suppress(duckdb.Error):  # a notebook without widgets refuses to hear of progress bars at all
        con.execute("SET enable_progress_bar = false")
    resolved = [p.resolve() for p in allowed]
    con.execute(f"SET allowed_paths = [{', '.join(literal(str(p)) for p in resolved if not p.is_dir())}]")
    con.execute(f"SET allowed_directories = [{', '.join(literal(f'{p}/') for p in resolved if p.is_dir())}]")
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")
    return con


def usable_cores() -> int:
    """Cores this process may use, which in a container are fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def _private_directory(scratch: Path | None) -> Iterator[Path]:
    parent = scratch or Path(tempfile.gettempdir())
    _remove_stale(parent)
    try:
        private = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    except OSError as error:
        raise OutputError(f"{parent}: no private directory can be made there ({error.strerror}).") from None
    try:
        with _locked(private / "lock"):
            yield private
    finally:
        shutil.rmtree(private, ignore_errors=True)


def _remove_stale(parent: Path) -> None:
    """Remove what killed runs of this user left behind: spilled rows are personal data."""
    for directory in sorted(parent.glob(f"{PREFIX}*")):
        with contextlib.suppress(OSError):
            status = directory.lstat()
            if status.st_uid != os.getuid() or time.time() - status.st_mtime < STALE_SECONDS or directory.is_symlink():
                continue
            with _locked(directory / "lock"):
                shutil.rmtree(directory, ignore_errors=True)
                log.info("removed the spilled rows of a run that was killed: %s", directory)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold ``path`` while the block runs; OSError where another process holds it."""
    import fcntl  # noqa: PLC0415 # not there on Windows, where stale directories are left to the system

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
