"""One story from a log of orders to a list."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from hvc_ml.config import load_config
from hvc_ml.errors import LockHeld, ModelRefused, NotEnoughData, UsageError
from hvc_ml.progress import Stages
from hvc_ml.publish import RunLock, verify_directory
from hvc_ml.tables.schema import LIST_COLUMNS
from hvc_ml.workflows.check import check
from hvc_ml.workflows.explain import explain
from hvc_ml.workflows.features import features
from hvc_ml.workflows.score import Limits, capacities, score
from hvc_ml.workflows.train import train
from workflows.shops import small


def test_check_grades_the_business_and_accounts_for_every_row(trained):
    result = check(trained[0], strict=False, stages=Stages()).as_json()
    assert result["grade"] in "ABCD"
    for table in result["tables"].values():
        assert table["rows"] == table["kept"] + table["rejected"] + table["deduplicated"]
    assert result["span"]["end"] == "2026-01-01"
    json.dumps(result, allow_nan=False)


def test_train_says_what_the_contract_asks_for(trained):
    result = trained[1].as_json()
    json.dumps(result, allow_nan=False)
    assert {"run_id", "model_version", "promoted", "promotion_reason", "grade", "rung", "n_rows", "n_customers"} <= set(
        result
    )
    assert set(result["cutoffs"]) == {"fit", "calibrate", "test"}
    assert max(result["cutoffs"]["fit"]) < min(result["cutoffs"]["calibrate"]) < min(result["cutoffs"]["test"])
    metrics = result["metrics"]
    for name in (
        "churn_auc",
        "churn_brier",
        "churn_ece",
        "value_gini",
        "value_captured_20",
        "value_spearman",
        "value_bias",
        "interval_coverage",
        "profit_at_capacity",
        "empc",
    ):
        assert isinstance(metrics[name], float), name
    for rule in metrics["baselines"].values():
        assert {"churn_auc", "value_gini", "value_captured_20", "value_spearman", "profit_at_capacity"} <= set(rule)
    assert metrics["churn_auc"] > 0.7
    assert result["promoted"]


def test_mlflow_keeps_figures_tables_and_no_customer(trained):
    project, result, _ = trained
    run = next((project.models / "artifacts").glob(f"{result.run_id}/artifacts"))
    figures = {p.stem for p in (run / "figures").iterdir()}
    assert {f for f in figures if not f.startswith("change_")} == {  # `explain --change` adds its own later
        "calibration",
        "gain",
        "deciles",
        "differences",
        "honesty_panel",
        "learning_churn",
        "learning_churn_trees",
        "learning_hurdle",
        "learning_tweedie",
        "learning_value_trees",
        "shap_churn_risk",
        "shap_curves_churn_risk",
        "shap_curves_value_if_kept",
        "shap_value_if_kept",
    }
    customer = trained[2].plan["customer_id"].iloc[0].encode()
    kept = [p for p in project.models.rglob("*") if p.is_file()]
    assert kept
    assert not [p for p in kept if customer in p.read_bytes()]


def test_the_list_has_the_contracts_columns_order_and_sums(trained):
    result = trained[2]
    plan = pd.read_csv(result.list_dir / "retention_list.csv", dtype={"customer_id": str})
    assert tuple(plan.columns) == LIST_COLUMNS
    assert plan["rank"].tolist() == list(range(1, len(plan) + 1))
    ordered = plan.sort_values(["expected_gain", "customer_id"], ascending=[False, True], kind="stable")
    assert ordered["customer_id"].tolist() == plan["customer_id"].tolist()
    assert set(plan["group"]) == {"contact", "holdout"}
    assert (plan["expected_gain"] > 0).all()
    assert plan["churn_risk"].between(0, 1).all()
    assert (plan["value_at_risk"] - plan["churn_risk"] * plan["value_if_kept"]).abs().max() < 0.02
    assert plan["reason_1"].notna().mean() > 0.95


def test_reasons_of_every_customer_add_up_to_the_value_at_risk_to_the_cent(trained):
    scores = pq.read_table(trained[2].list_dir / "scores.parquet").to_pandas()
    amounts = scores.filter(like="amount_").columns
    cents = (scores[["base_amount", *amounts]] * 100).round().sum(axis=1)
    assert (cents == (scores["value_at_risk"] * 100).round()).all()
    assert len(scores) == trained[2].n_scored


def test_the_manifest_vouches_for_every_file_and_latest_points_to_the_list(trained):
    project, _, result = trained
    manifest = verify_directory(result.list_dir)
    assert set(manifest["files"]) == {
        "retention_list.csv",
        "retention_list.parquet",
        "retention_list.xlsx",
        "scores.parquet",
        "book.html",
    }
    assert (project.lists / "latest").resolve() == result.list_dir
    assert manifest["meta"]["n_listed"] == result.n_listed


def test_scoring_again_changes_not_one_byte(trained):
    project, _, result = trained
    before = {p.name: p.read_bytes() for p in result.list_dir.iterdir()}
    again = score(project, cutoff=None, limits=Limits(), stages=Stages())
    assert again.identical
    assert again.list_dir == result.list_dir
    assert {p.name: p.read_bytes() for p in result.list_dir.iterdir()} == before


def test_limits_from_the_command_line_hold(trained):
    limits = Limits(top=20, budget=60.0, capacity={"personal call": 3})
    result = score(trained[0], cutoff=None, limits=limits, stages=Stages())
    assert result.n_listed <= 20
    assert (result.plan["action"] == "personal call").sum() <= 3
    assert result.list_dir != trained[2].list_dir


def test_a_capacity_that_is_no_number_or_no_action_is_refused(trained):
    with pytest.raises(UsageError, match="expected ACTION=N"):
        capacities(["call"])
    with pytest.raises(UsageError, match="expected N"):
        score(trained[0], cutoff=None, limits=Limits(capacity={"telegram": 3}), stages=Stages())


def test_a_cutoff_outside_the_orders_is_refused(trained):
    project = trained[0]
    for cutoff in ("2020-01-01", "2026-01-02"):
        with pytest.raises(UsageError, match="the orders lie from"):
            score(project, cutoff=pd.Timestamp(cutoff).date(), limits=Limits(), stages=Stages())


def test_a_list_of_the_past_can_be_made(trained):
    result = score(trained[0], cutoff=pd.Timestamp("2025-11-01").date(), limits=Limits(top=5), stages=Stages())
    assert result.plan["cutoff"].unique().tolist() == ["2025-11-01"]


def test_suppressed_customers_are_on_no_list(trained):
    project, _, result = trained
    first = result.plan["customer_id"].iloc[0]
    (project.folder / "objections.txt").write_text(f"{first}\n")
    changed = project.path.read_text().replace("list:\n", "list:\n  suppress: objections.txt\n")
    other = project.folder / "other.yaml"
    other.write_text(changed)
    listed = score(load_config(other), cutoff=None, limits=Limits(), stages=Stages())
    assert first not in set(listed.plan["customer_id"])
    assert first.encode() not in (listed.list_dir / "retention_list.csv").read_bytes()
    other.unlink()


def test_explaining_a_customer_tells_the_same_figures_as_the_list(trained):
    project, _, result = trained
    row = result.plan.iloc[0]
    page = explain(project, row["customer_id"], stages=Stages())
    assert page.scores["value_at_risk"] == row["value_at_risk"]
    total = page.scores["base_amount"] + sum(r.amount for r in page.reasons)
    assert round(total, 2) == page.scores["value_at_risk"]
    json.dumps(page.as_json(), allow_nan=False)
    assert page.orders


def test_explaining_nobody_says_how_ids_are_compared(trained):
    with pytest.raises(UsageError, match="byte for byte"):
        explain(trained[0], "nobody", stages=Stages())


def test_explaining_a_dormant_customer_says_when_the_last_order_was(trained):
    project, _, _ = trained
    orders = pq.read_table(project.folder / "data" / "orders.parquet").to_pandas()
    last = orders[orders["amount"] > 0].groupby("customer_id")["ordered_at"].max()
    dormant = last[last < "2024-01-01"].index[0]
    with pytest.raises(UsageError, match="not in the population"):
        explain(project, dormant, stages=Stages())


def test_features_are_built_once(trained):
    first = features(trained[0], cutoff=None, show_sql=True, stages=Stages())
    again = features(trained[0], cutoff=None, show_sql=False, stages=Stages())
    assert len(first.features) >= 60
    assert "GROUP BY" in first.sql
    assert not any(p.built for p in again.partitions)
    json.dumps(again.as_json())


def test_a_second_training_makes_a_second_version_that_is_measured_against_the_first(trained):
    project, first, _ = trained
    second = train(project, promote=False, stages=Stages())
    assert int(second.model_version) == int(first.model_version) + 1
    assert not second.promoted
    assert "no-promote" in second.promotion_reason
    assert "not worse than the champion" in second.promotion_reason
    assert second.metrics == first.metrics  # same data, same seed


def test_without_a_champion_nothing_is_scored(copied):
    text = copied.path.read_text().replace("name: demo-retail", "name: another")
    copied.path.write_text(text)
    with pytest.raises(ModelRefused, match="no champion yet"):
        score(load_config(copied.path), cutoff=None, limits=Limits(), stages=Stages())


def test_a_champion_trained_on_another_question_is_refused(trained):
    project = trained[0]
    other = project.folder / "other.yaml"
    other.write_text(project.path.read_text().replace("settle: 14", "settle: 15"))
    with pytest.raises(ModelRefused, match="other settings of labels"):
        score(load_config(other), cutoff=None, limits=Limits(), stages=Stages())
    other.unlink()


def test_a_challenger_on_another_question_is_not_compared_with_the_champion(trained):
    project = trained[0]
    other = project.folder / "other.yaml"
    other.write_text(project.path.read_text().replace("settle: 14", "settle: 15"))
    result = train(load_config(other), promote=False, stages=Stages())
    other.unlink()
    assert "could not be compared" in result.promotion_reason


def test_a_second_run_at_the_same_time_is_told_who_is_at_work(trained):
    project = trained[0]
    with RunLock(project.state / "run.lock"), pytest.raises(LockHeld, match=r"process \d+"):
        train(project, promote=True, stages=Stages())


def test_a_history_too_short_is_refused_with_what_would_do(copied):
    orders = pq.read_table(copied.folder / "data" / "orders.parquet").to_pandas()
    short = orders[orders["ordered_at"] >= "2025-11-15"]
    short.to_parquet(copied.folder / "data" / "orders.parquet", index=False)
    with pytest.raises(NotEnoughData, match="latest usable cutoff"):
        train(copied, promote=True, stages=Stages())


def test_where_nothing_earlier_is_mature_the_prior_stands_alone_and_says_so(copied):
    orders = pq.read_table(copied.folder / "data" / "orders.parquet").to_pandas()
    short = orders[orders["ordered_at"] >= "2025-08-01"]
    short.to_parquet(copied.folder / "data" / "orders.parquet", index=False)
    result = train(copied, promote=False, stages=Stages())
    assert result.rung == "prior"
    assert result.grade.letter in "CD"
    assert result.cutoffs["fit"] == []
    assert result.grade.lift


def test_a_business_with_contracts_goes_the_whole_way(tmp_path):
    project = small(tmp_path / "club", kind="subscription", customers=1500)
    result = train(project, promote=True, stages=Stages())
    assert result.rung == "blended"
    assert result.metrics["churn_auc"] > 0.6
    listed = score(project, cutoff=None, limits=Limits(), stages=Stages())
    scores = pq.read_table(listed.list_dir / "scores.parquet").to_pandas()
    assert "amount_contract" in scores
    kept = (1 - scores["churn_risk"]) * scores["value_if_kept"]
    assert (scores["future_value"] >= kept - 0.02).all()  # leavers still pay for a part of the horizon
    sooner = scores[["churn_risk_30d", "churn_risk_60d", "churn_risk"]].to_numpy()
    assert (np.diff(sooner, axis=1) >= 0).all()
    assert 0 < sooner[:, 0].mean() < sooner[:, 2].mean()
    assert scores["act_before_days"].between(0, 89).all()
    page = explain(project, listed.plan["customer_id"].iloc[0], stages=Stages())
    assert any(r.family == "contract" for r in page.reasons)
