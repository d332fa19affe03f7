"""The catalog computed the slow way: plain Python over rows, one customer at a time. The executors' independent oracle."""

import math

from hvc_ml.features.algebra import Aggregate, Attribute, Minus, Ratio
from hvc_ml.features.compute import IN_TICKS
from hvc_ml.tables.schema import TICKS
from hvc_ml.timeline.days import day_number


def reference(tables, customers, cutoff, features):
    """``{customer: {feature: number}}`` from ``{table: [row, ...]}``."""
    now = day_number(cutoff)
    found = {}
    for customer in customers:
        rows = {name: _past([r for r in table if r["customer_id"] == customer], now) for name, table in tables.items()}
        orders = rows.get("orders", [])
        rows["purchases"] = [r for r in orders if r["amount"] > 0]
        rows["purchase_days"] = _purchase_days(rows["purchases"])
        found[customer] = {f.name: _filled(_value(f.value, rows), f.empty) for f in features}
    return found


def _past(rows, now):
    past = []
    for row in rows:
        if row.get("known_day", now - 1) >= now or row.get("day", now - 1) >= now:
            continue
        seen = dict(row)
        if "day" in row:
            seen["age"] = now - row["day"]
        if row.get("end_day") is not None and row["end_day"] >= now:
            seen["end_day"] = None
        past.append(seen)
    return past


def _purchase_days(purchases):
    ages = sorted({r["age"] for r in purchases}, reverse=True)
    days, before = [], None
    for age in ages:
        amount = sum(r["amount"] for r in purchases if r["age"] == age)
        days.append({"age": age, "amount": amount, "gap": None if before is None else before - age})
        before = age
    return days


def _filled(value, empty):
    return empty if value is None and empty is not None else value


def _value(value, rows):
    match value:
        case Aggregate():
            return _aggregate(value, rows)
        case Attribute(column):
            return next((r.get(column) for r in rows.get("customers", [])), None)
        case Ratio(top, bottom):
            above, below = _value(top, rows), _value(bottom, rows)
            return None if above is None or below is None or below == 0 else above / below
        case Minus(left, right):
            a, b = _value(left, rows), _value(right, rows)
            return None if a is None or b is None else a - b


def _passes(row, test):
    value = row.get(test.column)
    if value is None:
        return False
    return {
        ">": lambda: value > test.value,
        "==": lambda: value == test.value,
        "in": lambda: value in test.value,
        "known": lambda: True,
    }[test.test]()


def _aggregate(a, rows):
    kept = [r for r in rows.get(a.table, []) if all(_passes(r, t) for t in a.where)]
    kept = [r for r in kept if r["age"] > a.after and (a.within is None or r["age"] <= a.within)]
    if a.how == "count":
        return float(len(kept))
    if a.how == "latest":
        youngest = min((r["age"] for r in kept), default=None)
        kept = [r for r in kept if r["age"] == youngest]
    values = [r[a.column] for r in kept if r.get(a.column) is not None]
    unit = float(TICKS) if a.column in IN_TICKS else 1.0
    if a.how == "total":
        return float(sum(values)) / unit
    if a.how == "distinct":
        return float(len(set(values)))
    if not values:
        return None
    if a.how in ("mean", "latest"):
        return float(sum(values)) / unit / float(len(values))
    if a.how == "least":
        return float(min(values)) / unit
    if a.how == "largest":
        return float(max(values)) / unit
    n, s, squares = len(values), sum(values), sum(v * v for v in values)
    return None if n < 2 else math.sqrt(float(n * squares - s * s) / (float(n) * (float(n) - 1.0))) / unit
