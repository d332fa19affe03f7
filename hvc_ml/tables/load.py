# ruff: noqa: S608 # queries are built from quoted names and texts only (see sql.py)
"""From a user's files to canonical tables: read, map, check, collapse to orders, keep sorted."""

import datetime as dt
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw

from hvc_ml.errors import ConfigError, DataError, NotEnoughData
from hvc_ml.tables.attributes import numbers_as_numbers
from hvc_ml.tables.checks import TableReport, refusals, refuse, report
from hvc_ml.tables.convert import Conversion
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.mapping import TableMapping
from hvc_ml.tables.parts import Fingerprint
from hvc_ml.tables.rejected import set_aside
from hvc_ml.tables.schema import SCHEMAS, TableName
from hvc_ml.tables.sources import Source
from hvc_ml.tables.spark import SparkEngine
from hvc_ml.tables.spark_load import load_in_spark
from hvc_ml.tables.sql import identifier
from hvc_ml.tables.staging import Staged, stage

Frame = nw.LazyFrame[Any]
EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class Tables:
    """The canonical tables of one business, as lazy frames on the engine; see the schema for their columns.

    ``orders`` has one row per order; ``items`` one row per line, where products or categories are known. Days count
    from 1970-01-01 in the business's time zone, and orders lie in ``[first_day, end_day)``. Money is whole ticks.
    """

    orders: Frame
    first_day: int
    end_day: int
    items: Frame | None = None
    customers: Frame | None = None
    events: Frame | None = None
    contracts: Frame | None = None
    touches: Frame | None = None


def load_tables(
    engine: Engine,
    source: Source,
    mappings: Mapping[TableName, TableMapping],
    *,
    base: Path,
    timezone: str,
    now: dt.date | None = None,
) -> tuple[Tables, dict[str, TableReport], dict[str, tuple[Fingerprint, ...]]]:
    """Load every mapped table of a source.

    Parameters
    ----------
    engine
        Open, with ``source.files(base)`` allowed.
    mappings
        Canonical table -> how the user's table becomes it; ``orders`` is required.
    base
        Folder that relative paths start from.
    timezone
        IANA name; times without an offset are taken as local to it, others are converted.
    now
        Today in that time zone; later rows are refused or dropped. None skips the check.

    Returns
    -------
    tuple
        The tables; a report and the fingerprints of the source files for each table.

    Raises
    ------
    ConfigError
        If the configuration does not fit the files.
    DataError
        If rows break the data contract; every breach of every table in one message.
    NotEnoughData
        If no order is left.
    ServiceError
        If a database is in use elsewhere.
    """
    _check(mappings, timezone)
    today = None if now is None else (now - EPOCH).days
    reports: dict[str, TableReport] = {}
    fingerprints: dict[str, tuple[Fingerprint, ...]] = {}
    for name in (n for n in SCHEMAS if n in mappings):
        conversion = Conversion(name, mappings[name], timezone, today)
        if isinstance(engine, SparkEngine):
            reports[name], fingerprints[name] = load_in_spark(engine, source, conversion, base)
            continue
        staged = stage(engine, source, conversion, base)
        reports[name] = _keep(engine, staged, conversion)
        fingerprints[name] = staged.fingerprints
        set_aside(engine, staged, conversion)
        engine.drop(staged.name)
    refuse(s for name in reports for s in refusals(reports[name], mappings[name]))  # type: ignore[index] # TableNames
    return _tables(engine, reports), reports, fingerprints


