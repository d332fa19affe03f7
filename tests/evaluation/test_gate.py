"""The laws of promotion: signal, not behind a rule, not worse than the champion; each guardrail can fail alone."""

import json
from dataclasses import replace

import numpy as np
import pytest

from hvc_ml.evaluation.bootstrap import Estimate
from hvc_ml.evaluation.campaign import Campaign
from hvc_ml.evaluation.gate import promotion
from hvc_ml.evaluation.grade import grade
from hvc_ml.evaluation.honesty import honesty_panel
from hvc_ml.evaluation.objections import TOLERANCES, objections
from hvc_ml.evaluation.rivals import Rivals, rivals_by_tier


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
    unsaid = ["future_value_low", "future_value_high"]
    good, poor = (made_up.says(actual, noise=noise).drop(columns=unsaid) for noise in (0.0, 1.0))
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


CAMPAIGN = Campaign((6, 14), offer_cost=0.0, take_up=1.0, contact_cost=1.0)


@pytest.fixture(scope="module")
def shop(made_up):
    """Customers in three tiers by what they are worth, and the yardstick of their value."""
    frame = made_up.shop(2_000)
    share = frame.groupby("cutoff")["kept"].rank(pct=True, ascending=False)
    tier = np.select([share <= 0.2, share <= 0.5], ["Priority", "Gold"], "Mass")
    return frame.assign(value_if_kept=frame["future_value"].where(frame["churned"] == 0, frame["kept"]), tier=tier)


@pytest.fixture(scope="module")
def model(made_up, shop):
    """What a good model says: everything is in order but that it does not know all."""

    def says(noise=0.3):
        said = made_up.says(shop, noise=noise).assign(value_if_kept=shop["kept"])
        high = said["future_value"] * np.quantile(shop["future_value"] / said["future_value"], 0.8)
        return said.assign(future_value_high=high)

    return says


def against(shop, challenger, champion):
    """What speaks against a challenger."""
    draws = {"replicates": 120}
    rivals = Rivals.of(shop, challenger, champion, CAMPAIGN, **draws)
    return objections(rivals, rivals_by_tier(shop, challenger, champion, CAMPAIGN, **draws), 0.8)


def mixed(column, at, seed=0):
    """The column, shuffled among the rows ``at``."""
    found = column.to_numpy(copy=True)
    found[at] = np.random.default_rng(seed).permutation(found[at])
    return found


def same_gain(said, **changed):
    """Other risks with values that leave every expected gain as it was."""
    risk = changed["churn_risk"]
    return said.assign(**changed, value_if_kept=said["value_if_kept"] * said["churn_risk"] / risk)


def test_nothing_speaks_against_the_same_model_trained_again(shop, model):
    assert against(shop, model(), model()) == []


@pytest.mark.parametrize("metric", TOLERANCES)
@pytest.mark.parametrize(
    ("share", "high", "spoken"), [(0.19, -1e-9, 0), (0.21, -1e-9, 1), (0.9, 1e-9, 0), (1.1, 1e-9, 1)]
)
def test_worse_is_beyond_the_tolerance_or_sure_and_more_than_next_to_nothing(shop, model, metric, share, high, spoken):
    gap = Estimate(-2.0, -share * TOLERANCES[metric], high, error=0.1)
    rivals = replace(Rivals.of(shop, model(), model(), replicates=2), gaps={metric: gap})
    assert len(objections(rivals, {}, 0.8)) == spoken


def test_worse_profit_alone_is_enough(shop, model):
    poor = model().assign(value_if_kept=mixed(model()["value_if_kept"], np.arange(len(shop))))
    found = [o for o in against(shop, poor, model()) if not o.startswith("tier")]
    assert len(found) == 1
    assert found[0].startswith("worse than the champion in profit at capacity -")
    assert "a customer (champion " in found[0]


def test_risks_off_alone_are_enough(shop, model):
    bent = same_gain(model(), churn_risk=model()["churn_risk"] ** 2)
    assert [o.split(" (")[0][:18] for o in against(shop, bent, model())] == ["churn risks are of"]


