"""Held against the made-up business's known truth, and the best that its log allows: risks, values and the list."""

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from benchmarks import demo_truth
from hvc_ml.evaluation.profit import regret
from hvc_ml.tables.demo import DemoSettings


@pytest.fixture(scope="session")
def known(trained):
    """(scores beside the truth and the best possible at the same cutoff, the list, the truth about actions)."""
    project, _, result = trained
    found = demo_truth.observed(project.folder, DemoSettings(), result)
    return found, result.plan, pd.read_parquet(project.folder / "truth" / "actions.parquet")


def test_every_scored_customer_has_a_truth(known, trained):
    assert len(known[0]) == trained[2].n_scored


def test_risks_rank_nearly_as_well_as_the_log_allows(known):
    found = known[0]
    ours, best = (roc_auc_score(found["churned"], found[c]) for c in ("churn_risk", "churn_risk_best"))
    assert ours > best - 0.05
    assert ours > 0.75


def test_risks_and_values_are_right_on_average(known):
    found = known[0]
    assert abs(found["churn_risk"].mean() - found["churn_risk_best"].mean()) < 0.08
    assert found["future_value"].sum() == pytest.approx(found["future_value_best"].sum(), rel=0.35)


def test_among_customers_of_equal_risk_the_share_that_left_is_that_risk(known):
    found = known[0].sort_values("churn_risk")
    tenths = [part for _, part in found.groupby(pd.qcut(found["churn_risk"], 5, labels=False), observed=True)]
    gaps = [abs(part["churn_risk"].mean() - part["churn_risk_true"].mean()) for part in tenths]
    assert sum(gaps) / len(gaps) < 0.12


@pytest.mark.parametrize(("top", "most"), [(100, 0.25), (None, 0.15)])
def test_the_list_earns_nearly_what_the_list_of_the_best_possible_figures_does(known, trained, top, most):
    found, config = known[0], trained[0].config
    gains = demo_truth.true_gains(trained[0].folder, found["customer_id"], config)
    ours, best = (demo_truth.earned(demo_truth.planned(found, end, top, config), gains) for end in ("", "_best"))
    assert regret(ours, best) < most


def test_the_list_earns_most_of_what_an_oracle_would_and_more_than_other_rankings(known):
    scores, plan, actions = known
    gain = actions.set_index(["customer_id", "action"])["expected_gain"]
    earned = gain.reindex(pd.MultiIndex.from_frame(plan[["customer_id", "action"]])).sum()
    eligible = actions[actions["customer_id"].isin(scores["customer_id"])]
    oracle = eligible.groupby("customer_id")["expected_gain"].max().clip(lower=0)
    assert earned > 0.5 * oracle.sum()  # the oracle knows who has left already, and no capacity binds it
    first = oracle.reindex(plan.head(100)["customer_id"]).sum()
    for rival in ("churn_risk", "future_value"):
        assert first > oracle.reindex(scores.nlargest(100, rival)["customer_id"]).sum()


@pytest.fixture(scope="session")
def tables(known, trained):
    """Both tables of the benchmark, as cells."""
    config = trained[0].config
    gains = demo_truth.true_gains(trained[0].folder, known[0]["customer_id"], config)
    return list(demo_truth.accuracy(known[0])), list(demo_truth.regrets(known[0], gains, config))


def test_who_knows_more_foresees_more(tables):
    auc = {name: float(cells[0]) for name, *cells in tables[0]}
    gini = {name: float(cells[3]) for name, *cells in tables[0]}
    assert auc["oracle"] > auc["onlooker"] > auc["best possible"]
    assert gini["oracle"] > gini["onlooker"] > gini["best possible"]


def test_longer_lists_gain_more_and_none_more_than_the_oracle(tables):
    gains = [float(cells[1].replace(",", "")) for cells in tables[1]]
    assert gains == sorted(gains)
    assert all(cells[3].endswith("%") and float(cells[3][:-1]) >= 0 for cells in tables[1])
