"""The one door to Spark: an engine whose tables lie in a cluster, with the methods of the one whose tables lie here.

What is declared in Narwhals (population, features, labels) runs in Spark as it is. Nothing here distributes work:
Spark does.
"""

import contextlib
import hashlib
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pyarrow as pa

from hvc_ml.errors import ConfigError, OutputError, ServiceError
from hvc_ml.tables.engine import DIGEST, Engine, open_engine
from hvc_ml.tables.resources import Resources
from hvc_ml.tables.sources import Source

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

LOCAL = "local[*]"
_HALF = 4_294_967_296


@contextlib.contextmanager
def open_engine_for(source: Source, resources: Resources, base: Path, also: Sequence[Path] = ()) -> Iterator[Engine]:
    """Open the engine that a source asks for: DuckDB here, or Spark.

    Parameters
    ----------
    also
        Further folders and files that it may read.

    Raises
    ------
    ConfigError
        If the source is incomplete, or PySpark is not installed.
    ServiceError
        If Spark does not start.
    """
    with open_engine(resources, [*source.files(base), *also]) as engine:
        if source.kind != "spark":
            yield engine
            return
        with spark_session(source.url or LOCAL) as session:
            yield SparkEngine(engine, session)


@contextlib.contextmanager
def spark_session(master: str) -> Iterator["SparkSession"]:
    """The session of this process, or a new one on ``master``; one that was there before is left running."""
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415 # an extra
    except ImportError:
        raise ConfigError(
            "source.kind: spark needs PySpark and Java 17 or later: pip install 'hvc-ml[spark]'."
        ) from None
    there = SparkSession.getActiveSession()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)  # it is not used
        session = there or _started(SparkSession.builder, master)
        zone = session.conf.get("spark.sql.session.timeZone")
        session.conf.set("spark.sql.session.timeZone", "UTC")  # times without an offset are the business's
        try:
            yield session
        finally:
            session.conf.set("spark.sql.session.timeZone", zone)
            if there is None:
                session.stop()


