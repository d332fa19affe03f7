"""Declared features as Narwhals expressions: one grouped query per table and cutoff, whatever the engine."""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import reduce
from typing import Final

import narwhals as nw
from narwhals.typing import IntoDType

from hvc_ml.features.algebra import Aggregate, Attribute, Is, Minus, Ratio, Value, aggregates
from hvc_ml.features.catalog import source
from hvc_ml.features.feature import Feature
from hvc_ml.tables.frame import Frame
from hvc_ml.tables.load import Tables
from hvc_ml.tables.schema import CUSTOMER, KNOWN_DAY, TICKS
from hvc_ml.timeline.history import AGE, history
from hvc_ml.timeline.purchase_days import purchase_days

IN_TICKS: Final = frozenset({"amount", "refund", "discount", "cost", "quantity", "value", "price"})
_PURCHASE = Is("amount", ">", 0)
_ZERO_WITHOUT_ROWS = ("count", "total", "distinct")


def features_at(customers: Frame, tables: Tables, cutoff: date, features: Sequence[Feature]) -> Frame:
    """What is known of each customer at a cutoff: the same call for training (past cutoffs) and scoring (today).

    Parameters
    ----------
    customers
        One column, ``customer_id``, each customer once.
    tables
        The canonical tables, whole: `history` is the only door through which they are read.
    cutoff
        The midnight we pretend is now.
    features
        What to compute.

    Returns
    -------
    LazyFrame
        ``customer_id`` and one column per feature, in order: float64 (null where unknown), text for text attributes.
        One row per customer, in no particular order.
    """
    wanted = list(dict.fromkeys(a for f in features for a in aggregates(f.value)))
    names = {aggregate: f"aggregate_{i}" for i, aggregate in enumerate(wanted)}
    frame = customers
    for physical in dict.fromkeys(_physical(a) for a in wanted):
        group = [a for a in wanted if _physical(a) == physical]
        found = _aggregate(_rows(tables, physical, cutoff, customers), group, names)
        frame = frame.join(found, on=CUSTOMER, how="left")
    frame = frame.with_columns(nw.col(names[a]).fill_null(0.0) for a in wanted if a.how in _ZERO_WITHOUT_ROWS)
    frame = _with_attributes(frame, tables, cutoff, features)
    return frame.select(CUSTOMER, *(_finish(f, names).alias(f.name) for f in features))


def _physical(aggregate: Aggregate) -> str:
    """Orders and purchases share one query: a purchase is an order with a positive amount."""
    return "orders" if aggregate.table == "purchases" else aggregate.table


def _rows(tables: Tables, physical: str, cutoff: date, customers: Frame) -> Frame:
    table = source(tables, physical)
    if table is None:
        message = f"a feature asks for the table {physical!r}, which is not there"
        raise ValueError(message)
    rows = history(table, cutoff).join(customers, on=CUSTOMER, how="semi")
    return purchase_days(rows) if physical == "purchase_days" else rows


def _aggregate(rows: Frame, wanted: Sequence[Aggregate], names: dict[Aggregate, str]) -> Frame:
    """One GROUP BY: every aggregate's integer parts, then its float64 value."""
    rows = _mark_latest(rows, wanted, names)
    wide = _wide(rows)
    parts = [part for a in wanted for part in _parts(a, names[a], wide)]
    grouped = rows.group_by(CUSTOMER).agg(*parts)
    return grouped.select(CUSTOMER, *(_value(a, names[a], wide).alias(names[a]) for a in wanted))


def _wide(rows: Frame) -> IntoDType:
    """Integers of 38 digits, for squares of money do not fit into 64 bits; Spark calls them decimals."""
    return nw.Decimal(38, 0) if rows.implementation.is_spark_like() else nw.Int128


def _mark_latest(rows: Frame, wanted: Sequence[Aggregate], names: dict[Aggregate, str]) -> Frame:
    """The age of the latest row that passes an aggregate's tests, beside each row."""
    for a in wanted:
        if a.how == "latest":
            youngest = nw.when(_condition(a)).then(nw.col(AGE)).min().over(CUSTOMER)
            rows = rows.with_columns(youngest.alias(f"{names[a]}_age"))
    return rows


def _condition(aggregate: Aggregate) -> nw.Expr:
    tests = [_test(t) for t in aggregate.where]
    if aggregate.table == "purchases":
        tests.append(_test(_PURCHASE))
    if aggregate.within is not None:
        tests.append(nw.col(AGE) <= aggregate.within)
    if aggregate.after:
        tests.append(nw.col(AGE) > aggregate.after)
    return reduce(lambda a, b: a & b, tests, nw.col(AGE) >= 1)