def test_a_total_off_alone_is_enough(shop, model):
    rich = model().assign(future_value=model()["future_value"] * 1.6)
    found = against(shop, rich, model())
    assert len(found) == 1
    assert found[0].startswith("total value is off by ")


def test_intervals_off_alone_are_enough(shop, model):
    narrow = model().assign(future_value_high=model()["future_value_high"] / 4)
    found = against(shop, narrow, model())
    assert len(found) == 1
    assert found[0].startswith("the share of customers inside their interval is off by ")
    wide = model().assign(future_value_high=1e9)
    assert [o[:9] for o in against(shop, wide, model())] == ["the share"]


def test_a_sick_champion_is_no_excuse_for_ever_and_no_bar_to_a_cure(shop, model):
    narrow = model().assign(future_value_high=model()["future_value_high"] / 4)
    assert against(shop, narrow, narrow) == []
    assert against(shop, model(), narrow) == []


def test_one_tier_worse_in_profit_alone_is_enough(shop, model):
    mass = np.flatnonzero(shop["tier"] == "Mass")
    poor = model().assign(value_if_kept=mixed(model()["value_if_kept"], mass))
    found = against(shop, poor, model())
    assert len(found) == 1
    assert found[0].startswith("tier Mass gets worse in profit at capacity -")


def test_one_tier_worse_in_auc_alone_is_enough(shop, model):
    priority = np.flatnonzero(shop["tier"] == "Priority")
    better = model(0.0)
    crossed = same_gain(better, churn_risk=mixed(better["churn_risk"], priority))
    found = against(shop, crossed, model(1.0))
    assert len(found) == 1
    assert found[0].startswith("tier Priority gets worse in churn AUC -")


def test_a_tier_of_few_customers_is_shown_and_not_judged(shop, model):
    few = shop.assign(tier=np.where(shop["customer_id"] < "c00050", "Priority", "Mass"))
    priority = np.flatnonzero(few["tier"] == "Priority")
    better = model(0.0)
    crossed = same_gain(better, churn_risk=mixed(better["churn_risk"], priority))
    panel = honesty_panel(few, crossed, {}, replicates=20)
    decision = promotion(panel, few, crossed, model(1.0), campaign=CAMPAIGN, replicates=120)
    assert decision.promoted
    shown = decision.details["tiers"]["Priority"]
    assert (shown["customers"], shown["judged"]) == (50, False)
    assert shown["churn_auc"][1] < 0


def test_a_decision_tells_the_money_first_and_keeps_every_number(shop, model):
    panel = honesty_panel(shop, model(), {}, campaign=CAMPAIGN, replicates=20)
    decision = promotion(panel, shop, model(), model(), campaign=CAMPAIGN, coverage=0.8, replicates=20)
    assert decision.promoted
    assert "on the same test rows: profit at capacity +0.00 [+0.00, +0.00] a customer (champion " in decision.reason
    details = decision.details
    json.dumps(details, allow_nan=False)
    assert list(details["against_champion"]) == ["profit_at_capacity", "churn_auc", "value_gini", "value_captured_20"]
    assert details["figures"]["profit_at_capacity"]["challenger"] > 0
    assert set(details["guardrails"]) == {"churn_ece", "value_bias", "interval_coverage"}
    assert details["campaign"]["contact_cost"] == 1.0
    assert set(details["tiers"]) == {"Priority", "Gold", "Mass"}
    assert details["signal"]["churn_auc"][0] > 0.5


def test_without_tiers_or_campaign_the_rest_is_still_judged(shop, model):
    bare, said = shop.drop(columns=["tier", "value_if_kept"]), model().drop(columns=["value_if_kept"])
    panel = honesty_panel(bare, said, {}, replicates=20)
    decision = promotion(panel, bare, said, said, replicates=20)
    assert decision.promoted
    assert "profit" not in decision.reason
    assert decision.details["tiers"] == {}
    silent = promotion(panel, shop, said, model(), campaign=CAMPAIGN, replicates=20)
    assert "profit_at_capacity" not in silent.details["against_champion"]
