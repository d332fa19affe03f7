"""Whoever is forgotten is found nowhere in what is kept, and does not come back."""

import json
import zipfile

import pandas as pd
import pytest

from hvc_ml.errors import DataError, LockHeld, OutputError, UsageError
from hvc_ml.progress import Stages
from hvc_ml.publish import MANIFEST, RunLock, verify_directory
from hvc_ml.tables.forgotten import Register
from hvc_ml.workflows import forget as verb
from hvc_ml.workflows.campaign_import import import_contacts
from hvc_ml.workflows.forget import customers, forget
from hvc_ml.workflows.past_lists import past_list, past_lists
from hvc_ml.workflows.score import Limits, score
from workflows.worked import CUTOFF, publish, shop

LIST = f"{CUTOFF}_aaaa"
MINE = "c200"


def kept(project):
    """Everything that is kept and could name a customer: path in the project -> its bytes, unpacked."""
    found = {}
    for path in project.folder.rglob("*"):
        name = path.relative_to(project.folder).as_posix()
        if not path.is_file() or path.is_symlink() or name.split("/")[0] in {"orders.csv", "data", "truth"}:
            continue
        if path.suffix == ".parquet":
            found[name] = repr(pd.read_parquet(path).to_dict("list")).encode()
        elif path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as parts:
                found[name] = b"".join(parts.read(part) for part in parts.namelist())
        else:
            found[name] = path.read_bytes()
    return found


def naming(project, customer):
    return sorted(name for name, content in kept(project).items() if customer.encode() in content)


def gone(project, *ids):
    return forget(project, frozenset(ids), stages=Stages())


@pytest.fixture
def worked(tmp_path):
    """A shop with a list that was worked, in all formats, and a note that somebody put beside it."""
    project = shop(tmp_path)
    publish(project, run="bbbb", formats=("parquet", "csv", "xlsx"))
    (tmp_path / "worked.csv").write_text("customer_id\nc200\nc201\n")
    import_contacts(project, tmp_path / "worked.csv", worked=project.lists / LIST, replace=False, stages=Stages())
    (tmp_path / "worked.csv").unlink()
    (project.lists / f"{CUTOFF}_bbbb" / "notes.docx").write_bytes(b"talked to Ms Blue")
    (project.state / "rejected.csv").write_text("table,position,reason,column_1\norders,1,no amount,c200\n")
    (project.lists / f".{CUTOFF}_cccc.staging-x1").mkdir()
    (project.lists / f".{CUTOFF}_cccc.staging-x1" / "scores.csv").write_text("customer_id\nc200\n")
    return project


def test_nothing_that_is_kept_names_them_and_the_rest_is_as_before(worked):
    before = {past.name: (past.rows(), past.scores()) for past in past_lists(worked)}
    assert len(naming(worked, MINE)) >= 8
    result = gone(worked, MINE)
    assert naming(worked, MINE) == []
    assert (result.customers, result.source) == (1, {"orders": 2})
    for past in past_lists(worked):
        rows, scores = before[past.name]
        pd.testing.assert_frame_equal(past.rows(), rows[rows["customer_id"] != MINE].reset_index(drop=True))
        pd.testing.assert_frame_equal(past.scores(), scores[scores["customer_id"] != MINE].reset_index(drop=True))
        verify_directory(past.folder)
        assert past.meta["forgotten_rows"] == sum(
            n for f, n in result.removed.items() if past.name in f and "lists" in f
        )
    assert result.removed[f"campaigns/{LIST}/contacts.parquet"] == 1
    assert result.unsearched == [f"lists/{CUTOFF}_bbbb/notes.docx"]


def test_a_receipt_names_nobody(worked):
    result = gone(worked, MINE, "stranger")
    said = result.receipt.read_text()
    assert MINE not in said
    assert "stranger" not in said
    found = json.loads(said)
    assert found["customers"] == 2
    assert found["rows_removed"] == sum(found["removed"].values()) == 7
    assert found["remains"]["source"] == {"orders": 2}
    assert MINE not in json.dumps(result.as_json())


def test_ids_are_exact_and_a_stranger_changes_nothing(worked):
    before = kept(worked)
    assert gone(worked, "c20", "C200").removed == {}
    after = kept(worked)
    assert all(
        after[name] == content
        for name, content in before.items()
        if name.split("/")[0] == "lists" and "." not in name.split("/")[1]
    )


