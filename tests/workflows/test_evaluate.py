"""The rolling-origin backtest: what training shows, at more cutoffs and for parts of the customers, and nothing moves."""

import json
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from hvc_ml.cli.console import Console
from hvc_ml.cli.evaluate import _figure, _show
from hvc_ml.errors import LockHeld, NotEnoughData, UsageError
from hvc_ml.progress import Stages
from hvc_ml.publish import RunLock
from hvc_ml.timeline.calendar import Split
from hvc_ml.tracking.registry import champion
from hvc_ml.tracking.store import open_store
from hvc_ml.workflows.backtest import _seen, needed
from hvc_ml.workflows.evaluate import _short, evaluate
from hvc_ml.workflows.shop import open_shop


def store_of(project):
    return open_store(project.config.tracking, project.folder, project.config.name)


def registered(project):
    store = store_of(project)
    versions = store.connection.client.search_model_versions(f"name='{store.name}'")
    return sorted(int(v.version) for v in versions), champion(store).version


@pytest.fixture(scope="module")
def evaluated(trained):
    """(project, what the registry held before, result of evaluate with two cutoffs)."""
    project = trained[0]
    before = registered(project)
    return project, before, evaluate(project, cutoffs=2, stages=Stages())


def test_the_json_has_the_contracts_fields_and_more(evaluated):
    found = evaluated[2].as_json()
    json.dumps(found, allow_nan=False)
    assert {"cutoffs", "summary", "slices", "says"} <= set(found)
    assert [c["cutoff"] for c in found["cutoffs"]] == ["2025-08-01", "2025-09-01"] == list(found["rungs"])
    assert all({"cutoff", "n", "model", "baselines"} == set(c) for c in found["cutoffs"])
    assert {"model", "baselines", "best_baseline", "difference_gini"} <= set(found["summary"])
    low, mid, high = found["summary"]["difference_gini"]
    assert low <= mid <= high
    assert found["says"].startswith(found["summary"]["says"])


def test_the_summary_is_the_mean_of_the_cutoffs(evaluated):
    found = evaluated[2].as_json()
    for metric in ("churn_auc", "churn_ece", "value_gini", "value_captured_20", "value_bias", "interval_coverage"):
        mean = np.mean([c["model"][metric] for c in found["cutoffs"]])
        assert found["summary"]["model"][metric] == pytest.approx(mean), metric
    for name, figures in found["summary"]["baselines"].items():
        mean = np.mean([c["baselines"][name]["value_gini"] for c in found["cutoffs"]])
        assert figures["value_gini"] == pytest.approx(mean), name
    assert found["summary"]["baselines"]["perfect_foresight"]["value_gini"] == 1.0


def test_every_interval_holds_its_figure(evaluated):
    found = evaluated[2].as_json()
    triples = [t for figures in found["intervals"].values() for t in figures.values()]
    triples += [t for s in found["slices"] for t in (*s["intervals"].values(), s["difference_gini"])]
    whole = [t for t in triples if None not in t]
    assert len(whole) > 50
    assert all(low <= mid <= high for low, mid, high in whole)


def test_one_cutoff_is_what_training_was_tested_at_and_tells_the_same_figures(trained, evaluated):
    project, result, _ = trained
    found = evaluate(project, cutoffs=1, stages=Stages())
    assert [c.cutoff for c in found.panel.cutoffs] == result.cutoffs["test"]
    assert found.panel.metrics() == result.panel.metrics()
    assert found.panel.cutoffs[0].model == evaluated[2].panel.cutoffs[-1].model  # whatever else is tested


def test_slices_are_tiers_tenure_and_what_was_seen_in_training(evaluated):
    project, _, result = evaluated
    by = {}
    for s in result.slices:
        by.setdefault(s.by, []).append(s)
    assert [s.name for s in by["tier"]] == [t.name for t in project.config.tiers]
    assert [s.name for s in by["tenure"]] == ["new", "long-standing"]
    assert [s.name for s in by["training"]] == ["never seen", "seen"]
    for parts in by.values():
        assert sum(s.n for s in parts) == result.panel.n_rows
    measured = [s for s in result.slices if s.cutoffs]
    assert all(0.5 < s.model["interval_coverage"].mid < 1 for s in measured)
    assert all(s.says for s in result.slices if not s.cutoffs)


def test_customers_never_seen_are_in_no_row_that_their_cutoffs_model_learned_from(evaluated):
    project, _, result = evaluated
    with open_shop(project, Stages()) as shop:
        line = shop.timeline
        people = {
            c: set(p.panel["customer_id"].to_pylist()) for c, p in shop.partitions(needed(line, line.tests(2))).items()
        }
    rows = {}
    for cutoff in line.tests(2):
        split = line.split(cutoff)
        learned = set().union(*(people[c] for c in (*split.fit, *split.calibrate)))
        assert max(split.calibrate) + timedelta(days=line.maturing) <= cutoff
        rows |= {(cutoff, who): who in learned for who in people[cutoff]}
    counted = {s.name: (s.n, s.customers) for s in result.slices if s.by == "training"}
    for name, was in {"seen": True, "never seen": False}.items():
        found = [who for (_, who), learned in rows.items() if learned == was]
        assert counted[name] == (len(found), len(set(found)))
    assert counted["never seen"][0] > 0


def test_new_customers_made_their_first_order_within_one_horizon_before_the_cutoff(evaluated):
    project, _, result = evaluated
    orders = pq.read_table(project.folder / "data" / "orders.parquet").to_pandas()
    first = orders[orders["amount"] > 0].groupby("customer_id")["ordered_at"].min().dt.tz_localize(None)
    new = 0
    for cutoff in result.rungs:
        since = pd.Timestamp(cutoff) - pd.Timedelta(days=project.config.labels.horizon)
        new += int(((first >= since) & (first < pd.Timestamp(cutoff))).sum())
    assert new == next(s.n for s in result.slices if s.name == "new")


