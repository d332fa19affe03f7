import json

import numpy as np
import pytest

from hvc_ml.estimators.contract_prior import ContractPrior
from hvc_ml.estimators.intervals import Intervals, default_intervals, fit_intervals, ratio_intervals
from hvc_ml.estimators.prior import BuyTillYouDie
from hvc_ml.estimators.prior_intervals import prior_intervals
from hvc_ml.estimators.settings import ModelSettings

PRIOR = BuyTillYouDie(0.6, 40.0, 0.5, 3.0, 5.0, 4.0, 60.0, -1.0, -1.0, 300.0, 1000, 500)


def world(n, seed, spread=0.5, most_risk=1.0):
    """Predictions that are true, and outcomes whose ratio to value if kept is wider than exponential or narrower."""
    rng = np.random.default_rng(seed)
    risk = rng.beta(0.8, 1.5, n) * most_risk
    kept = rng.lognormal(4, 1, n)
    stays = rng.random(n) >= risk
    ratio = rng.gamma(1 / spread, spread, n)
    return risk, kept, (1 - risk) * kept, np.where(stays, kept * ratio, 0.0), stays


def inside(intervals, risk, kept, future, observed):
    low, high = intervals.predict(risk, kept, future)
    return (observed >= low) & (observed <= high)


@pytest.mark.parametrize("spread", [0.1, 0.5, 3.0])
def test_the_wanted_share_lies_inside_on_new_rows(spread):
    risk, kept, future, observed, stays = world(6000, 0, spread)
    intervals = fit_intervals(risk, kept, future, observed, stays, 0.8)
    new = world(20_000, 1, spread)
    hits = inside(intervals, *new[:4])
    assert hits.mean() == pytest.approx(0.8, abs=0.03)
    top = new[2] > np.quantile(new[2], 0.8)
    assert hits[top].mean() == pytest.approx(0.8, abs=0.04)


def test_ends_enclose_the_expectation_and_start_at_nothing_for_who_may_leave():
    risk, kept, future, observed, stays = world(3000, 0)
    intervals = fit_intervals(risk, kept, future, observed, stays, 0.8)
    low, high = intervals.predict(risk, kept, future)
    assert ((low >= 0) & (low <= future) & (future <= high)).all()
    assert (low[risk >= 0.1] == 0).all()
    assert (low[risk < 0.05] > 0).mean() > 0.9


def test_quantiles_rise_with_the_level():
    intervals = default_intervals(0.8)
    one = np.ones(4)
    values = intervals.quantile(np.array([0.2, 0.5, 0.8, 0.99]), one * 0.3, one * 100)
    assert values[0] == 0
    assert (np.diff(values) > 0).all()


def test_the_spread_may_depend_on_the_size():
    risk, kept, future, _, stays = world(5000, 2, most_risk=0.05)
    rng = np.random.default_rng(3)
    wild = np.where(kept > np.median(kept), 0.05, 1.5)
    observed = np.where(stays, kept * rng.gamma(1 / wild, wild), 0.0)
    intervals = fit_intervals(risk, kept, future, observed, stays, 0.8)
    zero = np.zeros(2)
    low, high = intervals.predict(zero, np.array([20.0, 400.0]), np.array([20.0, 400.0]))
    assert (high[0] - low[0]) / 20 > 2 * (high[1] - low[1]) / 400


def test_contracts_have_no_point_mass():
    risk, kept, future, _, stays = world(2000, 4)
    observed = future * np.random.default_rng(5).gamma(20, 1 / 20, 2000)
    intervals = fit_intervals(risk, kept, future, observed, stays, 0.8, point_mass=False)
    low, high = intervals.predict(risk, kept, future)
    assert (low[future > 0] > 0).all()
    assert ((observed >= low) & (observed <= high)).mean() == pytest.approx(0.8, abs=0.03)


def test_few_rows_get_the_plain_intervals_and_a_shock_moves_the_ends_apart():
    risk, kept, future, observed, stays = world(60, 6)
    plain = fit_intervals(risk, kept, future, observed, stays, 0.8)
    assert plain == default_intervals(0.8)
    shocked = fit_intervals(risk, kept, future, observed, stays, 0.8, shock=1.5)
    (low, high), (lower, higher) = plain.predict(risk, kept, future), shocked.predict(risk, kept, future)
    assert lower == pytest.approx(low / 1.5)
    wide = high > future
    assert higher[wide] == pytest.approx(high[wide] * 1.5)


def test_levels_stop_at_their_limits():
    risk, kept, future, _, stays = world(2000, 7, most_risk=0.05)
    wide = fit_intervals(risk, kept, future, np.where(stays, kept * 1e3, 0.0), stays, 0.8)
    assert max(wide.upper) <= 0.999
    narrow = fit_intervals(np.full(2000, 0.95), kept, future, np.zeros(2000), np.arange(2000) < 200, 0.8)
    assert narrow.upper == (0.5, 0.5)
    half = np.arange(2000) % 2
    never = fit_intervals(risk, kept, future, kept * np.where(half, 1e6, 1e-6), stays, 0.8, fold=half)
    assert max(never.upper) == 0.999


def test_json_brings_the_same_ends_back():
    risk, kept, future, observed, stays = world(2000, 8)
    intervals = fit_intervals(risk, kept, future, observed, stays, 0.8, fold=np.arange(2000) % 3)
    back = Intervals.from_json(json.loads(json.dumps(intervals.to_json())))
    for one, other in zip(intervals.predict(risk, kept, future), back.predict(risk, kept, future), strict=True):
        assert (one == other).all()


def test_the_priors_own_intervals_cover_customers_of_the_prior():
    intervals = prior_intervals(PRIOR, 90, ModelSettings(), point_mass=True)
    past, future = PRIOR.simulate(np.full(5000, 200.0), 90.0, np.random.default_rng(1))
    said = PRIOR.predict(past["frequency"], past["recency"], past["age"], past["repeat_spend_mean"], 90)
    sure = past["frequency"].to_numpy() > 6  # the others mostly stay away: nothing lies inside anyway
    risk = 1 - said["prior_active"].to_numpy()[sure]
    kept = said["prior_value_if_kept"].to_numpy()[sure]
    hits = inside(intervals, risk, kept, (1 - risk) * kept, future[sure])
    assert 0.72 < hits.mean() < 0.97


def test_other_priors_get_the_plain_intervals():
    contracts = ContractPrior((0.1,), 1.0, 10)
    assert prior_intervals(contracts, 90, ModelSettings(), point_mass=False) == default_intervals(0.8, point_mass=False)
    assert prior_intervals(None, 90, ModelSettings(), point_mass=True) == default_intervals(0.8)
    assert ratio_intervals(np.ones(5), np.ones(5), 0.8) == default_intervals(0.8)
