"""Members, their weights, and what the blend keeps true."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from hvc_ml.estimators.blend import Rule, ValueBlend, Weights, learn_weights
from hvc_ml.estimators.correction import Contribution, Correction, Starts, starts
from hvc_ml.estimators.risk import log_stay

FRAME = pd.DataFrame(
    {
        "prior_active": [0.9, 0.5, 0.05],
        "prior_value_if_kept": [100.0, 40.0, 10.0],
        "spend_lifetime": [500.0, 20.0, 0.0],
    }
)
START = starts(FRAME, 0.5)


def blended(weights, leavers_share=0.0):
    rule = Rule("spend_lifetime", 1.0, reference=3.0)
    return ValueBlend(trees=Correction(reference=4.0), rule=rule, weights=weights, leavers_share=leavers_share)


shares = (
    st.lists(st.integers(0, 8), min_size=5, max_size=5)
    .filter(sum)
    .map(lambda parts: Weights(*(p / sum(parts) for p in parts)))
)
margins = st.lists(st.floats(-4, 4), min_size=3, max_size=3).map(np.array)


@given(shares, margins)
def test_future_value_is_the_weighted_mean_of_what_the_members_say_of_it(weights, margin):
    risk = expit(margin)
    kept = blended(weights).margin(START, FRAME, risk, None)
    members = np.column_stack(
        [
            START.kept + log_stay(risk, 0.0),
            START.kept + log_stay(risk, 0.0),
            START.total,
            4.0 + log_stay(risk, 0.0),
            np.log(FRAME["spend_lifetime"] + 1.0) + log_stay(risk, 0.0),
        ]
    )
    assert kept + log_stay(risk, 0.0) == pytest.approx(members @ np.array(weights))


@given(shares, margins, st.sampled_from([0.0, 0.4]))
def test_contributions_add_up_whatever_the_weights(weights, margin, leavers_share):
    blend, features = blended(weights, leavers_share), ("spend_lifetime", "mood")
    phi = np.column_stack([margin * 0.5, margin * 0.3, margin * 0.2])
    churn = Contribution(0.25, phi, 0.25 + phi.sum(axis=1))
    risk = expit(churn.margin)
    found = blend.contributions(START, FRAME, features, churn, expit, None)
    said = blend.margin(START, FRAME, risk, None)
    assert found.base + found.phi.sum(axis=1) == pytest.approx(said, abs=1e-7)
    assert np.array_equal(found.margin, said)


def test_a_rule_whose_column_the_model_does_not_read_counts_as_the_prior():
    found = blended(Weights(prior=0.0, rule=1.0)).contributions(
        START, FRAME, ("mood",), Contribution(0.0, np.zeros((3, 2)), np.zeros(3)), expit, None
    )
    assert (found.phi[:, 0] == 0).all()
    assert np.ptp(found.phi[:, 1]) > 0


def test_the_best_member_gets_the_weight_and_a_useless_one_none():
    rng = np.random.default_rng(2)
    truth = rng.normal(size=4000)
    came = np.exp(truth) * rng.exponential(size=4000) * (rng.random(4000) < 0.5)
    weights = learn_weights({"prior": rng.normal(size=4000), "hurdle": truth, "rule": rng.normal(size=4000)}, came)
    assert weights.hurdle >= 0.75
    assert sum(weights) == pytest.approx(1.0)
    assert min(weights) >= 0


def test_weights_know_no_currency_and_few_rows_stay_at_the_usual_mix():
    rng = np.random.default_rng(4)
    said = {name: rng.normal(3, 1, size=900) for name in ("prior", "hurdle", "tweedie")}
    came = rng.exponential(20, size=900)
    pence = {name: margin + np.log(100) for name, margin in said.items()}
    assert learn_weights(said, came) == learn_weights(pence, 100 * came)
    few = learn_weights({name: margin[:12] for name, margin in said.items()}, came[:12])
    assert few.hurdle >= max(few.prior, few.tweedie)


def test_starts_agree_that_future_value_is_what_stays_times_what_is_kept():
    assert isinstance(START, Starts)
    assert np.exp(START.total) == pytest.approx((FRAME["prior_active"] * FRAME["prior_value_if_kept"]).to_numpy())
    assert expit(START.churn) == pytest.approx(1 - FRAME["prior_active"].to_numpy())