def test_twice_is_once(worked):
    gone(worked, MINE)
    before = {name: content for name, content in kept(worked).items() if not name.startswith("forgotten/receipt")}
    again = gone(worked, MINE)
    assert again.removed == {}
    assert before == {name: c for name, c in kept(worked).items() if not name.startswith("forgotten/receipt")}
    assert len(list(worked.forgotten.glob("receipt_*.json"))) == 2


@pytest.mark.parametrize("kth", range(3))  # two lists and a campaign
def test_what_was_interrupted_is_finished_by_the_next_call(worked, monkeypatch, kth):
    real, calls = verb.publish_directory, []

    def full(*args, **kwargs):
        calls.append(args)
        if len(calls) == kth + 1:
            raise OutputError("the disk is full")
        return real(*args, **kwargs)

    with monkeypatch.context() as broken:
        broken.setattr(verb, "publish_directory", full)
        with pytest.raises(OutputError):
            gone(worked, MINE)
    register = Register.read(worked.register)
    assert register.hash_of(MINE) in register.hashes  # no run takes them in, whatever came after
    assert len([past.rows() for past in past_lists(worked)]) == 2
    gone(worked, MINE)
    assert naming(worked, MINE) == []


def test_a_list_that_was_published_as_a_workbook_only_is_searched(tmp_path):
    project = shop(tmp_path)
    publish(project, run="xlsx", formats=("xlsx",))
    assert gone(project, MINE).removed[f"lists/{CUTOFF}_xlsx/retention_list.xlsx"] == 1
    assert naming(project, MINE) == []


def test_files_beside_the_lists_and_broken_panels_are_searched(worked):
    (worked.lists / "mine.csv").write_text("customer_id\nc200\nc201\n")
    broken = worked.features / "cutoff=2024-01-01"
    broken.mkdir(parents=True)
    (broken / "panel.parquet").write_bytes(b"half of it, with c200")
    (worked.features / "events.cache").write_bytes(b"c200")
    result = gone(worked, MINE)
    assert result.panels == ["2024-01-01", "events.cache"]
    assert (worked.lists / "mine.csv").read_text() == "customer_id\nc201\n"
    assert naming(worked, MINE) == []


def test_a_source_that_cannot_be_read_hinders_nobody(worked):
    (worked.folder / "orders.csv").unlink()
    result = gone(worked, MINE)
    assert result.source is None
    assert "orders.csv" in result.source_says
    assert naming(worked, MINE) == []


def test_who_objects_is_counted_and_the_list_is_the_users(worked):
    text = (worked.folder / "hvc.yaml").read_text()
    from hvc_ml.config import load_config  # noqa: PLC0415

    (worked.folder / "hvc.yaml").write_text(text + "list: {suppress: objections.txt}\n")
    (worked.folder / "objections.txt").write_text("c200\nc300\n")
    assert gone(load_config(worked.folder / "hvc.yaml"), MINE).objecting == 1
    assert (worked.folder / "objections.txt").read_text() == "c200\nc300\n"
    (worked.folder / "objections.txt").unlink()
    assert gone(load_config(worked.folder / "hvc.yaml"), MINE).objecting == 0


def test_another_run_is_waited_for_by_hand(worked):
    with RunLock(worked.state / "run.lock"), pytest.raises(LockHeld):
        gone(worked, MINE)


def test_ids_come_as_options_and_from_files(tmp_path):
    (tmp_path / "ids.txt").write_bytes("\ufeff007\r\n\n7 \n".encode())
    assert customers(["ann", "007"], tmp_path / "ids.txt") == {"007", "7 ", "ann"}
    with pytest.raises(UsageError, match="nobody to forget"):
        customers([""], None)
    with pytest.raises(DataError, match="cannot be read"):
        customers([], tmp_path / "none.txt")
    (tmp_path / "ids.txt").write_bytes(b"\xff\n")
    with pytest.raises(UsageError, match="not UTF-8"):
        customers([], tmp_path / "ids.txt")
    with pytest.raises(UsageError, match="not UTF-8"):
        customers(["\udcff"], None)


def test_a_trained_shop_forgets_its_best_customer_for_good(copied):
    past = past_list(copied.lists / "latest")
    scored = len(past.scores())
    mine = past.rows()["customer_id"].iloc[0]
    result = gone(copied, mine)
    assert naming(copied, mine) == []
    assert result.book == "made anew without them"
    assert len(result.panels) >= 1
    assert result.source["orders"] >= 1
    verify_directory(copied.lists / "latest")
    again = score(copied, cutoff=None, limits=Limits(), stages=Stages())
    assert again.n_scored == scored - 1
    assert naming(copied, mine) == []
    assert json.loads((again.list_dir / MANIFEST).read_text())["meta"]["n_listed"] == again.n_listed
