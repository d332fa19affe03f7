"""Canonical tables from plain rows, small enough to check by eye."""

from datetime import date

import pyarrow as pa

from hvc_ml.tables.load import Tables
from hvc_ml.tables.schema import TICKS
from hvc_ml.timeline.days import day_number

TODAY = date(2024, 7, 1)
"""The cutoff that made rows are counted from."""

TYPES = {
    "customer_id": pa.string(),
    "order_id": pa.string(),
    "day": pa.int32(),
    "end_day": pa.int32(),
    "known_day": pa.int32(),
    "lines": pa.int32(),
    "amount": pa.int64(),
    "refund": pa.int64(),
    "discount": pa.int64(),
    "cost": pa.int64(),
    "quantity": pa.int64(),
    "value": pa.int64(),
    "price": pa.int64(),
    "kind": pa.string(),
    "product_id": pa.string(),
    "category": pa.string(),
    "channel": pa.string(),
    "plan": pa.string(),
}


def at(days: int) -> int:
    """The day number ``days`` after the cutoff TODAY (negative: before)."""
    return day_number(TODAY) + days


def ticks(money: float) -> int:
    return round(money * TICKS)


def order(customer: str, days: int, amount: float, **more: object) -> dict[str, object]:
    """One order ``days`` after TODAY; a negative amount is a refund."""
    row: dict[str, object] = {
        "customer_id": customer,
        "order_id": f"{customer}{days}/{amount}",
        "day": at(days),
        "amount": ticks(amount),
        "refund": max(0, -ticks(amount)),
        "lines": 1,
    }
    return row | more


def event(customer: str, days: int, kind: str, value: float | None = None, **more: object) -> dict[str, object]:
    row: dict[str, object] = {
        "customer_id": customer,
        "day": at(days),
        "kind": kind,
        "value": None if value is None else ticks(value),
    }
    return row | more


def contract(customer: str, start: int, end: int | None, price: float = 10.0, **more: object) -> dict[str, object]:
    row: dict[str, object] = {
        "customer_id": customer,
        "day": at(start),
        "end_day": None if end is None else at(end),
        "price": ticks(price),
    }
    return row | more


def make_tables(engine, orders, items=None, customers=None, events=None, contracts=None) -> Tables:
    """Tables in the engine from rows; a table without rows is not there."""
    rows = {"orders": orders, "items": items, "customers": customers, "events": events, "contracts": contracts}
    frames = {name: _frame(engine, name, given) for name, given in rows.items() if given}
    days = [r["day"] for r in orders]
    return Tables(
        orders=frames["orders"],
        items=frames.get("items"),
        customers=frames.get("customers"),
        events=frames.get("events"),
        contracts=frames.get("contracts"),
        touches=None,
        first_day=min(days),
        end_day=max(days) + 1,
    )


def _frame(engine, name, rows):
    columns = list(dict.fromkeys(c for row in rows for c in row))
    arrays = {c: pa.array([r.get(c) for r in rows], TYPES.get(c)) for c in columns}
    engine._con.register("given", pa.table(arrays))
    made = engine.materialise("SELECT * FROM given", f"made_{name}")
    engine._con.unregister("given")
    return made
