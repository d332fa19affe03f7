"""Opening a store: made once by whoever comes first, silent servers refused at once, no password shown."""

import contextlib
import json
import logging
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow.store.db import utils

from hvc_ml.errors import ConfigError, OutputError, ServiceError
from hvc_ml.tracking.content import sections
from hvc_ml.tracking.database import ensure_database, sqlite_uri
from hvc_ml.tracking.door import Connection, mlflow_module, service_errors
from hvc_ml.tracking.redact import redact
from hvc_ml.tracking.settings import Tracking
from hvc_ml.tracking.store import _artifacts, _experiment, _secrets, git_commit, open_store, reachable
from hvc_ml.tracking.ui import ui_command

PASSWORD = "hunter2-canary"  # noqa: S105 # made up


def test_a_store_is_opened_again_where_it_was_made(open_at, tmp_path):
    first, again = open_at(tmp_path / "shop"), open_at(tmp_path / "shop")
    assert first.experiment_id == again.experiment_id
    experiment = first.connection.client.get_experiment(first.experiment_id)
    assert experiment.artifact_location == (tmp_path / "shop" / "models" / "artifacts").as_uri()
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"


def test_files_go_beside_the_configuration_whatever_the_working_directory(open_at, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    store = open_at(tmp_path / "shop")
    with store.training_run("train", params={}) as run:
        run.text("note.txt", "hello")
    assert [*(tmp_path / "elsewhere").iterdir()] == []
    assert len([*(store.folder / "artifacts").rglob("note.txt")]) == 1


def test_an_experiment_that_was_deleted_is_restored(open_at, tmp_path):
    store = open_at(tmp_path / "shop")
    store.connection.client.delete_experiment(store.experiment_id)
    assert open_at(tmp_path / "shop").experiment_id == store.experiment_id


def test_an_experiment_that_another_process_makes_in_the_same_instant_is_found(open_at, tmp_path, monkeypatch):
    store = open_at(tmp_path / "shop")
    client = store.connection.client
    answers = iter([None, client.get_experiment_by_name("my shop")])
    monkeypatch.setattr(client, "get_experiment_by_name", lambda _: next(answers))
    assert _experiment(client, Tracking(), store.folder, "my shop") == store.experiment_id
    monkeypatch.setattr(client, "get_experiment_by_name", lambda _: None)
    with pytest.raises(ServiceError, match="vanished"):
        _experiment(client, Tracking(), store.folder, "my shop")
    with pytest.raises(ServiceError), service_errors("opening the store", store.uri):
        _experiment(client, Tracking(), store.folder, "")


def test_a_server_keeps_artifacts_where_it_likes(tmp_path):
    assert _artifacts(Tracking(uri="http://host"), tmp_path) is None


def test_an_address_that_is_none_has_no_password():
    assert _secrets("http://[::1") == ()
    assert set(_secrets("http://a:p%40ss@host")) == {"p%40ss", "p@ss"}


def test_artifacts_may_lie_elsewhere(template, tmp_path):
    uri = sqlite_uri(template)
    store = open_store(Tracking(uri=uri, artifacts="kept here", experiment="other"), tmp_path, "my shop")
    location = store.connection.client.get_experiment(store.experiment_id).artifact_location
    assert location == (tmp_path / "kept here").as_uri()
    far = open_store(Tracking(uri=uri, artifacts="s3://bucket/x", experiment="far"), tmp_path, "my shop")
    assert far.connection.client.get_experiment(far.experiment_id).artifact_location == "s3://bucket/x"


@pytest.mark.timeout(120)
def test_processes_that_make_the_database_at_once_all_succeed(tmp_path):
    code = "import sys; from pathlib import Path; from hvc_ml.tracking.database import ensure_database as e; e(Path(sys.argv[1]))"
    argv = [sys.executable, "-W", "ignore", "-c", code, str(tmp_path / "new" / "mlflow.db")]
    started = [subprocess.Popen(argv, stderr=subprocess.PIPE) for _ in range(3)]
    said = [p.communicate()[1] for p in started]
    assert [p.returncode for p in started] == [0, 0, 0], said
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == [".mlflow.db.lock", "mlflow.db"]
    assert (tmp_path / "new" / "mlflow.db").stat().st_mode & 0o777 == 0o600


def test_a_database_half_made_by_a_run_that_died_is_made_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(utils, "_initialize_tables", lambda engine: engine.connect().close())
    (tmp_path / ".mlflow.db.part").write_text("half")
    ensure_database(tmp_path / "mlflow.db")
    assert (tmp_path / "mlflow.db").exists()
    assert not (tmp_path / ".mlflow.db.part").exists()


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "models").write_text("a file in the way")
    with pytest.raises((OutputError, NotADirectoryError)):
        open_store(Tracking(), tmp_path, "my shop")


