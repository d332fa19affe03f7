"""Files lose the rows of a customer and nothing else."""

import io

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.report.retention_list import write_csv
from hvc_ml.workflows.forget_files import without
from made.listed import listed_rows

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=8)


def csv(folder, text, name="list.csv"):
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder / name


@pytest.mark.parametrize(
    ("text", "left", "rows"),
    [
        ("rank,customer_id\n1,007\n2,7\n", "rank,customer_id\n1,007\n", 1),
        ("Customer;x\r\n7;1\r\n07;2\r\n7;3\r\n", "Customer;x\r\n07;2\r\n", 2),
        ('\ufeffcustomer_id,says\n7,"a\nb"\n8,"7\n7"\n', '\ufeffcustomer_id,says\n8,"7\n7"\n', 1),
        ('customer_id,says\n8,3" pipe\n7,x\n', 'customer_id,says\n8,3" pipe\n', 1),
        ("says,customer_id\n7,8\n", None, 0),
        ("customer_id\n", None, 0),
        ("", None, 0),
    ],
)
def test_a_csv_keeps_every_other_byte(tmp_path, text, left, rows):
    found = without(csv(tmp_path, text), {"7"})
    assert (found.rows, found.content, found.searched) == (rows, None if left is None else left.encode(), True)


def test_a_csv_in_another_encoding_comes_through(tmp_path):
    assert without(csv(tmp_path, b"customer_id,town\n7,K\xf6ln\n8,K\xf6ln\n"), {"7"}).content.endswith(b"8,K\xf6ln\n")


@given(st.lists(NAMES, min_size=1, max_size=6, unique=True), st.data())
def test_our_own_csv_loses_exactly_those_who_are_asked_for(tmp_path_factory, names, data):
    asked = data.draw(st.sets(st.sampled_from(names)), label="asked")
    path = tmp_path_factory.mktemp("list") / "retention_list.csv"
    rows = listed_rows(names)
    write_csv(rows, path)
    found = without(path, asked | {"nobody"})
    assert found.rows == len(asked)
    if asked and "\r" not in "".join(names):  # one of these is the reason to quote all texts of a file
        before = path.read_bytes()
        write_csv(rows[~rows["customer_id"].isin(asked)], path)
        assert found.content == path.read_bytes() != before


def test_arrow_and_parquet_keep_types_and_order(tmp_path):
    table = pa.table({"customer_id": ["a", "b", "c", "b"], "day": pa.array([1, 2, None, 4], pa.date32())})
    pyarrow.feather.write_feather(table, tmp_path / "t.arrow")
    pa.parquet.write_table(table, tmp_path / "t.parquet")
    kept = table.take([0, 2])
    assert pyarrow.feather.read_table(io.BytesIO(without(tmp_path / "t.arrow", {"b"}).content)).equals(kept)
    assert pa.parquet.read_table(io.BytesIO(without(tmp_path / "t.parquet", {"b"}).content)).equals(kept)
    for name in ("t.arrow", "t.parquet"):
        assert without(tmp_path / name, {"z"}).rows == 0


def test_a_workbook_the_team_wrote_in_keeps_what_it_wrote(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["worked by Ms Blue"])
    sheet.append(["rank", "customer id", "outcome"])
    for row in ([1, "a", "spoke"], [2, 7, "no"], [3, "c", "later"], [4, "'7", ""], [5, "e", "yes"]):
        sheet.append(row)
    sheet["C5"].font = openpyxl.styles.Font(bold=True)
    sheet["C5"].comment = openpyxl.comments.Comment("call again", "Ms Blue")
    book.create_sheet("About").append(["7 customers"])
    book.save(tmp_path / "worked.xlsx")
    found = without(tmp_path / "worked.xlsx", {"7"})
    assert found.rows == 2
    again = openpyxl.load_workbook(io.BytesIO(found.content))
    rows = list(again.worksheets[0].iter_rows(values_only=True))
    assert rows[2:] == [(1, "a", "spoke"), (3, "c", "later"), (5, "e", "yes")]
    assert again.worksheets[0]["C4"].font.bold
    assert again.worksheets[0]["C4"].comment.text == "call again"
    assert again["About"]["A1"].value == "7 customers"
    assert without(tmp_path / "worked.xlsx", {"zed"}).content is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.docx", b"x"),
        ("list.xlsx", b"no workbook"),
        ("list.parquet", b"PAR1"),
        ("list.arrow", b"ARROW1"),
        ("notes.csv", b"who,what\n7,x\n"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path, name, content):
    found = without(csv(tmp_path, content, name), {"7"})
    assert (found.searched, found.rows, found.content) == (False, 0, None)


def test_tables_without_customers_are_said_too(tmp_path):
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "x.parquet")
    pyarrow.feather.write_feather(pa.table({"x": [1]}), tmp_path / "x.arrow")
    openpyxl.Workbook().save(tmp_path / "x.xlsx")
    assert not any(without(tmp_path / name, {"7"}).searched for name in ("x.parquet", "x.arrow", "x.xlsx"))
