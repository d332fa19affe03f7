"""The watch over a trained shop: lists that matured, a stable night, and nights on which something broke."""

import json
import shutil
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from hvc_ml.cli.app import app
from hvc_ml.config import load_config
from hvc_ml.errors import DataError, NotEnoughData, ServiceError
from hvc_ml.evaluation.metrics import churn_auc
from hvc_ml.monitoring.ledger import LEDGER, Ledger
from hvc_ml.progress import Stages
from hvc_ml.workflows import monitor as verb
from hvc_ml.workflows.campaign_import import import_contacts
from hvc_ml.workflows.monitor import monitor
from hvc_ml.workflows.past_lists import past_list
from hvc_ml.workflows.report import report
from hvc_ml.workflows.score import Limits, score

EARLIER = date(2025, 8, 1)


def watched(project):
    return monitor(project, stages=Stages())


def scored(project, cutoff=None):
    return score(project, cutoff=cutoff, limits=Limits(), stages=Stages())


@pytest.fixture(scope="module")
def shop(trained, tmp_path_factory):
    """(project, what the watch found) of a shop with a list that has matured and today's."""
    folder = tmp_path_factory.mktemp("watched") / "shop"
    shutil.copytree(trained[0].folder, folder, symlinks=True)
    project = load_config(folder / "hvc.yaml")
    scored(project, EARLIER)
    scored(project)
    return project, watched(project)


@pytest.fixture
def spoiled(shop, tmp_path):
    """A copy of it that a test may spoil."""
    shutil.copytree(shop[0].folder, tmp_path / "shop", symlinks=True)
    return load_config(tmp_path / "shop" / "hvc.yaml")


def test_a_stable_night_raises_no_alarm_and_tells_of_every_list(shop):
    project, found = shop
    assert found.alerts == ()
    assert found.exit_code == 0
    assert [entry.cutoff for entry in found.last] == [EARLIER.isoformat(), found.entry.cutoff]
    assert found.entry.name == (project.lists / "latest").resolve().name
    assert found.entry.drifted == ()
    kept = Ledger.read(project.monitoring / LEDGER).get(found.entry.name)
    assert (kept.alerts, kept.gain_says) == ((), found.gain_says)
    assert 0.0 < found.entry.worst_drift < 1.0
    assert 0.5 < found.entry.expected_auc < 1.0
    assert abs(found.entry.expected_auc - found.entry.tested_auc) < 0.1
    assert set(found.reference) <= {date(2025, month, 1) for month in range(1, 13)} | {
        date(2024, month, 1) for month in range(1, 13)
    }
    assert len(found.reference) >= 3


def test_what_came_of_a_matured_list_is_counted_on_everyone(shop):
    project, found = shop
    came = found.matured.realised
    assert came.counted == "everyone"
    assert came.n == found.matured.n_scored
    assert came.auc_low < came.auc < came.auc_high
    assert abs(came.auc - came.promised_auc) < 0.1
    assert 0.0 < came.coverage <= 1.0
    orders = pd.read_parquet(project.folder / "data" / "orders.parquet")
    past = past_list(project.lists / found.matured.name)
    days = (
        pd.to_datetime(orders["ordered_at"]).dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin").dt.tz_localize(None)
    )
    ahead = orders[(days >= pd.Timestamp(past.cutoff)) & (days < pd.Timestamp(past.end))]
    bought = ahead.groupby("customer_id")["amount"].sum()
    scores = past.scores()
    assert came.value == pytest.approx(bought.reindex(scores["customer_id"]).fillna(0.0).sum(), rel=0.01)
    stayed = scores["customer_id"].isin(bought[bought > 0].index)
    assert came.churn_rate == pytest.approx(1.0 - stayed.mean(), abs=0.01)
    assert came.auc == pytest.approx(churn_auc(~stayed, scores["churn_risk"]), abs=0.01)


def test_the_change_of_money_adds_up(shop):
    _, found = shop
    change = found.change
    assert change.now == pytest.approx(found.entry.expected_gain, abs=0.05)
    parts = change.customers + change.resting + change.figures
    assert parts == pytest.approx(change.now - change.before, abs=0.01)
    assert change.model is None
    assert "This list's expected gain is " in found.gain_says


