"""The boundary of files: whatever lies there, the answer is rows or one clear sentence."""

import gzip
import os
import random
import subprocess
import sys

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hvc_ml.errors import ConfigError, DataError, HvcError, ServiceError
from hvc_ml.tables import reading
from hvc_ml.tables.sources import Source

PLAIN = {"customer_id": "customer", "ordered_at": "date", "amount": "amount"}
HEAD = "customer,date,amount\n"
GOOD = "a,2024-01-01,1\nb,2024-01-02,2\n"


def orders(*paths):
    return Source(paths={"orders": paths})


def test_a_source_without_paths_says_so(tmp_path, loaded):
    with pytest.raises(ConfigError, match="needs a path for every table"):
        Source().files(tmp_path)
    with pytest.raises(ConfigError, match="needs the path of the database"):
        Source(kind="duckdb").files(tmp_path)
    (tmp_path / "o.csv").write_text(HEAD + GOOD)
    with (
        pytest.raises(ConfigError, match="no path for the table customers; there are orders"),
        loaded(
            tmp_path, orders("o.csv"), orders={"columns": PLAIN}, customers={"columns": {"customer_id": "customer"}}
        ),
    ):
        pass


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.csv", None, "no such file: none.csv"),
        ("empty.csv", b"", "empty"),
        ("blank.csv", b"\n\n\n", "first line is empty"),
        ("head.csv", HEAD.encode(), "no rows"),
        ("head2.csv", HEAD.strip().encode(), "no rows"),
        ("latin.csv", HEAD.encode() + b"a,2024-01-01,1\nb\xe9,2024-01-01,1\n", "not UTF-8 at byte 37"),
        ("latin2.csv", b"custom\xe9r,date,amount\n", "not UTF-8 at byte 6"),
        ("utf16.csv", HEAD.encode("utf-16"), "not UTF-8"),
        ("late.csv", HEAD.encode() + GOOD.encode() * 40_000 + b"b\xe9,2024-01-01,1\n", "line 80002: not UTF-8"),
        ("open.csv", HEAD.encode() + b'a,2024-01-01,1\n"b,2024-01-01,1\n' + GOOD.encode() * 50, "line 3: a quote"),
        ("mid.csv", HEAD.encode() + b'a,2024-01-01,1\nb"b",2024-01-01,"1"x\n', "line 3: a quote"),
        ("openhead.csv", b'"customer,date,amount\n' + GOOD.encode(), "names of the columns cannot be read"),
        ("short.parquet", b"PAR1abc", "not a Parquet file"),
        ("text.parquet", HEAD.encode() + GOOD.encode(), "not a Parquet file"),
        ("bad.csv.gz", b"\x1f\x8b\x08\x00garbage", "cannot be read"),
        ("plain.csv.gz", HEAD.encode() + GOOD.encode(), "cannot be read"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(tmp_path, loaded, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words) as error, loaded(tmp_path, orders(name), orders={"columns": PLAIN}):
        pass
    assert "\n" not in str(error.value)


def test_a_folder_a_pattern_and_several_files_are_one_table(tmp_path, loaded):
    folder = tmp_path / "in" / "deep"
    folder.mkdir(parents=True)
    for i, name in enumerate(("b.csv", "a.csv", "deep/c.csv")):
        (tmp_path / "in" / name).write_text(f"{HEAD}c{i},2024-01-01,1\n")
    pq.write_table(pa.table({"amount": [2], "customer": ["p"], "date": ["2024-01-02"]}), folder / "d.parquet")
    (folder / "_SUCCESS").write_text("")
    (folder / ".hidden.csv").write_text("x")
    (folder / "notes.md").write_text("x")
    for paths, n in ((("in",), 4), (("in/*.csv",), 2), (("in/**/*.csv",), 3), (("in/a.csv", "in/deep"), 3)):
        with loaded(tmp_path, orders(*paths), orders={"columns": PLAIN}) as found:
            assert found.reports["orders"].kept == n
            assert len(found.fingerprints["orders"]) == n


def test_a_folder_without_tables_says_what_it_looks_for(tmp_path, loaded):
    (tmp_path / "in").mkdir()
    with (
        pytest.raises(DataError, match=r"holds no table; expected files ending in \.csv"),
        loaded(tmp_path, orders("in"), orders={"columns": PLAIN}),
    ):
        pass


def test_a_name_with_pattern_signs_is_a_name_where_it_exists(tmp_path, loaded):
    (tmp_path / "a[1]'x.csv").write_text(HEAD + GOOD)
    with loaded(tmp_path, orders("a[1]'x.csv"), orders={"columns": PLAIN}) as found:
        assert found.reports["orders"].kept == 2


def test_the_same_file_twice_is_read_once_and_said(tmp_path, loaded):
    (tmp_path / "o.csv").write_text(HEAD + GOOD)
    (tmp_path / "copy.csv").write_text(HEAD + GOOD)
    with loaded(tmp_path, orders("o.csv", "o.csv", "copy.csv"), orders={"columns": PLAIN}) as found:
        report = found.reports["orders"]
        assert report.rows == 2
        assert [w for w in report.warnings if "read once" in w] == [
            "o.csv: the same bytes as o.csv; read once.", "copy.csv: the same bytes as o.csv; read once.",
        ]  # fmt: skip
        (mark,) = found.fingerprints["orders"]
        assert (mark.name, mark.size, len(mark.sha256)) == ("o.csv", len(HEAD + GOOD), 64)


@pytest.mark.parametrize(
    ("mapping", "content", "name"),
    [
        ({"delimiter": ";"}, "customer;date;amount\na;2024-01-01;1\nb;2024-01-02;2\n", "o.csv"),
        ({"delimiter": "|"}, "customer|date|amount\na|2024-01-01|1\nb|2024-01-02|2\n", "o.csv"),
        ({"delimiter": "tab"}, "customer\tdate\tamount\na\t2024-01-01\t1\nb\t2024-01-02\t2\n", "o.csv"),
        ({}, "customer\tdate\tamount\na\t2024-01-01\t1\nb\t2024-01-02\t2\n", "o.tsv"),
        ({}, "\ufeff" + HEAD + GOOD, "o.csv"),
        ({}, (HEAD + GOOD).replace("\n", "\r\n"), "o.csv"),
        ({}, (HEAD + GOOD).rstrip(), "o.csv"),
        ({}, HEAD + "\n" + GOOD.replace("b,", "\nb,"), "o.csv"),
        ({}, '"customer","date","amount"\n"a","2024-01-01","1"\n"b","2024-01-02","2"\n', "o.csv"),
        ({"quote": "'"}, "customer,date,amount\n'a','2024-01-01','1'\n'b',2024-01-02,2\n", "o.csv"),
        ({"header": ["customer", "date", "amount"]}, GOOD, "o.csv"),
        ({"header": ["customer", "date", "amount"], "delimiter": "whitespace"}, "  a 2024-01-01\t 1\r\n\r\n b   2024-01-02  2 \r\n", "o.txt"),
        ({"delimiter": "whitespace"}, " customer date  amount\n a 2024-01-01  1\n b 2024-01-02 2", "o.txt"),
    ],
)  # fmt: skip
def test_dialects_give_the_same_table(tmp_path, loaded, mapping, content, name):
    (tmp_path / name).write_bytes(content.encode())
    with loaded(tmp_path, orders(name), orders={"columns": PLAIN, **mapping}) as found:
        assert [(r["customer_id"], r["amount"]) for r in found.rows()] == [("a", 10_000), ("b", 20_000)]


def test_quotes_without_meaning_stay_in_the_value(tmp_path, loaded):
    (tmp_path / "o.csv").write_text(HEAD + 'a"b,2024-01-01,1\n"c",2024-01-02,2\n')
    with loaded(tmp_path, orders("o.csv"), orders={"columns": PLAIN, "quote": ""}) as found:
        assert [r["customer_id"] for r in found.rows()] == ['"c"', 'a"b']


def test_lines_inside_quotes_belong_to_one_row(tmp_path, loaded):
    (tmp_path / "o.csv").write_bytes(b'customer,date,amount\n"a\r\nb",2024-01-01,1\n"c\nd",2024-01-02,2\n')
    with loaded(tmp_path, orders("o.csv"), orders={"columns": PLAIN}) as found:
        assert [r["customer_id"] for r in found.rows()] == ["a\r\nb", "c\nd"]


@pytest.mark.parametrize("delimiter", [",", "whitespace"])
def test_ragged_rows_are_counted_with_their_lines_and_never_swallowed(tmp_path, loaded, delimiter):
    sign = "," if delimiter == "," else " "
    good = f"a{sign}2024-01-01{sign}1\n"
    lines = [good] * 5000
    for at in (3, 2500, 4990):
        lines[at] = good.strip() + f"{sign}9\n" if at != 2500 else f"a{sign}1\n"
    lines[4995] = f"a{sign}2024-02-30{sign}1\n"
    (tmp_path / "o.txt").write_text(f"customer{sign}date{sign}amount\n" + "".join(lines))
    mapping = {"columns": PLAIN, "delimiter": delimiter}
    with loaded(tmp_path, orders("o.txt"), orders={**mapping, "max_rejected": 0.01}) as found:
        report = found.reports["orders"]
        assert (report.rows, report.kept, report.reasons) == (5000, 4996, {"ragged": 3, "bad_time": 1})
        ragged, bad = report.breaches
        assert ragged.examples == ("o.txt line 5", "o.txt line 2502", "o.txt line 4992")
        assert bad.examples == ("o.txt line 4997 like '9999-99-99'",)
    with (
        pytest.raises(DataError, match=r"3 of 5,000 rows.* have too few or too many columns"),
        loaded(tmp_path, orders("o.txt"), orders=mapping),
    ):
        pass


def test_a_wrong_delimiter_lists_what_was_found(tmp_path, loaded):
    (tmp_path / "o.csv").write_text(HEAD.replace(",", ";") + GOOD.replace(",", ";"))
    with (
        pytest.raises(DataError, match="There are: customer;date;amount"),
        loaded(tmp_path, orders("o.csv"), orders={"columns": PLAIN}),
    ):
        pass


@pytest.mark.parametrize("name", ["o.parquet", "o.csv.gz", "o.duckdb"])
def test_damaged_files_are_refused_or_read_but_never_crash(tmp_path, loaded, name):
    table = pa.table({"customer": [f"c{i}" for i in range(500)], "date": ["2024-01-01"] * 500, "amount": [1.5] * 500})
    whole = tmp_path / name
    if name == "o.parquet":
        pq.write_table(table, whole)
    elif name == "o.duckdb":
        with duckdb.connect(str(whole)) as con:
            con.register("rows", table)
            con.execute("CREATE TABLE orders AS SELECT * FROM rows")
    else:
        whole.write_bytes(gzip.compress((HEAD + "".join(f"c{i},2024-01-01,1.5\n" for i in range(500))).encode()))
    raw = whole.read_bytes()
    draw = random.Random(7)
    said = []
    for _ in range(12):
        cut = raw[: draw.randrange(1, len(raw))]
        at = draw.randrange(len(raw))
        flipped = raw[:at] + bytes([raw[at] ^ (1 << draw.randrange(8))]) + raw[at + 1 :]
        for damaged in (cut, flipped):
            whole.write_bytes(damaged)
            source = Source(kind="duckdb", path=name) if name == "o.duckdb" else orders(name)
            try:
                with loaded(tmp_path, source, orders={"columns": PLAIN, "max_rejected": 1.0}):
                    pass
            except HvcError as error:
                said.append(str(error))
    assert said
    assert not any("\n" in words for words in said)


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, loaded, monkeypatch):
    (tmp_path / "o.csv").write_text(HEAD + GOOD)
    whole = reading.text_file

    def slow(path, label, mapping):
        part = whole(path, label, mapping)
        path.write_text(HEAD + GOOD + "c,2024-01-03,3\n")
        return part

    monkeypatch.setattr(reading, "text_file", slow)
    with (
        pytest.raises(DataError, match="changed while it was read"),
        loaded(tmp_path, orders("o.csv"), orders={"columns": PLAIN}),
    ):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_refused_in_words(tmp_path, loaded):
    (tmp_path / "o.csv").write_text(HEAD + GOOD)
    (tmp_path / "o.csv").chmod(0)
    with (
        pytest.raises(DataError, match="Permission denied"),
        loaded(tmp_path, orders("o.csv"), orders={"columns": PLAIN}),
    ):
        pass


