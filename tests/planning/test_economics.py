import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.planning.economics import expected_gain, expected_spending, gain_from_uplift, spending_at_uplift

share = st.floats(0, 1)
money = st.floats(0, 1e6)


@given(p=share, v=money, g=share, d=money, t=share, f=money)
def test_gain_is_what_is_saved_less_what_is_spent(p, v, g, d, t, f):  # the formula has six
    costs = {"save_rate": g, "offer_cost": d, "take_up": t, "contact_cost": f}
    saved = p * g * v
    assert expected_gain(p, v, **costs) == pytest.approx(
        saved - expected_spending(p, **costs), abs=1e-6 * (1 + v + d + f)
    )


@given(p=share, v=st.floats(1, 1e6), g=share, d=money, f=money)
def test_with_full_take_up_it_is_the_published_churn_profit(p, v, g, d, f):
    delta, phi = d / v, f / v
    published = p * v * (g * (1 - delta) - phi) - (1 - p) * v * (delta + phi)
    gain = expected_gain(p, v, save_rate=g, offer_cost=d, take_up=1.0, contact_cost=f)
    assert gain == pytest.approx(published, abs=1e-6 * (1 + v + d + f))


@given(p=share, v=money, d=money)
def test_more_value_and_a_better_action_never_gain_less(p, v, d):
    costs = {"offer_cost": d, "take_up": 0.5, "contact_cost": 1.0}
    assert expected_gain(p, v + 1, save_rate=0.3, **costs) >= expected_gain(p, v, save_rate=0.3, **costs)
    assert expected_gain(p, v + d, save_rate=0.4, **costs) >= expected_gain(p, v + d, save_rate=0.3, **costs) - 1e-6


def test_the_riskiest_customer_is_not_always_the_first_to_call():
    gain = expected_gain([0.9, 0.4], [50.0, 900.0], save_rate=0.3, offer_cost=15.0, take_up=0.5, contact_cost=3.0)
    assert gain[1] > gain[0]


def test_a_simulated_campaign_earns_what_was_expected():
    rng = np.random.default_rng(3)
    n, p, v, g, d, t, f = 400_000, 0.4, 100.0, 0.25, 12.0, 0.6, 2.0
    leaves, saved, takes = rng.random(n) < p, rng.random(n) < g, rng.random(n) < t
    profit = np.where(leaves & saved, v - d, 0.0) - np.where(~leaves & takes, d, 0.0) - f
    gain = expected_gain(p, v, save_rate=g, offer_cost=d, take_up=t, contact_cost=f)
    assert gain == pytest.approx(profit.mean(), abs=4 * profit.std() / np.sqrt(n))


@pytest.mark.parametrize("risk", [-0.1, 1.1])
def test_a_risk_that_is_no_probability_is_refused(risk):
    with pytest.raises(ValueError, match="1 of 2 values lie outside"):
        expected_gain([0.5, risk], 1.0, save_rate=0.3, offer_cost=0, take_up=0, contact_cost=0)


@given(p=share, v=money, g=share, d=money, t=share, f=money)
def test_where_the_uplift_is_the_risk_times_the_save_rate_both_formulas_agree(p, v, g, d, t, f):
    costs = {"offer_cost": d, "take_up": t, "contact_cost": f}
    spending = spending_at_uplift(p * g, p, **costs)
    assert gain_from_uplift(p * g, v, spending=spending) == pytest.approx(
        expected_gain(p, v, save_rate=g, **costs), abs=1e-6 * (1 + v + d + f)
    )


def test_who_is_driven_away_still_costs_the_contact_and_the_offers_of_those_who_stay():
    assert spending_at_uplift(-0.5, 0.4, offer_cost=10, take_up=0.5, contact_cost=2) == pytest.approx(5.0)


@pytest.mark.parametrize("uplift", [-1.1, 1.1])
def test_an_uplift_that_is_no_difference_of_probabilities_is_refused(uplift):
    with pytest.raises(ValueError, match="uplift: 1 of 1"):
        gain_from_uplift([uplift], 10.0, spending=0.0)
    with pytest.raises(ValueError, match="uplift: 1 of 1"):
        spending_at_uplift([uplift], 0.5, offer_cost=1, take_up=1, contact_cost=1)
