import random
from datetime import timedelta

import pytest

from hvc_ml.features.compute import features_at
from hvc_ml.features.spending import spending
from hvc_ml.labels import LabelSettings, labels_at
from hvc_ml.population import population_at, subscribers_at
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
    """Orders and refunds of five customers, two years before and after the cutoff."""
    draw = random.Random(seed)
    return [(f"c{draw.randrange(5)}", draw.randrange(-700, 700), draw.randrange(-20, 90)) for _ in range(600)]


@pytest.mark.parametrize("horizon", [1, 30, 364, 365, 366, 500])
def test_spend_ahead_is_the_money_of_the_year_before_the_end_of_the_horizon(engine, horizon):
    rows = drawn_orders(horizon)
    found = labelled(engine, [order(c, d, float(a)) for c, d, a in rows], horizon=horizon)
    for customer, row in found.items():
        spent = sum(a for c, d, a in rows if c == customer and horizon - 365 <= d < horizon)
        assert row["spend_ahead"] == spent


def test_spend_ahead_is_what_the_feature_will_be(engine):
    rows = [order(c, d, float(a)) for c, d, a in drawn_orders(3)]
    tables = make_tables(engine, rows)
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
        ([contract("ann", -90, 10), contract("ann", 15, None)], None),  # renewed within the grace
        ([contract("ann", -90, 10), contract("ann", 18, None)], 10),  # too late
        ([contract("ann", -90, 10), contract("ann", -50, None)], None),  # another one runs on
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
