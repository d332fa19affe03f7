"""Definitions of churn: counts that can be checked by eye, laws of the grid, and the rule of the proposal."""

from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.evaluation.definitions import Rule, Silences, definition, grid, proposal, watch_for

HORIZONS = (30, 60, 90, 120, 180)
WINDOWS = (30, 90, "all")
NEVER = None


def silences(rows, usual=None, day=1):
    """From (silent days, returned after, customers, spent)."""
    frame = pd.DataFrame(rows, columns=["silent_days", "returned_after", "customers", "spent"])
    return Silences.of(date(2026, day, 1), frame, usual)


made = st.lists(
    st.tuples(st.integers(1, 400), st.one_of(st.none(), st.integers(0, 400)), st.integers(1, 9), st.integers(0, 1000)),
    min_size=1,
    max_size=30,
).map(silences)


def test_a_definition_counts_who_is_active_who_is_labelled_and_who_comes_back():
    log = silences([(10, 5, 50, 500), (10, 70, 10, 20), (10, NEVER, 30, 60), (200, NEVER, 100, 0), (80, 400, 10, 20)])
    found = definition([log], 90, 60, watch=120)
    assert (found.customers, found.churn_rate, found.returned, found.returned_within) == (100, 0.5, 0.2, 60)
    assert found.spent_share == pytest.approx(100 / 600)
    assert found.rates == (0.5,)
    assert found.spread is None
    assert definition([log], "all", 60, watch=120).customers == 200


def test_rates_are_pooled_over_cutoffs_and_their_spread_is_between_cutoffs():
    cutoffs = [
        silences([(1, 0, 90, 0), (1, NEVER, 10, 0)], day=1),
        silences([(1, 0, 20, 0), (1, NEVER, 80, 0)], day=2),
        silences([(300, 0, 5, 0)], day=3),
    ]
    found = definition(cutoffs, 30, 30, watch=60)
    assert found.rates == (0.1, 0.8, None)
    assert found.churn_rate == pytest.approx(0.45)
    assert found.spread == pytest.approx(np.std([0.1, 0.8], ddof=1))


def test_the_auto_window_is_never_shorter_than_the_horizon_and_all_where_no_gap_was_seen():
    rows = [(40, 0, 1, 0), (80, 0, 1, 0), (500, 0, 1, 0)]
    assert definition([silences(rows, usual=50)], "auto", 30, 180).customers == 1
    assert definition([silences(rows, usual=50)], "auto", 90, 180).customers == 2
    assert definition([silences(rows)], "auto", 30, 180).customers == 3


def test_returns_are_unknown_where_nobody_is_watched_for_as_long_again():
    log = silences([(1, NEVER, 1, 0)])
    assert definition([log], "all", 90, watch=180).returned == 0.0
    assert definition([log], "all", 91, watch=180).returned is None


def test_where_nobody_is_active_nothing_is_said():
    found = definition([silences([(300, 0, 5, 10)])], 30, 30, watch=60)
    assert (found.customers, found.churn_rate, found.returned, found.spent_share) == (0, None, None, None)
    assert Rule().problems(found) == ("nobody can say yet who comes back",)
    assert found.as_json()["rates"] == [None]


@given(st.lists(made, min_size=1, max_size=3))
def test_with_a_longer_horizon_fewer_churn_and_fewer_come_back(cutoffs):
    for window in WINDOWS:
        row = grid(cutoffs, [window], HORIZONS, watch=360)
        assert [d.horizon for d in row] == [*HORIZONS]
        for shorter, longer in pairwise(row):
            assert shorter.customers == longer.customers
            if shorter.churn_rate is not None:
                assert longer.churn_rate <= shorter.churn_rate
                assert longer.spent_share is None or longer.spent_share <= shorter.spent_share
            if longer.returned is not None:
                assert longer.returned <= shorter.returned


@given(made)
def test_a_wider_window_holds_more_customers(log):
    found = [definition([log], w, 30, watch=60).customers for w in WINDOWS]
    assert found == sorted(found)


def test_a_grid_leaves_out_horizons_longer_than_the_watch():
    found = grid([silences([(1, 0, 1, 0)])], [30, "all"], HORIZONS, watch=120)
    assert [(d.window, d.horizon) for d in found] == [(w, h) for w in (30, "all") for h in (30, 60, 90, 120)]


@pytest.mark.parametrize(
    ("watched", "days", "expected"),
    [
        ([343, 312, 284, 253, 223, 192], 374, 180),  # half of the log
        ([515, 487, 456], 546, 360),  # cutoffs over 150 days remain
        ([1000], 1031, 360),
        ([60], 91, None),  # not as long again
        ([], 20, None),
    ],
)
def test_the_watch_is_twice_the_longest_horizon_there_is_room_for(watched, days, expected):
    assert watch_for(watched, days, HORIZONS) == expected
    assert expected is None or max(watched) >= expected


PAUSES = [(1, d, 20, 0) for d in range(45)] + [(1, NEVER, 300, 0)]
"""Those who stay are never silent for more than 44 days; a quarter is gone for good."""


def test_where_stayers_are_silent_for_at_most_44_days_60_are_proposed():
    found, reason = proposal(grid([silences(PAUSES), silences(PAUSES)], ["all"], HORIZONS, watch=360), Rule())
    assert found.horizon == 60
    assert found.returned == 0.0
    assert reason == (
        "60 days is the shortest that passes: 25.0 % churn (standard deviation 0.0 % between 2 cutoffs), "
        "and 0 % of them come back within 300 days."
    )


def test_where_everyone_comes_back_the_nearest_is_proposed_and_the_objections_are_named():
    log = silences([(1, 0, 60, 0), (1, 70, 30, 0), (1, 200, 5, 0), (1, NEVER, 5, 0)])
    found, reason = proposal(grid([log], ["all"], (30, 60, 90), watch=360), Rule())
    assert found.horizon == 90
    assert reason.startswith("none passes, 90 days comes nearest (30 days: 88 % come back; 60 days: 88 % come back; ")


def test_a_rule_objects_to_rates_that_are_extreme_or_move():
    few, many = silences([(1, 0, 99, 0), (1, NEVER, 1, 0)]), silences([(1, 0, 10, 0), (1, NEVER, 90, 0)])

    def objections(*cutoffs):
        return Rule().problems(definition(cutoffs, "all", 30, watch=60))

    assert objections(few) == ("1.0 % churn, too few to learn from",)
    assert objections(many) == ("90.0 % churn, too many to learn from",)
    assert objections(few, many) == ("the churn rate moves by 138 % of itself between cutoffs",)
    calm = Rule(rates=(0.0, 1.0), spread=9.0)
    assert calm.problems(definition([few, many], "all", 30, watch=60)) == ()


def test_a_horizon_without_known_returns_is_proposed_last():
    known, unknown = grid([silences([(1, 0, 1, 0), (1, 65, 1, 0)])], ["all"], (30, 60), watch=100)
    assert (known.returned, unknown.returned) == (1.0, None)
    assert proposal([known, unknown], Rule())[0] is known


def test_a_rule_says_what_it_asks_for():
    assert Rule().says == (
        "the shortest at which at most 20 % of those labelled churned come back, 5 % to 70 % churn, the churn rate's "
        "standard deviation between cutoffs is at most 25 % of it"
    )
