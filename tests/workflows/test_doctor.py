"""The certificate of a whole business: kept beside the runs, in MLflow, and a training stops without it."""

import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from hvc_ml.certificate.receipt import is_genuine
from hvc_ml.cli.app import app
from hvc_ml.dataset.partition import compute_many
from hvc_ml.errors import GateFailed
from hvc_ml.progress import Stages
from hvc_ml.tracking.store import open_store
from hvc_ml.workflows import doctor as workflow
from hvc_ml.workflows.doctor import doctor
from hvc_ml.workflows.models import list_models
from hvc_ml.workflows.train import train


def leaky(engine, tables, mature, plan):
    """How long the log goes on is written into every row."""
    return {cutoff: spoiled(tables, made) for cutoff, made in compute_many(engine, tables, mature, plan).items()}


def spoiled(tables, made):
    place = made.panel.column_names.index("spend_lifetime")
    leak = pa.array([float(tables.end_day)] * made.panel.num_rows)
    return replace(made, panel=made.panel.set_column(place, "spend_lifetime", leak))


@pytest.fixture(scope="module")
def run(trained):
    project, result, _ = trained
    client = open_store(project.config.tracking, project.folder, project.config.name).connection.client
    return client, client.get_run(result.run_id)


def test_every_training_has_its_certificate_in_mlflow_and_beside_it(trained, run, tmp_path):
    client, found = run
    assert "leakage certificate" in trained[1].seconds
    fetched = client.download_artifacts(found.info.run_id, "leakage_certificate.json", str(tmp_path))
    receipt = json.loads(Path(fetched).read_text())
    assert receipt["passed"]
    assert is_genuine(receipt)
    digest = receipt["hashes"]["receipt"][:12]
    assert found.data.tags["leakage_certificate"] == f"passed {digest}"
    assert receipt["says"] in found.data.tags["mlflow.note.content"]
    kept = trained[0].models / "certificates" / f"{digest}.json"
    assert json.loads(kept.read_text()) == receipt
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.fixture(scope="module")
def checked(trained):
    return doctor(trained[0], customers=200, cutoffs=2, stages=Stages())


def test_the_doctor_finds_a_sound_business_sound_and_says_what_it_tried(checked):
    receipt = checked.as_json()
    assert receipt["passed"]
    assert receipt["n_customers"] == 200
    assert len(receipt["cutoffs"]) == 2
    assert all(n == 0 for n in receipt["perturbations"].values())
    assert receipt["rows_changed"]["dropped"] > 100
    assert receipt["canaries"]["planted"] > 20
    assert {"data", "config", "panel_plan", "panel", "code", "receipt"} == set(receipt["hashes"])


def test_the_receipt_is_genuine_and_names_no_customer(checked):
    text = checked.receipt.read_text()
    assert is_genuine(json.loads(text))
    assert "C00" not in text


def test_a_leak_stops_the_training_before_anything_is_fitted_or_registered(copied, monkeypatch):
    versions = len(list_models(copied, stages=Stages()).versions)
    monkeypatch.setattr(workflow, "compute_many", leaky)
    stages = Stages()
    with pytest.raises(GateFailed, match=r"leakage: spend_lifetime moved .* Nothing was trained"):
        train(copied, promote=True, stages=stages)
    assert "priors" not in stages.seconds
    assert len(list_models(copied, stages=Stages()).versions) == versions


def test_a_blind_checker_stops_the_training_as_well(copied, monkeypatch):
    monkeypatch.setattr("hvc_ml.certificate.certify.PERTURBATIONS", {"dropped": lambda table, now, draws: (table, 1)})
    with pytest.raises(GateFailed, match="blind"):
        train(copied, promote=True, stages=Stages())


def test_the_command_shows_the_result_and_ends_with_seven_where_something_leaks(copied, monkeypatch):
    argv = ["doctor", "-c", str(copied.path), "--customers", "50", "--cutoffs", "1"]
    sound = CliRunner().invoke(app, argv)
    assert sound.exit_code == 0
    assert "No leakage: " in sound.stdout
    assert "Not to be seen here: orders have no known_at" in sound.stdout
    monkeypatch.setattr(workflow, "compute_many", leaky)
    for more in ([], ["--json"]):
        broken = CliRunner().invoke(app, [*argv, *more])
        assert broken.exit_code == 7
        assert broken.stderr.startswith("hvc-ml: leakage: spend_lifetime moved")
        assert "spend_lifetime" in broken.stdout
    assert json.loads(broken.stdout)["passed"] is False