def test_json_and_ledger_name_no_customer_and_a_rerun_changes_nothing(shop):
    project, found = shop
    before = (project.monitoring / LEDGER).read_bytes()
    again = watched(project)
    assert (project.monitoring / LEDGER).read_bytes() == before
    assert again.run_id == found.run_id
    said = json.dumps(found.as_json(), allow_nan=False) + before.decode()
    assert not any(name in said for name in past_list(project.lists / "latest").scores()["customer_id"])
    assert (project.monitoring / "monitor.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_prints_and_ends_with_its_code(shop):
    project, _ = shop
    shown = CliRunner().invoke(app, ["monitor", "-c", str(project.path)])
    assert shown.exit_code == 0, shown.output
    assert "Nothing is beyond its limit." in shown.output
    assert EARLIER.isoformat() in shown.output
    tight = project.path.read_text() + "\nmonitor: {drift: 0.001, money: 1.0}\n"
    other = project.folder / "tight.yaml"
    other.write_text(tight)
    broken = CliRunner().invoke(app, ["monitor", "-c", str(other), "--json"])
    assert broken.exit_code in {0, 7}
    said = json.loads(broken.stdout)
    assert (broken.exit_code == 7) == said["breached"] == bool(said["alerts"])


def multiplied(project, since, factor):
    """The source after its amounts went wrong from a day on, say into another currency."""
    file = project.folder / "data" / "orders.parquet"
    table = pyarrow.parquet.read_table(file)
    amount, days = table["amount"].to_numpy(), pd.to_datetime(table["ordered_at"].to_pandas())
    wrong = pa.array(np.where(days >= pd.Timestamp(since), amount * factor, amount).round(2), table["amount"].type)
    pyarrow.parquet.write_table(table.set_column(table.schema.get_field_index("amount"), "amount", wrong), file)


def test_amounts_in_another_unit_are_found_the_same_night(spoiled):
    multiplied(spoiled, "2025-11-15", 20.0)
    scored(spoiled)
    found = watched(spoiled)
    assert found.exit_code == 7
    assert any(alert.kind == "inputs" and "spend_30d" in alert.says for alert in found.alerts)
    assert "spend_30d" in found.entry.drifted
    assert found.ledger.get(found.entry.name).alerts == tuple(alert.says for alert in found.alerts)
    html = report(spoiled, stages=Stages()).book.read_text()
    assert "What the watch found beyond its limit" in html
    assert "inputs have drifted: " in html
    assert len(found.ledger.entries) == 3  # the right list of that day is still there
    assert [entry.cutoff for entry in found.last] == [EARLIER.isoformat(), found.entry.cutoff]
    shown = CliRunner().invoke(app, ["monitor", "-c", str(spoiled.path), "-q"])
    assert shown.exit_code == 7
    assert shown.stdout == ""
    assert "drifted" in shown.stderr
    (next(spoiled.lists.glob(f"{EARLIER}_*")) / "scores.parquet").write_bytes(b"")
    (spoiled.monitoring / LEDGER).unlink()
    aloud = CliRunner().invoke(app, ["monitor", "-c", str(spoiled.path)])
    assert aloud.exit_code == 7
    assert "ALERT inputs: " in aloud.stdout
    assert "was changed since the list was published" in aloud.stdout


def test_a_worked_list_is_measured_on_those_it_left_alone(spoiled, tmp_path):
    past = next(p for p in (spoiled.lists).glob(f"{EARLIER}_*"))
    rows = past_list(past).rows()
    contact = rows[rows["group"] == "contact"]
    contact[["customer_id"]].to_csv(tmp_path / "worked.csv", index=False)
    import_contacts(spoiled, tmp_path / "worked.csv", worked=past, replace=False, stages=Stages())
    (spoiled.monitoring / LEDGER).unlink()
    came = watched(spoiled).ledger.get(past.name).realised
    assert came.counted == "not contacted"
    assert came.n == len(past_list(past).scores()) - len(contact)


def test_a_list_that_somebody_changed_is_said_and_the_others_are_watched(spoiled):
    past = next(p for p in (spoiled.lists).glob(f"{EARLIER}_*"))
    (past / "scores.parquet").write_bytes(b"")
    (spoiled.monitoring / LEDGER).unlink()
    found = watched(spoiled)
    assert len(found.unread) == 1
    assert found.matured is None
    assert found.change is None
    assert "matured" in found.as_json()["performance"]


def test_another_models_share_is_told_apart(spoiled, monkeypatch):
    """As if the list before had been made by a model whose risks are a tenth lower."""
    before = next(p for p in (spoiled.lists).glob(f"{EARLIER}_*"))
    document = json.loads((before / "MANIFEST.json").read_text())
    document["meta"]["model_sha256"] = "another"
    (before / "MANIFEST.json").write_text(json.dumps(document))
    from hvc_ml.workflows import monitor_money  # noqa: PLC0415

    newest = past_list(spoiled.lists / "latest")

    class Lower:
        def __init__(self, model):
            self.model = model

        def predict(self, frame):
            said = self.model.predict(frame)
            return said.assign(churn_risk=0.9 * said["churn_risk"])

    with monkeypatch.context() as patched:
        patched.setattr(
            monitor_money, "_old_model", lambda shop, store, past: Lower(verb.model_of(shop, store, newest))
        )
        found = watched(spoiled).change
    assert found.model > 0.0  # today's model sees more risk, and so promises more
    assert found.customers + found.resting + found.figures + found.model == pytest.approx(
        found.now - found.before, abs=0.01
    )
    assert watched(spoiled).change.model is None  # the registry never had it


def test_mlflow_that_does_not_answer_stops_no_watch(spoiled, monkeypatch):
    def silent(*_):
        raise ServiceError("MLflow at nowhere: no connection.")

    monkeypatch.setattr(verb, "record", silent)
    found = watched(spoiled)
    assert (found.exit_code, found.run_id) == (9, None)
    assert "no connection" in found.service_says
    assert Ledger.read(spoiled.monitoring / LEDGER).get(found.entry.name) is not None
    assert replace(found, alerts=(found.alerts or ("x",))).exit_code == 7


def test_without_a_list_there_is_nothing_to_watch(spoiled):
    shutil.rmtree(spoiled.lists)
    with pytest.raises(NotEnoughData, match="no list yet"):
        watched(spoiled)


def test_a_newest_list_that_was_changed_is_refused(spoiled):
    (spoiled.lists / "latest" / "scores.parquet").write_bytes(b"")
    (spoiled.monitoring / LEDGER).unlink()
    with pytest.raises(DataError, match="changed since"):
        watched(spoiled)
