"""Measured campaigns keep their word: intervals, posteriors and the stop rule, on simulated lists with known effects."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.campaign_coverage import COSTS, Lists, campaigns, interval_rows, posterior_rows, stopped_share
from benchmarks.demo_campaigns import FORECASTS, KnownList, demo_rows
from hvc_ml.campaigns.measure import effect
from hvc_ml.campaigns.outcomes import CONTACT


def test_95_percent_intervals_hold_the_truth_in_93_to_97_percent_of_400_campaigns():
    rows = interval_rows(Lists(), 400)
    covered = rows.groupby("outcome")["covered"].mean()
    assert ((covered >= 0.93) & (covered <= 0.97)).all(), covered.to_dict()
    assert (rows.groupby("outcome")["reduction"].mean() > 0.1).all()


def test_the_true_effects_are_those_of_the_simulation():
    (rows, truth), *_ = campaigns(Lists(customers=20_000, save=0.4), 1)
    assert truth["stayed"] == pytest.approx(0.4 * 0.4, abs=0.01)  # mean risk times save rate
    assert truth["net"] < truth["future_value"] - COSTS.contact
    seen = effect(rows["stayed"], rows["group"] == CONTACT, rows[["churn_risk"]])
    assert abs(seen.estimate - truth["stayed"]) < 4 * seen.error


def test_posteriors_hold_the_truth_at_their_level():
    rows = posterior_rows(100, customers=600)
    assert 0.92 <= rows["covered"].mean() <= 0.98
    assert 0.75 <= rows["covered_80"].mean() <= 0.87
    assert abs(rows["error"].mean()) < 0.02
    assert np.sqrt((rows["error"] ** 2).mean()) < 0.1  # the prior's own spread is 0.1


def test_an_action_without_effect_is_hardly_ever_stopped_and_a_harmful_one_is():
    assert stopped_share(60, 0.0) <= 0.05
    assert stopped_share(20, -0.25) >= 0.9


def test_lists_with_two_known_futures_are_drawn_again_and_again():
    rng = np.random.default_rng(1)
    ids, risk = [f"c{i}" for i in range(500)], rng.random(500)
    listed = pd.DataFrame({"customer_id": ids, "churn_risk": risk, "tier": "Gold"})
    stays = rng.random(500) > risk
    futures = [(stays | (rng.random(500) < save)).astype(float) for save in (0.0, 0.3)]
    alone, contacted = (listed.assign(forecast=1 - risk, stayed=s, future_value=s, net=s) for s in futures)
    known = KnownList("spring", listed, alone, contacted)
    seen = known.drawn(0.1, "first")
    held = seen["group"] == "holdout"
    assert held.sum() == 50
    assert (seen.loc[held, "stayed"] == alone.loc[held, "stayed"]).all()
    assert (seen.loc[~held, "stayed"] == contacted.loc[~held, "stayed"]).all()
    rows = demo_rows([known, replace(known, name="autumn")], 20)
    assert rows.groupby("lists").size().to_dict() == {"all together": 20 * 3, "each": 2 * 20 * 3}
    assert set(rows["outcome"]) == set(FORECASTS)
    assert rows["covered"].mean() >= 0.85
