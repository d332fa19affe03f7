"""The tables beside the orders: attributes of customers, events, contracts, touches."""

import math

import pytest

from hvc_ml.errors import DataError
from hvc_ml.tables.sources import Source
from made.logs import PLAIN, as_parquet, day

CUSTOMERS = "id,age,plan,zip,empty,score\n1,30,gold,01234,,1.5\n2,,silver,99999,,\n3,41,,10000,,-2e1\n"


def test_attributes_are_numbers_where_all_values_are(loaded, tmp_path):
    (tmp_path / "o.csv").write_text("customer,date,amount\n1,2024-01-01,1\n")
    (tmp_path / "c.csv").write_text(CUSTOMERS)
    as_parquet(tmp_path / "c.parquet", {"id": [1, 2, 3], "age": [30, None, 41], "plan": ["gold", "silver", ""], "zip": ["01234", "99999", "10000"],
                                        "empty": ["", None, ""], "score": [1.5, math.nan, -20.0]})  # fmt: skip
    columns = {
        "customer_id": "id",
        "age": "age",
        "plan": "plan",
        "zip": "zip",
        "empty": "empty",
        "score": "score",
        "double age": "age * 2",
    }
    prints = set()
    for name in ("c.csv", "c.parquet"):
        source = Source(paths={"orders": "o.csv", "customers": name})
        with loaded(tmp_path, source, orders={"columns": PLAIN}, customers={"columns": columns}) as found:
            assert found.rows("customers") == [
                {
                    "customer_id": "1",
                    "age": 30.0,
                    "plan": "gold",
                    "zip": "01234",
                    "empty": None,
                    "score": 1.5,
                    "double age": 60.0,
                },
                {
                    "customer_id": "2",
                    "age": None,
                    "plan": "silver",
                    "zip": "99999",
                    "empty": None,
                    "score": None,
                    "double age": None,
                },
                {
                    "customer_id": "3",
                    "age": 41.0,
                    "plan": None,
                    "zip": "10000",
                    "empty": None,
                    "score": -20.0,
                    "double age": 82.0,
                },
            ]
            prints.add(found.fingerprint("customers"))
    assert len(prints) == 1


def test_an_attribute_that_is_a_number_in_one_file_only_is_decided_on_all_values(loaded, tmp_path):
    (tmp_path / "o.csv").write_text("customer,date,amount\n1,2024-01-01,1\n")
    as_parquet(tmp_path / "c1.parquet", {"id": ["1"], "age": [30.0], "code": [7]})
    as_parquet(tmp_path / "c2.parquet", {"id": ["2"], "age": ["41"], "code": ["x7"]})
    source = Source(paths={"orders": "o.csv", "customers": ["c1.parquet", "c2.parquet"]})
    with loaded(
        tmp_path,
        source,
        orders={"columns": PLAIN},
        customers={"columns": {"customer_id": "id", "age": "age", "code": "code"}},
    ) as found:
        assert [(r["age"], r["code"]) for r in found.rows("customers")] == [(30.0, "7"), (41.0, "x7")]


def test_decimal_commas_hold_for_attributes_too(loaded, tmp_path):
    (tmp_path / "o.csv").write_text("customer,date,amount\n1,2024-01-01,1\n")
    (tmp_path / "c.csv").write_text("id;share;odd\n1;0,5;1.5\n2;7;2\n")
    source = Source(paths={"orders": "o.csv", "customers": "c.csv"})
    mapping = {"columns": {"customer_id": "id", "share": "share", "odd": "odd"}, "delimiter": ";", "decimal": ","}
    with loaded(tmp_path, source, orders={"columns": PLAIN}, customers=mapping) as found:
        assert [(r["share"], r["odd"]) for r in found.rows("customers")] == [(0.5, "1.5"), (7.0, "2")]


