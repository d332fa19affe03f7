import logging
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import OptimizeResult, approx_fprime
from scipy.stats import beta as beta_distribution

from hvc_ml.errors import ModelRefused
from hvc_ml.estimators import bg_nbd, gamma_gamma, likelihood
from hvc_ml.estimators.prior import BuyTillYouDie, fit_buy_till_you_die

NO_SPEND = pd.DataFrame({"frequency": [], "mean_spend": [], "n": []})


def cdnow(folder):
    """The published 1/10 sample to 1997-09-30, one row per customer, times in weeks."""
    path = folder / "cdnow" / "CDNOW_sample.txt"
    log = pd.read_csv(path, sep=r"\s+", header=None, names=["master", "id", "date", "cds", "spend"])
    log["date"] = pd.to_datetime(log["date"].astype(str))
    days = log.groupby(["id", "date"], as_index=False)["spend"].sum()
    end = pd.Timestamp("1997-09-30")
    days = days[days["date"] <= end]
    by = days.groupby("id")["date"]
    first, last = by.min(), by.max()
    repeats = days[days["date"] > days["id"].map(first)]
    return pd.DataFrame(
        {
            "frequency": by.size() - 1,
            "recency": (last - first).dt.days / 7,
            "age": (end - first).dt.days / 7,
            "mean_spend": repeats.groupby("id")["spend"].mean(),
            "n": 1,
        }
    )


def compressed(customers):
    return customers.groupby(["frequency", "recency", "age"], as_index=False)["n"].sum()


def spenders(customers):
    return customers.loc[customers["frequency"] > 0, ["frequency", "mean_spend", "n"]]


def drawn(n, seed, params=(0.6, 40.0, 0.5, 3.0), spending=(5.0, 4.0, 60.0)):
    truth = BuyTillYouDie(*params, *spending, np.nan, np.nan, 365.0, n, n)
    past, future = truth.simulate(np.full(n, 365.0), 90.0, np.random.default_rng(seed))
    return truth, past, future


def stats_of(past):
    statistics = past[["frequency", "recency", "age"]].round(6).value_counts().rename("n").reset_index()
    repeats = past[past["frequency"] > 0]
    return statistics, pd.DataFrame(
        {"frequency": repeats["frequency"], "mean_spend": repeats["repeat_spend_mean"], "n": 1}
    )


def test_the_published_cdnow_answers_come_out(shared_data):
    customers = cdnow(shared_data)
    prior = fit_buy_till_you_die(compressed(customers), spenders(customers), penalty=0.0)
    assert np.round(prior.buying, 3).tolist() == pytest.approx([0.243, 4.414, 0.793, 2.426], abs=0.0011)
    assert round(prior.log_likelihood, 1) == -9582.4
    assert np.round(prior.spending, 2).tolist() == pytest.approx([6.25, 3.74, 15.44], abs=0.011)
    assert prior.n_repeaters == 946
    expected = prior.predict(
        customers["frequency"], customers["recency"], customers["age"], customers["mean_spend"], 39
    )
    assert round(expected["prior_purchases"].sum()) == 1653


def test_the_default_penalty_hardly_moves_the_published_answers(shared_data):
    customers = cdnow(shared_data)
    prior = fit_buy_till_you_die(compressed(customers), spenders(customers))
    assert prior.buying == pytest.approx([0.243, 4.414, 0.793, 2.426], rel=0.01)


def test_the_unit_of_time_and_of_money_does_not_matter():
    _, past, _ = drawn(1500, seed=3)
    statistics, spend = stats_of(past)
    days = fit_buy_till_you_die(statistics, spend)
    weeks = fit_buy_till_you_die(
        statistics.assign(recency=statistics["recency"] / 7, age=statistics["age"] / 7),
        spend.assign(mean_spend=spend["mean_spend"] * 100),
    )
    assert weeks.alpha * 7 == pytest.approx(days.alpha, rel=1e-4)
    assert weeks.gamma / 100 == pytest.approx(days.gamma, rel=1e-4)
    assert [weeks.r, weeks.a, weeks.b, weeks.p, weeks.q] == pytest.approx(
        [days.r, days.a, days.b, days.p, days.q], rel=1e-4
    )


def test_parameters_are_found_again_in_data_drawn_from_them():
    truth, past, _ = drawn(20_000, seed=5)
    found = fit_buy_till_you_die(*stats_of(past))
    assert found.fallback is None
    assert found.buying == pytest.approx(truth.buying, rel=0.12)
    assert found.spending == pytest.approx(truth.spending, rel=0.12)


def test_what_is_expected_is_what_happens_on_average():
    truth, past, future = drawn(40_000, seed=7)
    said = truth.predict(past["frequency"], past["recency"], past["age"], past["repeat_spend_mean"], 90.0)
    for group in (past["frequency"] == 0, past["frequency"].between(1, 5), past["frequency"] > 5):
        bought = (future > 0)[group]
        assert said["prior_active"][group].mean() == pytest.approx(bought.mean(), abs=0.012)
        assert said["prior_value"][group].mean() == pytest.approx(future[group].mean(), rel=0.06)
        kept = group & (future > 0)
        assert said["prior_value_if_kept"][kept].mean() == pytest.approx(future[kept].mean(), rel=0.06)


