"""Rows as they are read: in order, compact, whatever order and types the engine gives them in."""

import numpy as np
import pyarrow as pa
import pytest

from hvc_ml.compiled import filling as room
from hvc_ml.compiled.events import read_events
from hvc_ml.compiled.ranges import EVERYONE, Range, ranges_of
from hvc_ml.errors import DataError
from made.shop import at, contract, event, make_tables, order

ORDERS = [order(c, -d, 5.0) for c in ("bob", "", "ann", "anna", "an", "é") for d in (3, 9, 1)]


def rows_of(events, table, column):
    found = events.tables[table]
    kind, at_ = found.place(column)
    values = (found.wide if kind else found.narrow)[at_]
    return {
        c: values[b:e].tolist() for c, b, e in zip(events.customers.to_pylist(), found.begins, found.ends, strict=True)
    }


def test_customers_are_sorted_byte_by_byte_and_their_rows_by_day(engine):
    events = read_events(engine, make_tables(engine, ORDERS), {"orders": ("day",)})
    assert events.customers.to_pylist() == sorted(["bob", "", "ann", "anna", "an", "é"], key=str.encode)
    assert set(map(tuple, rows_of(events, "orders", "day").values())) == {(at(-9), at(-3), at(-1))}


def test_rows_that_come_in_order_are_not_sorted_by_the_engine(engine, monkeypatch):
    tables = make_tables(engine, sorted(ORDERS, key=lambda r: (r["customer_id"].encode(), r["day"])))
    asked = []
    batches = engine.batches
    monkeypatch.setattr(engine, "batches", lambda frame, rows: asked.append(frame) or batches(frame, rows))
    read_events(engine, tables, {"orders": ("amount",)})
    assert len(asked) == 1
    read_events(engine, make_tables(engine, ORDERS), {"orders": ("amount",)})
    assert len(asked) == 3


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_where_batches_end_does_not_matter(engine, monkeypatch, rows):
    log = [order(c, -d, d, channel=["web", None, "shop"][d % 3]) for c in ("ann", "bob") for d in range(9, 0, -1)]
    tables = make_tables(engine, log)
    columns = {"orders": ("amount", "channel")}
    whole = read_events(engine, tables, columns)
    monkeypatch.setattr(room, "BATCH", rows)
    arrow = engine.arrow
    monkeypatch.setattr(engine, "batches", lambda frame, n: iter(arrow(frame).to_batches(n)))
    found = read_events(engine, tables, columns)
    assert found.customers.equals(whole.customers)
    assert rows_of(found, "orders", "amount") == rows_of(whole, "orders", "amount")
    texts = [e.tables["orders"].words["channel"].to_pylist() for e in (found, whole)]
    told = [
        {c: [t[i] if i >= 0 else None for i in codes] for c, codes in rows_of(e, "orders", "channel").items()}
        for e, t in zip((found, whole), texts, strict=True)
    ]
    assert told[0] == told[1] == {c: [["web", None, "shop"][d % 3] for d in range(9, 0, -1)] for c in ("ann", "bob")}


def test_a_column_of_large_numbers_is_kept_in_64_bits_and_what_is_missing_is_the_smallest_number(engine):
    log = [order("ann", -2, 5.0, discount=2**31, quantity=None), order("ann", -1, 5.0, discount=None, quantity=7)]
    events = read_events(engine, make_tables(engine, log), {"orders": ("discount", "quantity")})
    assert events.tables["orders"].place("discount")[0] == 1
    assert events.tables["orders"].place("quantity")[0] == 0
    assert rows_of(events, "orders", "discount") == {"ann": [2**31, np.iinfo(np.int64).min]}
    assert rows_of(events, "orders", "quantity") == {"ann": [np.iinfo(np.int32).min, 7]}


def test_who_only_has_events_is_no_customer_and_who_has_no_events_has_no_rows(engine):
    more = {
        "events": [event("visitor", -3, "visit"), event("bob", -2, "visit")],
        "contracts": [contract("cyd", -9, None)],
    }
    tables = make_tables(engine, [order("ann", -1, 1.0), order("bob", -1, 1.0)], **more)
    events = read_events(engine, tables, {"contracts": (), "orders": (), "events": ("day",)})
    assert events.customers.to_pylist() == ["ann", "bob", "cyd"]
    assert rows_of(events, "events", "day") == {"ann": [], "bob": [at(-2)], "cyd": []}
    assert events.rows == 5


def test_a_sum_that_may_not_fit_64_bits_is_refused(engine):
    log = [order("ann", -d, 1.0, cost=2**62) for d in (1, 2, 3)]
    with pytest.raises(DataError, match="64 bits"):
        read_events(engine, make_tables(engine, log), {"orders": ("cost",)})


@pytest.mark.parametrize(
    ("columns", "message"),
    [({"items": ()}, "'items'"), ({"orders": ("colour",)}, "'colour'"), ({"orders": ("weight",)}, "neither a whole")],
)
def test_what_is_not_there_or_no_whole_number_is_named(engine, columns, message):
    tables = make_tables(engine, [order("ann", -1, 1.0, weight=0.5)])
    with pytest.raises(ValueError, match=message):
        read_events(engine, tables, columns)


def test_a_row_without_a_customer_is_named(engine):
    with pytest.raises(ValueError, match="without a customer"):
        read_events(engine, make_tables(engine, [order("ann", -1, 1.0) | {"customer_id": None}]), {"orders": ()})


def test_a_table_without_rows_has_no_customers(engine):
    tables = make_tables(engine, ORDERS)
    events = read_events(engine, tables, {"orders": ()}, Range("x", "y"))
    assert len(events.customers) == events.rows == 0


def test_ranges_hold_every_customer_once_and_few_rows_are_one_range(engine):
    tables = make_tables(engine, [order(f"c{i:03}", -1 - d, 1.0) for i in range(100) for d in range(1 + i % 5)])
    columns = {"orders": ("amount",)}
    assert ranges_of(engine, tables, columns, 100, 10**9) == (EVERYONE,)
    ranges = ranges_of(engine, tables, columns, 100, 2_000)
    assert 5 < len(ranges) < 20
    found = [c for r in ranges for c in read_events(engine, tables, columns, r).customers.to_pylist()]
    assert found == [f"c{i:03}" for i in range(100)]
    assert isinstance(read_events(engine, tables, columns, ranges[0]).customers, pa.Array)
