import pytest

from hvc_ml.population import MIN_GAPS, PopulationSettings, active_within, population_at, subscribers_at
from made.shop import TODAY, contract, make_tables, order


def ids(engine, frame):
    return engine.arrow(frame.sort("customer_id"))["customer_id"].to_pylist()


def test_a_customer_is_active_up_to_the_last_day_of_the_window(engine):
    tables = make_tables(engine, [order("ann", -30, 1.0), order("bob", -31, 1.0), order("cyd", 0, 1.0)])
    assert ids(engine, population_at(tables, TODAY, 30)) == ["ann"]
    assert ids(engine, population_at(tables, TODAY, None)) == ["ann", "bob"]


def test_who_only_sent_things_back_is_no_customer(engine):
    tables = make_tables(engine, [order("ann", -3, -5.0), order("bob", -3, 0.0), order("cyd", -3, 0.0001)])
    assert ids(engine, population_at(tables, TODAY, 30)) == ["cyd"]


def test_the_window_is_the_quantile_of_gaps_but_at_least_the_horizon(engine):
    gaps = [order("ann", -200 * i, 1.0) for i in range(1, 4)] + [order("bob", -i, 1.0) for i in range(1, 60)]
    tables = make_tables(engine, gaps)
    assert active_within(tables, TODAY, PopulationSettings(), 90) == 90
    assert active_within(tables, TODAY, PopulationSettings(active_within=45), 90) == 45
    assert active_within(tables, TODAY, PopulationSettings(active_within="all"), 90) is None
    steady = make_tables(engine, [order("ann", -120 * i, 1.0) for i in range(1, 40)])
    assert active_within(steady, TODAY, PopulationSettings(), 90) == 120


@pytest.mark.parametrize(("gaps", "limit"), [(1, None), (MIN_GAPS - 1, None), (MIN_GAPS, 100)])
def test_with_too_few_gaps_everyone_who_bought_counts(engine, gaps, limit):
    tables = make_tables(engine, [order("ann", -100 * (i + 1), 1.0) for i in range(gaps + 1)])
    assert active_within(tables, TODAY, PopulationSettings(), 90) == limit


def test_a_subscriber_is_one_whose_contract_is_not_known_to_have_ended(engine):
    contracts = [
        contract("ann", -100, None),
        contract("bob", -100, -1),
        contract("cyd", -100, 0),
        contract("dan", 0, None),
    ]
    tables = make_tables(engine, [order("ann", -1, 1.0)], contracts=contracts)
    assert ids(engine, subscribers_at(tables, TODAY)) == ["ann", "cyd"]
