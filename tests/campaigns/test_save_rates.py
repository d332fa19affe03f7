import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from hvc_ml.campaigns.save_rates import CALIBRATION, _logit_moments, save_rates

PRIOR = (6.0, 14.0)


def campaign(n, rate, *, tier="Gold", share=0.3, shift=0.0, seed=1):
    rng = np.random.default_rng(seed)
    risk, held = rng.beta(2, 3, n), rng.random(n) < share
    gone = rng.random(n) < expit(logit(risk) + shift) * np.where(held, 1.0, 1.0 - rate)
    group = np.where(held, "holdout", "contact")
    return pd.DataFrame({"tier": tier, "group": group, "churn_risk": risk, "churned": gone.astype(int)})


def test_much_data_find_the_truth_whatever_the_prior_and_the_models_error():
    for rate, shift in ((0.1, 0.0), (0.5, 0.4), (0.3, -0.5)):
        (found,) = save_rates(campaign(60_000, rate, shift=shift), PRIOR, ["Gold"])
        assert found.mean == pytest.approx(rate, abs=0.03)
        assert found.low < rate < found.high
        assert found.high - found.low < 0.1


def test_little_data_leave_the_prior_nearly_as_it_was():
    (found,) = save_rates(campaign(60, 0.9), PRIOR, ["Gold"])
    alpha, beta = PRIOR
    assert abs(found.mean - alpha / (alpha + beta)) < 0.15
    assert found.deviation > 0.06


def test_the_posterior_is_bayes_rule_checked_by_drawing_from_the_prior():
    rows = campaign(300, 0.5, seed=4)
    rows["churn_risk"] = (np.floor(rows["churn_risk"] * 200) + 0.5) / 200  # as it is counted
    rng = np.random.default_rng(5)
    mean, variance = _logit_moments(PRIOR)
    rate, shift = expit(rng.normal(mean, np.sqrt(variance), 20_000)), rng.normal(0, CALIBRATION, 20_000)
    held, gone = (rows["group"] == "holdout").to_numpy(), rows["churned"].to_numpy()
    log = np.zeros(20_000)
    for risk, is_held, left in zip(rows["churn_risk"], held, gone, strict=True):
        p = expit(logit(risk) + shift) * (1.0 if is_held else 1.0 - rate)
        log += np.log(p if left else 1.0 - p)
    weight = np.exp(log - log.max())
    expected = (weight * rate).sum() / weight.sum()
    (found,) = save_rates(rows, PRIOR, ["Gold"])
    assert found.mean == pytest.approx(expected, abs=0.01)
    spread = np.sqrt((weight * (rate - expected) ** 2).sum() / weight.sum())
    assert found.deviation == pytest.approx(spread, rel=0.1)


def test_a_tier_without_customers_learns_from_the_others_and_knows_less():
    rows = campaign(20_000, 0.6)
    gold, mass = save_rates(rows, PRIOR, ["Gold", "Mass"])
    assert 0.3 < mass.mean < gold.mean
    assert mass.deviation > gold.deviation
    assert (mass.n_contact, mass.n_holdout) == (0, 0)
    assert gold.n_contact + gold.n_holdout == 20_000


def test_tiers_that_differ_keep_their_difference():
    rows = pd.concat([campaign(20_000, 0.15), campaign(20_000, 0.5, tier="Mass", seed=2)])
    gold, mass = save_rates(rows, PRIOR, ["Gold", "Mass"])
    assert gold.high < mass.low


def test_intervals_lie_within_each_other_and_the_beta_has_the_same_moments():
    (found,) = save_rates(campaign(2_000, 0.3), PRIOR, ["Gold"])
    assert 0 < found.low < found.low_80 < found.mean < found.high_80 < found.high < 1
    alpha, beta = found.beta
    assert alpha / (alpha + beta) == pytest.approx(found.mean)
    variance = alpha * beta / ((alpha + beta) ** 2 * (alpha + beta + 1))
    assert np.sqrt(variance) == pytest.approx(found.deviation)


def test_an_action_that_does_harm_is_given_almost_no_saves():
    rows = campaign(20_000, 0.0)
    driven_off = (rows["group"] == "contact") & (np.random.default_rng(3).random(len(rows)) < 0.2)
    rows["churned"] = rows["churned"].where(~driven_off, 1)
    (found,) = save_rates(rows, PRIOR, ["Gold"])
    assert found.mean < 0.06


def test_without_a_holdout_nothing_is_learned():
    rows = campaign(500, 0.5)
    assert save_rates(rows[rows["group"] == "contact"], PRIOR, ["Gold"]) == ()
    assert save_rates(rows.iloc[:0], PRIOR, ["Gold"]) == ()


def test_the_order_of_rows_does_not_matter():
    rows = campaign(500, 0.3)
    assert save_rates(rows, PRIOR, ["Gold"]) == save_rates(rows.iloc[::-1], PRIOR, ["Gold"])
