"""The team's file, checked against the list it worked."""

import datetime as dt
import json
import shutil
import subprocess

import openpyxl
import pandas as pd
import pytest

from hvc_ml.errors import DataError, LockHeld, UsageError
from hvc_ml.progress import Stages
from hvc_ml.publish import RunLock
from hvc_ml.report.columns import NOT_CONTACTED, OUTCOMES
from hvc_ml.workflows.campaign_import import import_contacts
from hvc_ml.workflows.contact_file import read_contacts
from hvc_ml.workflows.past_lists import past_list
from workflows.worked import CUTOFF, publish, rows, shop, write_workbook

LIST = f"{CUTOFF}_aaaa"


def told(folder, text, name="worked.csv"):
    (folder / name).write_text(text)
    return folder / name


def taken(project, file, *, worked=None, replace=False):
    return import_contacts(project, file, worked=worked, replace=replace, stages=Stages())


def kept(project, name=LIST):
    return pd.read_parquet(project.campaigns / name / "contacts.parquet")


def test_a_column_of_customers_is_enough(tmp_path):
    project = shop(tmp_path)
    result = taken(project, told(tmp_path, "customer_id\nc200\nc201\nc000\n"))
    assert (result.rows, result.kept, result.reached, result.contaminated, result.rejected) == (3, 3, 2, 1, {})
    found = kept(project)
    assert found["customer_id"].tolist() == ["c000", "c200", "c201"]
    assert found["touched_at"].tolist() == [CUTOFF] * 3
    assert found["action"].tolist() == ["call", "call", "=mail"]  # what the list proposed
    json.dumps(result.as_json())


def test_every_row_that_is_no_contact_is_counted_with_its_reason(tmp_path):
    project = shop(tmp_path)
    text = (
        "Customer;Contacted on;Action;Result\n"
        "c200;2024-03-04;CALL;spoke\n"
        "c200;04.03.2024;call;again\n"
        "c201;2024-03-05 10:30;'=mail;\n"
        "stranger;2024-03-04;call;\n"
        ";2024-03-04;call;\n"
        "c202;03/04/2024;call;\n"
        "c203;2024-02-29;call;\n"
        "c204;2024-03-31;call;\n"
        "c205;2024-03-04;flowers;\n"
    )
    result = taken(project, told(tmp_path, text))
    assert result.rejected == {
        "no customer": 1,
        "not on the list": 1,
        "bad date": 1,
        "outside the list's days": 2,
        "unknown action": 1,
        "twice": 1,
    }
    assert result.kept == 2
    assert result.kept + sum(result.rejected.values()) + result.not_worked == result.rows == 9
    assert kept(project).to_numpy().tolist() == [
        ["c200", dt.date(2024, 3, 4), "call", "spoke"],
        ["c201", dt.date(2024, 3, 5), "=mail", ""],
    ]


def test_the_same_file_twice_changes_nothing(tmp_path):
    project, file = shop(tmp_path), told(tmp_path, "customer_id\nc200\n")
    assert not taken(project, file).unchanged
    before = {f.name: f.read_bytes() for f in (project.campaigns / LIST).iterdir()}
    assert taken(project, file).unchanged
    assert before == {f.name: f.read_bytes() for f in (project.campaigns / LIST).iterdir()}


def test_a_later_file_adds_to_earlier_ones_and_its_outcomes_win_unless_they_are_empty(tmp_path):
    project = shop(tmp_path)
    head = "customer_id,touched_at,outcome\n"
    taken(project, told(tmp_path, f"{head}c200,2024-03-04,no answer\nc202,2024-03-04,kept\n"))
    result = taken(project, told(tmp_path, f"{head}c200,2024-03-04,bought\nc202,2024-03-04,\nc204,2024-03-05,\n"))
    assert result.contacts == 3
    assert kept(project)["outcome"].tolist() == ["bought", "kept", ""]
    assert taken(project, told(tmp_path, f"{head}c204,2024-03-05,\n"), replace=True).contacts == 1


def test_the_lists_own_csv_leaves_its_holdout_alone(tmp_path):
    project = shop(tmp_path)
    rows().assign(action=rows()["action"].replace("=mail", "'=mail")).to_csv(tmp_path / "list.csv", index=False)
    result = taken(project, tmp_path / "list.csv")
    assert (result.kept, result.not_worked, result.reached, result.contaminated) == (300, 100, 300, 0)


