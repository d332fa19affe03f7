"""Calibrated risks know how good they are; the formula agrees with the metric it forecasts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.evaluation.metrics import brier, churn_auc
from hvc_ml.monitoring.expected import expected_auc, expected_brier

RISKS = st.lists(st.sampled_from([0.01, 0.1, 0.25, 0.5, 0.7, 0.99]), min_size=2, max_size=40)


@given(RISKS)
def test_it_is_the_metric_over_every_outcome_weighted_by_how_likely_it_is(risks):
    both, outcome = np.array([*risks, *risks]), np.repeat([1.0, 0.0], len(risks))
    weight = np.concatenate([risks, 1.0 - np.array(risks)])
    assert expected_auc(risks) == pytest.approx(churn_auc(outcome, both, weight))
    assert expected_brier(risks) == pytest.approx(brier(outcome, both, weight))


@given(RISKS, st.data())
def test_a_weight_is_a_number_of_customers(risks, data):
    weight = data.draw(st.lists(st.integers(0, 3), min_size=len(risks), max_size=len(risks)))
    if sum(weight):
        assert expected_auc(risks, weight) == pytest.approx(expected_auc(np.repeat(risks, weight)))


def test_what_it_promises_comes_true_where_the_risks_are_right():
    rng = np.random.default_rng(7)
    risk = rng.beta(1.0, 2.0, 40_000)
    left = (rng.random(40_000) < risk).astype(float)
    assert churn_auc(left, risk) == pytest.approx(expected_auc(risk), abs=0.01)
    assert brier(left, risk) == pytest.approx(expected_brier(risk), abs=0.005)


def test_without_anyone_who_could_leave_nothing_is_promised():
    assert np.isnan(expected_auc([0.0, 0.0]))
    assert np.isnan(expected_auc([]))
    assert np.isnan(expected_brier([]))
