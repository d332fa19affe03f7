"""From tables of Spark to canonical tables in Spark: the conversion of `hvc_ml.tables.load`, row by row on the workers.

Each worker runs the query that one machine would run, on the Arrow batches it is given; rows of one order, versions of
one customer and the counts of the report are brought together by Spark.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from hvc_ml.errors import ConfigError, DataError, HvcError
from hvc_ml.tables.checks import TableReport, summary
from hvc_ml.tables.convert import REASONS, Conversion, attribute_kinds, canonical_columns, conversion_sql
from hvc_ml.tables.engine import open_engine
from hvc_ml.tables.facts import Count
from hvc_ml.tables.parts import Fingerprint, Part, RawColumn
from hvc_ml.tables.pseudonyms import macro, pseudonym_key
from hvc_ml.tables.rejected import set_aside
from hvc_ml.tables.resources import Resources
from hvc_ml.tables.schema import SCHEMAS
from hvc_ml.tables.sources import Source
from hvc_ml.tables.spark import SparkEngine, address
from hvc_ml.tables.sql import identifier
from hvc_ml.tables.staging import Staged, StagedPart

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

LANDED: Final = "source_rows"
AT_FAULT: Final = 10_000
"""Rows at fault of each table that are fetched to be looked at."""

_NUMBER: Final = r"^[+-]?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?$"
_TYPES: Final = {"VARCHAR": "string", "INTEGER": "int", "BIGINT": "bigint", "DOUBLE": "double", "BOOLEAN": "boolean"}
_TYPES_OF_LISTS: Final = {"VARCHAR[]": "array<string>"}


@dataclass(frozen=True)
class Convert:
    """What a worker does with its batches; it travels as a query and is opened there."""

    query: str
    columns: int
    taught: str = field(default="", repr=False)
    """A statement that comes first; it holds the key of pseudonyms."""

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Convert the batches of one partition, one at a time."""
        with open_engine(Resources(memory="512MB", threads=1)) as engine:
            if self.taught:
                engine.execute(self.taught)
            for batch in batches:
                named = batch.rename_columns([f"c{i}" for i in range(self.columns)])
                engine.land(LANDED, named.schema, [named])
                yield from engine.batches(engine.sql(self.query), 10_000)


def load_in_spark(
    engine: SparkEngine, source: Source, conversion: Conversion, base: Path
) -> tuple[TableReport, tuple[Fingerprint, ...]]:
    """Load one table, kept in the engine under its canonical name (``items`` beside ``orders``).

    Returns
    -------
    tuple
        Its report, without places of rows (Spark numbers none), and the fingerprint of its content.

    Raises
    ------
    ConfigError
        If there is no such table, or the mapping does not fit it.
    DataError
        If it is empty or cannot be read.
    """
    raw, label = _opened(engine, source, conversion, base)
    part = _part(engine, raw, label)
    staged_rows = _converted(engine, raw, conversion, part)
    staged, counts = _counted(staged_rows, conversion, part)
    kept = staged_rows.where("reason = 0")
    frames = {name: engine.keep(frame, name) for name, frame in _canonical(kept, staged, conversion).items()}
    before = next((c.rows for c in counts if c.code == "kept"), 0)
    deduplicated, repeated = _left_out(kept, staged, conversion, before, frames)
    found = summary(engine, staged, conversion, counts, deduplicated, repeated, warnings=())
    _set_aside(engine, staged_rows, staged, conversion)
    staged_rows.unpersist()
    return found, staged.fingerprints