def test_in_the_lists_own_file_empty_rows_were_not_worked_where_others_are_filled(tmp_path):
    project = shop(tmp_path)
    worked = rows().assign(outcome="")
    worked.loc[[0, 200, 201], "outcome"] = "spoke"
    worked.to_parquet(tmp_path / "list.parquet")
    result = taken(project, tmp_path / "list.parquet")
    assert (result.kept, result.not_worked, result.contaminated) == (3, 397, 1)


def test_the_workbook_reads_back(tmp_path):
    project = shop(tmp_path)
    worked = rows().iloc[[200, 201]].assign(touched_at=[dt.date(2024, 3, 7), dt.date(2024, 3, 8)], outcome=["yes", 7.0])
    write_workbook(worked, tmp_path / "list.xlsx")
    assert taken(project, tmp_path / "list.xlsx").kept == 2
    assert kept(project)["touched_at"].tolist() == [dt.date(2024, 3, 7), dt.date(2024, 3, 8)]
    assert kept(project)["outcome"].tolist() == ["yes", "7"]


def test_the_list_is_told_by_the_file_or_by_name_and_is_else_the_latest(tmp_path):
    project = shop(tmp_path, cutoffs=(CUTOFF, dt.date(2024, 5, 1)))
    (project.lists / "latest").symlink_to("2024-05-01_aaaa")
    plain = told(tmp_path, "customer_id\nc200\n")
    assert taken(project, plain).list_name == "2024-05-01_aaaa"
    assert taken(project, told(tmp_path, f"customer_id,cutoff\nc200,{CUTOFF}\n")).list_name == LIST
    assert taken(project, told(tmp_path, "customer_id\nc200\n"), worked=project.lists / LIST).list_name == LIST
    by_name = project.lists / LIST
    assert taken(project, plain, worked=by_name.relative_to(project.lists)).list_name == LIST
    publish(project, run="bbbb")
    assert taken(project, told(tmp_path, f"customer_id,cutoff\nc200,{CUTOFF}\n")).list_name == f"{CUTOFF}_bbbb"


def test_a_list_that_is_not_there_is_a_mistake_of_use(tmp_path):
    project = shop(tmp_path)
    file = told(tmp_path, "customer_id\nc200\n")
    with pytest.raises(UsageError, match="no such list"):
        taken(project, file, worked=tmp_path)
    with pytest.raises(UsageError, match="no such list"):
        taken(project, file, worked=tmp_path / "nowhere")
    with pytest.raises(UsageError, match="does not hold"):
        taken(project, told(tmp_path, "customer_id,cutoff\nc200,2023-01-01\n"))
    with pytest.raises(UsageError, match="2 cutoffs"):
        taken(project, told(tmp_path, f"customer_id,cutoff\nc200,2023-01-01\nc201,{CUTOFF}\n"))
    with pytest.raises(UsageError, match="no list yet"):
        taken(shop(tmp_path / "new", cutoffs=()), file)


def test_a_file_without_a_single_contact_is_refused_and_nothing_is_written(tmp_path):
    project = shop(tmp_path)
    with pytest.raises(DataError, match="not on the list: 2"):
        taken(project, told(tmp_path, "customer_id\nx\ny\n"))
    assert not project.campaigns.exists()


def test_a_file_that_is_no_table_is_refused_without_a_cell_of_it(tmp_path):
    project = shop(tmp_path)
    cases = {
        "worked.doc": (b"", "expected a .csv"),
        "a.csv": (b"customer_id\n\xff\xfe", "not UTF-8"),
        "b.csv": (b"", "it is empty"),
        "c.csv": (b"customer_id,action\nSecret77,call,3,4\n", "different lengths"),
        "d.csv": (b"name,what\nSecret77,call\n", "no column customer_id"),
        "e.csv": (b"customer,client\nSecret77,call\n", "2 columns could be customer_id"),
        "f.xlsx": (b"no workbook", "not a workbook"),
        "g.parquet": (b"no parquet", "not a Parquet"),
    }
    for name, (content, says) in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=says) as refused:
            taken(project, tmp_path / name)
        assert "Secret77" not in str(refused.value)
    with pytest.raises(DataError, match="cannot be read"):
        taken(project, tmp_path / "missing.csv")


