"""The laws of loading: rows are accounted for, ids stay what they are, and the file format does not matter."""

import contextlib
import datetime as dt
import gzip
import math
import time
import zoneinfo
from collections import Counter

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hvc_ml.errors import ConfigError, DataError, NotEnoughData
from hvc_ml.tables.schema import TICKS
from hvc_ml.tables.sources import Source

EPOCH = dt.date(1970, 1, 1)
PLAIN = {"customer_id": "customer", "ordered_at": "date", "amount": "amount"}


def day(text):
    return (dt.date.fromisoformat(text) - EPOCH).days


def test_one_row_becomes_one_order(shop):
    with shop("customer,date,amount\nann,2024-03-01 10:00,9.99\n") as found:
        assert found.rows() == [
            {
                "customer_id": "ann",
                "order_id": "at 2024-03-01 10:00:00",
                "day": day("2024-03-01"),
                "amount": 99_900,
                "refund": 0,
                "lines": 1,
            }
        ]
        assert (found.tables.first_day, found.tables.end_day) == (day("2024-03-01"), day("2024-03-02"))
        assert found.reports["orders"].orders == 1
        assert found.tables.items is None
        kinds = dict(found.tables.orders.collect_schema())
        assert {k: str(v) for k, v in kinds.items()} == {
            "customer_id": "String", "order_id": "String", "day": "Int32", "amount": "Int64", "refund": "Int64", "lines": "Int32",
        }  # fmt: skip


def test_line_items_collapse_to_orders_and_stay_as_items(shop):
    text = (
        "customer,order,date,qty,price,product,channel,disc\n"
        "bob,2,2024-01-02 09:00,2,1.50,apple,web,\n"
        "ann,1,2024-01-01 23:59,1,5.00,pear,shop,0.5\n"
        "ann,1,2024-01-01 23:59,-1,2.00,apple,shop,0.25\n"
        "ann,1,2024-01-02 00:01,1,1.00,fig,web,\n"
    )
    columns = {
        "customer_id": "customer", "order_id": "order", "ordered_at": "date", "amount": "qty * price", "product_id": "product",
        "channel": "channel", "quantity": "qty", "discount": "disc",
    }  # fmt: skip
    with shop(text, columns=columns) as found:
        first, second = day("2024-01-01"), day("2024-01-02")
        money = [(r["customer_id"], r["order_id"], r["day"], r["amount"], r["refund"], r["lines"], r["quantity"], r["discount"], r["channel"])
                 for r in found.rows()]  # fmt: skip
        assert money == [
            ("ann", "1", first, 30_000, 20_000, 2, 0, 7_500, "shop"),
            (
                "ann",
                "1",
                second,
                10_000,
                0,
                1,
                10_000,
                None,
                "web",
            ),  # one order id on both sides of a midnight: two rows
            ("bob", "2", second, 30_000, 0, 1, 20_000, None, "web"),
        ]
        items = [(r["customer_id"], r["day"], r["product_id"], r["quantity"], r["amount"]) for r in found.rows("items")]
        assert items == [
            ("ann", first, "apple", -10_000, -20_000),
            ("ann", first, "pear", 10_000, 50_000),
            ("ann", second, "fig", 10_000, 10_000),
            ("bob", second, "apple", 20_000, 30_000),
        ]


@pytest.mark.parametrize(
    ("refunds", "orders", "rejected"),
    [
        ("net", [("1", 60_000, 40_000), ("2", -50_000, 50_000)], 0),
        ("separate", [("1", 100_000, 40_000), ("2", 0, 50_000)], 0),
        ("drop", [("1", 100_000, 0)], 2),
    ],
)
def test_refunds_follow_the_declared_policy(shop, refunds, orders, rejected):
    text = "customer,order,date,amount\na,1,2024-01-01,10\na,1,2024-01-01,-4\na,2,2024-01-02,-5\n"
    with shop(text, columns={**PLAIN, "order_id": "order"}, refunds=refunds) as found:
        assert [(r["order_id"], r["amount"], r["refund"]) for r in found.rows()] == orders
        assert found.reports["orders"].reasons == ({"refund": rejected} if rejected else {})


IDS = ["007", "7", "0007", " 7", "7 ", 'a"b', "it's", "x,y", "Ünïcode-₤", "客户", "=1+1", "N/A", "null", "NaN", "1e5", "1E5", "-0", "17850.0", "𝄞", "[/b]", "a\\b", "TRUE"]  # fmt: skip