def _opened(engine: SparkEngine, source: Source, conversion: Conversion, base: Path) -> tuple["DataFrame", str]:
    """A table of Spark's catalog, or Parquet files."""
    table, name = conversion.table, conversion.mapping.table or conversion.table
    given = source.paths.get(table)
    try:
        if given is None:
            return engine.session.read.table(name), name
        paths = [_address(p, base) for p in ((given,) if isinstance(given, str) else given)]
        return engine.session.read.parquet(*paths), str(given if isinstance(given, str) else given[0])
    except Exception as error:  # noqa: BLE001 # Spark's own tree
        what = f"no table {name!r} in Spark's catalog" if given is None else f"source.paths.{table}: no Parquet there"
        raise ConfigError(f"tables.{table}: {what} ({type(error).__name__}).") from None


def _address(path: str, base: Path) -> str:
    return path if "://" in path else address(base / path)


def _part(engine: SparkEngine, raw: "DataFrame", label: str) -> Part:
    """The columns as the workers' engines will see them."""
    empty = raw.toDF(*(f"c{i}" for i in range(len(raw.columns)))).limit(0).toArrow()
    engine.local.land(LANDED, empty.schema, [])
    types = [kind for _, kind in engine.local.described(LANDED)]
    columns = tuple(RawColumn(c, f"c{i}", t) for i, (c, t) in enumerate(zip(raw.columns, types, strict=True)))
    return Part(label, f"SELECT * FROM {LANDED}", columns)  # noqa: S608 # our own name


def _converted(engine: SparkEngine, raw: "DataFrame", conversion: Conversion, part: Part) -> "DataFrame":
    inner = conversion_sql(conversion, part, attribute_kinds(conversion, (part,)))
    outputs = ", ".join(identifier(c) for c in canonical_columns(conversion))
    query = (
        f"SELECT {outputs}, CAST(reason AS INTEGER) AS reason, shape, source_row, "  # noqa: S608 # quoted names only
        f"CAST(content >> 1 AS BIGINT) AS content, sentinel FROM ({inner})"
    )
    described = engine.local.execute(f"DESCRIBE {query}")
    engine.local.drop(LANDED)
    types = _TYPES | _TYPES_OF_LISTS
    schema = ", ".join(f"`{name}` {types[str(kind)]}" for name, kind, *_ in described)
    taught = macro(pseudonym_key()) if conversion.pseudonyms else ""
    return raw.mapInArrow(Convert(query, len(part.columns), taught), schema).persist()


def _counted(rows: "DataFrame", conversion: Conversion, part: Part) -> tuple[Staged, list[Count]]:
    from pyspark.sql import functions as f  # noqa: PLC0415 # an extra

    money = f.sum(f.abs("amount").cast("decimal(38,0)")) if "amount" in rows.columns else f.lit(0)
    content = f.sum(f.col("content").cast("decimal(38,0)"))
    try:
        found = rows.groupBy("reason").agg(f.count("*").alias("n"), money.alias("t"), content.alias("h")).collect()
    except HvcError:
        raise
    except Exception as error:  # noqa: BLE001 # Spark's own tree; its text may quote a value
        raise DataError(f"{part.label}: cannot be read to its end ({type(error).__name__}).") from None
    total = sum(int(r["n"]) for r in found)
    if total == 0:
        raise DataError(f"{part.label}: no rows.")
    digest = hashlib.sha256(repr((total, sum(int(r["h"]) for r in found))).encode()).hexdigest()
    staged = Staged(
        f"staged_{conversion.table}",
        canonical_columns(conversion),
        (StagedPart(part, 0, total, ()),),
        (Fingerprint(part.label, total, digest),),
        (),
    )
    return staged, [Count(REASONS[r["reason"]], int(r["n"]), int(r["t"] or 0), ()) for r in found]


def _canonical(kept: "DataFrame", staged: Staged, conversion: Conversion) -> dict[str, "DataFrame"]:
    columns = list(staged.columns)
    if conversion.table == "customers":
        return {"customers": _customers(kept.select(*columns), conversion)}
    if conversion.mapping.duplicates == "drop":
        kept = kept.dropDuplicates(["content", *columns])
    if conversion.table == "orders":
        return _orders(kept, columns, conversion)
    return {conversion.table: kept.select(*columns)}


