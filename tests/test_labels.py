import pytest

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


def test_who_stays_and_brings_less_than_half_is_downgraded(engine):
    past = [order(c, -5, 10.0) for c in ("ann", "bob", "cyd")]
    found = labelled(engine, [*past, order("ann", 3, 4.99), order("bob", 3, 5.0)])
    assert [found[c]["downgraded"] for c in ("ann", "bob", "cyd")] == [1, 0, 0]


ORDERS = [order("ann", -1, 1.0)]


@pytest.mark.parametrize(
    ("contracts", "churned"),
    [
        ([contract("ann", -90, None)], 0),
        ([contract("ann", -90, 10)], 1),
        ([contract("ann", -90, 0)], 1),
        ([contract("ann", -90, 30)], 0),  # the end of the horizon is outside
        ([contract("ann", -90, 10), contract("ann", 10, None)], 0),  # a change of plan
        ([contract("ann", -90, 10), contract("ann", 15, None)], 0),  # renewed within the grace
        ([contract("ann", -90, 10), contract("ann", 18, None)], 1),  # too late
        ([contract("ann", -90, 10), contract("ann", -50, None)], 0),  # another one runs on
        ([contract("ann", -90, 10), contract("ann", 12, 20)], 1),  # renewed, and left all the same
        ([contract("ann", -90, 28), contract("ann", 32, None)], 0),  # the grace reaches beyond the horizon
    ],
)
def test_leaving_a_contract_is_its_end_without_renewal_within_the_grace(engine, contracts, churned):
    found = labelled(engine, ORDERS, contracts, churn="contract_end", grace=7)
    assert found["ann"]["churned"] == churned


def test_contract_churn_without_contracts_is_a_mistake(engine):
    tables = make_tables(engine, ORDERS)
    with pytest.raises(ValueError, match="contracts"):
        labels_at(population_at(tables, TODAY, None), tables, TODAY, LabelSettings(churn="contract_end"))


def test_labels_are_complete_when_horizon_and_settling_or_grace_are_over():
    assert LabelSettings(horizon=30, settle=14).maturing == 44
    assert LabelSettings(horizon=30, settle=14, grace=20).maturing == 50
