"""Profit by hand, against the published measure, and the laws that hold for every ranking."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta

from hvc_ml.evaluation.campaign import Campaign
from hvc_ml.evaluation.profit import empc, expected_maximum, profit_at_capacity, profit_curve, regret
from hvc_ml.planning.economics import expected_gain

CAMPAIGNS = st.builds(
    Campaign,
    st.tuples(st.floats(1.5, 30), st.floats(1.5, 30)),
    st.floats(0, 40),
    st.floats(0, 1),
    st.floats(0, 20),
)
ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.floats(-20, 500), st.integers(-5, 40).map(float)), min_size=1, max_size=30
)


def columns(rows):
    return (np.array(c, dtype=float) for c in zip(*rows, strict=True))


def test_ten_customers_by_hand():
    campaign = Campaign((6, 14), offer_cost=20, take_up=0.5, contact_cost=2)
    churned = [1, 0, 1, 0, 0, 1, 0, 0, 0, 0]
    value = [220, 90, 120, 80, 70, 20, 60, 50, 40, 30]
    gain = [50, 40, 30, 20, 10, 5, 0, -1, -2, -3]
    # leavers: .3 x 200 - 2 = 58, .3 x 100 - 2 = 28, .3 x 0 - 2 = -2; stayers: -.5 x 20 - 2 = -12
    third = profit_at_capacity(churned, value, gain, campaign, capacity=0.3)
    assert third == pytest.approx((58 - 12 + 28, 7.4, 0.3))
    everyone = profit_at_capacity(churned, value, gain, campaign, capacity=1.0)
    assert everyone == pytest.approx((58 - 12 + 28 - 12 - 12 - 2, 4.8, 0.6))  # four have no expected gain
    curve = profit_curve(churned, value, gain, campaign, [0.1, 0.3, 1.0])
    assert curve["realised"].tolist() == pytest.approx([5.8, 7.4, 0.0])
    assert curve["expected"].tolist() == pytest.approx([5.0, 12.0, 14.9])


def test_expected_gain_is_that_of_the_list():
    rng = np.random.default_rng(0)
    risk, value = rng.random(50), rng.normal(100, 80, 50)
    found = Campaign((5, 15), 12.0, 0.4, 1.5).expected_gain(risk, value)
    listed = expected_gain(risk, value, save_rate=0.25, offer_cost=12.0, take_up=0.4, contact_cost=1.5)
    assert found == pytest.approx(listed)


@given(ROWS, CAMPAIGNS)
def test_realised_gain_is_expected_gain_once_the_risk_is_known(rows, campaign):
    churned, value, _ = columns(rows)
    assert campaign.realised_gain(churned, value) == pytest.approx(campaign.expected_gain(churned, value), abs=1e-9)


def test_one_value_for_all_is_the_published_measure():
    """The figure that the package empulse documents for these eight customers at its defaults."""
    y, score = [0, 1] * 4, [0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9]
    assert empc(y, [200] * 8, score, Campaign((6, 14), 10, 1.0, 1)).per_customer == pytest.approx(23.875593, rel=1e-4)


@given(ROWS, CAMPAIGNS)
def test_the_slices_integrate_the_upper_edge_of_all_lines(rows, campaign):
    churned, value, gain = columns(rows)
    order = np.argsort(-gain, kind="stable")
    assume(len(np.unique(gain)) == len(gain))
    at_stake, cost = (np.concatenate([[0.0], np.cumsum(c[order])]) for c in campaign.stakes(churned, value).T)

    def best(rate):
        return (rate * at_stake - cost).max() * beta.pdf(rate, *campaign.save_rate_prior)

    exact = quad(best, 0, 1, limit=500, epsabs=1e-6)[0] / len(gain)
    scale = 1.0 + np.abs(at_stake).max() / len(gain)
    assert empc(churned, value, gain, campaign).per_customer == pytest.approx(exact, abs=5e-3 * scale)


@given(CAMPAIGNS, st.integers(1, 60))
def test_slices_of_the_save_rate_rise_and_keep_its_mean(campaign, slices):
    rates = campaign.save_rates(slices)
    assert len(rates) == slices
    assert (np.diff(rates) > 0).all()
    assert rates.mean() == pytest.approx(campaign.save_rate)
    assert ((rates > 0) & (rates < 1)).all()


@given(ROWS, CAMPAIGNS)
def test_the_best_share_in_hindsight_earns_at_least_any_fixed_one(rows, campaign):
    churned, value, gain = columns(rows)
    most = empc(churned, value, gain, campaign)
    shares = np.linspace(0, 1, len(gain) + 1)
    fixed = profit_curve(churned, value, gain, campaign, shares)["realised"].max()
    assert most.per_customer >= fixed - 1e-9
    assert most.per_customer >= 0
    assert 0 <= most.share <= 1


@given(ROWS, CAMPAIGNS, st.floats(0, 1))
def test_nobody_earns_more_than_who_knows_what_came(rows, campaign, capacity):
    churned, value, gain = columns(rows)
    known = campaign.realised_gain(churned, value)
    best = profit_at_capacity(churned, value, known, campaign, capacity=capacity)
    assert profit_at_capacity(churned, value, gain, campaign, capacity=capacity).money <= best.money + 1e-6
    assert best.money >= 0


@given(ROWS, CAMPAIGNS)
def test_without_capacity_nothing_is_earned_and_nothing_lost(rows, campaign):
    churned, value, gain = columns(rows)
    assert profit_at_capacity(churned, value, gain, campaign, capacity=0.0) == (0.0, 0.0, 0.0)
    assert profit_at_capacity(churned, value, -np.abs(gain), campaign, capacity=1.0).money == 0.0


@given(ROWS, CAMPAIGNS, st.floats(0.05, 1), st.sampled_from([0.01, 1.6, 120.0]))
def test_another_currency_changes_the_unit_only(rows, campaign, capacity, rate):
    churned, value, gain = columns(rows)
    abroad = Campaign(
        campaign.save_rate_prior, campaign.offer_cost * rate, campaign.take_up, campaign.contact_cost * rate
    )
    here = profit_at_capacity(churned, value, gain, campaign, capacity=capacity)
    there = profit_at_capacity(churned, value * rate, gain * rate, abroad, capacity=capacity)
    assert there.money == pytest.approx(here.money * rate, abs=1e-6 * rate)
    most, most_there = (
        empc(churned, value, gain, campaign),
        empc(churned, value * rate, gain * rate, abroad),
    )
    assert most_there.per_customer == pytest.approx(most.per_customer * rate, abs=1e-6 * rate)


@given(ROWS, CAMPAIGNS, st.integers(0, 99))
def test_row_order_does_not_matter_and_a_weight_is_a_customer_counted_again(rows, campaign, seed):
    churned, value, gain = columns(rows)
    mixed = np.random.default_rng(seed).permutation(len(gain))
    found = profit_at_capacity(churned, value, gain, campaign, capacity=0.35)
    again = profit_at_capacity(churned[mixed], value[mixed], gain[mixed], campaign, capacity=0.35)
    assert again == pytest.approx(found, abs=1e-6)
    twice = profit_at_capacity(*(np.tile(c, 2) for c in (churned, value, gain)), campaign, capacity=0.35)
    assert twice.per_customer == pytest.approx(found.per_customer, abs=1e-6)


def test_more_than_two_hundred_customers_are_cut_to_half_a_percent():
    rng = np.random.default_rng(1)
    risk, value = rng.random(5_000), rng.gamma(2, 50, 5_000)
    churned, campaign = (rng.random(5_000) < risk).astype(float), Campaign(offer_cost=10, contact_cost=1)
    gain = campaign.expected_gain(risk, value)
    found = empc(churned, value, gain, campaign)
    kernel = expected_maximum(
        campaign.stakes(churned, value), gain, np.ones((1, 5_000)), save_rates=campaign.save_rates()
    )
    assert kernel[0] == pytest.approx(found.per_customer)
    order = np.argsort(-gain)
    at_stake, cost = np.cumsum(campaign.stakes(churned, value)[order], axis=0).T
    exact = np.mean([max(0.0, (rate * at_stake - cost).max()) for rate in campaign.save_rates()]) / 5_000
    assert found.per_customer == pytest.approx(exact, rel=2e-3)


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=20))
def test_the_oracle_regrets_nothing(gains):
    assert regret(gains, gains) == 0.0
    assert regret([], gains) == 1.0
    assert regret(gains[:-1], gains) >= 0


def test_where_even_the_oracle_earns_nothing_regret_is_undefined():
    assert np.isnan(regret([1.0], []))
    assert regret([-10.0], [10.0]) == 2.0


@pytest.mark.parametrize(
    ("rows", "capacity"),
    [
        (([1, 0], [5.0, 6.0], [1.0]), 0.5),
        (([], [], []), 0.5),
        (([1], [np.nan], [1.0]), 0.5),
        (([1], [5.0], [np.inf]), 0.5),
        (([1], [5.0], [1.0]), 1.5),
        (([1], [5.0], [1.0]), -0.1),
    ],
)
def test_rows_that_do_not_belong_together_are_an_error(rows, capacity):
    with pytest.raises(ValueError):
        profit_at_capacity(*rows, Campaign(), capacity=capacity)
