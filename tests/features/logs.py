"""Random logs: a few customers, every table, ties on the cutoff, late rows, rows of the future."""

from hypothesis import strategies as st

from made.shop import contract, event, order

CUSTOMERS = ("ann", "bob", "cyd")
KINDS = ("visit", "email_open", "ticket", "complaint", "points_earned", "points_redeemed", "nps", "referral", "other")

_customer = st.sampled_from(CUSTOMERS)
_days = st.integers(-800, 120)
_late = st.integers(0, 40)
_money = st.integers(-300_000, 900_000).map(lambda cents: cents / 100)
_small = st.integers(0, 5_000).map(lambda cents: cents / 100)


def _order(customer, days, amount, late, discount, quantity, channel, lines):
    more = {"discount": round(discount * 10_000), "quantity": quantity * 10_000, "channel": channel, "lines": lines}
    row = order(customer, days, amount, cost=round(discount * 5_000), **more)
    return row | {"known_day": row["day"] + late}


def _item(customer, days, product, category, amount):
    row = order(customer, days, amount)
    return {k: row[k] for k in ("customer_id", "day", "amount")} | {"product_id": product, "category": category}


orders = st.lists(
    st.builds(
        _order,
        _customer,
        _days,
        _money,
        _late,
        _small,
        st.integers(1, 9),
        st.sampled_from(["web", "shop", None]),
        st.integers(1, 4),
    ),
    min_size=1,
    max_size=25,
)
items = st.lists(
    st.builds(_item, _customer, _days, st.sampled_from("pqr"), st.sampled_from(["x", "y", None]), _money),
    min_size=1,
    max_size=15,
)
events = st.lists(
    st.builds(event, _customer, _days, st.sampled_from(KINDS), st.one_of(st.none(), _small)), min_size=1, max_size=25
)
contracts = st.lists(
    st.builds(
        lambda c, start, length, price: contract(c, start, None if length is None else start + length, price),
        _customer,
        _days,
        st.one_of(st.none(), st.integers(1, 400)),
        _small,
    ),
    min_size=1,
    max_size=6,
)
attributes = st.fixed_dictionaries(
    {c: st.tuples(st.sampled_from(["north", "south", None]), st.one_of(st.none(), st.floats(-5, 5))) for c in CUSTOMERS}
)
customers = attributes.map(
    lambda found: [{"customer_id": c, "region": r, "score_at_signup": s} for c, (r, s) in found.items()]
)

logs = st.fixed_dictionaries(
    {"orders": orders, "items": items, "events": events, "contracts": contracts, "customers": customers}
)
