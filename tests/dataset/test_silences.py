"""Silences around a cutoff, beside plain Python and beside the labels they stand for."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hvc_ml.dataset.silences import counted, lapses_at, silences_at
from hvc_ml.labels import LabelSettings, labels_at
from hvc_ml.population import population_at, subscribers_at
from made.shop import TODAY, contract, make_tables, order, ticks

LOG = [
    order("ann", -40, 10.0),
    order("ann", -3, 5.0),
    order("ann", 0, 7.0),
    order("bob", -90, 20.0),
    order("bob", -2, -5.0),  # a refund ends no silence
    order("bob", 10, -1.0),
    order("bob", 45, 8.0),
    order("cyd", -1, 1.0),
    order("dan", 2, 1.0),  # not a customer yet
    order("zoe", 99, 1.0),
]

rows = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(-60, 60), st.sampled_from([-2.0, 1.0, 3.0])), min_size=1, max_size=25
)


def told(engine, frame):
    return {r.pop("customer_id"): r for r in engine.arrow(frame).to_pylist()}


def in_plain_python(log, end):
    """The same figures, customer by customer."""
    found = {}
    for customer in {c for c, d, a in log if d < 0 and a > 0}:
        mine = [(d, a) for c, d, a in log if c == customer]
        ahead = [d for d, a in mine if d >= 0 and a > 0]
        found[customer] = {
            "silent_days": -max(d for d, a in mine if d < 0 and a > 0),
            "returned_after": min(ahead, default=None),
            "watched_days": end,
            "spent": sum(ticks(a) for d, a in mine if d < 0),
        }
    return found


def test_silences_are_days_to_the_purchases_around_the_cutoff(engine):
    assert told(engine, silences_at(make_tables(engine, LOG), TODAY)) == {
        "ann": {"silent_days": 3, "returned_after": 0, "watched_days": 100, "spent": ticks(15)},
        "bob": {"silent_days": 90, "returned_after": 45, "watched_days": 100, "spent": ticks(15)},
        "cyd": {"silent_days": 1, "returned_after": None, "watched_days": 100, "spent": ticks(1)},
    }


@settings(max_examples=40)
@given(rows)
def test_silences_are_what_plain_python_counts(engine, log):
    tables = make_tables(engine, [order(*row) for row in log])
    end = max(d for _, d, _ in log) + 1
    assert told(engine, silences_at(tables, TODAY)) == in_plain_python(log, end)


def test_what_happens_after_the_horizon_changes_nothing_within_it(engine):
    later = [order("ann", 35, 1.0), order("cyd", 31, 1.0), order("bob", 30, 1.0), order("eve", 200, 1.0)]

    def within(log, horizon=30):
        found = told(engine, silences_at(make_tables(engine, log), TODAY))
        left = {c: r["returned_after"] is None or r["returned_after"] >= horizon for c, r in found.items()}
        return left, {c: r["silent_days"] for c, r in found.items()}

    assert within(LOG) == within([*LOG, *later])
    assert within(LOG) == within([r for r in LOG if r["day"] < LOG[2]["day"] + 30])


def test_what_was_not_known_yet_ends_no_silence_before_the_cutoff(engine):
    log = [order("ann", -50, 1.0, known_day=LOG[0]["day"]), order("ann", -5, 1.0, known_day=LOG[2]["day"])]
    found = told(engine, silences_at(make_tables(engine, [*log, order("bob", 9, 1.0, known_day=LOG[2]["day"])]), TODAY))
    assert found["ann"]["silent_days"] == 50


@pytest.mark.parametrize("horizon", [1, 10, 45, 46, 90])
def test_a_silence_as_long_as_the_horizon_is_the_churn_of_the_labels(engine, horizon):
    tables = make_tables(engine, LOG)
    labels = told(engine, labels_at(population_at(tables, TODAY, None), tables, TODAY, LabelSettings(horizon=horizon)))
    after = {c: r["returned_after"] for c, r in told(engine, silences_at(tables, TODAY)).items()}
    assert {c: int(d is None or d >= horizon) for c, d in after.items()} == {c: r["churned"] for c, r in labels.items()}


CONTRACTS = [
    contract("goes on", -50, None),
    contract("ends later", -50, 40),
    contract("left", -50, 10),
    contract("renewed at once", -50, 10),
    contract("renewed at once", 10, None),
    contract("renewed early", -50, 10),
    contract("renewed early", 5, 60),
    contract("renewed after nine days", -50, 10),
    contract("renewed after nine days", 20, None),
    contract("came back too late", -50, 10),
    contract("came back too late", 80, None),
    contract("has two, one ends", -50, 10),
    contract("has two, one ends", -20, None),
    contract("ended before", -50, -10),
    contract("a short one on top", -50, 10),
    contract("a short one on top", 3, 8),
    contract("not yet", 3, None),
]

contracts = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(-40, 60), st.one_of(st.none(), st.integers(1, 60))), min_size=1
)


def test_lapses_are_days_without_a_contract(engine):
    tables = make_tables(engine, LOG, contracts=CONTRACTS)
    found = {c: r["returned_after"] for c, r in told(engine, lapses_at(tables, TODAY, 30)).items()}
    assert found == {
        "goes on": -1,
        "ends later": -1,
        "left": None,
        "renewed at once": -1,
        "renewed early": -1,
        "renewed after nine days": 9,
        "came back too late": 69,
        "has two, one ends": -1,
        "a short one on top": None,
    }


@settings(max_examples=40)
@given(contracts, st.integers(0, 30))
def test_a_lapse_longer_than_the_grace_is_the_churn_of_the_labels(engine, made, grace):
    rows = [contract(c, start, None if length is None else start + length) for c, start, length in made]
    tables = make_tables(engine, [order("a", -50, 1.0), order("a", 150, 1.0)], contracts=rows)
    rule = LabelSettings(horizon=30, churn="contract_end", grace=grace)
    labels = told(engine, labels_at(subscribers_at(tables, TODAY), tables, TODAY, rule))
    lapses = {c: r["returned_after"] for c, r in told(engine, lapses_at(tables, TODAY, 30)).items()}
    assert {c: int(d is None or d >= grace) for c, d in lapses.items()} == {c: r["churned"] for c, r in labels.items()}


def test_lapses_are_watched_from_the_end_of_the_horizon(engine):
    found = told(engine, lapses_at(make_tables(engine, LOG, contracts=CONTRACTS), TODAY, 30))
    assert {r["watched_days"] for r in found.values()} == {70}
    assert {r["silent_days"] for r in found.values()} == {0}


def test_lapses_without_contracts_are_a_mistake(engine):
    with pytest.raises(ValueError, match="contracts"):
        lapses_at(make_tables(engine, LOG), TODAY, 30)


def test_counts_hold_every_customer_and_name_none(engine):
    tables = make_tables(engine, [*LOG, order("eve", -1, 4.0), order("zac", 99, 2.0)])
    assert engine.arrow(counted(silences_at(tables, TODAY))).to_pylist() == [
        {"silent_days": 1, "returned_after": None, "customers": 2, "spent": ticks(5)},
        {"silent_days": 3, "returned_after": 0, "customers": 1, "spent": ticks(15)},
        {"silent_days": 90, "returned_after": 45, "customers": 1, "spent": ticks(15)},
    ]
    nobody = counted(silences_at(tables, TODAY - timedelta(days=200)))
    assert engine.arrow(nobody).num_rows == 0
