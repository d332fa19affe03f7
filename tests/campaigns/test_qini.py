import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.campaigns.qini import qini_coefficient, qini_curve

rows = st.lists(st.tuples(st.integers(0, 3), st.floats(-5, 5)), min_size=2, max_size=12)


@given(rows)
def test_the_coefficient_is_the_area_between_the_curve_and_the_straight_line(rows):
    promised, scores = map(np.array, zip(*rows, strict=True))
    curve = qini_curve(promised, scores)
    area = np.trapezoid(curve["gain"] - curve["straight"], curve["share"])
    assert qini_coefficient(promised, scores, replicates=2).mid == pytest.approx(area, abs=1e-9)
    assert curve["share"].tolist()[:1] + curve["share"].tolist()[-1:] == [0.0, 1.0]
    assert curve["gain"].iloc[-1] == pytest.approx(scores.mean())


@given(rows)
def test_no_ranking_beats_foresight(rows):
    promised, scores = map(np.array, zip(*rows, strict=True))
    best = qini_coefficient(scores, scores, replicates=2).mid
    assert qini_coefficient(promised, scores, replicates=2).mid <= best + 1e-9
    assert qini_coefficient(-scores, scores, replicates=2).mid == pytest.approx(-best, abs=1e-9)


def test_the_same_promise_for_everyone_is_worth_nothing():
    found = qini_coefficient(np.ones(5), np.arange(5.0), replicates=20)
    assert found[:3] == (0.0, 0.0, 0.0)
    assert len(qini_curve(np.ones(5), np.arange(5.0))) == 2


def test_the_order_of_rows_does_not_matter():
    rng = np.random.default_rng(1)
    promised, scores, who = rng.integers(0, 9, 80), rng.normal(size=80), np.repeat(np.arange(40), 2)
    other = rng.permutation(80)
    found = qini_coefficient(promised, scores, customer=who)
    assert qini_coefficient(promised[other], scores[other], customer=who[other]) == pytest.approx(found)


def test_intervals_hold_the_true_coefficient_about_as_often_as_they_say():
    """The effect is the promise itself, uniform in [0, 1]: the area is 1/12."""
    rng, hits = np.random.default_rng(2), []
    for seed in range(200):
        promised = rng.random(300)
        found = qini_coefficient(promised, promised + rng.normal(0, 1, 300), replicates=200, seed=seed)
        hits.append(found.low <= 1 / 12 <= found.high)
    assert 0.91 <= np.mean(hits) <= 0.985


def test_rows_of_one_customer_are_drawn_together():
    rng = np.random.default_rng(3)
    promised, scores = rng.random(100), rng.normal(size=100)
    apart = qini_coefficient(np.repeat(promised, 4), np.repeat(scores, 4))
    together = qini_coefficient(np.repeat(promised, 4), np.repeat(scores, 4), customer=np.repeat(np.arange(100), 4))
    assert together.mid == pytest.approx(apart.mid)
    assert together.error > 1.7 * apart.error


def test_models_of_several_parts_are_not_compared_with_each_other():
    """Where a part gains much, models of the other parts promise little: together that would look like harm."""
    gains = np.repeat([1.0, 0.0], 50)
    promised = -gains + np.tile([0.1, 0.0], 50)
    assert qini_coefficient(promised, gains, replicates=20).mid < -0.1
    assert qini_coefficient(promised, gains, part=gains, replicates=20).mid == pytest.approx(0.0, abs=1e-12)
    curve = qini_curve(promised, gains, part=gains)
    assert (curve["gain"] - curve["straight"]).abs().max() < 1e-12
