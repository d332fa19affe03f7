"""The laws of promotion: signal, not behind a rule, not worse than the champion."""

import numpy as np
import pytest

from hvc_ml.evaluation.gate import promotion
from hvc_ml.evaluation.grade import grade
from hvc_ml.evaluation.honesty import honesty_panel


@pytest.fixture(scope="module")
def actual(made_up):
    return made_up.shop(1_000)


def decided(made_up, actual, challenger, champion=None, baselines=None):
    panel = honesty_panel(actual, challenger, baselines or {"past": made_up.rule(actual, "kept")}, replicates=80)
    return promotion(panel, actual, challenger, champion, replicates=80)


def test_a_first_version_with_signal_becomes_champion(made_up, actual):
    decision = decided(made_up, actual, made_up.says(actual))
    assert decision.promoted
    assert decision.reason.startswith("Promoted: first version with signal: churn AUC 0.")
    assert decision.details["best_baseline"] == "past"


def test_a_prior_that_is_its_own_best_baseline_may_be_champion(made_up, actual):
    prior = made_up.says(actual, noise=0.5)
    twin = {"prior": prior.assign(value=prior["future_value"])}
    assert decided(made_up, actual, prior, baselines=twin).promoted


def test_a_model_behind_a_rule_of_thumb_is_not_promoted(made_up, actual):
    oracle = {"oracle": made_up.says(actual).assign(value=lambda f: f["future_value"])}
    decision = decided(made_up, actual, made_up.says(actual, noise=2.0), baselines=oracle)
    assert not decision.promoted
    assert "it is worse" in decision.reason
    assert decision.reason.endswith("There is no champion yet.")


def test_permuted_labels_are_not_promoted_in_95_of_100_seeds(made_up):
    promoted = 0
    for seed in range(100):
        actual = made_up.shop(400, seed=seed)
        said = made_up.says(actual)
        mixed = np.random.default_rng(seed).permutation(len(actual))
        permuted = actual.assign(
            churned=actual["churned"].to_numpy()[mixed], future_value=actual["future_value"].to_numpy()[mixed]
        )
        panel = honesty_panel(permuted, said, {"past": made_up.rule(actual, "kept")}, replicates=60)
        promoted += promotion(panel, permuted, said, replicates=60).promoted
    assert promoted <= 5


def test_the_words_name_the_lack_of_signal(made_up, actual):
    flat = made_up.says(actual).assign(churn_risk=0.5, future_value=1.0)
    decision = decided(made_up, actual, flat)
    assert not decision.promoted
    assert "no signal" in decision.reason


def test_the_same_model_again_is_not_worse(made_up, actual):
    said = made_up.says(actual, noise=0.3)
    decision = decided(made_up, actual, said, said)
    assert decision.promoted
    assert "not worse than the champion" in decision.reason
    assert all(gap == [0.0, 0.0, 0.0] for gap in decision.details["against_champion"].values())


def test_a_better_model_replaces_a_worse_one_and_never_the_reverse(made_up, actual):
    good, poor = made_up.says(actual), made_up.says(actual, noise=1.0)
    assert decided(made_up, actual, good, poor).promoted
    decision = decided(made_up, actual, poor, good)
    assert not decision.promoted
    assert "worse than the champion in churn AUC" in decision.reason
    assert decision.reason.endswith("The champion stays.")


def test_guardrails_hold_even_where_the_order_is_as_good(made_up, actual):
    good = made_up.says(actual)
    bent = good.assign(churn_risk=good["churn_risk"] ** 3)
    decision = decided(made_up, actual, bent, good)
    assert not decision.promoted
    assert "risks are off" in decision.reason
    rich = good.assign(future_value=good["future_value"] * 2)
    decision = decided(made_up, actual, rich, good)
    assert not decision.promoted
    assert "total value is off" in decision.reason


def test_a_cure_is_promoted_over_a_sick_champion(made_up, actual):
    good = made_up.says(actual)
    sick = good.assign(churn_risk=good["churn_risk"] ** 3, future_value=good["future_value"] * 2)
    assert decided(made_up, actual, good, sick).promoted


def test_a_test_with_one_class_can_still_be_decided_on_value(made_up):
    actual = made_up.shop(300).assign(churned=0)
    actual["future_value"] += actual["kept"]
    said = made_up.says(actual)
    decision = decided(made_up, actual, said, said, {"chance": made_up.rule(actual, "churned")})
    assert decision.promoted
    assert decision.details["against_champion"]["churn_auc"] == [None, None, None]


@pytest.mark.parametrize(
    ("given", "letter", "lift"),
    [
        ({}, "A", None),
        ({"tests": 2}, "B", "1 month more"),
        ({"customers": 1_500}, "B", "2,000 customers"),
        ({"history_days": 400}, "B", "55 days more"),
        ({"rung": "prior"}, "C", "so that boosting"),
        ({"customers": 300}, "C", "500 customers"),
        ({"tests": 0}, "D", "whole horizon"),
        ({"tests": 0, "rung": "rules", "history_days": 60}, "D", "5 months more"),
    ],
)
def test_the_grade_says_why_and_what_would_lift_it(given, letter, lift):
    found = grade(**{"rung": "boosted", "tests": 3, "customers": 5_000, "history_days": 900, "horizon": 90, **given})
    assert found.letter == letter
    assert (found.lift is None) == (lift is None)
    assert lift is None or lift in found.lift
    assert "customers" in found.reason


def test_a_history_that_allows_more_tests_says_how_to_ask_for_them():
    found = grade(rung="boosted", tests=1, customers=5_000, history_days=900, horizon=90, possible=3)
    assert found.letter == "B"
    assert "calendar.tests: 3" in found.lift
