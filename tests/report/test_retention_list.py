import csv
import stat

import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest

from hvc_ml.errors import OutputError
from hvc_ml.report.columns import COLUMNS
from hvc_ml.report.retention_list import write_csv, write_list, write_parquet, write_scores
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


def test_an_empty_list_is_still_a_list(tmp_path, plan, about):
    for kind in ("csv", "parquet", "xlsx"):
        write_list(plan.head(0), tmp_path / f"list.{kind}", kind, about)
    assert len(pd.read_csv(tmp_path / "list.csv")) == 0
    assert pq.read_table(tmp_path / "list.parquet").num_rows == 0
    assert openpyxl.load_workbook(tmp_path / "list.xlsx")["Retention list"].max_row == 1


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