def written(text):
    return '"' + text.replace('"', '""') + '"'


def as_parquet(path, columns):
    pq.write_table(pa.table(columns), path)


def test_ids_are_byte_exact_through_every_kind_of_source(loaded, tmp_path):
    stamps = [dt.datetime(2024, 1, 1) + dt.timedelta(days=i) for i in range(len(IDS))]
    lines = "".join(f"{written(i)},{t},{1.5}\n" for i, t in zip(IDS, stamps, strict=True))
    (tmp_path / "o.csv").write_text(f"customer,date,amount\n{lines}", encoding="utf-8")
    table = pa.table({"customer": IDS, "date": stamps, "amount": [1.5] * len(IDS)})
    pq.write_table(table, tmp_path / "o.parquet")
    with duckdb.connect(str(tmp_path / "o.duckdb")) as con:
        con.register("rows", table)
        con.execute("CREATE TABLE orders AS SELECT * FROM rows")
        con.execute("CREATE SCHEMA sales; CREATE VIEW sales.all_orders AS SELECT * FROM main.orders")
    sources = [
        (Source(paths={"orders": "o.csv"}), {}),
        (Source(paths={"orders": "o.parquet"}), {}),
        (Source(kind="duckdb", path="o.duckdb"), {}),
        (Source(kind="duckdb", path="o.duckdb"), {"table": "sales.all_orders"}),
    ]
    prints = set()
    for source, extra in sources:
        with loaded(tmp_path, source, orders={"columns": PLAIN, **extra}) as found:
            assert sorted(r["customer_id"] for r in found.rows()) == sorted(IDS)
            prints.add(found.fingerprint())
    assert len(prints) == 1


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        (pa.array([17850.0, 1.5, -3.0]), ["-3", "1.5", "17850"]),
        (pa.array([17850, 7, 2**53 + 1]), ["17850", "7", str(2**53 + 1)]),
        (pa.array([17850, 1, 2], pa.decimal128(20, 0)), ["1", "17850", "2"]),
        (pa.array([17850, 1, 2], pa.decimal128(20, 2)), ["1", "17850", "2"]),
        (pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "a", "b"]),
        (pa.array([b"xy", b"z", b"q"]).cast(pa.string()), ["q", "xy", "z"]),
    ],
)
def test_numbers_as_ids_are_digits_without_a_point(loaded, tmp_path, values, ids):
    as_parquet(
        tmp_path / "o.parquet",
        {"customer": values, "date": [dt.date(2024, 1, i + 1) for i in range(3)], "amount": [1, 2, 3]},
    )
    with loaded(tmp_path, Source(paths={"orders": "o.parquet"}), orders={"columns": PLAIN}) as found:
        assert sorted(r["customer_id"] for r in found.rows()) == sorted(ids)


@pytest.mark.parametrize(
    ("zone", "written_as", "local_day"),
    [
        ("Europe/London", "2011-06-01T23:30:00Z", "2011-06-02"),
        ("Europe/London", "2011-12-01T23:30:00Z", "2011-12-01"),
        ("America/New_York", "2011-06-01T03:59:59+00:00", "2011-05-31"),
        ("America/New_York", "2011-06-01 00:30", "2011-06-01"),  # no offset: local already
        ("Asia/Kolkata", "2011-06-01 20:00:00.123456-0200", "2011-06-02"),
        ("UTC", "2011-06-01 00:30:00+02", "2011-05-31"),
        ("Pacific/Auckland", "2011-06-01", "2011-06-01"),
        ("UTC", "2011/06/01 10:00", "2011-06-01"),
        ("UTC", " 2011-06-01 ", "2011-06-01"),
        ("UTC", "1969-12-31 23:59:59", "1969-12-31"),
    ],
)
def test_days_are_days_of_the_business(shop, zone, written_as, local_day):
    with shop(f"customer,date,amount\nx,{written_as},1\n", timezone=zone) as found:
        assert found.rows()[0]["day"] == day(local_day)


