"""Slices: a part is measured as the whole is, and a part that is too small says so."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from hvc_ml.errors import ModelRefused
from hvc_ml.evaluation.honesty import honesty_panel
from hvc_ml.evaluation.slices import COMPARED, FIGURES, LEAST_CUSTOMERS, LEAST_EACH, MEASURED, slice_table, slices


@pytest.fixture(scope="module")
def actual(made_up):
    return made_up.shop(800)


@pytest.fixture(scope="module")
def rules(made_up, actual):
    named = {"past_spend": ("kept", 1), "recency": ("risk", -1), "perfect_foresight": ("future_value", 1)}
    return {name: made_up.rule(actual, column, sign) for name, (column, sign) in named.items()}


def labelled(actual, **columns):
    return pd.DataFrame({by: pd.Categorical(names) for by, names in columns.items()}, index=actual.index)


def everybody(actual):
    return labelled(actual, all=["everybody"] * len(actual))


def halves(actual, low="few", high="many"):
    return labelled(actual, spend=np.where(actual["kept"] > 80, high, low))


def test_a_slice_that_is_everybody_has_the_panels_figures(made_up, actual, rules):
    said = made_up.says(actual, noise=0.3)
    panel = honesty_panel(actual, said, rules, replicates=60)
    (whole,) = slices(actual, said, rules, everybody(actual), replicates=60)
    for metric in (*FIGURES, "interval_coverage"):
        assert whole.model[metric].as_list() == pytest.approx(panel.model[metric].as_list(), abs=1e-12), metric
    for metric in COMPARED:
        theirs = panel.baselines[panel.best_baseline][metric]
        assert whole.baseline[metric].as_list() == pytest.approx(theirs.as_list(), abs=1e-12), metric
    assert whole.best_baseline == panel.best_baseline
    assert whole.difference_gini.as_list() == pytest.approx(panel.difference_gini.as_list(), abs=1e-12)
    assert (whole.n, whole.customers, whole.cutoffs) == (panel.n_rows, panel.n_customers, ("2024-01-01", "2024-02-01"))


def test_a_part_is_measured_as_if_it_were_all_there_is(made_up, actual, rules):
    said, labels = made_up.says(actual, noise=0.3), halves(actual)
    few, many = slices(actual, said, rules, labels, replicates=20)
    for part in (few, many):
        rows = actual[labels["spend"] == part.name]
        alone = honesty_panel(
            rows, said.loc[rows.index], {n: r.loc[rows.index] for n, r in rules.items()}, replicates=2
        )
        for metric in (*FIGURES, "interval_coverage"):
            assert part.model[metric].mid == pytest.approx(alone.model[metric].mid), metric
        assert part.best_baseline == alone.best_baseline
    assert few.n + many.n == len(actual)


def test_every_interval_holds_its_figure(made_up, actual, rules):
    for part in slices(actual, made_up.says(actual), rules, halves(actual), replicates=40):
        for estimate in (*part.model.values(), *part.baseline.values(), part.difference_gini):
            assert estimate.low <= estimate.mid <= estimate.high


def test_churn_bias_is_mean_risk_minus_churn_rate_and_every_cutoff_counts_alike(made_up, actual):
    shorter = actual.drop(actual.index[:500])  # 300 rows at the first cutoff, 800 at the second
    said = made_up.says(shorter).assign(churn_risk=lambda f: np.minimum(f["churn_risk"] + 0.05, 1.0))
    (part,) = slices(shorter, said, {}, everybody(shorter), replicates=40)
    gaps = (said["churn_risk"] - shorter["churned"]).groupby(shorter["cutoff"]).mean()
    assert part.model["churn_bias"].mid == pytest.approx(gaps.mean())
    assert part.churn_rate == pytest.approx(shorter.groupby("cutoff")["churned"].mean().mean())
    assert part.model["churn_bias"].low > 0


def test_too_few_customers_are_counted_and_not_measured(made_up, actual, rules):
    names = np.where(np.arange(len(actual)) % 800 < LEAST_CUSTOMERS - 1, "short", "enough")
    enough, short = slices(actual, made_up.says(actual), rules, labelled(actual, size=names), replicates=5)
    assert enough.says == ""
    assert short.says == f"at most {LEAST_CUSTOMERS - 1} customers at a cutoff; {LEAST_CUSTOMERS} are needed"
    assert (short.n, short.customers) == (2 * (LEAST_CUSTOMERS - 1), LEAST_CUSTOMERS - 1)
    assert set(short.model) == set(MEASURED) == set(enough.model)
    assert all(math.isnan(e.mid) for e in short.model.values())
    assert not short.worse


def test_a_cutoff_with_too_few_of_a_slice_is_left_out_of_it_and_named(made_up, actual, rules):
    inside = (actual["cutoff"] == "2024-01-01") | (actual.index % 800 < 7)
    labels = labelled(actual, size=np.where(inside, "in", "out"))
    part = slices(actual, made_up.says(actual), rules, labels, replicates=5)[0]
    assert part.cutoffs == ("2024-01-01",)
    assert part.says == f"not at 2024-02-01 (7 customers; {LEAST_CUSTOMERS} are needed)"
    first = actual[actual["cutoff"] == "2024-01-01"]
    alone = honesty_panel(first, made_up.says(actual).loc[first.index], {}, replicates=2)
    assert part.model["value_gini"].mid == pytest.approx(alone.model["value_gini"].mid)


def test_a_slice_in_which_nearly_nobody_left_has_a_gini_but_no_auc(made_up, actual, rules):
    loyal = actual[(actual["churned"] == 0) | (actual.groupby(["cutoff", "churned"]).cumcount() < LEAST_EACH - 1)]
    (part,) = slices(loyal, made_up.says(actual).loc[loyal.index], rules, everybody(loyal), replicates=5)
    assert math.isnan(part.model["churn_auc"].mid)
    assert math.isnan(part.baseline["churn_auc"].mid)
    assert part.model["value_gini"].mid > 0
    assert part.says.startswith(f"{LEAST_EACH - 1} left and ")


def test_a_name_that_nobody_has_is_still_a_slice(made_up, actual, rules):
    labels = pd.DataFrame({"tier": pd.Categorical(["Gold"] * len(actual), ["Priority", "Gold"])})
    found = slices(actual, made_up.says(actual), rules, labels, replicates=5)
    assert [(s.name, s.n, s.says) for s in found] == [("Priority", 0, "there is nobody"), ("Gold", len(actual), "")]


def test_a_rule_that_knows_more_than_the_model_in_one_slice_is_seen_to(made_up, actual):
    labels, said = halves(actual), made_up.says(actual)
    blind = said.assign(future_value=said["future_value"].where(labels["spend"] == "many", -said["future_value"]))
    few, many = slices(actual, blind, {"past_spend": made_up.rule(actual, "kept")}, labels, replicates=40)
    assert few.worse
    assert not many.worse


def test_without_baselines_and_without_risks_the_rest_is_measured(made_up, actual):
    said = made_up.says(actual).drop(columns=["churn_risk", "future_value_low"])
    (part,) = slices(actual, said, {}, everybody(actual), replicates=5)
    assert (part.best_baseline, part.baseline) == (None, {})
    assert math.isnan(part.model["churn_bias"].mid)
    assert math.isnan(part.model["interval_coverage"].mid)
    assert part.model["value_gini"].mid > 0


def test_the_order_of_rows_is_nobodys_business(made_up, actual, rules):
    said, labels = made_up.says(actual), halves(actual)
    mixed = actual.sample(frac=1, random_state=1)
    shuffled = {n: r.sample(frac=1, random_state=2) for n, r in rules.items()}
    found = slices(mixed, said.sample(frac=1, random_state=3), shuffled, labels.loc[mixed.index], replicates=20)
    for ours, theirs in zip(slices(actual, said, rules, labels, replicates=20), found, strict=True):
        assert ours.model["churn_auc"].as_list() == pytest.approx(theirs.model["churn_auc"].as_list(), abs=1e-9)
        assert ours.model["churn_bias"].as_list() == pytest.approx(theirs.model["churn_bias"].as_list(), abs=1e-9)


def test_slices_as_json_and_as_a_table_hold_no_nan_and_no_customer(made_up, actual, rules):
    names = np.where(np.arange(len(actual)) % 800 < 30, "short", "enough")
    found = slices(actual, made_up.says(actual), rules, labelled(actual, size=names), replicates=5)
    enough, short = (s.as_json() for s in found)
    json.dumps([enough, short], allow_nan=False)
    assert enough["intervals"]["value_gini"][1] == enough["model"]["value_gini"]
    assert short["model"]["value_gini"] is None
    table = slice_table(found)
    assert len(table) == 2 * len(MEASURED)
    assert "customer_id" not in table
    gini = table[(table["slice"] == "enough") & (table["figure"] == "value_gini")].iloc[0]
    assert gini["rule"] == enough["baseline"]["value_gini"]


def test_a_prediction_that_is_not_finite_is_refused(made_up, actual):
    with pytest.raises(ModelRefused):
        slices(actual, made_up.says(actual).assign(churn_risk=np.inf), {}, everybody(actual))


def test_what_a_list_would_reach_is_told_of_every_part(made_up, actual):
    said = made_up.says(actual)
    labels = halves(actual)
    assert all(
        math.isnan(s.chosen)
        for s in slices(actual, said.drop(columns="value_if_kept", errors="ignore"), {}, labels, replicates=2)
    )
    few, many = slices(actual, said.assign(churn_risk=0.5, value_if_kept=actual["kept"]), {}, labels, replicates=2)
    assert many.chosen > few.chosen  # the values order the customers, and `many` spend more
    at = {c: (actual["cutoff"] == c).to_numpy() for c in many.cutoffs}
    first = {c: actual["kept"].where(at[c]).rank(ascending=False) <= math.ceil(0.2 * at[c].sum()) for c in at}
    spends = (labels["spend"] == "many").to_numpy()
    assert many.chosen == pytest.approx(np.mean([first[c][at[c] & spends].mean() for c in at]))
    left = (actual["churned"] == 1).to_numpy()
    assert many.reached == pytest.approx(np.mean([first[c][at[c] & spends & left].mean() for c in at]))
    assert {"chosen", "reached"} <= many.as_json().keys()