def test_a_view_that_cannot_be_resolved_is_named(tmp_path, loaded):
    with duckdb.connect(str(tmp_path / "d.duckdb")) as con:
        con.execute("CREATE TABLE sales (a INTEGER); CREATE VIEW orders AS SELECT * FROM sales; DROP TABLE sales")
    with (
        pytest.raises(DataError, match=r"d\.duckdb: orders: a view on tables that are not found"),
        loaded(tmp_path, Source(kind="duckdb", path="d.duckdb"), orders={"columns": PLAIN}),
    ):
        pass


def test_a_database_without_the_table_lists_what_is_there(tmp_path, loaded):
    with duckdb.connect(str(tmp_path / "d.duckdb")) as con:
        con.execute("CREATE TABLE sales (a INTEGER)")
    source = Source(kind="duckdb", path="d.duckdb")
    with (
        pytest.raises(ConfigError, match=r"tables\.orders\.table: no table 'orders' in d\.duckdb; there are: sales"),
        loaded(tmp_path, source, orders={"columns": PLAIN}),
    ):
        pass


@pytest.mark.parametrize(
    ("path", "words"), [("none.duckdb", "no such database"), ("", "needs the path"), ("folder", "a folder, not a")]
)
def test_a_database_that_is_none_is_refused(tmp_path, path, words):
    (tmp_path / "folder").mkdir()
    with pytest.raises(HvcError, match=words):
        Source(kind="duckdb", path=path).files(tmp_path)


def test_a_database_in_use_elsewhere_is_a_service_error(tmp_path, loaded):
    with duckdb.connect(str(tmp_path / "d.duckdb")) as con:
        con.execute("CREATE TABLE orders (customer VARCHAR, date DATE, amount INTEGER)")
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path / "d.duckdb")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline().strip() == b"held"
        with (
            pytest.raises(ServiceError, match="in use by another process"),
            loaded(tmp_path, Source(kind="duckdb", path="d.duckdb"), orders={"columns": PLAIN}),
        ):
            pass
        other.communicate(b"")


def test_line_ends_of_two_kinds_are_refused_by_name(tmp_path, loaded):
    (tmp_path / "o.csv").write_bytes(b"customer,date,amount\r\na,2024-01-01,5\r\nb,2024-01-02,6\n")
    with (
        pytest.raises(DataError, match="CRLF and LF"),
        loaded(tmp_path, orders("o.csv"), orders={"columns": PLAIN}),
    ):
        pass