def test_compressed_and_uncompressed_statistics_have_the_same_likelihood():
    _, past, _ = drawn(400, seed=1, params=(1.0, 3.0, 0.5, 3.0))
    past = past.round(0)
    each = bg_nbd.Counts(*(past[c].to_numpy(float) for c in ("frequency", "recency", "age")), np.ones(len(past)))
    small = past.groupby(["frequency", "recency", "age"], as_index=False).size()
    few = bg_nbd.Counts(*(small[c].to_numpy(float) for c in ("frequency", "recency", "age", "size")))
    assert len(few.n) < len(each.n)
    params = np.array([0.7, 12.0, 0.6, 2.0])
    one, gradient = bg_nbd.log_likelihood(params, each)
    other, same = bg_nbd.log_likelihood(params, few)
    assert one == pytest.approx(other, rel=1e-12)
    assert gradient == pytest.approx(same, rel=1e-9)


@pytest.mark.parametrize("params", [(0.7, 12.0, 0.6, 2.0), (2.0, 100.0, 0.01, 30.0), (0.1, 1.0, 3.0, 0.5)])
def test_gradients_are_those_of_the_likelihood(params):
    _, past, _ = drawn(200, seed=2)
    counts = bg_nbd.Counts(*(past[c].to_numpy(float) for c in ("frequency", "recency", "age")), np.ones(len(past)))
    x, z = np.array([1.0, 2.0, 9.0]), np.array([10.0, 30.0, 25.0])
    for function, at in (
        (lambda w: bg_nbd.log_likelihood(w, counts), np.array(params)),
        (lambda w: gamma_gamma.log_likelihood(w, x, z, np.ones(3)), np.array(params[:3])),
    ):
        assert function(at)[1] == pytest.approx(approx_fprime(at, lambda w, f=function: f(w)[0], at * 1e-7), rel=1e-3)


