"""The past and the future of a cutoff: nothing lies in both, nothing in neither, and nothing is known too early."""

import pytest

from hvc_ml.timeline.future import future
from hvc_ml.timeline.history import history
from made.shop import TODAY, at, contract, make_tables, order

DAYS = range(-6, 7)


@pytest.fixture
def orders(engine):
    return make_tables(engine, [order("ann", day, 1.0) for day in DAYS]).orders


def days_of(engine, frame):
    return sorted(day - at(0) for day in engine.arrow(frame)["day"].to_pylist())


def test_each_row_lies_on_one_side_of_the_cutoff(engine, orders):
    past, ahead = days_of(engine, history(orders, TODAY)), days_of(engine, future(orders, TODAY, 100))
    assert (max(past), min(ahead)) == (-1, 0)
    assert past + ahead == [*DAYS]


@pytest.mark.parametrize("days", [1, 2, 5])
def test_a_window_of_some_days_holds_that_many_on_its_side(engine, orders, days):
    assert days_of(engine, history(orders, TODAY, days)) == [*range(-days, 0)]
    assert days_of(engine, future(orders, TODAY, days)) == [*range(days)]


def test_the_age_is_counted_in_days_back_from_the_cutoff(engine, orders):
    rows = engine.arrow(history(orders, TODAY))
    assert [at(0) - age for age in rows["age"].to_pylist()] == rows["day"].to_pylist()
    assert str(rows["age"].type) == "int64"


def test_what_was_recorded_at_the_cutoff_or_later_is_not_known(engine):
    rows = [order("ann", -3, 1.0, known_day=at(known)) for known in (-3, -1, 0, 2)]
    found = engine.arrow(history(make_tables(engine, rows).orders, TODAY))
    assert sorted(known - at(0) for known in found["known_day"].to_pylist()) == [-3, -1]


def test_facts_without_a_day_are_known_from_their_arrival(engine):
    customers = [{"customer_id": c, "known_day": at(day)} for c, day in (("ann", -1), ("bob", 0))]
    found = engine.arrow(history(make_tables(engine, [order("ann", -1, 1.0)], customers=customers).customers, TODAY))
    assert found.to_pylist() == [{"customer_id": "ann", "known_day": at(-1)}]


def test_an_end_that_lies_ahead_is_not_known_yet(engine):
    contracts = [contract(str(end), -9, end) for end in (-1, 0, 3)]
    tables = make_tables(engine, [order("ann", -1, 1.0)], contracts=contracts)
    ends = {r["customer_id"]: r["end_day"] for r in engine.arrow(history(tables.contracts, TODAY)).to_pylist()}
    assert ends == {"-1": at(-1), "0": None, "3": None}
