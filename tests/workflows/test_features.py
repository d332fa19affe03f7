"""`hvc-ml features` on a small business: what is built, where the time went, and the query of the engine."""

import json

import pytest
from typer.testing import CliRunner

from hvc_ml.cli.app import app
from hvc_ml.dataset.store import PanelStore
from hvc_ml.progress import Stages
from hvc_ml.workflows.features import features
from workflows.shops import small


@pytest.fixture(scope="module")
def business(tmp_path_factory):
    return small(tmp_path_factory.mktemp("shop"), customers=300)


def test_the_panel_is_built_once_and_the_profile_says_where_the_time_went(business):
    first = features(business, cutoff=None, show_sql=False, stages=Stages())
    assert all(p.built for p in first.partitions)
    assert [p.cutoff for p in first.partitions] == sorted(p.cutoff for p in first.partitions)
    told = {s["name"]: s for s in first.as_json()["profile"]}
    assert told["features"]["rows"] == sum(p.rows for p in first.partitions)
    assert told["labels"]["rows"] == sum(p.rows for p in first.partitions if p.labelled)
    assert all(s["cpu_seconds"] >= 0 and s["peak_bytes"] > 0 for s in told.values())
    store = PanelStore(business.features)
    assert all(store.path(p.cutoff).is_dir() for p in first.partitions)

    again = features(business, cutoff=None, show_sql=False, stages=Stages())
    assert not any(p.built for p in again.partitions)
    assert [s.name for s in again.profile] == ["hashes of the rows"]
    assert [(p.rows, p.labelled) for p in again.partitions] == [(p.rows, p.labelled) for p in first.partitions]


def told_by(business, *argv):
    return CliRunner().invoke(app, ["features", "-c", str(business.path), *argv], catch_exceptions=False).stdout


def test_the_verb_shows_the_profile_where_it_is_asked_for(business):
    shown = told_by(business, "--profile")
    assert "CPU-s" in shown
    assert "hashes of the rows" in shown
    assert "CPU-s" not in told_by(business)


def test_one_cutoff_can_be_asked_for_and_its_query_shown(business):
    day = features(business, cutoff=None, show_sql=False, stages=Stages()).partitions[0].cutoff
    told = json.loads(told_by(business, "--cutoff", day.isoformat(), "--show-sql", "--json"))
    assert [p["cutoff"] for p in told["partitions"]] == [day.isoformat()]
    assert "SELECT" in told["sql"]