def _started(builder: Any, master: str) -> "SparkSession":
    # workers of this machine run this Python; a cluster names its own in spark.pyspark.python
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    logging.getLogger("py4j").setLevel(logging.WARNING)
    settings = {"spark.sql.execution.arrow.pyspark.enabled": "true", "spark.ui.showConsoleProgress": "false"}
    if master.startswith("local"):
        settings |= {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.sql.shuffle.partitions": "8"}
    try:
        for key, value in settings.items():
            builder = builder.config(key, value)
        session: SparkSession = builder.master(master).appName("hvc-ml").getOrCreate()
    except Exception as error:  # noqa: BLE001 # Java's and Spark's own trees; what they print stands above
        raise ServiceError(f"source.url: Spark does not start on {master} ({type(error).__name__}).") from None
    session.sparkContext.setLogLevel("ERROR")
    return session


class SparkEngine(Engine):
    """Tables of one run in Spark; the engine here keeps what is small and local (rows at fault, their counts).

    Parameters
    ----------
    local
        An open engine of this machine.
    session
        Where the tables are.
    """

    def __init__(self, local: Engine, session: "SparkSession") -> None:
        super().__init__(local._con)  # noqa: SLF001 # it is the same engine, with a wider reach
        self.local = local
        self.session = session
        self._kept: dict[str, DataFrame] = {}

    def frame(self, name: str) -> "nw.LazyFrame[Any]":
        """Return the table ``name`` as a lazy frame, wherever it lies."""
        return nw.from_native(self._kept[name]) if name in self._kept else super().frame(name)

    def has(self, name: str) -> bool:
        """Whether there is a table ``name``, wherever it lies."""
        return name in self._kept or super().has(name)

    def keep(self, frame: "DataFrame", name: str) -> "DataFrame":
        """Compute a frame once, in memory or on the disks of the cluster, and keep it as the table ``name``."""
        kept = frame.persist()
        kept.count()
        self.drop(name)
        self._kept[name] = kept
        return kept

    def materialise(self, source: "nw.LazyFrame[Any] | str", name: str) -> "nw.LazyFrame[Any]":
        """Compute a frame once; a query in SQL is the engine's here, and its rows are sent to Spark."""
        if isinstance(source, str):
            rows = self.local.arrow(self.local.sql(source))
            self.land(name, rows.schema, rows.to_batches())
        elif is_spark(source):
            self.keep(_plain(source.to_native()), name)
        else:
            return super().materialise(source, name)
        return self.frame(name)

    def append(self, name: str, rows: pa.Table) -> None:
        """Add a few rows held in memory to the table ``name``, whose columns have the same order."""
        if name not in self._kept:
            super().append(name, rows)
            return
        there = self._kept[name]
        self.keep(there.union(self.session.createDataFrame(rows.rename_columns(there.columns), there.schema)), name)

    def land(self, name: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
        """Send rows to Spark as the table ``name``."""
        table = pa.Table.from_batches(batches, schema)
        self.keep(self.session.createDataFrame(table), name)

    def drop(self, name: str) -> None:
        """Forget the table ``name``; nothing happens where there is none."""
        if name in self._kept:
            self._kept.pop(name).unpersist()
        else:
            super().drop(name)

    def arrow(self, frame: "nw.LazyFrame[Any]") -> pa.Table:
        """Collect a frame, with the types it has from DuckDB."""
        if not is_spark(frame):
            return super().arrow(frame)
        return _nullable(_plain(frame.to_native()).toArrow())

    def batches(self, frame: "nw.LazyFrame[Any]", rows: int = 1_000_000) -> Iterator[pa.RecordBatch]:
        """Yield a frame in batches of at most ``rows`` rows; Spark's are collected first."""
        if not is_spark(frame):
            yield from super().batches(frame, rows)
            return
        yield from self.arrow(frame).to_batches(max_chunksize=rows)

    def write(self, frame: "nw.LazyFrame[Any]", folder: Path) -> None:
        """Write a frame as a folder of Parquet files, in the order of the frame; rows never pass through here.

        Raises
        ------
        OutputError
            If nothing arrives: the workers write to disks of their own.
        """
        writer = _plain(frame.to_native()).write.option("compression", "zstd")
        # no second file of checksums, no marker: the manifest has the hashes
        writer.option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false").parquet(address(folder))
        if not any(folder.glob("*.parquet")):
            raise OutputError(f"{folder}: Spark wrote elsewhere; the project must lie where all workers write.")
        for checksum in folder.glob(".*.crc"):
            checksum.unlink()

    def read(self, folder: Path) -> "nw.LazyFrame[Any]":
        """What `write` wrote, such as the ``panel.parquet`` of a partition, as a frame of Spark."""
        found: nw.LazyFrame[Any] = nw.from_native(self.session.read.parquet(address(folder)))
        return found

    def fingerprint(self, frame: "nw.LazyFrame[Any]") -> str:
        """Hash the content of a frame; another hash than DuckDB's of the same rows, and as blind to their order."""
        if not is_spark(frame):
            return super().fingerprint(frame)
        native = frame.to_native()
        schema = sorted((f.name, f.dataType.simpleString()) for f in native.schema.fields)
        found = self._digested(native, ()).collect()[0].asDict()
        digest = hashlib.sha256(repr((schema, [found[c] for c in DIGEST])).encode()).hexdigest()
        return f"spark{self.session.version}:{digest}"

    def digests(self, frame: "nw.LazyFrame[Any]", by: Sequence[str], name: str) -> "nw.LazyFrame[Any]":
        """Hash the content of a frame group by group; the few rows that this makes are kept here, as ``name``."""
        if not is_spark(frame):
            return super().digests(frame, by, name)
        found = self.arrow(nw.from_native(self._digested(frame.to_native(), by)))
        self.local.land(name, found.schema, found.to_batches())
        return self.local.frame(name)

    @staticmethod
    def _digested(frame: "DataFrame", by: Sequence[str]) -> "DataFrame":
        from pyspark.sql import functions as f  # noqa: PLC0415 # an extra

        columns = [f.col(_quoted(c)) for c in sorted(frame.columns)]
        # xxhash64 skips what is missing: say where
        missing = f.concat_ws("", *(f.when(c.isNull(), "1").otherwise("0") for c in columns))
        first, second = f.xxhash64(missing, *columns), f.xxhash64(f.lit(1), missing, *columns)
        halves = [
            f.lit(1),
            *(part for h in (first, second) for part in (f.shiftrightunsigned(h, 32), f.pmod(h, f.lit(_HALF)))),
        ]
        sums = [f.sum(p.cast("bigint")).alias(c) for p, c in zip(halves, DIGEST, strict=True)]
        return frame.groupBy(*(_quoted(c) for c in by)).agg(*sums)


def address(path: Path) -> str:
    """A path as Hadoop reads it: with its scheme, and signs as they are (``=`` is part of many names)."""
    return f"file://{path.resolve()}"


def is_spark(frame: "nw.LazyFrame[Any]") -> bool:
    """Whether a frame lies in Spark."""
    return bool(frame.implementation.is_spark_like())


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"


def _plain(frame: "DataFrame") -> "DataFrame":
    """Whole decimals as 64-bit integers, others as float64, as the engine here has them."""
    kinds = {field.name: field.dataType.simpleString() for field in frame.schema.fields}
    casts = {c: "bigint" if k.endswith(",0)") else "double" for c, k in kinds.items() if k.startswith("decimal")}
    return frame.withColumns({c: frame[_quoted(c)].cast(k) for c, k in casts.items()}) if casts else frame


def _nullable(table: pa.Table) -> pa.Table:
    """Without Spark's word for which columns can be empty."""
    return table.cast(pa.schema([(field.name, field.type) for field in table.schema]))


def mapped(
    frame: "nw.LazyFrame[Any]",
    function: Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]],
    schema: pa.Schema,
) -> "nw.LazyFrame[Any]":
    """A frame of Spark through a function of Arrow batches, on the workers.

    Parameters
    ----------
    function
        Takes the batches of one partition and yields others; it is sent to the workers.
    schema
        Of what it yields.
    """
    kinds = {
        pa.string(): "string",
        pa.float64(): "double",
        pa.int64(): "bigint",
        pa.int32(): "int",
        pa.bool_(): "boolean",
    }
    told = ", ".join(f"{_quoted(field.name)} {kinds[field.type]}" for field in schema)
    made: nw.LazyFrame[Any] = nw.from_native(frame.to_native().mapInArrow(function, told))
    return made
