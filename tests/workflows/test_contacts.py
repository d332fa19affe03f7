"""Who was contacted: imports, the table of touches, and the list that each touch belongs to."""

from datetime import date

import pandas as pd
import pytest

from hvc_ml.config import load_config
from hvc_ml.errors import DataError
from hvc_ml.progress import Stages
from hvc_ml.workflows.campaign_import import import_contacts
from hvc_ml.workflows.contacts import COLUMNS, contacts
from hvc_ml.workflows.past_lists import past_list, past_lists
from hvc_ml.workflows.shop import open_shop
from workflows.worked import CONFIG, CUTOFF, IDS, publish, rows, shop

TOUCHES = CONFIG.replace("{orders: orders.csv}", "{orders: orders.csv, touches: touches.csv}").replace(
    "population:", "  touches:\n    columns: {customer_id: who, touched_at: at, action: what, group: part}\npopulation:"
)


def known(project):
    with open_shop(project, Stages()) as opened:
        return contacts(project, opened)


def touched(folder, *told):
    """A shop with touches: (customer, day, action, group)."""
    project = shop(folder, config=TOUCHES)
    table = pd.DataFrame(told, columns=["who", "at", "what", "part"])
    table.to_csv(folder / "touches.csv", index=False)
    return load_config(project.path)


def test_without_contacts_there_are_the_columns_and_no_rows(tmp_path):
    found = known(shop(tmp_path))
    assert tuple(found) == COLUMNS
    assert len(found) == 0
    assert str(found["touched_at"].dtype).startswith("datetime64")


def test_imported_contacts_carry_their_list(tmp_path):
    project = shop(tmp_path)
    pd.DataFrame({"customer_id": ["c200"], "touched_at": ["2024-03-04"]}).to_csv(tmp_path / "w.csv", index=False)
    import_contacts(project, tmp_path / "w.csv", worked=None, replace=False, stages=Stages())
    (row,) = known(project).itertuples(index=False)
    assert row == ("c200", pd.Timestamp("2024-03-04"), "call", f"{CUTOFF}_aaaa")


def test_touches_belong_to_the_newest_list_whose_horizon_holds_them_or_to_none(tmp_path):
    project = touched(
        tmp_path,
        ("c200", "2024-03-05", "call", ""),
        ("c200", "2024-02-20", "call", ""),  # before any list
        ("c200", "2024-04-20", "call", ""),  # after the horizon
        ("nobody", "2024-03-05", "call", ""),  # on no list
        ("c201", "2024-03-20", "call", ""),  # the newer list has begun
    )
    publish(project, date(2024, 3, 15))
    found = known(project).set_index(["customer_id", "touched_at"])["list"]
    assert found["c200", pd.Timestamp("2024-03-05")] == f"{CUTOFF}_aaaa"
    assert found["c201", pd.Timestamp("2024-03-20")] == "2024-03-15_aaaa"
    assert (found.drop([("c200", pd.Timestamp("2024-03-05")), ("c201", pd.Timestamp("2024-03-20"))]) == "").all()


def test_of_several_lists_of_one_cutoff_the_one_that_explains_most_touches_was_worked(tmp_path):
    told = [(c, "2024-03-05", "call", "") for c in IDS[:250:2]]
    project = touched(tmp_path, *told)
    publish(project, run="bbbb", listed=50)  # most of the touched do not stand on it
    assert set(known(project)["list"]) == {f"{CUTOFF}_aaaa"}


def test_a_list_that_is_a_workbook_only_takes_no_touches_and_says_so(tmp_path, caplog):
    project = touched(tmp_path, ("c200", "2024-03-16", "call", ""))
    publish(project, date(2024, 3, 15), formats=("xlsx",))
    assert known(project)["list"].tolist() == [f"{CUTOFF}_aaaa"]
    assert "workbook only" in caplog.text


def test_touches_that_say_that_someone_was_left_alone_are_no_contacts(tmp_path):
    project = touched(
        tmp_path,
        ("c200", "2024-03-05", "call", "contact"),
        ("c001", "2024-03-05", "call", " Holdout"),
        ("c002", "2024-03-05", "call", "control"),
    )
    assert known(project)["customer_id"].tolist() == ["c200"]


def test_a_list_is_read_as_it_was_published_in_any_format(tmp_path):
    project = shop(tmp_path)
    expected = rows()[["customer_id", "action", "group", "churn_risk"]]
    for run, formats in (("csv", ("csv",)), ("both", ("csv", "parquet"))):
        found = past_list(publish(project, run=run, formats=formats)).rows()
        pd.testing.assert_frame_equal(found[list(expected)], expected, check_dtype=False)
    only = past_list(publish(project, run="xlsx", formats=("xlsx",)))
    with pytest.raises(DataError, match="workbook only"):
        only.rows()


def test_a_list_that_was_changed_is_not_measured_but_its_workbook_may_be(tmp_path):
    project = shop(tmp_path)
    folder = publish(project, run="b", formats=("csv", "parquet"))
    (folder / "retention_list.csv").write_text("the team's notes")
    (folder / "notes.txt").write_text("anything")
    assert len(past_list(folder).rows()) == 400
    (folder / "retention_list.parquet").write_bytes(b"changed")
    with pytest.raises(DataError, match="was changed since"):
        past_list(folder).rows()
    (folder / "scores.parquet").unlink()
    with pytest.raises(DataError, match="is missing"):
        past_list(folder).scores()


def test_lists_come_by_cutoff_and_other_folders_are_passed_by(tmp_path):
    project = shop(tmp_path, cutoffs=(date(2024, 4, 1), CUTOFF))
    (project.lists / "notes").mkdir()
    (project.lists / "latest").symlink_to(f"{CUTOFF}_aaaa")
    assert [p.cutoff for p in past_lists(project)] == [CUTOFF, date(2024, 4, 1)]
    assert past_list(project.lists / "latest").name == f"{CUTOFF}_aaaa"
    with pytest.raises(DataError, match="cannot be read"):
        past_list(project.lists / "notes")


def test_a_manifest_of_something_else_is_no_list(tmp_path):
    from hvc_ml.publish import publish_directory  # noqa: PLC0415 # here alone

    with publish_directory(tmp_path / "lists" / "x", meta={"cutoff": "2024-01-01"}):
        pass
    with pytest.raises(DataError, match="not the manifest of a list"):
        past_list(tmp_path / "lists" / "x")