def test_a_path_that_a_uri_cannot_hold_is_refused():
    with pytest.raises(ConfigError, match=r"holds \?"):
        sqlite_uri(Path("/shop?/mlflow.db"))


@pytest.mark.parametrize("scheme", ["http", "postgresql+psycopg2", "mysql"])
def test_a_silent_server_is_refused_at_once_without_its_password(scheme):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    uri = f"{scheme}://ann:{PASSWORD}@127.0.0.1:{port}/mlflow"
    with pytest.raises(ServiceError, match=r"no connection \(Connection refused\)") as told:
        open_store(Tracking(uri=uri, timeout=2), Path("/nowhere"), "my shop")
    assert PASSWORD not in str(told.value)
    assert "127.0.0.1" in str(told.value)
    assert PASSWORD not in repr(Tracking(uri=uri))
    assert PASSWORD not in repr(Connection(None, uri, (PASSWORD,)))


def test_a_server_that_speaks_nonsense_is_refused_without_its_password(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.listen()
        uri = f"http://ann:{PASSWORD}@127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ServiceError) as told:  # it takes connections and never answers
            open_store(Tracking(uri=uri, timeout=1, retries=0), tmp_path, "my shop")
    assert PASSWORD not in str(told.value)
    assert told.value.__suppress_context__


def test_files_need_no_asking():
    reachable(Tracking(), "sqlite:////nowhere/mlflow.db")


def test_errors_of_mlflow_become_one_line_and_ours_pass():
    with (
        pytest.raises(ServiceError, match="failed while counting") as told,
        service_errors("counting", f"http://a:{PASSWORD}@h"),
    ):
        raise ConnectionError(f"no route\nto http://a:{PASSWORD}@h")
    assert "\n" not in str(told.value)
    assert PASSWORD not in str(told.value)
    with pytest.raises(ConfigError), service_errors("counting", "x"):
        raise ConfigError("ours")
    with pytest.raises(ZeroDivisionError), service_errors("counting", "x"):
        raise ZeroDivisionError


def test_what_mlflow_logs_has_no_password(caplog):
    mlflow_module()
    logging.getLogger("mlflow.store.db.utils").warning("cannot open %s", f"postgresql://ann:{PASSWORD}@db/x")
    assert PASSWORD not in caplog.text
    assert len(logging.getLogger("mlflow.store.db.utils").filters) == 1


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://ann:{PASSWORD}@db:5432/mlflow",
        f"http://ann:p/{PASSWORD}@host/x",
        f"https://{PASSWORD}@host",
        f"host=db password={PASSWORD} user=ann",
        f"Authorization: Bearer {PASSWORD}",
        f"AWS_SECRET_ACCESS_KEY={PASSWORD}",
        f"https://host/x?X-Amz-Signature={PASSWORD}&b=1",
        f"{{'token': '{PASSWORD}'}}",
        f"{{'api_key': '{PASSWORD}'}}",
    ],
)
def test_every_common_place_of_a_secret_is_hidden(text):
    assert PASSWORD not in redact(text)


