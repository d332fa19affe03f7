"""Rows of a PostgreSQL server arrive as those of a file: ids, money, days, and what is at fault."""

import pytest

from hvc_ml.errors import ConfigError, DataError
from hvc_ml.tables.sources import Source
from made.logs import PLAIN
from made.postgres import orders

pytest.importorskip("adbc_driver_postgresql.dbapi", reason="needs the extra: pip install '.[postgres]'")


def test_every_type_of_a_number_is_the_same_money(table, tmp_path, loaded, source):
    kinds = (
        "smallint",
        "integer",
        "bigint",
        "real",
        "double precision",
        "numeric",
        "numeric(12,2)",
        "numeric(30,10)",
        "money",
        "text",
        "varchar(9)",
    )
    for kind in kinds:
        name = table(f"customer text, date date, amount {kind}", "('a', '2024-01-01', '12'), ('b', '2024-01-02', '3')")
        with orders(loaded, tmp_path, source, name) as found:
            assert [r["amount"] for r in found.rows()] == [120_000, 30_000], kind
    for kind in kinds[3:]:
        name = table(f"customer text, date date, amount {kind}", "('a', '2024-01-01', '12.35')")
        with orders(loaded, tmp_path, source, name) as found:
            assert [r["amount"] for r in found.rows()] == [123_500], kind


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        ("text", "'007'", "007"),
        ("char(5)", "'ab'", "ab"),
        ("integer", "7", "7"),
        ("numeric", "12345678901234567890.000", "12345678901234567890"),
        ("uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("text", "'Zoë 🙂 ''; DROP TABLE x'", "Zoë 🙂 '; DROP TABLE x"),
    ],
)
def test_ids_arrive_sign_by_sign(table, tmp_path, loaded, source, kind, value, found):
    name = table(f"customer {kind}, date date, amount integer", f"({value}, '2024-01-01', 1)")
    with orders(loaded, tmp_path, source, name) as there:
        assert [r["customer_id"] for r in there.rows()] == [found]


@pytest.mark.parametrize(
    ("kind", "value", "day"),
    [
        ("date", "2024-03-31", 19813),
        ("timestamp", "2024-03-31 23:59:59.999999", 19813),
        ("timestamptz", "2024-03-31 22:30+00", 19814),
        ("text", "2024-03-31", 19813),
    ],
)
def test_times_are_days_of_the_business(table, tmp_path, loaded, source, kind, value, day):
    name = table(f"customer text, date {kind}, amount integer", f"('a', '{value}', 1)")
    with loaded(tmp_path, source, timezone="Europe/Berlin", orders={"table": name, "columns": PLAIN}) as found:
        assert [r["day"] for r in found.rows()] == [day]


@pytest.mark.parametrize("kind", ["date", "timestamp", "timestamptz"])
def test_a_contract_until_infinity_is_open(table, tmp_path, loaded, source, kind):
    sales = table("customer text, date date, amount integer", "('a', '2024-01-01', 1)")
    name = table(
        f"customer text, s {kind}, e {kind}", "('a', '2024-01-01', 'infinity'), ('b', '2024-01-01', '2024-02-01')"
    )
    columns = {"customer_id": "customer", "started_at": "s", "ended_at": "e"}
    with loaded(
        tmp_path, source, orders={"table": sales, "columns": PLAIN}, contracts={"table": name, "columns": columns}
    ) as found:
        assert [r["end_day"] for r in found.rows("contracts")] == [None, 19754]


def test_rows_at_fault_are_counted_as_in_a_file(table, tmp_path, loaded, source):
    name = table(
        "customer text, date timestamp, amount numeric",
        "('a', '2024-01-01', 1), (NULL, '2024-01-01', 1), ('b', 'infinity', 1), ('c', '2024-01-01', 'NaN'), ('d', '2024-01-01', NULL)",
    )
    with orders(loaded, tmp_path, source, name, max_rejected=0.9) as found:
        report = found.reports["orders"]
        assert (report.rows, report.kept) == (5, 1)
        assert report.reasons == {"no_customer": 1, "no_time": 1, "no_amount": 1, "not_finite": 1}
    with pytest.raises(DataError, match=rf"have no customer \(first: 127\.0\.0\.1:\d+/postgres:{name} row 2"):
        orders(loaded, tmp_path, source, name).__enter__()


def test_views_schemas_and_odd_names_are_read(server, table, tmp_path, loaded, source):
    odd = 'Order; "lines"'.replace('"', "")
    name = table('"Customer ID" text, "date" date, "a""b" integer', "('a', '2024-01-01', 2)", name=odd)
    columns = {"customer_id": "`Customer ID`", "ordered_at": "date", "amount": '`a"b`'}
    with orders(loaded, tmp_path, source, name, columns=columns) as found:
        assert [r["amount"] for r in found.rows()] == [20_000]
    server.sql(
        "CREATE SCHEMA shop",
        "CREATE VIEW shop.sales AS SELECT 'v'::text AS customer, DATE '2024-01-01' AS date, 1 AS amount",
    )
    with orders(loaded, tmp_path, source, "shop.sales") as found:
        assert [r["customer_id"] for r in found.rows()] == ["v"]
    with pytest.raises(ConfigError, match=r"tables\.orders\.table: no table 'sales' in .*; there are: .*shop\.sales"):
        orders(loaded, tmp_path, source, "sales").__enter__()


def test_a_domain_is_what_it_stands_for(server, table, tmp_path, loaded, source):
    server.sql("CREATE DOMAIN euro AS numeric(12, 2)", "CREATE TYPE colour AS ENUM ('red')")
    name = table(
        "customer text, date date, amount euro, c colour, j jsonb, b bytea, l int[]",
        "('a', '2024-01-01', 1.5, 'red', '{}', '\\x00', '{1}')",
    )
    with orders(loaded, tmp_path, source, name, columns={**PLAIN, "category": "c"}) as found:
        assert [(r["amount"], r["category"]) for r in found.rows("items")] == [(15_000, "red")]


def test_a_database_of_another_encoding_is_read_as_what_it_says(server, tmp_path, loaded):
    server.sql("CREATE DATABASE old ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
    server.sql(
        "CREATE TABLE orders AS SELECT 'Zoë'::text AS customer, DATE '2024-01-01' AS date, 1 AS amount", database="old"
    )
    with loaded(tmp_path, Source(kind="postgres", url=server.url("old")), orders={"columns": PLAIN}) as found:
        assert [r["customer_id"] for r in found.rows()] == ["Zoë"]


def test_a_fingerprint_follows_the_rows_not_their_order(server, table, tmp_path, loaded, source):
    rows = ["('a', '2024-01-01', 1)", "('b', '2024-01-02', 2)"]
    prints = []
    for given in (rows, rows[::-1], [*rows, rows[0]]):
        name = table("customer text, date date, amount integer", *given)
        with orders(loaded, tmp_path, source, name) as found:
            prints.append(found.fingerprints["orders"][0])
    assert [p.size for p in prints] == [2, 2, 3]
    assert prints[0].sha256 == prints[1].sha256 != prints[2].sha256


def test_what_came_over_the_network_is_dropped_once_it_is_staged(table, tmp_path, loaded, source):
    name = table("customer text, date date, amount integer", "('a', '2024-01-01', 1)")
    with orders(loaded, tmp_path, source, name) as found:
        left = found.engine.execute("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'landed%'")
        assert left == []


def test_an_empty_table_says_so(table, tmp_path, loaded, source):
    name = table("customer text, date date, amount integer")
    with pytest.raises(DataError, match="no rows"):
        orders(loaded, tmp_path, source, name).__enter__()
