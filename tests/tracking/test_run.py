"""What a run keeps, and what may not leave for MLflow."""

import json
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

from hvc_ml.errors import NotEnoughData
from hvc_ml.tracking import registry

CANARY = "canary-4711"


def kept(store, run_id):
    return store.connection.client.get_run(run_id)


def files_of(store, run_id, path=""):
    found = []
    for item in store.connection.client.list_artifacts(run_id, path):
        found += files_of(store, run_id, item.path) if item.is_dir else [item.path]
    return sorted(found)


def test_a_run_keeps_settings_figures_and_decisions(store):
    tags = {"grade": "B", "promoted": True, "config_hash": "abc"}
    with store.training_run(
        "nightly", params={"horizon": 90, "windows": [30, 90]}, tags=tags, description="# Run"
    ) as run:
        run.metrics({"churn_auc": 0.8, "value_bias": float("nan"), "baselines": {"past_spend": {"value_gini": 0.7}}})
    found = kept(store, run.id)
    assert found.info.status == "FINISHED"
    assert found.data.params == {"horizon": "90", "windows": "30, 90"}
    assert found.data.metrics == {"churn/auc": 0.8, "baselines/past_spend/value_gini": 0.7}
    assert {
        "grade": "B",
        "promoted": "true",
        "config_hash": "abc",
        "mlflow.note.content": "# Run",
    }.items() <= found.data.tags.items()


def test_a_tier_of_any_name_can_have_figures(store):
    with store.training_run("tiers", params={}) as run:
        run.metrics({"slices": {"tier Gold+ (20 %)": {"churn_auc": 0.7}, "tier Präm": {"churn_auc": 0.6}}})
    assert kept(store, run.id).data.metrics == {
        "slices/tier Gold_ _20 __/churn_auc": 0.7,
        "slices/tier Präm/churn_auc": 0.6,
    }


def test_a_curve_is_one_point_per_round_even_beyond_one_batch(store):
    losses = [1 / (n + 1) for n in range(1_234)]
    with store.training_run("curve", params={}) as run:
        run.curves({"churn_fit": losses, "value_stop": [3.0, 2.0, float("nan")], "nothing": []})
    points = store.connection.client.get_metric_history(run.id, "churn/fit")
    assert [p.value for p in sorted(points, key=lambda p: p.step)] == losses
    assert [p.value for p in store.connection.client.get_metric_history(run.id, "value/stop")] == [3.0, 2.0]


def test_each_test_cutoff_is_a_child_of_the_run(store):
    with store.training_run("parent", params={}) as run, run.child("2024-01-01") as child:
        child.metrics({"churn_auc": 0.75})
    tags = kept(store, child.id).data.tags
    assert (tags["mlflow.parentRunId"], tags["cutoff"]) == (run.id, "2024-01-01")


def test_a_run_that_fails_says_so_and_the_error_passes(store):
    with pytest.raises(NotEnoughData), store.training_run("fails", params={}) as run:
        raise NotEnoughData("nobody churned")
    assert kept(store, run.id).info.status == "FAILED"
    with pytest.raises(KeyboardInterrupt), store.training_run("killed", params={}) as run:
        raise KeyboardInterrupt
    assert kept(store, run.id).info.status == "KILLED"


def test_figures_are_kept_as_pictures_and_as_drawings(store):
    figure = Figure(figsize=(3, 2))
    figure.subplots().plot([0, 1], [0, 1])
    with store.training_run("figure", params={}) as run:
        run.figure("capture", figure)
        run.text("model_card.md", "# Card")
        run.document("certificate.json", {"passed": True})
        run.table("deciles", pd.DataFrame({"decile": [1, 2], "actual": [0.5, 0.1]}))
    paths = files_of(store, run.id)
    assert paths == [
        "certificate.json",
        "figures/capture.png",
        "figures/capture.svg",
        "model_card.md",
        "tables/deciles.json",
    ]


def test_a_dataset_is_a_digest_and_a_count_without_rows(store):
    with store.training_run("data", params={}) as run:
        run.dataset("fit", digest="d" * 64, context="training", rows=1_234, columns={"spend_90d": "double"})
    (found,) = kept(store, run.id).inputs.dataset_inputs
    assert (found.dataset.name, json.loads(found.dataset.profile)) == ("fit", {"num_rows": 1_234})
    assert json.loads(found.dataset.schema)["mlflow_colspec"][0]["name"] == "spend_90d"
    assert {t.key: t.value for t in found.tags} == {"mlflow.data.context": "training"}


@pytest.mark.parametrize(
    "leak",
    [
        lambda run: run.table("list", pd.DataFrame({"customer_id": [CANARY]})),
        lambda run: run.table("list", pd.DataFrame({"x": [1]}, index=pd.Index([CANARY], name="customer_id"))),
        lambda run: run.table("long", pd.DataFrame({"x": range(2_001)})),
        lambda run: run.document("d.json", {"rows": [{"Customer_ID": CANARY}]}),
        lambda run: run.params({"url": CANARY}),
        lambda run: run.params({"families": [f"<{CANARY}>"]}),
        lambda run: run.tags({"user": CANARY}),
    ],
)
def test_ids_rows_and_settings_off_the_list_are_refused(store, leak):
    with store.training_run("leak", params={}) as run, pytest.raises(ValueError):
        leak(run)


def test_nothing_of_a_customer_is_found_in_the_database_or_the_artifacts(store, make_bundle, serving):
    """The canary goes through every door that takes text; passwords are hidden, ids refused."""
    with store.training_run("canary", params={"horizon": 90}) as run:
        run.text("note.txt", f"postgresql://ann:{CANARY}@db/x")
        run.describe(f"read from https://ann:{CANARY}@host/orders?token={CANARY}")
        run.document("d.json", {"source": f"mysql://ann:{CANARY}@host"})
        with pytest.raises(ValueError):
            run.table("t", pd.DataFrame({"customer_id": [CANARY]}))
        version = registry.register(store, run, make_bundle(1), serving, tags={"note": f"password={CANARY}"})
        registry.promote(store, version, f"better, says https://ann:{CANARY}@host")
    places = [p for p in Path(store.folder).rglob("*") if p.is_file()]
    assert len(places) > 10
    assert [p.name for p in places if CANARY.encode() in p.read_bytes()] == []


def test_a_list_too_long_to_show_is_counted(store):
    with store.training_run("long", params={"features": [f"feature_{n}" for n in range(80)]}) as run:
        pass
    assert kept(store, run.id).data.params == {"features": "80 of them"}
