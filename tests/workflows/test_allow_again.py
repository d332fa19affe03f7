"""A customer who was forgotten, buys again and agrees is taken in by the next run; nothing removed comes back."""

import json

import pytest
from typer.testing import CliRunner

from hvc_ml.cli.app import app
from hvc_ml.config import load_config
from hvc_ml.errors import DataError, LockHeld, OutputError, UsageError
from hvc_ml.progress import Stages
from hvc_ml.publish import RunLock
from hvc_ml.tables.forgotten import Register
from hvc_ml.workflows import allow_again as way_back
from hvc_ml.workflows.allow_again import allow_again
from hvc_ml.workflows.forget import forget
from hvc_ml.workflows.past_lists import past_lists
from hvc_ml.workflows.shop import open_shop
from workflows.worked import shop


def taken_in(project, customer):
    with open_shop(project, Stages()) as found:
        return customer in found.engine.arrow(found.tables.orders)["customer_id"].to_pylist()


def allowed(project, *ids):
    return allow_again(project, frozenset(ids), stages=Stages())


@pytest.fixture
def forgotten(tmp_path):
    """A shop that forgot two customers of its only list."""
    project = shop(tmp_path)
    forget(project, frozenset({"c200", "c201"}), stages=Stages())
    return project


def test_the_next_run_takes_in_what_the_source_has_and_the_others_stay_out(forgotten):
    assert not taken_in(forgotten, "c200")
    result = allowed(forgotten, "c200", "never forgotten")
    assert (result.customers, result.allowed) == (2, 1)
    assert taken_in(forgotten, "c200")
    assert not taken_in(forgotten, "c201")
    (past,) = past_lists(forgotten)
    assert "c200" not in set(past.rows()["customer_id"]) | set(past.scores()["customer_id"])
    assert forget(forgotten, frozenset({"c200"}), stages=Stages()).source == {"orders": 2}
    assert not taken_in(forgotten, "c200")


def test_a_receipt_says_so_and_names_nobody(forgotten):
    result = allowed(forgotten, "c200", "c999")
    said = json.loads(result.receipt.read_text())
    assert said == {
        "format": 1,
        "customers": 2,
        "allowed": 1,
        "objecting": 0,
        **{name: said[name] for name in ("allowed_again_at", "hvc_ml")},
    }
    assert "c200" not in result.receipt.read_text() + json.dumps(result.as_json())
    assert result.receipt.parent == forgotten.forgotten
    assert result.receipt.stat().st_mode & 0o777 == 0o600


def test_ids_are_exact_and_who_was_not_forgotten_needs_no_way_back(forgotten):
    before = forgotten.register.read_bytes()
    with pytest.raises(UsageError, match="none of 2 customers was forgotten here"):
        allowed(forgotten, "C200", "c20")
    assert forgotten.register.read_bytes() == before
    assert not list(forgotten.forgotten.glob("allowed_again_*"))


def test_nobody_is_taken_in_without_a_receipt(forgotten, monkeypatch):
    def full(*_args):
        raise OutputError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(way_back, "write_bytes_atomic", full)
        with pytest.raises(OutputError):
            allowed(forgotten, "c200")
    assert not taken_in(forgotten, "c200")


def test_a_damaged_register_and_another_run_stop_it(forgotten):
    with RunLock(forgotten.state / "run.lock"), pytest.raises(LockHeld):
        allowed(forgotten, "c200")
    forgotten.register.write_text("{}")
    with pytest.raises(DataError, match="damaged"):
        allowed(forgotten, "c200")


def test_the_command_tells_what_is_left_to_do(forgotten):
    (forgotten.folder / "no.txt").write_text("c200\n")
    forgotten.path.write_text(forgotten.path.read_text() + "list: {suppress: no.txt}\n")
    argv = ["forget", "-c", str(forgotten.path), "--id", "c200", "--id", "c201", "--allow-again"]
    told = CliRunner().invoke(app, argv, catch_exceptions=False).output
    assert "2 of 2 had been forgotten; the next run takes in what your source has." in told
    assert "list.suppress still names 1 of them: they come into no list." in told
    assert "Receipt: " in told
    assert "c200" not in told
    forget(load_config(forgotten.path), frozenset({"c200"}), stages=Stages())
    again = CliRunner().invoke(app, [*argv, "--json"], catch_exceptions=False)
    assert {n: v for n, v in json.loads(again.output).items() if n != "receipt"} == {
        "customers": 2,
        "allowed": 1,
        "objecting": 1,
    }
    assert not Register.read(forgotten.register).hashes
