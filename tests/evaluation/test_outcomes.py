"""Rankings in money: each cutoff by itself, intervals by customer, rules read in their own favour."""

import numpy as np
import pandas as pd
import pytest

from hvc_ml.errors import ModelRefused
from hvc_ml.evaluation.campaign import Campaign
from hvc_ml.evaluation.honesty import honesty_panel
from hvc_ml.evaluation.outcomes import Outcomes
from hvc_ml.evaluation.profit import empc, profit_at_capacity, profit_curve

CAMPAIGN = Campaign((6, 14), offer_cost=5.0, take_up=0.5, contact_cost=1.0)


@pytest.fixture(scope="module")
def actual(made_up):
    frame = made_up.shop(600)
    return frame.assign(value_if_kept=frame["future_value"].where(frame["churned"] == 0, frame["kept"]))


@pytest.fixture(scope="module")
def outcomes(actual):
    return Outcomes.of(actual, CAMPAIGN, replicates=60)


@pytest.fixture(scope="module")
def said(made_up, actual):
    return made_up.says(actual).assign(value_if_kept=actual["kept"])


def test_figures_are_means_of_each_cutoffs_own_list(actual, said, outcomes):
    found, by_cutoff = outcomes.figures(outcomes.expected_gain(said)), {"profit_at_capacity": [], "empc": []}
    for cutoff in actual["cutoff"].unique():
        at = (actual["cutoff"] == cutoff).to_numpy()
        gain = CAMPAIGN.expected_gain(said["churn_risk"][at], said["value_if_kept"][at])
        rows = actual["churned"][at], actual["value_if_kept"][at], gain, CAMPAIGN
        by_cutoff["profit_at_capacity"].append(profit_at_capacity(*rows).per_customer)
        by_cutoff["empc"].append(empc(*rows).per_customer)
    for name, figures in by_cutoff.items():
        assert found[name].mid == pytest.approx(np.mean(figures))
        assert found[name].low < found[name].mid < found[name].high
        alone = outcomes.by_cutoff(outcomes.expected_gain(said)).values()
        assert [c[name] for c in alone] == pytest.approx(figures)


def test_a_difference_with_oneself_is_nothing_and_pairs_are_drawn_together(made_up, actual, said, outcomes):
    gain = outcomes.expected_gain(said)
    assert outcomes.difference(gain, gain).as_list() == [0.0, 0.0, 0.0]
    near = outcomes.expected_gain(made_up.says(actual, noise=0.1).assign(value_if_kept=actual["kept"]))
    assert outcomes.difference(gain, near).error < outcomes.figures(gain)["profit_at_capacity"].error


def test_foresight_earns_most_and_knowing_the_risks_more_than_guessing_them(made_up, actual, said, outcomes):
    gain = outcomes.expected_gain(said)
    guess = outcomes.expected_gain(made_up.says(actual, noise=3.0).assign(value_if_kept=actual["kept"]))
    assert outcomes.profit(outcomes.foresight) > outcomes.profit(gain) > outcomes.profit(guess)
    assert outcomes.difference(gain, guess).low > 0


def test_the_curve_is_the_mean_of_the_cutoffs_curves_and_passes_the_profit_at_capacity(actual, said, outcomes):
    gain = outcomes.expected_gain(said)
    found = outcomes.curve(gain, [0.0, 0.1, 1.0])
    alone = [
        profit_curve(
            actual["churned"][at],
            actual["value_if_kept"][at],
            CAMPAIGN.expected_gain(said["churn_risk"][at], said["value_if_kept"][at]),
            CAMPAIGN,
            [0.0, 0.1, 1.0],
        )
        for at in (actual["cutoff"] == c for c in actual["cutoff"].unique())
    ]
    assert found.to_numpy() == pytest.approx((alone[0].to_numpy() + alone[1].to_numpy()) / 2)
    assert found["realised"][1] == pytest.approx(outcomes.profit(gain))  # the top tenth all have a gain
    assert len(outcomes.curve(gain)) == 101


