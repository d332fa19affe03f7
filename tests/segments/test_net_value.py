import pandas as pd
import pytest

from hvc_ml.features.compute import features_at
from hvc_ml.population import population_at
from hvc_ml.segments.net_value import NET, ValueRule, net_value, summed, value_features
from hvc_ml.segments.settings import ProfileSettings
from made.shop import TODAY, event, make_tables, order, ticks

ORDERS = [
    order("ann", -10, 100.0, discount=ticks(20.0), cost=ticks(60.0)),
    order("ann", -5, -30.0, discount=0, cost=0),
    order("ann", -500, 1000.0, discount=ticks(500.0), cost=ticks(1.0)),
    order("bob", -3, 10.0, discount=0, cost=ticks(4.0)),
]
EVENTS = [
    *(event("bob", -d, "ticket") for d in (1, 2, 3)),
    event("bob", -400, "ticket"),
    event("ann", -7, "invite"),
    event("ann", 2, "invite"),
]
RULE = ValueRule(ProfileSettings(serve={"ticket": 5.0}, referral=40.0), margin=0.5, referrals=("invite",))


def parts(engine, orders, events, rule):
    tables = make_tables(engine, orders, events=events)
    wanted = value_features(tables, rule)
    frame = features_at(population_at(tables, TODAY, None), tables, TODAY, wanted)
    figures = engine.arrow(frame.sort("customer_id")).to_pandas()
    spend = {"ann": 70.0, "bob": 10.0}
    return net_value(figures.assign(spend_365d=figures["customer_id"].map(spend)), rule).set_index("customer_id")


def test_the_parts_of_twelve_months_are_those_of_the_log(engine):
    found = parts(engine, ORDERS, EVENTS, RULE)
    assert found.loc["ann"].to_dict() == {
        "list_price": 90.0,
        "discounts": -20.0,
        "not_earned": -35.0,
        "goods": -60.0,
        "service_ticket": 0.0,
        "referrals": 40.0,
        "net_value": 15.0,
    }
    assert found.loc["bob", "service_ticket"] == -15.0
    assert found.loc["bob", NET] == 10.0 - 5.0 - 4.0 - 15.0


def test_the_parts_add_up(engine):
    found = parts(engine, ORDERS, EVENTS, RULE)
    assert found.drop(columns=NET).sum(axis=1).tolist() == pytest.approx(found[NET].tolist())


def test_what_the_business_does_not_have_is_no_part_of_it(engine):
    plain = [{k: v for k, v in row.items() if k not in {"discount", "cost"}} for row in ORDERS]
    assert list(parts(engine, plain, None, RULE)) == ["spend", "not_earned", NET]
    assert list(parts(engine, ORDERS, EVENTS, ValueRule(ProfileSettings()))) == [
        "list_price",
        "discounts",
        "goods",
        NET,
    ]


def test_groups_are_summed_and_those_who_cost_more_than_they_bring_are_counted(engine):
    found = parts(engine, ORDERS, EVENTS, RULE).reset_index()
    ann = found["customer_id"] == "ann"
    table = summed(found, [("all", pd.Series(True, index=found.index)), ("ann", ann), ("nobody", ann & ~ann)])
    assert table["customers"].tolist() == [2, 1, 0]
    assert table["below_zero"].tolist() == [1, 0, 0]
    assert table[NET].tolist() == [1.0, 15.0, 0.0]
