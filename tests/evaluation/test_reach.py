"""Whom a list by value at risk reaches, counted by hand and beside a slow reference."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.evaluation.reach import FIRST, chosen_and_reached, first_by_value_at_risk

UNITS = st.floats(0.0, 1.0)


@given(st.lists(st.tuples(UNITS, UNITS, st.integers(0, 1)), min_size=1, max_size=40))
def test_of_every_cutoff_the_first_fifth_is_taken_and_nobody_before_them_is_left_out(rows):
    risk, value, cutoff = (np.array(column) for column in zip(*rows, strict=True))
    cutoffs = [np.flatnonzero(cutoff == c) for c in (0, 1) if (cutoff == c).any()]
    first = first_by_value_at_risk({"churn_risk": risk, "value_if_kept": value}, cutoffs)
    for at in cutoffs:
        taken, left = at[first[at]], at[~first[at]]
        assert len(taken) == math.ceil(FIRST * len(at))
        assert (risk * value)[taken].min() >= (risk * value)[left].max(initial=0.0)


def test_without_values_nothing_is_known():
    assert first_by_value_at_risk({"churn_risk": np.ones(3)}, [np.arange(3)]) is None
    assert all(map(math.isnan, chosen_and_reached(None, np.ones(3, dtype=bool), [np.arange(3)], least=1)))


def test_shares_are_means_of_the_cutoffs_and_few_leavers_are_no_share():
    first = np.array([True, False, True, True])
    left = np.array([True, True, True, False])
    cutoffs = [np.array([0, 1]), np.array([2, 3])]
    assert chosen_and_reached(first, left, cutoffs, least=1) == (0.75, 0.75)
    chosen, reached = chosen_and_reached(first, left, cutoffs, least=2)
    assert chosen == 0.75
    assert math.isnan(reached)