def test_aware_timestamps_in_parquet_are_converted_and_naive_ones_are_not(loaded, tmp_path):
    moment = dt.datetime(2011, 6, 1, 23, 30)
    for zone, column, expected in (
        ("Europe/London", pa.array([moment], pa.timestamp("us", "UTC")), "2011-06-02"),
        ("Europe/London", pa.array([moment], pa.timestamp("ns")), "2011-06-01"),
        ("Europe/London", pa.array([moment], pa.timestamp("s")), "2011-06-01"),
        ("Europe/London", pa.array([moment], pa.timestamp("ms")), "2011-06-01"),
        ("Asia/Tokyo", pa.array([moment.date()], pa.date32()), "2011-06-01"),
    ):
        as_parquet(tmp_path / "o.parquet", {"customer": ["x"], "date": column, "amount": [1]})
        with loaded(tmp_path, Source(paths={"orders": "o.parquet"}), timezone=zone, orders={"columns": PLAIN}) as found:
            assert found.rows()[0]["day"] == day(expected)


def test_the_machines_time_zone_has_no_effect(shop, monkeypatch):
    prints = set()
    for zone in ("UTC", "Asia/Tokyo", "America/Los_Angeles"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        with shop(
            "customer,date,amount\nx,2011-06-01 00:30,1\ny,2011-06-01T23:30:00Z,2\n", timezone="Europe/London"
        ) as found:
            prints.add(found.fingerprint())
    monkeypatch.undo()
    time.tzset()
    assert len(prints) == 1


@pytest.mark.parametrize(
    ("form", "written_as", "expected"),
    [
        ("%d.%m.%Y", "03.04.2011", "2011-04-03"),
        ("%m/%d/%Y", "03/04/2011", "2011-03-04"),
        ("%d/%m/%Y %H:%M", "03/04/2011 23:59", "2011-04-03"),
        ("%Y%m%d", "20110403", "2011-04-03"),
        ("%Y-%m-%d %H:%M:%S %z", "2011-04-03 23:30:00 +0000", "2011-04-04"),
        ("%d %b %Y", "3 Apr 2011", "2011-04-03"),
    ],
)
def test_a_declared_format_is_obeyed(shop, form, written_as, expected):
    with shop(f"customer,date,amount\nx,{written_as},1\n", date_format=form, timezone="Europe/Berlin") as found:
        assert found.rows()[0]["day"] == day(expected)


def test_numbers_as_dates_need_a_format(loaded, tmp_path):
    as_parquet(tmp_path / "o.parquet", {"customer": ["x"], "date": [20110403], "amount": [1]})
    source = Source(paths={"orders": "o.parquet"})
    with loaded(tmp_path, source, orders={"columns": PLAIN, "date_format": "%Y%m%d"}) as found:
        assert found.rows()[0]["day"] == day("2011-04-03")
    with pytest.raises(DataError, match="date_format"), loaded(tmp_path, source, orders={"columns": PLAIN}):
        pass


@pytest.mark.parametrize(
    ("text", "decimal", "ticks"),
    [
        ("9.99", ".", 99_900),
        ("9,99", ",", 99_900),
        ("-0.0001", ".", -1),
        ("0.00005", ".", 1),
        ("-0.00005", ".", -1),
        ("0.00004", ".", 0),
        (" 12 ", ".", 120_000),
        ("1e3", ".", 10_000_000),
        ("+7.5", ".", 75_000),
        ("900719925474.0", ".", 9_007_199_254_740_000),
        ("1 ", ",", 10_000),
    ],
)
def test_money_is_whole_ticks_rounded_half_away_from_zero(shop, text, decimal, ticks):
    with shop(f"customer;date;amount\nx;2024-01-01;{text}\n", decimal=decimal, delimiter=";") as found:
        assert found.rows()[0]["amount"] == ticks


@pytest.mark.parametrize(
    ("text", "decimal", "reason"),
    [
        ("1,234.5", ".", "bad_amount"),
        ("1.234,5", ",", "bad_amount"),
        ("1.234", ",", "bad_amount"),
        ("1_000", ".", "bad_amount"),
        ("1_000", ",", "bad_amount"),
        ("9,99", ".", "bad_amount"),
        ("EUR 5", ".", "bad_amount"),
        ("0x10", ".", "bad_amount"),
        ("nan", ".", "not_finite"),
        ("inf", ".", "not_finite"),
        ("-infinity", ".", "not_finite"),
        ("1e999", ".", "not_finite"),
        ("900719925474.1", ".", "overflow"),
        ("-1e15", ".", "overflow"),
        ("", ".", "no_amount"),
        ("  ", ".", "no_amount"),
    ],
)
def test_an_amount_that_is_no_money_is_a_rejected_row(shop, text, decimal, reason):
    lines = f"customer;date;amount\nx;2024-01-01;{text}\ny;2024-01-01;5\n"
    with shop(lines, decimal=decimal, delimiter=";", max_rejected=0.5) as found:
        assert found.reports["orders"].reasons == {reason: 1}
        assert [r["customer_id"] for r in found.rows()] == ["y"]
    with (
        pytest.raises(DataError, match=r"orders\.amount: 1 of 2 rows") as error,
        shop(lines, decimal=decimal, delimiter=";"),
    ):
        pass
    digits = "".join(c for c in text if c.isdigit() and c not in "90")
    assert not digits or text.strip() not in str(error.value)


def test_sums_of_money_are_exact(shop):
    lines = "".join("x,2024-01-01,0.1\n" for _ in range(1000))
    with shop(f"customer,date,amount\n{lines}") as found:
        assert found.rows()[0]["amount"] == 1_000_000
        assert found.rows()[0]["lines"] == 1000


def test_a_sum_beyond_64_bits_is_refused_in_words(shop):
    lines = "x,2024-01-01,900719925474\n" * 1100
    with pytest.raises(DataError, match="sum of an order exceeds 64 bits"), shop(f"customer,date,amount\n{lines}"):
        pass


def test_optional_numbers_may_be_empty_but_not_unreadable(shop):
    text = "customer,date,amount,disc\nx,2024-01-01,1,\ny,2024-01-01,1,0.5\nz,2024-01-01,1,abc\n"
    with shop(text, columns={**PLAIN, "discount": "disc"}, max_rejected=0.5) as found:
        assert [(r["customer_id"], r["discount"]) for r in found.rows()] == [("x", None), ("y", 5000)]
        assert found.reports["orders"].reasons == {"bad_number": 1}


def test_missing_floats_of_data_frames_are_missing_numbers(loaded, tmp_path):
    as_parquet(
        tmp_path / "o.parquet", {"customer": ["x"], "date": [dt.date(2024, 1, 1)], "amount": [1.0], "disc": [math.nan]}
    )
    columns = {**PLAIN, "discount": "disc"}
    with loaded(tmp_path, Source(paths={"orders": "o.parquet"}), orders={"columns": columns}) as found:
        assert found.rows()[0]["discount"] is None


def test_arrival_days_keep_rows_of_one_order_apart(shop):
    text = "customer,order,date,amount,known\nx,1,2024-01-01,5,2024-01-03\nx,1,2024-01-01,6,2024-01-09\nx,1,2024-01-01,7,\n"
    with shop(text, columns={**PLAIN, "order_id": "order", "known_at": "known"}) as found:
        known = [(r["known_day"], r["amount"]) for r in found.rows()]
        assert known == [(day("2024-01-01"), 70_000), (day("2024-01-03"), 50_000), (day("2024-01-09"), 60_000)]


def test_rows_without_an_order_id_are_orders_of_their_moment(shop):
    text = "customer,order,date,amount\nx,1,2024-01-01 10:00,5\nx,,2024-01-01 10:00,6\nx,,2024-01-01 10:00,1\nx,,2024-01-01 11:00,7\n"
    with shop(text, columns={**PLAIN, "order_id": "order"}) as found:
        assert [(r["order_id"], r["amount"]) for r in found.rows()] == [
            ("1", 50_000), ("at 2024-01-01 10:00:00", 70_000), ("at 2024-01-01 11:00:00", 70_000),
        ]  # fmt: skip
        assert any("3 rows have none" in w for w in found.reports["orders"].warnings)


HOSTILE = [
    'a"; DROP TABLE x; --',
    "it's",
    "`tick`",
    "select",
    "order total",
    "net-amount",
    "c0",
    "reason",
    "ünï",
    "p_amount",
    "a,b",
    "row",
    "file_row",
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_hostile_column_names_are_names(loaded, tmp_path, name, kind):
    if kind == "csv":
        (tmp_path / "o.csv").write_text(f"{written(name)},date,who\n5,2024-01-01,x\n", encoding="utf-8")
    else:
        as_parquet(tmp_path / "o.parquet", {name: [5], "date": [dt.date(2024, 1, 1)], "who": ["x"]})
    tick = "`" + name.replace("`", "``") + "`"
    columns = {"customer_id": "who", "ordered_at": "date", "amount": name, "quantity": f"{tick} * 2"}
    mapping = {"columns": columns, "filter": f"{tick} > 4 and {tick} is not null"}
    with loaded(tmp_path, Source(paths={"orders": f"o.{kind}"}), orders=mapping) as found:
        assert (found.rows()[0]["amount"], found.rows()[0]["quantity"]) == (50_000, 100_000)


def test_columns_that_differ_in_case_only_are_two_columns(loaded, tmp_path):
    as_parquet(
        tmp_path / "o.parquet",
        {"ID": ["upper"], "id": ["lower"], "date": [dt.date(2024, 1, 1)], "Amount": [1], "amount": [2]},
    )
    (tmp_path / "o.csv").write_text("ID,id,date,Amount,amount\nupper,lower,2024-01-01,1,2\n")
    for name in ("o.parquet", "o.csv"):
        columns = {
            "customer_id": "id",
            "order_id": "ID",
            "ordered_at": "date",
            "amount": "Amount",
            "quantity": "amount",
        }
        with loaded(tmp_path, Source(paths={"orders": name}), orders={"columns": columns}) as found:
            row = found.rows()[0]
            assert (row["customer_id"], row["order_id"], row["amount"], row["quantity"]) == (
                "lower",
                "upper",
                10_000,
                20_000,
            )


def test_a_name_that_stands_twice_is_refused_only_where_it_is_used(shop):
    text = "customer,date,amount,x,x\na,2024-01-01,1,2,3\n"
    with shop(text) as found:
        assert len(found.rows()) == 1
    with pytest.raises(ConfigError, match="2 columns named 'x'"), shop(text, columns={**PLAIN, "quantity": "x"}):
        pass


def test_unknown_columns_are_answered_with_the_nearest_name(shop):
    text = "Customer,date,amount\na,2024-01-01,1\n"
    with (
        pytest.raises(
            DataError, match=r"tables\.orders\.columns\.customer_id: no column 'customer'; did you mean 'Customer'\?"
        ),
        shop(text),
    ):
        pass
    with (
        pytest.raises(DataError, match=r"tables\.orders\.filter: no column 'amonut'; did you mean 'amount'\?"),
        shop(text.lower(), filter="amonut > 1"),
    ):
        pass


@pytest.mark.parametrize(
    ("columns", "filter_", "words"),
    [
        ({"amount": "amount >"}, None, "columns.amount"),
        ({"amount": "amount > 1"}, None, "found a condition"),
        ({"customer_id": "customer + 1"}, None, "expected one column"),
        ({"ordered_at": "date * 2"}, None, "expected one column"),
        ({"amount": "'five'"}, None, "found a text"),
        ({}, "amount", "expected a condition"),
        ({}, "amount >", "tables.orders.filter"),
        ({"amuont": "amount"}, None, "did you mean 'amount'"),
    ],
)
def test_mappings_that_mean_nothing_are_refused_by_their_place(shop, columns, filter_, words):
    text = "customer,date,amount\na,2024-01-01,1\n"
    with pytest.raises(ConfigError, match=words), shop(text, columns={**PLAIN, **columns}, filter=filter_):
        pass


def test_dates_are_no_amounts(loaded, tmp_path):
    as_parquet(tmp_path / "o.parquet", {"customer": ["x"], "date": [dt.date(2024, 1, 1)], "amount": [1]})
    with (
        pytest.raises(ConfigError, match="is DATE, not a number"),
        loaded(tmp_path, Source(paths={"orders": "o.parquet"}), orders={"columns": {**PLAIN, "amount": "date"}}),
    ):
        pass


def test_orders_and_a_known_time_zone_are_needed(loaded, tmp_path):
    (tmp_path / "o.csv").write_text("customer,date,amount\na,2024-01-01,1\n")
    source = Source(paths={"orders": "o.csv"})
    with (
        pytest.raises(ConfigError, match="not an IANA name"),
        loaded(tmp_path, source, timezone="Mars/Base", orders={"columns": PLAIN}),
    ):
        pass
    with (
        pytest.raises(ConfigError, match="every business has orders"),
        loaded(tmp_path, source, customers={"columns": {"customer_id": "customer"}}),
    ):
        pass


def test_nothing_left_is_not_enough_data(shop):
    with (
        pytest.raises(NotEnoughData, match=r"none of 2 rows is left .filtered 2."),
        shop("customer,date,amount\na,2024-01-01,1\nb,2024-01-01,2\n", filter="amount > 5"),
    ):
        pass


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


# ---- laws -------------------------------------------------------------------------------------------------------

customers = st.sampled_from(["ann", "bob", "", " ", "007", "7"])
dates = st.sampled_from(
    [
        "2024-01-01",
        "2024-01-02 10:00",
        "2024-02-30",
        "",
        "03/04/2024",
        "9999-12-31",
        "2024-01-03T23:00:00Z",
        "2030-01-01",
    ]
)
amounts = st.sampled_from(["1", "2.50", "-1", "abc", "", "nan", "1e300", "0"])
log = st.lists(st.tuples(customers, dates, amounts), min_size=1, max_size=25)


def expected(rows, mapping):
    """A slow reference: the reason of each row, one after the other."""
    reasons = []
    for customer, date, amount in rows:
        number = None if amount in {"", "abc"} else float(amount)
        if mapping["filter"] and not (number is not None and not math.isnan(number) and number >= 0):
            reasons.append("filtered")
        elif not customer.strip():
            reasons.append("anonymous" if mapping["drop_anonymous"] else "no_customer")
        elif date in {"2024-02-30", "", "03/04/2024", "9999-12-31", "2030-01-01"}:
            reasons.append(
                {
                    "": "no_time",
                    "03/04/2024": "ambiguous_time",
                    "9999-12-31": "sentinel_time",
                    "2030-01-01": "future",
                }.get(date, "bad_time")
            )
        elif number is None or math.isnan(number) or number >= 2**53 / TICKS:
            reasons.append({"": "no_amount", "abc": "bad_amount", "nan": "not_finite"}.get(amount, "overflow"))
        elif number < 0 and mapping["refunds"] == "drop":
            reasons.append("refund")
        else:
            reasons.append("kept")
    return reasons


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    log,
    st.booleans(),
    st.booleans(),
    st.sampled_from(["net", "separate", "drop"]),
    st.sampled_from(["keep", "drop"]),
    st.sampled_from(["csv", "parquet"]),
)
def test_every_row_is_kept_rejected_or_deduplicated(
    loaded, tmp_path_factory, rows, filtered, anonymous, refunds, duplicates, kind
):
    folder = tmp_path_factory.mktemp("law")
    names = ("customer", "date", "amount")
    if kind == "csv":
        lines = "".join(",".join(written(v) if v else "" for v in row) + "\n" for row in rows)
        (folder / "o.csv").write_text(",".join(names) + "\n" + lines)
    else:
        as_parquet(folder / "o.parquet", {n: [r[i] for r in rows] for i, n in enumerate(names)})
    mapping = {"columns": PLAIN, "filter": "amount >= 0" if filtered else None, "drop_anonymous": anonymous, "refunds": refunds,
               "duplicates": duplicates, "max_rejected": 1.0}  # fmt: skip
    reasons = expected(rows, mapping)
    kept = [r for r, reason in zip(rows, reasons, strict=True) if reason == "kept"]
    taken = set(kept) if duplicates == "drop" else kept
    source = Source(paths={"orders": f"o.{kind}"})
    refused = NotEnoughData if not kept else DataError if "ambiguous_time" in reasons else None
    if "ambiguous_time" in reasons:
        refused = DataError
    with (
        pytest.raises(refused) if refused else contextlib.nullcontext(),
        loaded(folder, source, now=dt.date(2024, 6, 1), orders=mapping) as found,
    ):
        report = found.reports["orders"]
        assert report.reasons == {k: v for k, v in Counter(reasons).items() if k != "kept"}
        assert (report.rows, report.kept, report.deduplicated) == (len(rows), len(taken), len(kept) - len(taken))
        assert sum(r["lines"] for r in found.rows()) == len(taken)
        signs = [float(a) if refunds == "net" else max(float(a), 0) for _, _, a in taken]
        assert sum(r["amount"] for r in found.rows()) == round(sum(signs) * TICKS)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=6).filter(lambda t: t.strip()),
                  st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2030, 1, 1)),
                  st.integers(-10**9, 10**9).map(lambda i: i / 100)),
        min_size=1, max_size=12,
    ),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_row_order_file_splits_and_formats_do_not_matter(loaded, tmp_path_factory, rows, random):
    folder = tmp_path_factory.mktemp("law")

    def write(name, some):
        lines = "".join(f"{written(c)},{t.isoformat(sep=' ')},{a!r}\n" for c, t, a in some)
        (folder / name).write_bytes(f"customer,date,amount\n{lines}".encode())

    write("whole.csv", rows)
    shuffled = random.sample(rows, len(rows))
    cut = random.randint(0, len(rows))
    parts = [p for p in (shuffled[:cut], shuffled[cut:]) if p]
    for i, part in enumerate(parts):
        write(f"part{i}.csv", part)
    with gzip.open(folder / "whole.csv.gz", "wb") as stream:
        stream.write((folder / "whole.csv").read_bytes())
    as_parquet(
        folder / "o.parquet",
        {"customer": [r[0] for r in rows], "date": [r[1] for r in rows], "amount": [r[2] for r in rows]},
    )
    split = [f"part{i}.csv" for i in range(len(parts))]
    if len(parts) == 2 and (folder / split[0]).read_bytes() == (folder / split[1]).read_bytes():
        return  # equal halves are one file, by design
    prints = set()
    for paths in ("whole.csv", split, "whole.csv.gz", "o.parquet"):
        columns = {**PLAIN, "product_id": "customer"}
        with loaded(folder, Source(paths={"orders": paths}), orders={"columns": columns}) as found:
            assert found.reports["orders"].kept == len(rows)
            prints.add((found.fingerprint(), found.fingerprint("items"), found.tables.first_day, found.tables.end_day))
    assert len(prints) == 1


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.datetimes(dt.datetime(1980, 1, 1), dt.datetime(2030, 1, 1), timezones=st.just(dt.UTC)),
    st.sampled_from(["Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]),
)
def test_local_days_are_those_of_pythons_zoneinfo(loaded, tmp_path_factory, moment, zone):
    folder = tmp_path_factory.mktemp("law")
    (folder / "o.csv").write_text(f"customer,date,amount\nx,{moment.isoformat()},1\n")
    with loaded(folder, Source(paths={"orders": "o.csv"}), timezone=zone, orders={"columns": PLAIN}) as found:
        assert found.rows()[0]["day"] == (moment.astimezone(zoneinfo.ZoneInfo(zone)).date() - EPOCH).days


# ---- real logs --------------------------------------------------------------------------------------------------


def test_the_online_retail_log(loaded, shared_data):
    columns = {
        "customer_id": "CustomerID",
        "order_id": "InvoiceNo",
        "ordered_at": "InvoiceDate",
        "amount": "Quantity * UnitPrice",
        "product_id": "StockCode",
    }
    source = Source(paths={"orders": "online-retail/online_retail.parquet"})
    with loaded(
        shared_data, source, timezone="Europe/London", orders={"columns": columns, "drop_anonymous": True}
    ) as found:
        report = found.reports["orders"]
        assert (report.rows, report.reasons) == (541_909, {"anonymous": 135_080})
        ids = {r["customer_id"] for r in found.rows()}
        assert len(ids) == 4_372
        assert "17850" in ids
        assert found.engine.count(found.tables.items) == 406_829
        assert (found.tables.first_day, found.tables.end_day) == (day("2010-12-01"), day("2011-12-10"))
    with (
        pytest.raises(DataError, match="135,080 of 541,909 rows"),
        loaded(shared_data, source, orders={"columns": columns}),
    ):
        pass


def test_the_cdnow_logs(loaded, shared_data):
    master = {
        "columns": {"customer_id": "customer_id", "ordered_at": "date", "amount": "dollar_value"},
        "date_format": "%Y%m%d",
        "delimiter": "whitespace",
    }
    with loaded(shared_data, Source(paths={"orders": "cdnow/CDNOW_master.txt"}), orders=master) as found:
        assert found.reports["orders"].rows == found.reports["orders"].kept == 69_659
        assert len({r["customer_id"] for r in found.rows()}) == 23_570
        assert found.rows()[0]["customer_id"] == "00001"
    sample = {**master, "header": ["master", "customer_id", "date", "cds", "dollar_value"]}
    with loaded(shared_data, Source(paths={"orders": "cdnow/CDNOW_sample.txt"}), orders=sample) as found:
        assert found.reports["orders"].kept == 6_919
        assert len({r["customer_id"] for r in found.rows()}) == 2_357