@settings(max_examples=60, deadline=None)
@given(
    r=st.floats(0.05, 8),
    alpha=st.floats(0.5, 400),
    a=st.one_of(st.floats(0.02, 6), st.just(1.0)),
    b=st.floats(0.1, 60),
    x=st.integers(0, 150),
    age=st.floats(0, 1500),
    horizon=st.floats(7, 365),
)
@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")  # near an end the integral is told roughly
@example(r=1.0, alpha=1.0, a=2.0, b=1.0, x=99, age=0.0, horizon=10.0)  # SciPy's 2F1 overflows at whole numbers
def test_expected_purchases_equal_the_integral_over_what_is_not_known(r, alpha, a, b, x, age, horizon):
    # given alive, the rate is gamma and p is beta; E[purchases | rate, p] = (1 - exp(-rate p h)) / p
    z, s = horizon / (alpha + age), r + x

    def integrand(p):
        return -np.expm1(-s * np.log1p(p * z)) / p * beta_distribution.pdf(p, a, b + x)

    tiny = 1e-9  # below it the beta's mass is (tiny^a) / (a B), the integrand s z
    middle = beta_distribution.mean(a, b + x)
    points = sorted({min(max(middle * k, tiny), 1 - 1e-12) for k in (1e-6, 1e-4, 1e-2, 0.1, 0.5, 1, 2, 5, 20)})
    edges = [tiny, *points, 1 - 1e-12]
    whole = sum(quad(integrand, low, high, limit=200)[0] for low, high in pairwise(edges))
    whole += s * z * beta_distribution.cdf(tiny, a, b + x)
    params = np.array([r, alpha, a, b])
    got = bg_nbd.purchases_if_alive(params, np.array([float(x)]), np.array([age]), horizon)[0]
    assert got == pytest.approx(whole, rel=2e-3, abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(
    x=st.integers(0, 3000),
    share=st.floats(0, 1),
    age=st.floats(0, 4000),
    spend=st.one_of(st.none(), st.floats(0, 1e6)),
    horizon=st.integers(1, 730),
)
def test_predictions_are_finite_and_in_range_for_any_customer(x, share, age, spend, horizon):
    prior = BuyTillYouDie(0.24, 30.9, 0.79, 2.4, 6.25, 3.74, 15.44, -1.0, -1.0, 200.0, 10, 5)
    row = prior.predict([x], [share * age], [age], [np.nan if spend is None else spend], horizon).iloc[0]
    assert np.isfinite(row).all()
    assert 0 <= row["prior_active"] <= 1
    assert row["prior_purchases"] >= row["prior_active"] * 0.999
    assert row["prior_value"] == pytest.approx(row["prior_active"] * row["prior_value_if_kept"], rel=1e-9)


def test_silence_lowers_the_chance_of_a_regular_but_not_of_a_newcomer():
    prior = BuyTillYouDie(0.24, 30.9, 0.79, 2.4, 6.25, 3.74, 15.44, -1.0, -1.0, 200.0, 10, 5)
    silent = prior.predict([20, 20], [300, 300], [305, 500], [30.0, 30.0], 90)["prior_active"]
    assert silent[1] < silent[0] / 5
    assert bg_nbd.alive(prior.buying, np.array([0.0]), np.array([0.0]), np.array([500.0]))[0] == 1


def test_only_one_time_buyers_fall_back_to_simple_rates(caplog):
    statistics = pd.DataFrame({"frequency": [0, 0], "recency": [0, 0], "age": [30, 90], "n": [500, 400]})
    with caplog.at_level(logging.WARNING):
        prior = fit_buy_till_you_die(statistics, NO_SPEND, default_spend=25.0)
    assert "0 customers came back" in prior.fallback
    assert "simple rates" in caplog.text
    said = prior.predict([0], [0], [30], [np.nan], 30)
    assert 0 < said["prior_active"][0] < 0.05
    assert said["prior_value"][0] == pytest.approx(said["prior_purchases"][0] * 25.0)


def test_a_fallback_expects_the_rate_and_the_spend_it_saw():
    statistics = pd.DataFrame({"frequency": [2, 1], "recency": [20, 10], "age": [40, 50], "n": [2, 1]})
    spend = pd.DataFrame({"frequency": [2, 1], "mean_spend": [10.0, 40.0], "n": [2, 1]})
    prior = fit_buy_till_you_die(statistics, spend)
    assert prior.r / prior.alpha == pytest.approx(5.5 / 130)
    assert prior.p * prior.gamma / (prior.q - 1) == pytest.approx(16.0)


def test_constant_spend_is_expected_again():
    statistics, _ = stats_of(drawn(500, seed=4)[1])
    spend = pd.DataFrame({"frequency": [1, 2, 3], "mean_spend": [20.0, 20.0, 20.0], "n": [50, 30, 20]})
    prior = fit_buy_till_you_die(statistics, spend)
    assert prior.fallback == "spend: every customer spends the same"
    assert gamma_gamma.expected_spend(prior.spending, np.array([0.0, 3.0]), np.array([np.nan, 20.0])) == pytest.approx(
        20
    )


def test_nobody_at_all_is_a_fallback_too():
    empty = pd.DataFrame({"frequency": [], "recency": [], "age": [], "n": []})
    prior = fit_buy_till_you_die(empty, NO_SPEND)
    assert prior.n_customers == 0
    assert np.isfinite(prior.predict([0], [0], [1], [np.nan], 30).to_numpy()).all()


def test_a_likelihood_without_a_maximum_falls_back(monkeypatch):
    statistics, spend = stats_of(drawn(300, seed=4)[1])
    monkeypatch.setattr(bg_nbd, "fit", lambda counts, penalty: None)
    monkeypatch.setattr(gamma_gamma, "fit", lambda x, z, n, penalty: None)
    prior = fit_buy_till_you_die(statistics, spend)
    assert prior.fallback.count("no maximum") == 2


def test_starts_that_lead_nowhere_are_no_answer(monkeypatch):
    monkeypatch.setattr(likelihood, "minimize", lambda *_, **__: OptimizeResult(x=np.array([0.0]), fun=np.nan))
    one = np.array([1.0])
    assert bg_nbd.fit(bg_nbd.Counts(one, one, one * 2, one), 0.0) is None
    assert gamma_gamma.fit(one, one * 5, one, 0.0) is None


def test_json_brings_the_same_prior_back_and_refuses_a_damaged_one():
    prior = fit_buy_till_you_die(*stats_of(drawn(300, seed=6)[1]))
    assert BuyTillYouDie.from_json(prior.to_json()) == prior
    fallen = fit_buy_till_you_die(pd.DataFrame({"frequency": [0], "recency": [0], "age": [9], "n": [3]}), NO_SPEND)
    assert fallen.to_json()["log_likelihood"] is None
    assert np.isnan(BuyTillYouDie.from_json(fallen.to_json()).log_likelihood)
    with pytest.raises(ModelRefused, match="positive"):
        BuyTillYouDie.from_json({**prior.to_json(), "alpha": -1.0})
    with pytest.raises(ModelRefused, match="Train again"):
        BuyTillYouDie.from_json({**prior.to_json(), "colour": "blue"})


def test_the_same_seed_draws_the_same_customers_and_the_cap_ends_the_drawing(monkeypatch):
    truth, past, future = drawn(200, seed=9)
    again = truth.simulate(np.full(200, 365.0), 90.0, np.random.default_rng(9))
    pd.testing.assert_frame_equal(past, again[0])
    assert (future == again[1]).all()
    monkeypatch.setattr("hvc_ml.estimators.prior.MOST_PURCHASES", 1)
    assert drawn(200, seed=9)[1]["frequency"].max() <= 1
