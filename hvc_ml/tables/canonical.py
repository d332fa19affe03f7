# ruff: noqa: S608 # queries are built from quoted names and texts only (see sql.py)
"""From a staged table to a canonical one: equal rows once, line items collapsed to orders, kept sorted."""

from collections.abc import Sequence

import duckdb

from hvc_ml.errors import DataError
from hvc_ml.tables.attributes import numbers_as_numbers
from hvc_ml.tables.checks import TableReport, report
from hvc_ml.tables.convert import Conversion
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.facts import NOTHING, Earlier
from hvc_ml.tables.mapping import TableMapping
from hvc_ml.tables.sql import identifier
from hvc_ml.tables.staging import Staged


def canonical_table(engine: Engine, staged: Staged, conversion: Conversion, earlier: Earlier = NOTHING) -> TableReport:
    """Make the canonical table of one staged table (``items`` beside ``orders``), and tell what became of its rows.

    What is kept never depends on the order of rows or files.

    Parameters
    ----------
    earlier
        Rows of the table that were read before: they are in the report, not in the table.

    Raises
    ------
    DataError
        If the sum of an order cannot be held.
    """
    name = conversion.table
    if name == "customers":
        deduplicated, repeated = _keep_customers(engine, staged, conversion)
        return report(engine, staged, conversion, deduplicated, repeated, earlier)
    rows, deduplicated = _kept_rows(engine, staged, conversion.mapping)
    found = report(engine, staged, conversion, deduplicated, earlier=earlier)
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
