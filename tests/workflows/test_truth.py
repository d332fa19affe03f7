"""Held against the made-up business's known truth: risks, values and the list itself."""

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score


@pytest.fixture(scope="session")
def known(trained):
    """(scores beside the truth at the same cutoff, the list, the true gain of every action on every customer)."""
    project, _, result = trained
    outlook = pd.read_parquet(project.folder / "truth" / "outlook.parquet")
    outlook = outlook[outlook["cutoff"].astype(str).str.startswith(result.cutoff.isoformat())].drop(columns="cutoff")
    scores = pd.read_parquet(result.list_dir / "scores.parquet")
    actions = pd.read_parquet(project.folder / "truth" / "actions.parquet")
    return scores.merge(outlook, on="customer_id", suffixes=("", "_true"), validate="1:1"), result.plan, actions


def test_every_scored_customer_has_a_truth(known, trained):
    assert len(known[0]) == trained[2].n_scored


def test_risks_rank_nearly_as_well_as_someone_who_knows_every_parameter(known):
    found = known[0]
    ours, onlooker = (roc_auc_score(found["churned"], found[c]) for c in ("churn_risk", "churn_risk_seen"))
    assert ours > onlooker - 0.10
    assert ours > 0.75


def test_risks_and_values_are_right_on_average(known):
    found = known[0]
    assert abs(found["churn_risk"].mean() - found["churn_risk_true"].mean()) < 0.08
    assert found["future_value"].sum() == pytest.approx(found["future_value_true"].sum(), rel=0.35)


def test_among_customers_of_equal_risk_the_share_that_left_is_that_risk(known):
    found = known[0].sort_values("churn_risk")
    tenths = [part for _, part in found.groupby(pd.qcut(found["churn_risk"], 5, labels=False), observed=True)]
    gaps = [abs(part["churn_risk"].mean() - part["churn_risk_true"].mean()) for part in tenths]
    assert sum(gaps) / len(gaps) < 0.12


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