def _test(test: Is) -> nw.Expr:
    column = nw.col(test.column)
    if test.test == ">":
        return column > test.value
    if test.test == "==":
        return column == test.value
    if test.test == "in" and isinstance(test.value, tuple):
        return column.is_in(test.value)
    return ~column.is_null()


def _parts(aggregate: Aggregate, name: str, wide: IntoDType) -> Iterable[nw.Expr]:
    """The integer sums an aggregate is made of, each an aggregate expression."""
    condition = _condition(aggregate)
    if aggregate.how == "count":
        yield _count(condition).alias(f"{name}_n")
        return
    column = nw.col(aggregate.column or "")
    if aggregate.how == "latest":
        condition = condition & (nw.col(AGE) == nw.col(f"{name}_age"))
    value = nw.when(condition).then(column)
    known = condition & ~column.is_null()
    match aggregate.how:
        case "total":
            yield value.sum().alias(f"{name}_s")
        case "mean" | "latest":
            yield value.sum().alias(f"{name}_s")
            yield _count(known).alias(f"{name}_n")
        case "least":
            yield value.min().alias(f"{name}_s")
        case "largest":
            yield value.max().alias(f"{name}_s")
        case "spread":
            figure = column.cast(wide)
            yield nw.when(condition).then(figure).sum().alias(f"{name}_s")
            yield nw.when(condition).then(figure * figure).sum().alias(f"{name}_ss")
            yield _count(known).alias(f"{name}_n")
        case "distinct":
            yield value.n_unique().alias(f"{name}_s")  # counts "nothing" as a value of its own
            yield nw.when(known).then(nw.lit(0)).otherwise(nw.lit(1)).max().alias(f"{name}_n")


def _count(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0)).sum()


def _value(aggregate: Aggregate, name: str, wide: IntoDType) -> nw.Expr:
    """An aggregate's float64 value from its integer parts."""
    unit = float(TICKS) if aggregate.column in IN_TICKS and aggregate.how != "distinct" else 1.0
    if aggregate.how == "count":
        return _float(f"{name}_n")
    total = _float(f"{name}_s")
    match aggregate.how:
        case "mean" | "latest":
            count = _float(f"{name}_n")
            return nw.when(count > 0).then(total / unit / count)
        case "spread":
            count, squares = _float(f"{name}_n"), nw.col(f"{name}_ss")
            whole, n = nw.col(f"{name}_s").cast(wide), nw.col(f"{name}_n").cast(wide)
            # exact in integers: n * sum of squares - square of the sum, no cancellation in floats
            over = (n * squares.cast(wide) - whole * whole).cast(nw.Float64)
            return nw.when(count > 1).then((over / (count * (count - 1.0))).sqrt() / unit)
        case "distinct":
            return total - _float(f"{name}_n")
        case _:
            return total / unit


def _float(name: str) -> nw.Expr:
    return nw.col(name).cast(nw.Float64)


def _with_attributes(frame: Frame, tables: Tables, cutoff: date, features: Sequence[Feature]) -> Frame:
    columns = list(dict.fromkeys(f.value.column for f in features if isinstance(f.value, Attribute)))
    if not columns or tables.customers is None:
        return frame
    known = history(tables.customers, cutoff)
    if KNOWN_DAY in known.collect_schema().names():  # of several versions the latest that was known
        known = known.filter(nw.col(KNOWN_DAY) == nw.col(KNOWN_DAY).max().over(CUSTOMER))
    known = known.select(CUSTOMER, *(nw.col(c).alias(f"attribute_{c}") for c in columns))
    return frame.join(known, on=CUSTOMER, how="left")


def _finish(feature: Feature, names: dict[Aggregate, str]) -> nw.Expr:
    value = _expression(feature.value, names)
    return value if feature.empty is None else value.fill_null(feature.empty)


def _expression(value: Value, names: dict[Aggregate, str]) -> nw.Expr:
    match value:
        case Aggregate():
            return nw.col(names[value])
        case Attribute(column):
            return nw.col(f"attribute_{column}")
        case Ratio(top, bottom):
            below = _expression(bottom, names)
            return nw.when(below != 0.0).then(_expression(top, names) / below)
        case Minus(left, right):
            return _expression(left, names) - _expression(right, names)
