"""Random businesses with every table, late rows, ties, open contracts; some without arrival times, some tiny."""

import numpy as np

from hvc_ml.dataset.build import PanelPlan, compute
from hvc_ml.features.catalog import available
from hvc_ml.features.settings import FeatureSettings
from hvc_ml.labels import LabelSettings
from hvc_ml.population import PopulationSettings
from made.shop import TODAY, contract, event, make_tables, order

KINDS = ("visit", "email_open", "ticket", "complaint", "points_earned", "points_redeemed", "nps", "referral", "other")
CUTOFF = TODAY


def random_log(seed, late=None):
    """Rows of every table; which of them know when they were written differs from seed to seed, unless it is said."""
    draw = np.random.default_rng(seed)
    people = [f"{'ABCÄ'[draw.integers(4)]}{i:03d}" for i in range(draw.integers(2, 60))]
    drawn = {name for name in ("orders", "events", "contracts", "customers") if draw.random() < 0.6}
    late = drawn if late is None else late
    log = {
        "orders": [_order(draw, c) for c in people for _ in range(draw.integers(1, 9))],
        "items": [_item(draw, c) for c in people for _ in range(draw.integers(0, 4))],
        "events": [_event(draw, c) for c in people for _ in range(draw.integers(0, 6))],
        "contracts": [_contract(draw, c) for c in people for _ in range(draw.integers(0, 3))],
        "customers": [
            {"customer_id": c, "region": _one(draw, "north", "south", None), "age_then": float(draw.integers(9))}
            for c in people
        ],
    }
    log["orders"].append(order(people[0], -200, 5.0, **_more(draw)))  # somebody was there before
    return {name: _known(draw, rows) if name in late else rows for name, rows in log.items()}


def shop(engine, log, *, churn="no_order", active="auto", features=None, seed=0):
    """(tables, plan, builder) of a log; of the catalog some features, drawn by a seed, or all."""
    tables = make_tables(engine, **log)
    labels = LabelSettings(horizon=30, churn=churn if log.get("contracts") else "no_order")
    everything = available(tables, FeatureSettings(), labels.horizon)
    order_ = np.random.default_rng(seed).permutation(len(everything))[:features]
    plan = PanelPlan(tuple(everything[i] for i in sorted(order_)), PopulationSettings(active_within=active), labels)
    return tables, plan, many(lambda tables, cutoff: compute(engine, tables, cutoff, plan))


def many(build):
    """A builder of several cutoffs from one of a single cutoff."""
    return lambda tables, cutoffs: {cutoff: build(tables, cutoff) for cutoff in cutoffs}


def _one(draw, *values):
    return values[draw.integers(len(values))]


def _day(draw):
    """Often the cutoff itself or its neighbours."""
    return int(_one(draw, -1, 0, 0, 1, *draw.integers(-500, 90, 9)))


def _more(draw):
    return {
        "discount": int(draw.integers(0, 9_000)),
        "quantity": int(draw.integers(1, 9)) * 10_000,
        "channel": _one(draw, "web", "shop", None),
    }


def _order(draw, customer):
    return order(customer, _day(draw), float(draw.integers(-3_000, 9_000)) / 100, **_more(draw))


def _item(draw, customer):
    row = order(customer, _day(draw), float(draw.integers(-500, 900)))
    kept = {k: row[k] for k in ("customer_id", "day", "amount")}
    return kept | {"product_id": _one(draw, "p", "q", "r"), "category": _one(draw, "x", "y", None)}


def _event(draw, customer):
    return event(customer, _day(draw), _one(draw, *KINDS), _one(draw, None, float(draw.integers(0, 10))))


def _contract(draw, customer):
    start = _day(draw)
    return contract(customer, start, _one(draw, None, start + int(draw.integers(1, 400)), max(start + 1, 0)))


def _known(draw, rows):
    """Written on the day or some days after it; facts without a day at any time."""
    return [
        r
        | {
            "known_day": int(
                r.get("day", 19_900 + draw.integers(-200, 60)) + _one(draw, 0, 0, *draw.integers(0, 40, 3))
            )
        }
        for r in rows
    ]