def test_plain_words_stay_as_they_are():
    text = "Gini .81 against .80 on 3 cutoffs; see https://example.org/a?b=c"
    assert redact(text) == text
    assert redact("say abc", ("abc",)) == "say ***"


def test_mlflow_is_imported_without_telemetry_and_without_guessing():
    code = (
        "import os; from hvc_ml.tracking.door import mlflow_module; mlflow_module();"
        "from mlflow.telemetry import get_telemetry_client as c; print(c() is None, os.environ['MLFLOW_UV_AUTO_DETECT'])"
    )
    environment = {k: v for k, v in os.environ.items() if k != "CI" and not k.startswith("MLFLOW")}
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert found.stdout.split() == ["True", "false"]


def test_settings_load_without_mlflow_or_pandas():
    code = "import sys, hvc_ml.tracking.settings, hvc_ml.segments.settings; print(sorted({'mlflow', 'pandas', 'numpy'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_commit_is_found_where_there_is_one(tmp_path, monkeypatch):
    assert git_commit(tmp_path) is None
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    assert len(git_commit(tmp_path)) == 40
    monkeypatch.setenv("PATH", "")
    assert git_commit(tmp_path) is None


def test_the_page_is_started_with_one_worker_and_no_password_on_the_command_line(store):
    page = ui_command(store, 5055)
    assert page.argv[-2:] == ("--workers", "1")
    assert store.uri not in page.argv
    assert page.env["MLFLOW_BACKEND_STORE_URI"] == store.uri
    assert page.env["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert (
        page.url
        == f"http://127.0.0.1:5055/#/experiments/{store.experiment_id}/runs?workflowType=machine_learning&viewStateShareKey=hvc-ml"
    )


def test_a_server_that_runs_already_needs_no_command(store):
    far = replace(store, connection=Connection(None, f"https://ann:{PASSWORD}@host/", (PASSWORD,)))
    page = ui_command(far)
    assert page.argv == ()
    assert (
        page.url
        == f"https://***@host/#/experiments/{store.experiment_id}/runs?workflowType=machine_learning&viewStateShareKey=hvc-ml"
    )


def test_sections_are_what_the_page_groups_by():
    assert sections({"interval_coverage": 0.8, "n": 3, "value/gini": 1.0}) == {
        "interval/coverage": 0.8,
        "n": 3.0,
        "value/gini": 1.0,
    }


def test_money_stands_in_one_section():
    assert sections({"profit_at_capacity": 2.0, "empc": 3.0}) == {"profit/at_capacity": 2.0, "profit/empc": 3.0}


def test_the_list_of_runs_opens_with_the_columns_that_matter_even_where_the_experiment_is_older(open_at, tmp_path):
    first = open_at(tmp_path / "shop")
    client, tag = first.connection.client, "mlflow.sharedViewState.hvc-ml"
    client.set_experiment_tag(first.experiment_id, tag, "{}")
    client.set_experiment_tag(first.experiment_id, "mlflow.note.content", "the reader's own words")
    open_at(tmp_path / "shop")
    tags = client.get_experiment(first.experiment_id).tags
    assert "metrics.`churn/auc`" in json.loads(tags[tag])["selectedColumns"]
    assert tags["mlflow.note.content"] == "the reader's own words"


def test_a_database_of_an_older_mlflow_says_how_to_bring_it_up_to_date(template, tmp_path):
    database = tmp_path / "shop" / "models" / "mlflow.db"
    database.parent.mkdir(parents=True)
    shutil.copy(template, database)
    with contextlib.closing(sqlite3.connect(database)) as opened, opened:
        opened.execute("UPDATE alembic_version SET version_num = 'older'")
    before = database.read_bytes()
    with pytest.raises(ServiceError, match=r"out-of-date database schema.*mlflow db upgrade"):
        open_store(Tracking(), tmp_path / "shop", "my shop")
    assert database.read_bytes() == before
