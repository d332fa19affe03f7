"""A whole business from a PostgreSQL server: the same panel as from files, byte for byte."""

import datetime as dt
import json
import os
import subprocess
import sys

import pyarrow.parquet as pq
import pytest
import yaml
from pyarrow import feather

from hvc_ml.config import load_config
from hvc_ml.progress import Stages
from hvc_ml.workflows.demo import make
from hvc_ml.workflows.features import features
from made.postgres import PASSWORD

adbc = pytest.importorskip("adbc_driver_postgresql.dbapi", reason="needs the extra: pip install '.[postgres]'")


def in_the_server(server, files, folder):
    """The project of a demo whose tables lie in the server; its URL comes from a variable."""
    with adbc.connect(server.url()) as connection, connection.cursor() as cursor:
        for file in sorted((files / "data").glob("*.parquet")):
            cursor.adbc_ingest(file.stem, pq.read_table(file), mode="replace")
        connection.commit()
    text = (files / "hvc.yaml").read_text()
    config = yaml.safe_load(text) | {"source": {"kind": "postgres", "url": "${env:SHOP_URL}"}}
    folder.mkdir()
    (folder / "hvc.yaml").write_text(yaml.safe_dump(config))
    return folder / "hvc.yaml"


@pytest.fixture(scope="module")
def business(server, tmp_path_factory):
    """A demo as files, and its config for the server."""
    there = tmp_path_factory.mktemp("business")
    made = make(there / "files", kind="subscription", customers=300, seed=5, stages=Stages())
    return made.config, in_the_server(server, there / "files", there / "server")


def panel(path, *cutoffs):
    """What `features` leaves: the panel's bytes, and everything beside it."""
    project = load_config(path)
    for cutoff in cutoffs:
        features(project, cutoff=cutoff, show_sql=False, stages=Stages())
    found = sorted(project.features.rglob("*"))
    key = [json.loads(f.read_text())["meta"]["key"] for f in found if f.name == "MANIFEST.json"]
    beside = {f.relative_to(project.features): feather.read_table(f) for f in found if f.suffix == ".arrow"}
    return {f.relative_to(project.features): f.read_bytes() for f in found if f.suffix == ".parquet"}, beside, key


def test_a_business_has_the_same_panel_from_a_server_as_from_files_byte_for_byte(server, business, monkeypatch):
    monkeypatch.setenv("SHOP_URL", server.url())
    cutoffs = (dt.date(2025, 6, 1), dt.date(2026, 1, 1))
    of_files, of_server = (panel(path, *cutoffs) for path in business)
    assert len(of_files[0]) == len(of_files[2]) == 2
    assert of_files == of_server


def test_the_command_line_ends_with_nine_and_keeps_the_password(server, business):
    secret = server.url(password="wr0ng:secret")  # noqa: S106 # a canary
    argv = [sys.executable, "-m", "hvc_ml", "check", "-c", str(business[1]), "--json"]
    ended = subprocess.run(argv, env={**os.environ, "SHOP_URL": secret}, capture_output=True, text=True, check=False)
    assert ended.returncode == 9
    assert json.loads(ended.stdout)["error"]["kind"] == "ServiceError"
    assert "the user or the password is refused" in ended.stderr
    assert not any(s in ended.stdout + ended.stderr for s in ("wr0ng", "ann:", PASSWORD))