def test_one_row_per_customer(loaded, tmp_path):
    (tmp_path / "o.csv").write_text("customer,date,amount\n1,2024-01-01,1\n")
    (tmp_path / "c.csv").write_text("id,plan\n1,gold\n1,gold\n2,b\n2,a\n3,x\n")
    source = Source(paths={"orders": "o.csv", "customers": "c.csv"})
    mapping = {"columns": {"customer_id": "id", "plan": "plan"}}
    with (
        pytest.raises(DataError, match=r"customers\.customer_id: 1 of 5 rows repeat a customer"),
        loaded(tmp_path, source, orders={"columns": PLAIN}, customers=mapping),
    ):
        pass
    with loaded(tmp_path, source, orders={"columns": PLAIN}, customers={**mapping, "max_rejected": 0.5}) as found:
        assert [(r["customer_id"], r["plan"]) for r in found.rows("customers")] == [
            ("1", "gold"),
            ("2", "a"),
            ("3", "x"),
        ]
        report = found.reports["customers"]
        assert (report.kept, report.rejected, report.deduplicated) == (3, 1, 1)


def test_versions_of_a_customer_are_kept_by_arrival(loaded, tmp_path):
    (tmp_path / "o.csv").write_text("customer,date,amount\n1,2024-01-01,1\n")
    (tmp_path / "c.csv").write_text("id,plan,since\n1,gold,2024-01-05\n1,silver,2024-01-01\n")
    source = Source(paths={"orders": "o.csv", "customers": "c.csv"})
    mapping = {"columns": {"customer_id": "id", "plan": "plan", "known_at": "since"}}
    with loaded(tmp_path, source, orders={"columns": PLAIN}, customers=mapping) as found:
        assert [(r["plan"], r["known_day"]) for r in found.rows("customers")] == [
            ("silver", day("2024-01-01")),
            ("gold", day("2024-01-05")),
        ]


def test_events_contracts_and_touches_have_their_columns(loaded, tmp_path):
    (tmp_path / "o.csv").write_text("customer,date,amount\n1,2024-01-01,1\n")
    (tmp_path / "e.csv").write_text("who,at,what,len\n1,2024-01-02,call,2.5\n1,2024-01-01,visit,\n")
    (tmp_path / "k.csv").write_text(
        "who,from,to,plan,fee\n1,2024-01-01,9999-12-31,gold,9.99\n2,2024-01-01,,x,1\n3,2024-02-01,2024-05-01,x,1\n"
    )
    (tmp_path / "t.csv").write_text("who,at,what,arm\n1,2024-01-03,coupon,contact\n")
    source = Source(paths={"orders": "o.csv", "events": "e.csv", "contracts": "k.csv", "touches": "t.csv"})
    with loaded(
        tmp_path, source, orders={"columns": PLAIN},
        events={"columns": {"customer_id": "who", "happened_at": "at", "kind": "what", "value": "len"}},
        contracts={"columns": {"customer_id": "who", "started_at": "from", "ended_at": "to", "plan": "plan", "price": "fee"}},
        touches={"columns": {"customer_id": "who", "touched_at": "at", "action": "what", "group": "arm"}},
    ) as found:  # fmt: skip
        assert found.rows("events") == [
            {"customer_id": "1", "day": day("2024-01-01"), "kind": "visit", "value": None},
            {"customer_id": "1", "day": day("2024-01-02"), "kind": "call", "value": 25_000},
        ]
        assert [(r["customer_id"], r["end_day"], r["price"]) for r in found.rows("contracts")] == [
            ("1", None, 99_900), ("2", None, 10_000), ("3", day("2024-05-01"), 10_000),
        ]  # fmt: skip
        assert found.rows("touches") == [
            {"customer_id": "1", "day": day("2024-01-03"), "action": "coupon", "group": "contact"}
        ]


def test_a_constant_may_stand_for_the_kind_of_event(loaded, tmp_path):
    (tmp_path / "o.csv").write_text("customer,date,amount\n1,2024-01-01,1\n")
    (tmp_path / "e.csv").write_text("who,at\n1,2024-01-02\n")
    source = Source(paths={"orders": "o.csv", "events": "e.csv"})
    events = {"columns": {"customer_id": "who", "happened_at": "at", "kind": "'it''s'"}}
    with loaded(tmp_path, source, orders={"columns": PLAIN}, events=events) as found:
        assert found.rows("events")[0]["kind"] == "it's"