def _orders(rows: "DataFrame", columns: list[str], conversion: Conversion) -> dict[str, "DataFrame"]:
    """Line items to orders; rows of one order id are one order only within a day and an arrival day."""
    from pyspark.sql import functions as f  # noqa: PLC0415

    keys = ["customer_id", "order_id", "day", *(c for c in ("known_day",) if c in columns)]
    nothing = f.lit(0).cast("bigint")
    separate = conversion.mapping.refunds == "separate"
    amount = f.greatest(f.col("amount"), nothing) if separate else f.col("amount")
    values = [
        f.sum(amount).alias("amount"),
        f.sum(f.greatest(-f.col("amount"), nothing)).alias("refund"),
        f.count("*").cast("int").alias("lines"),
        *(f.sum(c).alias(c) for c in ("discount", "cost", "quantity") if c in columns),
        *(f.min(c).alias(c) for c in ("channel",) if c in columns),
    ]
    found = {"orders": rows.groupBy(*keys).agg(*values)}
    details = [c for c in ("product_id", "category") if c in columns]
    if details:
        more = [*details, *(c for c in ("quantity", "known_day") if c in columns)]
        found["items"] = rows.select("customer_id", "day", amount.alias("amount"), *more)
    return found


def _customers(rows: "DataFrame", conversion: Conversion) -> "DataFrame":
    """One row per customer (and arrival day): of several versions the smallest, whichever came first."""
    from pyspark.sql import Window  # noqa: PLC0415
    from pyspark.sql import functions as f  # noqa: PLC0415

    key = [c for c in ("customer_id", "known_day") if c in rows.columns]
    rows = rows.withColumns(_numbers(rows, conversion.mapping.decimal))
    rank = f.row_number().over(Window.partitionBy(*key).orderBy(*(f.asc_nulls_last(c) for c in rows.columns)))
    first = rows.distinct().withColumn("rank_of_version", rank).where("rank_of_version = 1")
    return first.select(*key, *(c for c in rows.columns if c not in key))


def _numbers(rows: "DataFrame", decimal: str) -> dict[str, "Column"]:
    """Attributes whose every text is a number, as numbers; the rule of `hvc_ml.tables.attributes`."""
    from pyspark.sql import functions as f  # noqa: PLC0415

    schema = SCHEMAS["customers"]
    texts = {c: f.trim(c) for c, kind in rows.dtypes if kind == "string" and schema.column(c) is None}
    if decimal == ",":
        texts = {c: f.translate(t, ".,", "?.") for c, t in texts.items()}
    if not texts:
        return {}
    tests = [f.coalesce(f.bool_and(t.rlike(_NUMBER)), f.lit(False)).alias(c) for c, t in texts.items()]
    found = rows.agg(*tests).collect()[0]
    return {c: t.cast("double") for c, t in texts.items() if found[c]}


def _left_out(
    kept: "DataFrame", staged: Staged, conversion: Conversion, before: int, frames: Mapping[str, "DataFrame"]
) -> tuple[int, int]:
    """Rows that equal another one, and further versions of a customer."""
    columns = list(staged.columns)
    if conversion.table == "customers":
        distinct = kept.select(*columns).distinct().count()
        return before - distinct, distinct - frames["customers"].count()
    if conversion.mapping.duplicates == "drop":
        return before - kept.dropDuplicates(["content", *columns]).count(), 0
    return 0, 0


def _set_aside(engine: SparkEngine, rows: "DataFrame", staged: Staged, conversion: Conversion) -> None:
    at_fault = rows.where("source_row IS NOT NULL").select("reason", "source_row").limit(AT_FAULT).toArrow()
    numbered = at_fault.append_column("row", pa.nulls(at_fault.num_rows, pa.int64()))
    engine.local.land(staged.name, numbered.schema, numbered.to_batches())
    set_aside(engine.local, staged, conversion)
    engine.local.drop(staged.name)
