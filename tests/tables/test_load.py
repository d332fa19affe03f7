"""Loading: one row becomes one order, refunds follow their policy, and ids stay what they are."""

import datetime as dt

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hvc_ml.errors import ConfigError, NotEnoughData
from hvc_ml.tables.sources import Source
from made.logs import PLAIN, as_parquet, day, written


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
