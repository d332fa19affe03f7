"""With pseudonyms on, what a person types in the source's ids finds its way, and nothing that is kept holds one."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from hvc_ml.cli.app import app
from hvc_ml.config import load_config
from hvc_ml.errors import ConfigError, DataError, UsageError
from hvc_ml.progress import Stages
from hvc_ml.publish import MANIFEST
from hvc_ml.tables.forgotten import Register
from hvc_ml.tables.pseudonyms import KEY, pseudonym
from hvc_ml.workflows.allow_again import allow_again
from hvc_ml.workflows.campaign_import import import_contacts
from hvc_ml.workflows.contact_rules import objections
from hvc_ml.workflows.forget import forget
from hvc_ml.workflows.identify import identify
from hvc_ml.workflows.past_lists import past_lists
from hvc_ml.workflows.pseudonyms import CHECK
from hvc_ml.workflows.shop import open_shop
from workflows import worked

A_KEY = b"a key of a test, no secret"
ON = worked.CONFIG.replace("orders: orders.csv}}", "orders: orders.csv}, pseudonyms: true}")
LIST_TEXTS = ("act_before", "reason_1", "reason_2", "reason_3", "model_version", "owner", "channel", "talking_points")
LIST_MONEY = ("future_value_low", "future_value_high", "reason_1_amount", "reason_2_amount", "reason_3_amount")


def name(customer):
    return pseudonym(customer, A_KEY)


def opened(project):
    with open_shop(project, Stages()) as shop:
        return {row["customer_id"] for row in shop.engine.arrow(shop.tables.orders).to_pylist()}


@pytest.fixture
def keyed(monkeypatch):
    monkeypatch.setenv(KEY, A_KEY.decode())


@pytest.fixture
def project(tmp_path, monkeypatch, keyed):
    """A shop whose newest list goes by pseudonyms, as `score` would write it."""
    project = worked.shop(tmp_path, cutoffs=(), config=ON)
    assert name("c001") in opened(project)  # the first run; its key is that of the project
    every = worked.rows

    def rows(*args, **kwargs):
        found = every(*args, **kwargs)
        texts = dict.fromkeys(LIST_TEXTS, "")
        return found.assign(customer_id=found["customer_id"].map(name), **texts, **dict.fromkeys(LIST_MONEY, 0.0))

    with monkeypatch.context() as patched:
        patched.setattr(worked, "rows", rows)
        folder = worked.publish(project, formats=("parquet", "csv"))
    said = json.loads((folder / MANIFEST).read_text())
    said["meta"] |= {"name": "shop", "model_version": "1", "currency": "EUR"}
    (folder / MANIFEST).write_text(json.dumps(said))
    (project.lists / "latest").symlink_to(folder.name)
    return project


def test_a_team_may_write_down_what_it_did_under_either_name(project, tmp_path):
    (tmp_path / "done.csv").write_text(
        f"customer_id,outcome\nc200,accepted\n{name('c201')},declined\nstranger,accepted\n"
    )
    result = import_contacts(project, tmp_path / "done.csv", worked=None, replace=False, stages=Stages())
    assert (result.kept, result.rejected) == (2, {"not on the list": 1})
    kept = pd.read_parquet(result.path / "contacts.parquet")
    assert set(kept["customer_id"]) == {name("c200"), name("c201")}


def test_an_objection_is_known_under_either_name(project, tmp_path):
    (tmp_path / "no.txt").write_text(f"c200\n{name('c201')}\n")
    project.path.write_text(project.path.read_text() + "list: {suppress: no.txt}\n")
    assert objections(load_config(project.path)) == {name("c200"), name("c201")}


@pytest.mark.parametrize("typed", ["c200", name("c200")])
def test_whoever_is_forgotten_is_so_under_both_names_and_comes_back_when_allowed(project, typed):
    (project.lists / "mine.csv").write_text(f"customer_id\n{typed}\nc201\n")
    result = forget(project, frozenset({typed}), stages=Stages())
    assert (result.source, result.removed["lists/mine.csv"]) == ({"orders": 1}, 1)
    register = Register.read(project.register)
    assert register.hashes == {register.hash_of(name("c200"))}
    (past,) = past_lists(project)
    assert name("c200") not in set(past.rows()["customer_id"]) | set(past.scores()["customer_id"])
    assert name("c200") not in opened(project)
    assert allow_again(project, frozenset({"c200"}), stages=Stages()).allowed == 1
    assert name("c200") in opened(project)


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
def test_who_has_key_and_source_writes_the_list_under_its_ids(project, tmp_path, kind):
    to = tmp_path / f"team.{kind}"
    result = identify(project, to, stages=Stages())
    assert (result.rows, result.objecting, to.stat().st_mode & 0o777) == (400, 0, 0o600)
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet, "xlsx": pd.read_excel}[kind](to)
    if kind != "xlsx":
        assert read["customer_id"].tolist() == worked.IDS
    assert import_contacts(project, to, worked=None, replace=False, stages=Stages()).n_contact == 300


def test_who_objects_since_is_not_identified(project, tmp_path):
    (tmp_path / "no.txt").write_text("c200\n")
    project.path.write_text(project.path.read_text() + "list: {suppress: no.txt}\n")
    result = CliRunner().invoke(
        app, ["identify", "-c", str(project.path), "--to", str(tmp_path / "team.csv")], catch_exceptions=False
    )
    assert "399 rows under the ids of the source. 1 who object since are left out." in " ".join(result.output.split())
    assert "c200" not in (tmp_path / "team.csv").read_text()


def test_a_customer_whom_the_source_lost_stops_the_way_back(project, tmp_path):
    orders = pd.read_csv(tmp_path / "orders.csv")
    orders[orders["customer"] != "c200"].to_csv(tmp_path / "orders.csv", index=False)
    with pytest.raises(DataError, match="no longer has 1 of 400 customers"):
        identify(project, tmp_path / "team.csv", stages=Stages())
    assert not (tmp_path / "team.csv").exists()


def test_the_way_back_says_when_there_is_none(tmp_path, project):
    with pytest.raises(UsageError, match=r"ends in .csv, .parquet, .xlsx"):
        identify(project, tmp_path / "team.docx", stages=Stages())
    with pytest.raises(UsageError, match="no such list"):
        identify(project, tmp_path / "team.csv", named=tmp_path / "none", stages=Stages())
    plain = worked.shop(tmp_path / "plain")
    with pytest.raises(UsageError, match="have the ids of the source"):
        identify(plain, tmp_path / "team.csv", stages=Stages())


@pytest.mark.parametrize("key", [None, "short", "another key of a test"])
@pytest.mark.parametrize("verb", ["check", "forget --id c200", "campaign import orders.csv", "identify --to x.csv"])
def test_another_key_a_short_one_or_none_is_refused_by_every_door(project, monkeypatch, key, verb):
    monkeypatch.chdir(project.folder)
    monkeypatch.delenv(KEY)
    if key is not None:
        monkeypatch.setenv(KEY, key)
    result = CliRunner().invoke(app, verb.split())
    assert isinstance(result.exception, ConfigError)
    assert result.exception.exit_code == 3
    assert KEY in str(result.exception)
    assert not project.register.exists()


def test_pseudonyms_are_not_switched_off_where_lists_go_by_them(project):
    project.path.write_text(worked.CONFIG)
    with pytest.raises(ConfigError, match=r"is off, and was on when lists/ in .* begin in a new folder"):
        opened(load_config(project.path))


def test_pseudonyms_are_not_switched_on_where_lists_name_ids(tmp_path, keyed):
    project = worked.shop(tmp_path)
    project.path.write_text(ON)
    with pytest.raises(ConfigError, match=r"lists/ in .* name customers by their ids"):
        opened(load_config(project.path))


def test_where_nothing_is_kept_yet_the_key_may_change(tmp_path, monkeypatch, keyed):
    project = worked.shop(tmp_path, cutoffs=(), config=ON)
    opened(project)
    monkeypatch.setenv(KEY, "another key of a test")
    assert opened(project) == {pseudonym(c, b"another key of a test") for c in [*worked.IDS, "other"]}
    project.path.write_text(worked.CONFIG)
    assert opened(load_config(project.path)) == {*worked.IDS, "other"}
    assert not (project.state / CHECK).exists()


def test_a_damaged_check_is_refused(project):
    (project.state / CHECK).write_text("[]")
    with pytest.raises(ConfigError, match="tells which key was in use"):
        opened(project)
