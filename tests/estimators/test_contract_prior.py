import json

import numpy as np
import pandas as pd
import pytest

from hvc_ml.errors import ModelRefused
from hvc_ml.estimators.contract_prior import ContractPrior, at_risk_counts, fit_contract_prior
from hvc_ml.estimators.prior_columns import prior_columns, prior_from_json, with_prior


def table(at_risk, ended):
    return pd.DataFrame({"age_months": range(len(ended)), "at_risk": at_risk, "ended": ended})


def test_many_contracts_speak_for_themselves_and_few_are_pulled_to_the_mean():
    prior = fit_contract_prior(table([100_000, 50_000, 4], [50_000, 2_500, 4]), daily_spend=1.0)
    assert prior.hazards[0] == pytest.approx(0.5, abs=0.001)
    assert prior.hazards[1] == pytest.approx(0.05, abs=0.001)
    assert 0.3 < prior.hazards[2] < 0.95


def test_months_that_differ_by_chance_only_get_the_mean():
    ended = np.random.default_rng(0).binomial(200, 0.1, 12)
    prior = fit_contract_prior(table(np.full(12, 200), ended), daily_spend=1.0)
    assert np.ptp(prior.hazards) < 0.7 * np.ptp(ended / 200)
    assert np.ptp(fit_contract_prior(table([200, 200], [20, 20]), daily_spend=1.0).hazards) < 1e-12


def test_the_risk_of_a_horizon_composes_its_months():
    prior = ContractPrior((0.5, 0.1, 0.2), 1.0, 10)
    assert prior.predict([0], 90)[0] == pytest.approx(1 - 0.5 * 0.9 * 0.8)
    assert prior.predict([45], 30)[0] == pytest.approx(1 - np.sqrt(0.9 * 0.8))
    assert prior.predict([3000], 30)[0] == pytest.approx(0.2)
    assert prior.predict([np.nan, -3], 30) == pytest.approx([0.5, 0.5])


def test_longer_horizons_are_riskier():
    prior = fit_contract_prior(table([500, 300, 200], [100, 50, 20]), daily_spend=1.0)
    risks = [prior.predict([10.0], h)[0] for h in (1, 30, 90, 365)]
    assert risks == sorted(risks)
    assert 0 < risks[0] < risks[-1] < 1


def test_a_life_table_counts_who_is_seen_for_a_part_by_half():
    ends = pd.DataFrame({"age_months": [2, 0, 2], "ended": [0, 1, 1], "n": [10, 5, 3]})
    life = at_risk_counts(ends)
    assert life["at_risk"].tolist() == [18.0, 13.0, 8.0]
    assert life["ended"].tolist() == [5.0, 0.0, 3.0]
    assert fit_contract_prior(ends, daily_spend=2.0).n_contracts == 18


def test_no_contract_that_ended_is_a_fallback_with_a_small_risk():
    for counts in (table([50, 40], [0, 0]), at_risk_counts(pd.DataFrame({"age_months": [], "ended": [], "n": []}))):
        prior = fit_contract_prior(counts, daily_spend=1.0)
        assert prior.fallback == "no contract has ended yet"
        assert 0 < prior.predict([10], 30)[0] < 0.06


def test_spend_is_the_customers_own_once_there_is_enough_of_it():
    prior = ContractPrior((0.1,), 2.0, 10)
    new, old = prior.value_if_kept([0.0, 900.0], [0.0, 90.0], 90)
    assert new == pytest.approx(180.0)
    assert 750 < old < 900


def test_the_priors_columns_of_contracts_are_computed_from_the_frame():
    prior = ContractPrior((0.1,), 1.0, 10)
    frame = pd.DataFrame(
        {"contract_age_days": [10.0, 40.0], "days_since_first_order": [10.0, 40.0], "spend_30d": [10.0, 60.0]},
        index=[5, 9],
    )
    columns = prior_columns(frame, prior, 30)
    assert columns.index.tolist() == [5, 9]
    assert columns["prior_active"].tolist() == pytest.approx([0.9, 0.9])
    assert columns["prior_value"].tolist() == pytest.approx((0.9 * columns["prior_value_if_kept"]).tolist())
    kept = with_prior(frame.assign(**columns * 0 + 7), prior, 30)
    assert (kept["prior_active"] == 7).all()
    with pytest.raises(ModelRefused, match="contract_age_days"):
        prior_columns(frame.drop(columns="contract_age_days"), prior, 30)
    with pytest.raises(ModelRefused, match="no prior was given"):
        with_prior(frame, None, 30)


def test_json_brings_the_same_prior_back_and_refuses_an_impossible_one():
    prior = fit_contract_prior(table([100, 50], [10, 5]), daily_spend=1.5)
    assert prior_from_json(json.loads(json.dumps(prior.to_json()))) == prior
    assert prior_from_json(None) is None
    with pytest.raises(ModelRefused, match="strictly between"):
        ContractPrior.from_json({**prior.to_json(), "hazards": [1.0]})
