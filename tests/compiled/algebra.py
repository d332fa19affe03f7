"""Random features of the algebra, and logs whose every table has late rows."""

from hypothesis import strategies as st

from features.logs import CUSTOMERS, KINDS, contracts, customers, events, items, orders
from hvc_ml.features.algebra import Aggregate, Is, Minus, Ratio
from hvc_ml.features.feature import Feature

NUMBERS = {
    "orders": ("amount", "refund", "discount", "cost", "quantity", "lines", "day", "age"),
    "purchases": ("amount", "discount", "cost", "quantity", "lines", "age"),
    "purchase_days": ("amount", "gap", "age"),
    "items": ("amount", "day", "age"),
    "events": ("value", "age"),
    "contracts": ("price", "end_day", "age", "day"),
}
TEXTS = {
    "orders": ("channel", "order_id"),
    "purchases": ("channel",),
    "items": ("product_id", "category"),
    "events": ("kind",),
}
WORDS = {"channel": ("web", "shop", "fax"), "kind": KINDS, "category": ("x", "y"), "product_id": ("p", "q", "z")}

days = st.one_of(st.none(), st.integers(0, 900))


@st.composite
def tests_of(draw, table):
    column = draw(st.sampled_from((*NUMBERS[table], *(c for c in TEXTS.get(table, ()) if c in WORDS))))
    if column in WORDS:
        if draw(st.booleans()):
            return Is(column, "known")
        return Is(column, "in", tuple(draw(st.sets(st.sampled_from(WORDS[column]), min_size=1))))
    limit = draw(st.sampled_from([0, 1, 30, 300, 10_000, 1_000_000, 19_900]))
    return draw(st.sampled_from([Is(column, ">", limit), Is(column, "==", limit), Is(column, "known")]))


@st.composite
def an_aggregate(draw):
    table = draw(st.sampled_from(sorted(NUMBERS)))
    how = draw(st.sampled_from(["count", "total", "mean", "least", "largest", "spread", "distinct", "latest"]))
    columns = (*NUMBERS[table], *TEXTS.get(table, ())) if how == "distinct" else NUMBERS[table]
    column = None if how == "count" else draw(st.sampled_from(columns))
    where = tuple(draw(st.lists(tests_of(table), max_size=2)))
    return Aggregate(how, table, column, where, draw(days), draw(st.sampled_from([0, 0, 0, 1, 40, 90])))


values = st.recursive(
    an_aggregate(),
    lambda inner: st.one_of(st.builds(Ratio, inner, inner), st.builds(Minus, inner, inner)),
    max_leaves=3,
)
features = st.lists(st.tuples(values, st.sampled_from([None, None, 0.0, 7.5])), min_size=1, max_size=12).map(
    lambda made: tuple(
        Feature(f"f{i}", value, "{value:number}", "spending", "number", empty) for i, (value, empty) in enumerate(made)
    )
)


def _late(rows):
    return st.tuples(rows, st.lists(st.integers(0, 40), min_size=60, max_size=60), st.booleans()).map(
        lambda drawn: [
            row | ({"known_day": row["day"] + late} if drawn[2] else {})
            for row, late in zip(drawn[0], drawn[1], strict=False)
        ]
    )


logs = st.fixed_dictionaries(
    {
        "orders": orders,
        "items": _late(items),
        "events": _late(events),
        "contracts": _late(contracts),
        "customers": customers,
    }
)
members = st.sets(st.sampled_from(CUSTOMERS))