def test_nothing_is_registered_and_the_champion_stays(evaluated):
    project, before, _ = evaluated
    assert registered(project) == before


def test_mlflow_keeps_a_run_of_its_own_kind_with_a_child_per_cutoff(evaluated):
    project, _, result = evaluated
    store = store_of(project)
    client = store.connection.client
    run = client.get_run(result.run_id)
    assert run.info.run_name.startswith("evaluation of ")
    assert run.data.tags["verb"] == "evaluate"
    assert run.data.tags["mlflow.source.name"] == "hvc-ml evaluate"
    assert result.says in run.data.tags["mlflow.note.content"]
    assert run.data.params["tests"] == "2"
    assert run.data.metrics["value/gini"] == pytest.approx(result.panel.model["value_gini"].mid)
    assert "slices/tenure long-standing/value_gini" in run.data.metrics
    children = client.search_runs([store.experiment_id], f"tags.`mlflow.parentRunId` = '{result.run_id}'")
    assert {c.data.tags["cutoff"] for c in children} == set(result.rungs)
    assert all(c.data.params["rung"] == result.rungs[c.data.tags["cutoff"]] for c in children)
    assert all({"value/gini", "honesty/value_gini/past_spend"} <= set(c.data.metrics) for c in children)
    trainings = client.search_runs([store.experiment_id], "tags.verb = 'train'")
    assert result.run_id not in {t.info.run_id for t in trainings}
    assert trainings


def test_mlflow_keeps_tables_and_charts_and_no_customer(evaluated, trained):
    project, _, result = evaluated
    folder = next((project.models / "artifacts").glob(f"{result.run_id}/artifacts"))
    assert {p.stem for p in (folder / "figures").iterdir()} == {"calibration", "gain", "deciles", "honesty_panel"}
    tables = {p.stem for p in (folder / "tables").iterdir()}
    assert {"honesty_panel", "slices", "cutoffs"} <= tables
    customer = trained[2].plan["customer_id"].iloc[0].encode()
    assert not [p for p in folder.rglob("*") if p.is_file() and customer in p.read_bytes()]


def test_where_history_allows_fewer_cutoffs_than_three_it_is_said(copied):
    orders = pq.read_table(copied.folder / "data" / "orders.parquet").to_pandas()
    orders[orders["ordered_at"] >= "2025-08-01"].to_parquet(copied.folder / "data" / "orders.parquet", index=False)
    result = evaluate(copied, cutoffs=None, stages=Stages())
    assert len(result.panel.cutoffs) == 1
    assert "3 test cutoffs were asked for, the history allows 1" in result.says
    assert "About 2 months more of orders would do." in result.says
    assert set(result.rungs.values()) == {"prior"}
    assert {s.name: s.n for s in result.slices if s.by == "training"}["seen"] == 0


def test_a_history_without_any_test_cutoff_is_refused(copied):
    orders = pq.read_table(copied.folder / "data" / "orders.parquet").to_pandas()
    orders[orders["ordered_at"] >= "2025-11-15"].to_parquet(copied.folder / "data" / "orders.parquet", index=False)
    with pytest.raises(NotEnoughData, match="latest usable cutoff"):
        evaluate(copied, cutoffs=None, stages=Stages())


def test_no_cutoff_at_all_is_usage(trained):
    with pytest.raises(UsageError, match="--cutoffs 0"):
        evaluate(trained[0], cutoffs=0, stages=Stages())


def test_a_second_run_at_the_same_time_is_told_who_is_at_work(trained):
    project = trained[0]
    with RunLock(project.state / "run.lock"), pytest.raises(LockHeld, match=r"process \d+"):
        evaluate(project, cutoffs=1, stages=Stages())


@pytest.mark.parametrize(
    ("every", "says"),
    [("month", "About 1 month more"), (7, "About 7 days more")],
)
def test_what_a_longer_history_would_add_is_told_in_the_calendars_steps(every, says):
    assert says in _short(3, 2, every)
    assert _short(3, 3, every) == ""


def test_a_customer_of_the_calibrate_rows_was_seen_too():
    first, second, now = date(2024, 1, 1), date(2024, 2, 1), date(2024, 6, 1)
    frames = {first: pd.DataFrame({"customer_id": ["ann"]}), second: pd.DataFrame({"customer_id": ["bob"]})}
    rows = pd.DataFrame({"customer_id": ["ann", "bob", "cyd"]})
    assert _seen(rows, Split(now, (first,), (second,), "time"), frames).tolist() == [True, True, False]
    assert _seen(rows, Split(now, (), (), "nothing"), frames).tolist() == [False, False, False]


def test_the_tables_on_the_terminal_show_cutoffs_baselines_slices_and_the_verdict(evaluated, capsys):
    result = evaluated[2]
    _show(Console(as_json=False, verbose=False, quiet=False), result)
    said = capsys.readouterr().out
    for words in (
        "2025-08-01",
        *result.rungs.values(),
        "perfect foresight",
        "tier: Priority",
        "training: never seen",
        result.says[:60],
    ):
        assert words in said
    assert "nan" not in said
    assert "at 2 test cutoffs" in said


def test_an_undefined_figure_is_blank_and_zero_has_no_minus():
    assert [_figure(None), _figure(float("nan")), _figure(-0.0001, "+.3f"), _figure(0.5)] == ["", "", "+0.000", "0.500"]
