from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hvc_ml.campaigns.policy import (
    Interval,
    arm_scores,
    lengths_share,
    mean_interval,
    policy_difference,
    policy_value,
)

figures = arrays(np.float64, 4, elements=st.floats(-100, 100))


@given(figures, figures, figures, st.floats(0.1, 0.9))
def test_over_all_draws_the_value_is_the_true_one_whatever_was_expected(without, with_it, expected, chance):
    policy = np.array([1, 0, 1, 1])
    total = 0.0
    for drawn in product((0, 1), repeat=4):
        arm = np.array(drawn)
        likely = np.prod(np.where(arm == 1, chance, 1 - chance))
        scores = arm_scores(np.where(arm == 1, with_it, without), arm, [1 - chance, chance], expected)
        total += likely * policy_value(scores, policy).mid
    assert total == pytest.approx(np.where(policy == 1, with_it, without).mean(), abs=1e-6)


def campaign(rng, n=400):
    """Half are contacted; a contact is worth 5 to one customer in two, and money has a heavy tail."""
    arm, gains = rng.integers(0, 2, n), rng.random(n) < 0.5
    quiet = rng.lognormal(2.0, 1.0, n)
    return arm, gains, quiet, quiet + 5.0 * gains * arm


def test_intervals_of_a_value_cover_it_as_often_as_they_say():
    rng, hits, truth = np.random.default_rng(3), [], np.exp(2.5) + 2.5
    for _ in range(400):
        arm, gains, _, outcome = campaign(rng)
        found = policy_value(arm_scores(outcome, arm, [0.5, 0.5], np.full(400, 12.0)), gains.astype(int))
        hits.append(found.low <= truth <= found.high)
    assert 0.93 <= np.mean(hits) <= 0.97


def test_a_good_expectation_narrows_the_interval():
    arm, gains, quiet, outcome = campaign(np.random.default_rng(4))
    blind, knowing = (
        policy_difference(arm_scores(outcome, arm, [0.5, 0.5], said), gains.astype(int), np.zeros(400, int))
        for said in (np.zeros(400), quiet)
    )
    assert knowing.error < 0.5 * blind.error
    assert knowing.low < 2.5 < knowing.high


def test_rows_of_one_customer_count_as_one():
    values = np.random.default_rng(5).normal(size=60)
    alone = mean_interval(values)
    twice = mean_interval(np.repeat(values, 2), np.repeat(np.arange(60), 2))
    assert twice == pytest.approx(alone)
    assert mean_interval(np.repeat(values, 2)).error < 0.75 * alone.error


def test_a_share_of_an_arm_is_between_having_it_and_not():
    arm, _, _, outcome = campaign(np.random.default_rng(6))
    scores = arm_scores(outcome, arm, [0.5, 0.5], np.full(400, 10.0))
    half = policy_value(scores, np.full((400, 2), 0.5), cost=[0.0, 1.0]).mid
    none, everyone = (policy_value(scores, np.full(400, k), cost=[0.0, 1.0]).mid for k in (0, 1))
    assert half == pytest.approx((none + everyone) / 2)


def test_each_arm_may_have_an_expectation_and_each_row_a_chance():
    scores = arm_scores([4.0, 6.0], [0, 1], [[0.5, 0.5], [0.2, 0.8]], [[3.0, 5.0], [1.0, 2.0]])
    assert scores.tolist() == [[5.0, 5.0], [1.0, 7.0]]


def test_an_arm_without_a_chance_is_refused():
    with pytest.raises(ValueError, match="chance above 0"):
        arm_scores([1.0], [0], [1.0, 0.0], [0.0])


def test_one_customer_has_no_interval():
    found = mean_interval([1.0])
    assert found.mid == 1.0
    assert found.as_list() == [None, 1.0, None]
    assert Interval(0.0, 1.0, 2.0, 0.5).as_list() == [0.0, 1.0, 2.0]


@given(arrays(np.float64, st.integers(1, 30), elements=st.integers(1, 9).map(float)))
def test_over_all_lengths_half_of_a_list_with_gains_is_contacted(gain):
    assert lengths_share(gain).mean() == pytest.approx(0.5)


@given(arrays(np.float64, st.integers(2, 30), elements=st.integers(-9, 9).map(float)), st.randoms())
def test_a_row_that_promises_more_is_contacted_at_least_as_often(gain, luck):
    share = lengths_share(gain)
    order = np.argsort(-gain)
    assert (np.diff(share[order]) <= 1e-12).all()
    assert (share[gain <= 0] == 0).all()
    shuffled = list(range(len(gain)))
    luck.shuffle(shuffled)
    assert lengths_share(gain[shuffled]).tolist() == share[shuffled].tolist()


def test_rows_are_ranked_within_their_list():
    assert lengths_share([1.0, 9.0, 8.0, 2.0], ["a", "b", "b", "a"]).tolist() == [0.25, 0.75, 0.25, 0.75]
