"""What a reviewer finds in MLflow of a training, in one minute."""

import json

import pytest

from hvc_ml.tracking.store import open_store
from hvc_ml.tracking.view import METRICS, TAGS


@pytest.fixture(scope="module")
def client(trained):
    config = trained[0].config
    return open_store(config.tracking, trained[0].folder, config.name).connection.client


@pytest.fixture(scope="module")
def run(client, trained):
    return client.get_run(trained[1].run_id)


def test_name_description_and_tags_begin_with_the_decision(run, trained):
    result = trained[1]
    assert run.info.run_name == "v1 2026-01-01 promoted, blended"
    note = run.data.tags["mlflow.note.content"]
    assert note.startswith(f"**{result.promotion_reason}**")
    assert note.count(result.panel.says) == 1
    assert f"- Grade {result.grade.letter}: " in note
    assert run.data.tags["model_version"] == result.model_version
    assert run.data.tags["promoted"] == "true"


def test_every_column_of_the_list_of_runs_is_filled(run):
    known = {*run.data.metrics, "over_champion/value_gini"}  # a first version has no champion beside it
    assert set(METRICS) <= known
    assert set(TAGS) <= set(run.data.tags)


def test_differences_to_rivals_are_figures_that_runs_are_compared_by(run, trained):
    gap = trained[1].panel.difference_gini.mid
    assert run.data.metrics["over_best_rule/value_gini"] == pytest.approx(gap)
    assert "slices/tier Mass/churn_auc" in run.data.metrics


def test_every_member_has_its_loss_at_every_round(client, run):
    for member in ("churn", "churn_trees", "hurdle", "tweedie", "value_trees"):
        for rows in ("fit", "stop"):
            points = client.get_metric_history(run.info.run_id, f"loss/{member}/{rows}")
            assert sorted(p.step for p in points) == list(range(len(points)))
            assert len(points) > 5


def test_gain_and_profit_are_lines_by_per_cent_of_customers(client, run, trained):
    line = {p.step: p.value for p in client.get_metric_history(run.info.run_id, "by_percent/value_captured")}
    assert sorted(line) == list(range(101))
    assert (line[0], line[100]) == (0.0, pytest.approx(1.0))
    assert line[20] == pytest.approx(trained[1].metrics["value_captured_20"], abs=0.02)
    assert len(client.get_metric_history(run.info.run_id, "by_percent/profit_realised")) == 101


def test_what_went_in_is_known_by_digest_and_what_it_served_for(run):
    found = {i.dataset.name: ({t.key: t.value for t in i.tags}, i.dataset) for i in run.inputs.dataset_inputs}
    assert {"panel_training", "panel_calibration", "panel_evaluation", "orders", "customers", "events"} <= set(found)
    tags, panel = found["panel_training"]
    assert tags["mlflow.data.context"] == "training"
    assert json.loads(panel.profile)["num_rows"] > 0
    assert len(panel.digest) == 36


def test_tables_can_be_read_without_a_program(client, run):
    paths = {p.path for p in client.list_artifacts(run.info.run_id, "tables")}
    assert {"tables/headline.json", "tables/slices.json", "tables/honesty_panel.json"} <= paths