def test_names_and_cells_of_a_workbook_are_forgiven(tmp_path):
    frame = pd.DataFrame({"Customer-No": [17850.0, 12.5], "Contact Date": [dt.datetime(2024, 3, 4, 9), pd.NaT]})
    frame.to_excel(tmp_path / "w.xlsx", index=False)
    assert read_contacts(tmp_path / "w.xlsx").to_dict("list") == {
        "customer_id": ["17850", "12.5"],
        "touched_at": ["2024-03-04", ""],
    }


def test_only_one_run_at_a_time(tmp_path):
    project = shop(tmp_path)
    with RunLock(project.state / "run.lock"), pytest.raises(LockHeld):
        taken(project, told(tmp_path, "customer_id\nc200\n"))


def test_what_is_written_is_private(tmp_path):
    project = shop(tmp_path)
    taken(project, told(tmp_path, "customer_id\nc200\n"))
    assert {oct(p.stat().st_mode & 0o777) for p in project.campaigns.rglob("*")} == {"0o700", "0o600"}


def test_who_says_that_nobody_tried_is_not_worked_whatever_the_file(tmp_path):
    project = shop(tmp_path)
    result = taken(project, told(tmp_path, "customer_id,outcome\nc200,accepted\nc201,Not contacted\nc202,\n"))
    assert (result.kept, result.not_worked) == (2, 1)
    assert kept(project)["customer_id"].tolist() == ["c200", "c202"]


def filled_in(past, to):
    """The list's own workbook with outcomes from its drop-down; which customer was given which."""
    book = openpyxl.load_workbook(past.folder / "retention_list.xlsx")
    sheet = book["Retention list"]
    places = {cell.value: cell.column for cell in sheet[1]}
    listed = past.rows()
    drawn = listed.index[listed["group"] == "contact"][: 2 * len(OUTCOMES)]
    for i, outcome in zip(drawn, [*OUTCOMES] * 2, strict=True):
        sheet.cell(2 + i, places["outcome"]).value = outcome
        sheet.cell(2 + i, places["contacted_on"]).value = past.cutoff + dt.timedelta(days=2)
    book.save(to)
    return dict(zip(listed.loc[drawn, "customer_id"], [*OUTCOMES] * 2, strict=True))


def assert_came_back(project, past, file, told_of):
    result, found = taken(project, file), kept(project, past.name)
    expected = {customer: outcome for customer, outcome in told_of.items() if outcome != NOT_CONTACTED}
    assert dict(zip(found["customer_id"], found["outcome"], strict=True)) == expected
    assert set(found["touched_at"]) == {past.cutoff + dt.timedelta(days=2)}
    assert result.rejected == {}
    assert result.rows == len(past.rows()) == result.kept + result.not_worked
    assert result.contaminated == 0


def test_the_workbook_as_it_is_published_comes_back_filled_in(copied):
    past, file = past_list(copied.lists / "latest"), copied.folder / "worked.xlsx"
    assert_came_back(copied, past, file, filled_in(past, file))


@pytest.mark.deep  # LibreOffice takes its time; the same workbook is read above
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_it_comes_back_from_libreoffice_as_well_and_prints(copied):
    past, file = past_list(copied.lists / "latest"), copied.folder / "worked.xlsx"
    told_of = filled_in(past, file)
    home = f"-env:UserInstallation={(copied.folder / 'office').as_uri()}"
    for kind in ("ods", "pdf"):
        saved = [
            "soffice",
            home,
            "--headless",
            "--convert-to",
            kind,
            "--outdir",
            str(copied.folder / "saved"),
            str(file),
        ]
        subprocess.run(saved, check=True, capture_output=True, timeout=300)
    assert (copied.folder / "saved" / "worked.pdf").read_bytes().startswith(b"%PDF")
    again = ["soffice", home, "--headless", "--convert-to", "xlsx", str(copied.folder / "saved" / "worked.ods")]
    subprocess.run(again, check=True, capture_output=True, timeout=300, cwd=copied.folder / "saved")
    assert_came_back(copied, past, copied.folder / "saved" / "worked.xlsx", told_of)
