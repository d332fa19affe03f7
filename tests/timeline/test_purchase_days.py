"""A day with a purchase is one day, whatever was bought on it; the gap is to the customer's own day before."""

import random

import pytest

from hvc_ml.tables.schema import TICKS
from hvc_ml.timeline.history import history
from hvc_ml.timeline.purchase_days import purchase_days
from made.shop import TODAY, make_tables, order


def found_days(engine, orders):
    rows = engine.arrow(purchase_days(history(make_tables(engine, orders).orders, TODAY))).to_pylist()
    return sorted((r["customer_id"], r["age"], r["amount"], r["gap"]) for r in rows)


def counted(orders):
    """The same, written out: money by customer and age, then a look at the next older day."""
    money: dict[tuple[str, int], int] = {}
    for customer, day, ticks in orders:
        if day < 0 < ticks:
            money[customer, -day] = money.get((customer, -day), 0) + ticks
    for (customer, age), amount in sorted(money.items()):
        older = [a for c, a in money if c == customer and a > age]
        yield customer, age, amount, min(older) - age if older else None


@pytest.mark.parametrize("seed", range(3))
def test_purchase_days_are_those_counted_by_hand(engine, seed):
    draw = random.Random(seed)
    rows = [
        (f"c{draw.randrange(4)}", draw.randrange(-40, 5), draw.choice([-TICKS, 0, 1, 7 * TICKS])) for _ in range(90)
    ]
    orders = [order(c, d, ticks / TICKS, order_id=str(i)) for i, (c, d, ticks) in enumerate(rows)]
    assert found_days(engine, orders) == [*counted(rows)]