def _check(mappings: Mapping[TableName, TableMapping], timezone: str) -> None:
    found = [f"tables.{name}.{p}" for name, mapping in mappings.items() for p in mapping.problems(name)]
    if "orders" not in mappings:
        found.append("tables.orders: is missing; every business has orders")
    try:
        zoneinfo.ZoneInfo(timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        found.append(f"timezone: {timezone!r} is not an IANA name such as Europe/London")
    if found:
        raise ConfigError(f"{'; '.join(found)}.")


def _keep(engine: Engine, staged: Staged, conversion: Conversion) -> TableReport:
    """Make the canonical table of one staged table; what is kept never depends on the order of rows or files."""
    name = conversion.table
    if name == "customers":
        deduplicated, repeated = _keep_customers(engine, staged, conversion)
        return report(engine, staged, conversion, deduplicated, repeated)
    rows, deduplicated = _kept_rows(engine, staged, conversion.mapping)
    found = report(engine, staged, conversion, deduplicated)
    if name == "orders":
        _collapse(engine, rows, staged.columns, conversion.mapping)
    else:
        by = dict.fromkeys(("customer_id", "day", *staged.columns))  # the order in which customers are walked over
        _sorted(engine, f"SELECT {_list(staged.columns)} FROM {rows}", name, tuple(by))
    return found


def _kept_rows(engine: Engine, staged: Staged, mapping: TableMapping) -> tuple[str, int]:
    """Return SQL of the kept rows, and how many equal rows were left out of it."""
    columns = _list(staged.columns)
    if mapping.duplicates == "keep":
        return f"(SELECT {columns} FROM {identifier(staged.name)} WHERE reason = 0)", 0
    before = engine.execute(f"SELECT count(*) FROM {identifier(staged.name)} WHERE reason = 0")[0][0]
    engine.materialise(
        f"SELECT DISTINCT content, {columns} FROM {identifier(staged.name)} WHERE reason = 0", "distinct_rows"
    )
    return "distinct_rows", int(before) - engine.count(engine.frame("distinct_rows"))


def _keep_customers(engine: Engine, staged: Staged, conversion: Conversion) -> tuple[int, int]:
    key = [c for c in ("customer_id", "known_day") if c in staged.columns]
    columns = numbers_as_numbers(engine, staged, conversion.mapping.decimal)
    engine.materialise(f"SELECT DISTINCT {columns} FROM {identifier(staged.name)} WHERE reason = 0", "distinct_rows")
    # of several versions the smallest is kept, whichever came first
    _sorted(
        engine,
        "SELECT * FROM distinct_rows "
        f"QUALIFY row_number() OVER (PARTITION BY {_list(key)} ORDER BY {_list(staged.columns)}) = 1",
        "customers",
        (*key, *(c for c in staged.columns if c not in key)),
    )
    before = int(engine.execute(f"SELECT count(*) FROM {identifier(staged.name)} WHERE reason = 0")[0][0])
    distinct = engine.count(engine.frame("distinct_rows"))
    return before - distinct, distinct - engine.count(engine.frame("customers"))


def _collapse(engine: Engine, rows: str, columns: Sequence[str], mapping: TableMapping) -> None:
    """Group line items to orders; rows of one order id are one order only within a day and an arrival day."""
    keys = ["customer_id", "order_id", "day", *(c for c in ("known_day",) if c in columns)]
    amount, refund = _policy(mapping)
    values = [f"sum({amount})::BIGINT AS amount", f"sum({refund})::BIGINT AS refund", "count(*)::INTEGER AS lines"]
    values += [f"sum({c})::BIGINT AS {c}" for c in ("discount", "cost", "quantity") if c in columns]
    values += ["min(channel) AS channel"] if "channel" in columns else []
    try:
        _sorted(
            engine,
            f"SELECT {_list(keys)}, {', '.join(values)} FROM {rows} GROUP BY {_list(keys)}",
            "orders",
            ("customer_id", "day", "order_id", *keys[3:]),
        )
    except duckdb.ConversionException:
        raise DataError("orders.amount: the sum of an order exceeds 64 bits; are amounts in another unit?") from None
    details = [c for c in ("product_id", "category") if c in columns]
    engine.drop("items")
    if details:
        kept = [*details, *(c for c in ("quantity", "known_day") if c in columns)]
        query = f"SELECT customer_id, day, {amount} AS amount, {', '.join(kept)} FROM {rows}"
        _sorted(engine, query, "items", ("customer_id", "day", *kept, "amount"))


def _policy(mapping: TableMapping) -> tuple[str, str]:
    amount = "greatest(amount, 0)" if mapping.refunds == "separate" else "amount"
    return amount, "greatest(-amount, 0)"


def _sorted(engine: Engine, query: str, name: str, by: Sequence[str]) -> None:
    engine.materialise(f"SELECT * FROM ({query}) ORDER BY {_list(by)}", name)


def _list(columns: Sequence[str]) -> str:
    return ", ".join(identifier(c) for c in columns)


def _tables(engine: Engine, reports: dict[str, TableReport]) -> Tables:
    orders = engine.frame("orders")
    span = orders.select(nw.col("day").min().alias("first"), nw.col("day").max().alias("last"), nw.len().alias("n"))
    first, last, count = engine.arrow(span).to_pylist()[0].values()
    if first is None:
        rows = reports["orders"].rows
        raise NotEnoughData(
            f"orders: none of {rows:,} rows is left ({_why(reports['orders'])}). Nothing can be learned."
        )
    reports["orders"] = replace(reports["orders"], orders=int(count))
    others = {n: engine.frame(n) for n in ("customers", "events", "contracts", "touches") if n in reports}
    items = engine.frame("items") if engine.has("items") else None
    return Tables(orders, int(first), int(last) + 1, items=items, **others)


def _why(found: TableReport) -> str:
    return ", ".join(f"{code} {rows:,}" for code, rows in found.reasons.items()) or "no rows"
