"""Forgotten customers are left out by keyed hashes, byte-exact, in every table."""

import hmac
import json
import stat

import pytest

from hvc_ml.errors import DataError
from hvc_ml.tables.forgotten import Register, count_rows, leave_out
from made.shop import event, make_tables, order

IDS = ["7", "007", "é", "日本", "a'b", "a b", "c"]


@pytest.fixture
def tables(engine):
    orders = [order(name, -5, 10.0) for name in [*IDS, "other", "other"]]
    return make_tables(engine, orders, events=[event("7", -3, "visit"), event("stranger", -2, "visit")])


def left(engine, table):
    return engine.arrow(table)["customer_id"].to_pylist()


@pytest.mark.parametrize("customer", IDS)
def test_ids_are_exact_and_the_order_of_the_others_stays(engine, tables, customer):
    before = left(engine, tables.orders)
    found = leave_out(engine, tables, Register(bytes(range(32))).with_ids([customer]))
    assert left(engine, found.orders) == [name for name in before if name != customer]


def test_every_table_is_looked_through_and_counted(engine, tables):
    assert count_rows(engine, tables, {"7", "other"}) == {"orders": 3, "events": 1}
    found = leave_out(engine, tables, Register(bytes(32)).with_ids(["7", "other"]))
    assert count_rows(engine, found, {"7", "other"}) == {}
    assert left(engine, found.events) == ["stranger"]
    assert found.first_day == tables.first_day


def test_whom_the_source_does_not_have_costs_nothing(engine, tables):
    assert leave_out(engine, tables, Register(bytes(32)).with_ids(["nobody"])) is tables
    assert leave_out(engine, tables, Register(bytes(32))) is tables


def test_another_key_knows_nobody(engine, tables):
    register = Register(bytes(32)).with_ids(["7"])
    assert leave_out(engine, tables, Register(b"x" * 32, register.hashes)) is tables
    assert register.hash_of("7") == hmac.new(bytes(32), b"7", "sha256").hexdigest()


def test_a_register_is_read_as_it_was_written_and_private(tmp_path):
    path = tmp_path / "forgotten" / "register.json"
    register = Register.read(path).with_ids(["ann"])
    register.write(path)
    assert Register.read(path) == register
    assert Register.read(path).with_ids(["ann"]) == register
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "ann" not in path.read_text()
    assert Register.read(tmp_path / "none").key != Register.read(tmp_path / "none").key


@pytest.mark.parametrize("content", ["", "[]", '{"forgotten_1": {"key": "zz", "hashes": []}}', '{"forgotten_9": {}}'])
def test_a_damaged_register_stops_the_run(tmp_path, content):
    (tmp_path / "register.json").write_text(content)
    with pytest.raises(DataError, match="register of forgotten customers is damaged"):
        Register.read(tmp_path / "register.json")
    assert content == "" or json.loads(content) is not None
