import csv
import stat
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest

from hvc_ml.errors import OutputError
from hvc_ml.report.columns import COLUMNS
from hvc_ml.report.retention_list import write_csv, write_list, write_parquet, write_scores, write_xlsx
from hvc_ml.report.sanitise import safe_text
from hvc_ml.tables.schema import LIST_COLUMNS

TEXTS = ["customer_id", "tier", "action", "reason_1", "reason_2", "model_version"]


def read_csv(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_column_of_the_contract_is_described():
    assert tuple(COLUMNS) == LIST_COLUMNS


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
def test_the_same_list_gives_the_same_bytes_whatever_the_order_of_columns(tmp_path, plan, about, kind):
    write_list(plan, tmp_path / "a", kind, about)
    write_list(plan[plan.columns[::-1]].assign(surplus=1), tmp_path / "b", kind, about)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


def test_the_csv_has_the_contract_s_columns_in_order(tmp_path, plan):
    write_csv(plan, tmp_path / "list.csv")
    assert (tmp_path / "list.csv").read_text().splitlines()[0] == ",".join(LIST_COLUMNS)
    frame = pd.read_csv(tmp_path / "list.csv", dtype={"customer_id": str})
    assert frame["expected_gain"].tolist() == plan["expected_gain"].tolist()
    assert frame["reason_3"].isna().all()


def test_no_cell_of_a_hostile_csv_begins_as_a_formula(tmp_path, hostile, corpus):
    write_csv(hostile, tmp_path / "list.csv")
    rows = read_csv(tmp_path / "list.csv")
    assert [row["customer_id"] for row in rows] == [safe_text(text) for text in corpus]
    for row in rows:
        for name in TEXTS:
            assert row[name] == safe_text(row[name])
        float(row["expected_gain"])


def test_a_carriage_return_in_an_id_does_not_start_a_new_row(tmp_path, hostile, corpus):
    write_csv(hostile, tmp_path / "list.csv")
    raw = (tmp_path / "list.csv").read_bytes()
    assert b'"harmless\r=1+1"' in raw
    assert len(pd.read_csv(tmp_path / "list.csv", dtype=str)) == len(corpus)


def test_parquet_keeps_every_text_byte_for_byte(tmp_path, hostile, corpus):
    write_parquet(hostile, tmp_path / "list.parquet")
    table = pq.read_table(tmp_path / "list.parquet")
    assert table.column_names == list(LIST_COLUMNS)
    for name in TEXTS:
        assert table[name].to_pylist() == corpus
    assert str(table.schema.field("rank").type) == "int64"
    assert table["reason_3_amount"].null_count == len(corpus)


def test_the_workbook_holds_no_formula_no_link_and_no_macro(tmp_path, hostile, about):
    write_xlsx(hostile, tmp_path / "list.xlsx", about)
    with zipfile.ZipFile(tmp_path / "list.xlsx") as archive:
        names = archive.namelist()
        sheets = "".join(archive.read(name).decode() for name in names if name.startswith("xl/worksheets/sheet"))
    assert "<f>" not in sheets
    assert "<f " not in sheets
    assert "hyperlink" not in sheets
    assert not [name for name in names if "externalLink" in name or "vbaProject" in name or "_rels/sheet" in name]


def test_the_workbook_keeps_ids_as_text_and_money_as_numbers(tmp_path, hostile, about, corpus):
    write_xlsx(hostile, tmp_path / "list.xlsx", about)
    sheet = openpyxl.load_workbook(tmp_path / "list.xlsx")["Retention list"]
    ids = [sheet.cell(i, 2) for i in range(2, len(corpus) + 2)]
    assert {cell.data_type for cell in ids} <= {"s", "f"}  # openpyxl calls any text with = a formula
    assert {cell.number_format for cell in ids} == {"@"}
    readable = [i for i, text in enumerate(corpus) if "\r" not in text and "\x1b" not in text and "_x" not in text]
    assert [ids[i].value for i in readable] == [corpus[i] for i in readable]  # XML's own escapes are read by Excel
    assert sheet["K2"].value == 500.0
    assert sheet["K2"].number_format == "#,##0.00"
    assert sheet["D2"].number_format == "0.0%"
    assert sheet["L2"].is_date


def test_the_workbook_is_ready_to_work_with(tmp_path, plan, about):
    write_xlsx(plan, tmp_path / "list.xlsx", about)
    book = openpyxl.load_workbook(tmp_path / "list.xlsx")
    sheet = book["Retention list"]
    assert [cell.value for cell in sheet[1]] == list(LIST_COLUMNS)
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref == "A1:X41"
    assert len(sheet.conditional_formatting) == 3
    words = {row[0].value: row[1].value for row in book["About"].iter_rows()}
    assert words["Model version"] == "3"
    assert words["To contact"] == "30"
    assert set(LIST_COLUMNS) <= set(words)


def test_an_empty_list_is_still_a_list(tmp_path, plan, about):
    for kind in ("csv", "parquet", "xlsx"):
        write_list(plan.head(0), tmp_path / f"list.{kind}", kind, about)
    assert len(pd.read_csv(tmp_path / "list.csv")) == 0
    assert pq.read_table(tmp_path / "list.parquet").num_rows == 0
    assert openpyxl.load_workbook(tmp_path / "list.xlsx")["Retention list"].max_row == 1


def test_a_workbook_says_when_it_holds_only_the_first_rows(tmp_path, plan, about, monkeypatch):
    monkeypatch.setattr("hvc_ml.report.workbook.MAX_ROWS", 10)
    write_xlsx(plan, tmp_path / "list.xlsx", about)
    book = openpyxl.load_workbook(tmp_path / "list.xlsx")
    assert book["Retention list"].max_row == 11
    words = {row[0].value: row[1].value for row in book["About"].iter_rows()}
    assert words["Rows"] == "40 (the first 10 are in this workbook)"


def test_a_date_that_is_none_is_shown_as_the_text_it_is(tmp_path, plan, about):
    write_xlsx(plan.assign(act_before="soon"), tmp_path / "list.xlsx", about)
    assert openpyxl.load_workbook(tmp_path / "list.xlsx")["Retention list"]["L2"].value == "soon"


def test_a_list_without_a_column_is_refused_by_name(tmp_path, plan):
    with pytest.raises(ValueError, match="act_before"):
        write_csv(plan.drop(columns="act_before"), tmp_path / "list.csv")


def test_scores_keep_their_columns_and_full_precision(tmp_path):
    scores = pd.DataFrame({"customer_id": ["007", "7"], "churn_risk": [1 / 3, np.pi / 4], "amount_rhythm": [1.0, 2.0]})
    write_scores(scores, tmp_path / "scores.parquet")
    table = pq.read_table(tmp_path / "scores.parquet")
    assert table.column_names == list(scores.columns)
    assert table["churn_risk"].to_pylist() == scores["churn_risk"].tolist()
    assert table["customer_id"].to_pylist() == ["007", "7"]


def test_a_folder_in_the_way_is_an_output_error(tmp_path, plan):
    (tmp_path / "list.csv").mkdir()
    with pytest.raises(OutputError, match=r"list\.csv"):
        write_csv(plan, tmp_path / "list.csv")
