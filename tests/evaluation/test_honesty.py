"""The panel: the same rows for everyone, each cutoff by itself, and plain words."""

import json

import numpy as np
import pandas as pd
import pytest

from hvc_ml.errors import ModelRefused, NotEnoughData
from hvc_ml.evaluation import metrics
from hvc_ml.evaluation.honesty import CONTRACT, honesty_panel


@pytest.fixture(scope="module")
def actual(made_up):
    return made_up.shop()


@pytest.fixture(scope="module")
def panel(made_up, actual):
    named = {
        "past_spend": made_up.rule(actual, "kept"),
        "recency": made_up.rule(actual, "risk", -1),
        "perfect_foresight": made_up.rule(actual, "future_value"),
    }
    return honesty_panel(actual, made_up.says(actual), named, replicates=100)


def test_figures_are_means_over_cutoffs(made_up, actual, panel):
    said, by_cutoff = made_up.says(actual), []
    for cutoff in actual["cutoff"].unique():
        at = (actual["cutoff"] == cutoff).to_numpy()
        by_cutoff.append(metrics.value_gini(actual["future_value"][at], said["future_value"][at]))
    assert panel.model["value_gini"].mid == pytest.approx(np.mean(by_cutoff))
    assert [c.model["value_gini"] for c in panel.cutoffs] == pytest.approx(by_cutoff)
    assert [c.n for c in panel.cutoffs] == [1_500, 1_500]
    assert (panel.n_rows, panel.n_customers) == (3_000, 1_500)


def test_the_oracle_beats_every_rule_and_the_words_say_so(panel):
    assert panel.beats
    assert panel.best_baseline == "past_spend"
    assert panel.says.startswith("The model beats the best baseline, past spend: normalised Gini of value 0.")
    assert panel.difference_gini.low > 0


def test_perfect_foresight_is_shown_but_nobody_has_to_beat_it(panel):
    assert panel.baselines["perfect_foresight"]["value_gini"].mid == 1.0
    assert (
        panel.model["value_captured_20"].mid
        < panel.ceiling
        == panel.baselines["perfect_foresight"]["value_captured_20"].mid
    )


def test_every_interval_holds_its_figure(panel):
    for estimate in (
        *panel.model.values(),
        *panel.differences.values(),
        *(e for b in panel.baselines.values() for e in b.values()),
    ):
        assert estimate.low <= estimate.mid <= estimate.high


def test_the_results_hold_what_the_contract_names(panel):
    found = panel.metrics()
    assert set(CONTRACT) <= found.keys()
    assert set(found["baselines"]["past_spend"]) == {"churn_auc", "value_gini", "value_captured_20", "value_spearman"}
    whole = panel.evaluation()
    assert set(whole["summary"]) >= {"model", "baselines", "best_baseline", "difference_gini"}
    assert {"cutoff", "n", "model", "baselines"} == set(whole["cutoffs"][0])
    assert json.loads(json.dumps(whole, allow_nan=False)) == whole
    assert set(panel.table()["name"]) == {"model", "past_spend", "recency", "perfect_foresight"}


def test_coverage_is_the_share_of_customers_inside(made_up, actual, panel):
    said = made_up.says(actual)
    inside = (actual["future_value"] <= said["future_value_high"]).mean()
    assert panel.model["interval_coverage"].mid == pytest.approx(inside)


def test_the_order_of_rows_is_nobodys_business(made_up, actual, panel):
    rules = {"past_spend": made_up.rule(actual, "kept").sample(frac=1, random_state=3)}
    mixed = honesty_panel(
        actual.sample(frac=1, random_state=1),
        made_up.says(actual).sample(frac=1, random_state=2),
        rules,
        replicates=100,
    )
    assert mixed.model["churn_auc"].as_list() == pytest.approx(panel.model["churn_auc"].as_list(), abs=1e-9)
    assert mixed.difference_gini.as_list() == pytest.approx(panel.difference_gini.as_list(), abs=1e-9)


def test_a_baseline_without_ids_goes_by_the_index(made_up, actual, panel):
    bare = made_up.rule(actual, "risk", -1)[["value"]]
    found = honesty_panel(actual.sample(frac=1, random_state=4), made_up.says(actual), {"bare": bare}, replicates=5)
    assert found.baselines["bare"]["value_gini"].mid == pytest.approx(panel.baselines["recency"]["value_gini"].mid)
    assert found.metrics()["baselines"]["bare"]["churn_auc"] is None


def test_one_cutoff_needs_no_name(made_up):
    actual = made_up.shop(200, ("x",))
    said = made_up.says(actual)
    bare = honesty_panel(actual.drop(columns="cutoff"), said.drop(columns="cutoff"), {}, replicates=10)
    assert bare.metrics() == honesty_panel(actual, said, {}, replicates=10).metrics()
    assert honesty_panel(actual.drop(columns="cutoff"), said, {}, replicates=10).metrics() == bare.metrics()
    assert bare.says == "There is no baseline to compare with."
    assert bare.difference_gini.as_list() == [None, None, None]
    assert not bare.beats


def test_a_model_that_is_a_baseline_does_not_beat_it(made_up, actual):
    said = made_up.says(actual)
    same = said.assign(value=said["future_value"])
    words = honesty_panel(actual, said, {"twin": same}, replicates=50).says
    assert words.startswith("The model equals the best baseline, twin")


def test_a_model_worse_than_a_rule_is_told_so(made_up, actual):
    noisy = made_up.says(actual, noise=3.0)
    assert (
        "it is worse"
        in honesty_panel(
            actual, noisy, {"oracle": made_up.says(actual).assign(value=lambda f: f["future_value"])}, replicates=50
        ).says
    )


def test_value_that_does_not_vary_cannot_be_compared(made_up):
    actual = made_up.shop(100, ("x",)).assign(future_value=1.0)
    panel = honesty_panel(actual, made_up.says(actual), {"rule": made_up.rule(actual, "kept")}, replicates=10)
    assert panel.best_baseline is None


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda s: s.assign(future_value=s["future_value"].where(s.index != 3)), ModelRefused),
        (lambda s: s.assign(churn_risk=np.inf), ModelRefused),
        (lambda s: s.head(10), ValueError),
        (lambda s: pd.concat([s, s]), ValueError),
        (lambda s: s.drop(columns="cutoff"), ValueError),
        (lambda s: s.drop(columns="customer_id").head(7), ValueError),
    ],
)
def test_predictions_that_do_not_fit_the_rows_are_refused(made_up, actual, spoil, error):
    with pytest.raises(error):
        honesty_panel(actual, spoil(made_up.says(actual)), {}, replicates=5)


def test_no_test_row_is_not_enough_data(made_up, actual):
    with pytest.raises(NotEnoughData):
        honesty_panel(actual.head(0), made_up.says(actual), {})
    with pytest.raises(ValueError):
        honesty_panel(pd.concat([actual, actual]), made_up.says(actual), {})
