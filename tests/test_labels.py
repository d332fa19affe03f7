import random
from datetime import timedelta

import pytest

from hvc_ml.features.compute import features_at
from hvc_ml.features.spending import spending
from hvc_ml.labels import LabelSettings, labels_at
from hvc_ml.population import population_at, subscribers_at
from hvc_ml.tables.schema import TICKS
from made.shop import TODAY, contract, make_tables, order


def labelled(engine, orders, contracts=None, **settings):
    tables = make_tables(engine, orders, contracts=contracts)
    rule = LabelSettings(**{"horizon": 30, **settings})
    customers = subscribers_at(tables, TODAY) if contracts else population_at(tables, TODAY, None)
    found = engine.arrow(labels_at(customers, tables, TODAY, rule)).to_pylist()
    return {row.pop("customer_id"): row for row in found}


def test_an_order_at_the_cutoff_counts_and_one_at_the_end_of_the_horizon_does_not(engine):
    past = [order(c, -5, 10.0) for c in ("ann", "bob")]
    found = labelled(engine, [*past, order("ann", 0, 7.0), order("bob", 30, 7.0)])
    assert (found["ann"]["churned"], found["ann"]["future_value"]) == (0, 7.0)
    assert (found["bob"]["churned"], found["bob"]["future_value"]) == (1, 0.0)


def test_a_refund_alone_is_churn_and_its_money_counts_against_the_customer(engine):
    found = labelled(engine, [order("ann", -5, 10.0), order("ann", 3, -4.0)])
    assert (found["ann"]["churned"], found["ann"]["future_value"]) == (1, -4.0)


def test_costs_and_margin_make_the_money_that_is_earned(engine):
    rows = [order("ann", -5, 10.0, cost=0), order("ann", 3, 100.0, cost=200_000)]
    assert labelled(engine, rows, margin=0.5)["ann"]["future_value"] == 30.0


@pytest.mark.parametrize(
    ("orders", "day"),
    [
        ([(0, 7.0)], 0),  # the cutoff's own day
        ([(12, 7.0), (5, 7.0), (29, 7.0)], 5),
        ([(3, -4.0), (8, 7.0)], 8),  # a refund is no order
        ([(30, 7.0)], None),  # the end of the horizon is outside
        ([(3, -4.0)], None),
        ([], None),
    ],
)
def test_the_day_of_the_event_is_that_of_the_first_order(engine, orders, day):
    found = labelled(engine, [order("ann", -5, 10.0), *(order("ann", d, amount) for d, amount in orders)])["ann"]
    assert found["days_to_event"] == day
    assert (found["days_to_event"] is None) == (found["churned"] == 1)


def drawn_orders(seed):
    """Ticks and costs of orders and refunds of five customers, two years around the cutoff; one more left long ago."""
    draw = random.Random(seed)
    ticks = [-20 * TICKS, -1, 0, 1, 90 * TICKS]
    rows = [(f"c{draw.randrange(5)}", draw.randrange(-700, 700), draw.choice(ticks), 3) for _ in range(300)]
    return [*rows, ("long gone", -690, TICKS, 3)]


def made(rows):
    return [order(c, day, ticks / TICKS, cost=cost, order_id=str(i)) for i, (c, day, ticks, cost) in enumerate(rows)]


def counted(rows, horizon, margin):
    """What labels say of one customer's orders, written out."""
    ahead = [(day, ticks, cost) for _, day, ticks, cost in rows if 0 <= day < horizon]
    bought = [day for day, ticks, _ in ahead if ticks > 0]
    return {
        "churned": int(not bought),
        "future_value": sum(t for _, t, _ in ahead) / TICKS * margin - sum(c for *_, c in ahead) / TICKS,
        "future_orders": len(bought),
        "days_to_event": min(bought, default=None),
        "spend_ahead": sum(t for _, day, t, _ in rows if horizon - 365 <= day < horizon) / TICKS,
    }


@pytest.mark.parametrize("horizon", [1, 7, 364, 365, 366, 500])
def test_labels_are_those_counted_by_hand(engine, horizon):
    rows = drawn_orders(horizon)
    found = labelled(engine, made(rows), horizon=horizon, margin=0.5)
    assert set(found) == {row[0] for row in rows}
    for customer, labels in found.items():
        assert labels == counted([row for row in rows if row[0] == customer], horizon, 0.5)


def test_spend_ahead_is_what_the_feature_will_be(engine):
    tables = make_tables(engine, made(drawn_orders(3)))
    customers = population_at(tables, TODAY, None)
    spent = next(f for f in spending((365,)) if f.name == "spend_365d")
    later = features_at(customers, tables, TODAY + timedelta(days=30), (spent,))
    ahead = engine.arrow(labels_at(customers, tables, TODAY, LabelSettings(horizon=30)).sort("customer_id"))
    assert engine.arrow(later.sort("customer_id"))["spend_365d"].to_pylist() == ahead["spend_ahead"].to_pylist()


ORDERS = [order("ann", -1, 1.0)]


@pytest.mark.parametrize(
    ("contracts", "left_on"),
    [
        ([contract("ann", -90, None)], None),
        ([contract("ann", -90, 10)], 10),
        ([contract("ann", -90, 0)], 0),
        ([contract("ann", -90, 30)], None),  # the end of the horizon is outside
        ([contract("ann", -90, 10), contract("ann", 10, None)], None),  # a change of plan
        ([contract("ann", -90, 10), contract("ann", 17, None)], None),  # renewed on the last day of the grace
        ([contract("ann", -90, 10), contract("ann", 18, None)], 10),  # too late
        ([contract("ann", -90, 10), contract("ann", -50, None)], None),  # another one runs on
        (
            [contract("ann", -90, None), contract("ann", -50, 10), contract("ann", 0, 5)],
            None,
        ),  # one began and ended ahead
        ([contract("ann", -90, 10), contract("ann", 12, 20)], 20),  # renewed, and left all the same
        ([contract("ann", -90, 28), contract("ann", 32, None)], None),  # the grace reaches beyond the horizon
    ],
)
def test_leaving_a_contract_is_its_end_without_renewal_within_the_grace(engine, contracts, left_on):
    found = labelled(engine, ORDERS, contracts, churn="contract_end", grace=7)
    assert found["ann"]["days_to_event"] == left_on
    assert found["ann"]["churned"] == (left_on is not None)


def test_contract_churn_without_contracts_is_a_mistake(engine):
    tables = make_tables(engine, ORDERS)
    with pytest.raises(ValueError, match="contracts"):
        labels_at(population_at(tables, TODAY, None), tables, TODAY, LabelSettings(churn="contract_end"))


def test_labels_are_complete_when_horizon_and_settling_or_grace_are_over():
    assert LabelSettings(horizon=30, settle=14).maturing == 44
    assert LabelSettings(horizon=30, settle=14, grace=20).maturing == 50
