"""Customers under a keyed pseudonym: the same in every table and whoever computes it, and no id beside it."""

import hmac
import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.errors import ConfigError, DataError
from hvc_ml.tables.convert import Conversion, conversion_sql
from hvc_ml.tables.engine import open_engine
from hvc_ml.tables.mapping import TableMapping
from hvc_ml.tables.parts import Part, RawColumn
from hvc_ml.tables.pseudonyms import KEY, check_value, known_as, macro, pseudonym, pseudonym_key
from hvc_ml.tables.rejected import rejected_rows, write_rejected
from hvc_ml.tables.resources import Resources
from hvc_ml.tables.sources import Source
from hvc_ml.tables.spark_load import Convert

A_KEY = b"a key of a test, no secret"
SMALL = Resources(memory="256MB", threads=1)
SOURCE = Source(paths={"orders": "orders.csv", "customers": "customers.csv"}, pseudonyms=True)
ORDERS = {"columns": {"customer_id": "who", "ordered_at": "day", "amount": "paid"}}
PEOPLE = {"columns": {"customer_id": "id", "town": "town"}}


@pytest.fixture
def keyed(monkeypatch):
    monkeypatch.setenv(KEY, A_KEY.decode())


def test_it_is_the_hmac_of_the_standard():
    """RFC 4231, test cases 1 and 6: a short key, and one that is longer than a block."""
    assert pseudonym("Hi There", b"\x0b" * 20) == "p_b0344c61d8db38535ca8afce"
    assert (
        pseudonym("Test Using Larger Than Block-Size Key - Hash Key First", b"\xaa" * 131)
        == "p_60e431591ee0b67f0d8a26aa"
    )


@given(
    names=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), max_size=20),
    key=st.binary(min_size=16, max_size=100),
)
def test_the_engine_computes_what_python_computes(names, key):
    with open_engine(SMALL) as engine:
        engine.execute(macro(key))
        engine.land("typed", pa.schema([("id", pa.string())]), [pa.record_batch({"id": pa.array(names, pa.string())})])
        found = [name for (name,) in engine.execute("SELECT pseudonym(id) FROM typed")]
    assert found == [f"p_{hmac.new(key, n.encode(), 'sha256').hexdigest()[:24]}" for n in names]


def test_a_typed_pseudonym_stays_and_everything_else_becomes_one():
    name = pseudonym("007", A_KEY)
    assert known_as(name, A_KEY) == known_as("007", A_KEY) == name
    assert len({known_as(typed, A_KEY) for typed in ("7", "007", f"{name} ", name.upper(), name[2:])} - {name}) == 4
    assert len({pseudonym(str(i), A_KEY) for i in range(100_000)}) == 100_000


def test_two_keys_are_told_apart_and_neither_is_told():
    assert check_value(A_KEY) != check_value(A_KEY + b".")
    assert A_KEY.hex() not in macro(A_KEY)
    assert A_KEY.decode() not in macro(A_KEY)


@pytest.mark.parametrize(
    ("key", "says"),
    [(None, "HVC_PSEUDONYM_KEY, which holds the key, is not set"), ("short", "5 bytes; a key has at least 16")],
)
def test_a_key_that_is_missing_or_too_short_is_refused(monkeypatch, key, says):
    monkeypatch.delenv(KEY, raising=False)
    if key is not None:
        monkeypatch.setenv(KEY, key)
    with pytest.raises(ConfigError, match=says) as refused:
        pseudonym_key()
    assert refused.value.exit_code == 3


def test_every_table_names_a_customer_alike_and_ids_are_still_byte_exact(tmp_path, loaded, keyed):
    (tmp_path / "orders.csv").write_text(
        "who,day,paid\n007,2024-01-01,1\n7,2024-01-02,2\nann,2024-01-03,3\n007,2024-01-04,4\n"
    )
    (tmp_path / "customers.csv").write_text("id,town\n7,Bern\nann,Rome\n")
    with loaded(tmp_path, SOURCE, orders=ORDERS, customers=PEOPLE) as found:
        days = {}
        for row in found.rows():
            days.setdefault(row["customer_id"], []).append(row["amount"] // 10_000)
        towns = {row["customer_id"]: row["town"] for row in found.rows("customers")}
    names = {name: pseudonym(name, A_KEY) for name in ("007", "7", "ann")}
    assert days == {names["007"]: [1, 4], names["7"]: [2], names["ann"]: [3]}
    assert towns == {names["7"]: "Bern", names["ann"]: "Rome"}


def test_a_row_at_fault_is_told_by_its_place_and_keeps_nothing(tmp_path, loaded, keyed):
    text = "who,day,paid\nann,2024-01-01,1\ncanary,2024-01-02,canary\n,2024-01-03,3\n"
    (tmp_path / "orders.csv").write_text(text)
    source = Source(paths={"orders": "orders.csv"}, pseudonyms=True)
    with loaded(tmp_path, source, orders={**ORDERS, "max_rejected": 0.9}) as found:
        assert found.reports["orders"].reasons == {"no_customer": 1, "bad_amount": 1}
        rows = rejected_rows(found.engine).to_pylist()
        assert [(r["position"], r["source_row"]) for r in rows] == [
            ("orders.csv line 3", []),
            ("orders.csv line 4", []),
        ]
        assert write_rejected(found.engine, tmp_path / "rejected.csv") == 2
    assert "canary" not in (tmp_path / "rejected.csv").read_text()
    with pytest.raises(DataError) as refused, loaded(tmp_path, source, orders=ORDERS):
        pass
    assert "canary" not in str(refused.value)


def test_no_query_and_no_plan_of_a_cluster_shows_the_key():
    mapping = TableMapping.model_validate(ORDERS)
    columns = tuple(RawColumn(n, f"c{i}", "VARCHAR") for i, n in enumerate(("who", "day", "paid")))
    part = Part("orders", "SELECT * FROM source_rows", columns)
    query = conversion_sql(Conversion("orders", mapping, "UTC", pseudonyms=True), part, {})
    work = Convert(query, 3, macro(A_KEY))
    secret = re.search(r"unhex\('([0-9a-f]{128})'\)", macro(A_KEY))[1]
    assert secret not in query
    assert secret not in repr(work)
    batch = pa.record_batch({"who": ["ann", None], "day": ["2024-01-01"] * 2, "paid": ["1", "2"]})
    (done,) = work(iter([batch]))
    assert done.column("customer_id").to_pylist() == [pseudonym("ann", A_KEY), None]
    assert [row for row in done.column("source_row").to_pylist() if row] == []