def test_a_rule_gets_the_reading_that_earns_most(actual, outcomes):
    rows = outcomes.rows.align(actual, ("risk", "kept", "churned"))
    risk, value = rows["risk"], rows["kept"]
    best = outcomes.profit(outcomes.of_rule(risk, value))
    ranks = [outcomes._ranks(order) for order in (value, risk)]
    assert best == max(outcomes.profit(by) for by in (*ranks, ranks[0] * ranks[1]))
    assert outcomes.profit(outcomes.of_rule(None, value)) == outcomes.profit(ranks[0]) <= best
    assert outcomes.profit(outcomes.of_rule(risk, None)) == outcomes.profit(ranks[1]) <= best
    assert outcomes.of_rule(None, None) is None


def test_a_model_that_says_no_value_if_kept_has_no_profit(made_up, actual, outcomes):
    assert outcomes.expected_gain(made_up.says(actual)) is None
    panel = honesty_panel(actual, made_up.says(actual), {}, campaign=CAMPAIGN, replicates=5)
    assert "profit_at_capacity" not in panel.metrics()


def test_a_yardstick_that_is_not_there_is_refused(actual):
    with pytest.raises(ModelRefused):
        Outcomes.of(actual.assign(value_if_kept=actual["value_if_kept"].where(actual.index > 3)), CAMPAIGN)


def test_the_panel_holds_the_money_of_everyone_and_nothing_else_changes(made_up, actual, said):
    rules = {
        "past": made_up.rule(actual, "kept"),
        "value_only": made_up.rule(actual, "kept").drop(columns="churn_risk_order"),
        "perfect_foresight": made_up.rule(actual, "future_value"),
    }
    plain = honesty_panel(actual, said, rules, replicates=40)
    panel = honesty_panel(actual, said, rules, campaign=CAMPAIGN, replicates=40)
    found = panel.metrics()
    for name, before in plain.metrics()["baselines"].items():
        assert found["baselines"][name].keys() - before.keys() == {"profit_at_capacity"}
        assert {k: found["baselines"][name][k] for k in before} == before
    assert {k: v for k, v in found.items() if k in plain.model} == {
        k: v for k, v in plain.metrics().items() if k in plain.model
    }
    money = {n: b["profit_at_capacity"] for n, b in found["baselines"].items()}
    assert money["perfect_foresight"] > found["profit_at_capacity"] > money["past"] >= money["value_only"]
    assert found["empc"] >= found["profit_at_capacity"]
    assert panel.differences["profit_at_capacity"].mid == pytest.approx(found["profit_at_capacity"] - money["past"])
    for cutoff in panel.cutoffs:
        assert {"profit_at_capacity", "empc"} <= cutoff.model.keys()
        assert cutoff.baselines["past"].keys() >= {"profit_at_capacity"}
    assert panel.says == plain.says


def test_the_order_of_rows_is_nobodys_business(actual, said, outcomes):
    mixed = Outcomes.of(actual.sample(frac=1, random_state=1), CAMPAIGN, replicates=60)
    gain = mixed.expected_gain(said.sample(frac=1, random_state=2))
    again = mixed.figures(gain)["profit_at_capacity"].as_list()
    assert again == pytest.approx(outcomes.figures(outcomes.expected_gain(said))["profit_at_capacity"].as_list())


def test_a_replicate_that_draws_nobody_of_a_cutoff_is_its_other_cutoffs():
    few = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c"],
            "cutoff": ["x", "x", "y"],
            "churned": [1, 0, 1],
            "future_value": [0.0, 9.0, 0.0],
            "value_if_kept": [50.0, 9.0, 80.0],
        }
    )
    found = Outcomes.of(few, CAMPAIGN, capacity=1.0, replicates=50)
    estimate = found.figures(np.ones(3))["profit_at_capacity"]
    assert np.isfinite(estimate.as_list()).all()
    assert estimate.mid == pytest.approx(((0.3 * 45 - 1 - 2.5 - 1) / 2 + 0.3 * 75 - 1) / 2)
