"""A PostgreSQL server as a source: the same tables as from files, and one clear sentence where it does not answer."""

import datetime as dt
import json
import os
import subprocess
import sys

import pyarrow.parquet as pq
import pytest
import yaml
from pyarrow import feather

from hvc_ml.config import load_config
from hvc_ml.errors import ConfigError, DataError, HvcError, ServiceError
from hvc_ml.progress import Stages
from hvc_ml.tables import postgres
from hvc_ml.tables.sources import Source
from hvc_ml.workflows.demo import make
from hvc_ml.workflows.features import features
from made.postgres import PASSWORD, programs, serving

adbc = pytest.importorskip("adbc_driver_postgresql.dbapi", reason="needs the extra: pip install '.[postgres]'")

PLAIN = {"customer_id": "customer", "ordered_at": "date", "amount": "amount"}
HEAD = "customer,date,amount\n"


@pytest.fixture(scope="module")
def server():
    where = programs()
    if where is None:
        pytest.skip("no PostgreSQL server is installed (Debian: apt-get install postgresql)")
    with serving(where) as running:
        yield running


@pytest.fixture
def source(server):
    return Source(kind="postgres", url=server.url())


@pytest.fixture
def table(server):
    """Return ``table(columns, rows)``: the name of a table made for one test."""
    made = []

    def create(columns, *rows, name=None):
        made.append(name or f"t{len(made)}")
        server.sql(f'CREATE TABLE "{made[-1]}" ({columns})', *(f'INSERT INTO "{made[-1]}" VALUES {r}' for r in rows))
        return made[-1]

    yield create
    server.sql(*(f'DROP TABLE "{name}" CASCADE' for name in made))


def orders(loaded, base, source, table, **mapping):
    columns = mapping.pop("columns", PLAIN)
    return loaded(base, source, orders={"table": table, "columns": columns, **mapping})


def in_the_server(server, files, folder):
    """The project of a demo whose tables lie in the server; its URL comes from a variable."""
    with adbc.connect(server.url()) as connection, connection.cursor() as cursor:
        for file in sorted((files / "data").glob("*.parquet")):
            cursor.adbc_ingest(file.stem, pq.read_table(file), mode="replace")
        connection.commit()
    text = (files / "hvc.yaml").read_text()
    config = yaml.safe_load(text) | {"source": {"kind": "postgres", "url": "${env:SHOP_URL}"}}
    folder.mkdir()
    (folder / "hvc.yaml").write_text(yaml.safe_dump(config))
    return folder / "hvc.yaml"


@pytest.fixture(scope="module")
def business(server, tmp_path_factory):
    """A demo as files, and its config for the server."""
    there = tmp_path_factory.mktemp("business")
    made = make(there / "files", kind="subscription", customers=300, seed=5, stages=Stages())
    return made.config, in_the_server(server, there / "files", there / "server")


def panel(path, *cutoffs):
    """What `features` leaves: the panel's bytes, and everything beside it."""
    project = load_config(path)
    for cutoff in cutoffs:
        features(project, cutoff=cutoff, show_sql=False, stages=Stages())
    found = sorted(project.features.rglob("*"))
    key = [json.loads(f.read_text())["meta"]["key"] for f in found if f.name == "MANIFEST.json"]
    beside = {f.relative_to(project.features): feather.read_table(f) for f in found if f.suffix == ".arrow"}
    return {f.relative_to(project.features): f.read_bytes() for f in found if f.suffix == ".parquet"}, beside, key


def test_a_business_has_the_same_panel_from_a_server_as_from_files_byte_for_byte(server, business, monkeypatch):
    monkeypatch.setenv("SHOP_URL", server.url())
    cutoffs = (dt.date(2025, 6, 1), dt.date(2026, 1, 1))
    of_files, of_server = (panel(path, *cutoffs) for path in business)
    assert len(of_files[0]) == len(of_files[2]) == 2
    assert of_files == of_server


def test_the_command_line_ends_with_nine_and_keeps_the_password(server, business):
    secret = server.url(password="wr0ng:secret")  # noqa: S106 # a canary
    argv = [sys.executable, "-m", "hvc_ml", "check", "-c", str(business[1]), "--json"]
    ended = subprocess.run(argv, env={**os.environ, "SHOP_URL": secret}, capture_output=True, text=True, check=False)
    assert ended.returncode == 9
    assert json.loads(ended.stdout)["error"]["kind"] == "ServiceError"
    assert "the user or the password is refused" in ended.stderr
    assert not any(s in ended.stdout + ended.stderr for s in ("wr0ng", "ann:", PASSWORD))


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


def test_nothing_can_be_written_to_the_server(server, source):
    with pytest.raises(HvcError), postgres._asking(source.url) as cursor:
        cursor.execute("CREATE TABLE mine (a integer)")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ({"password": "wr0ng:secret"}, "the user or the password is refused"),
        ({"user": "nobody"}, "the user or the password is refused"),
        ({"database": "none"}, "no such database"),
    ],
)
def test_who_is_refused_is_told_without_the_password(server, tmp_path, loaded, url, words):
    with pytest.raises(ServiceError, match=words) as error:
        loaded(tmp_path, Source(kind="postgres", url=server.url(**url)), orders={"columns": PLAIN}).__enter__()
    assert not any(secret in str(error.value) for secret in (PASSWORD, PASSWORD.replace(":", "%3A"), "wr0ng", "ann"))
    assert error.value.exit_code == 9


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://ann:s3cret@127.0.0.1:1/shop", r"127\.0\.0\.1:1/shop: nobody listens there"),
        ("postgresql://ann:s3cret@[::1]:1/shop", r"\[::1\]:1/shop: "),
        ("postgresql://ann:s3cret@there.invalid/shop", r"there\.invalid/shop: no such host"),
        ("postgresql://ann:s3cret@127.0.0.1:1/shop?connect_timeout=2&application_name=s3cret", "nobody listens there"),
    ],
)
def test_a_server_that_is_not_there_is_a_service_error(tmp_path, loaded, url, words):
    with pytest.raises(ServiceError, match=words) as error:
        loaded(tmp_path, Source(kind="postgres", url=url), orders={"columns": PLAIN}).__enter__()
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (None, r"url: a postgres source needs a URL; put it into a variable NAME and write \$\{env:NAME\}"),
        ("mysql://ann:s3cret@host/shop", "expected postgresql://"),
        ("host=x password=s3cret", "expected postgresql://"),
        ("postgresql://ann:s3cret@x@host/shop", "is written %40"),
        ("postgresql://ann:s3cret/x@host/shop", "is written %40 or %2F"),
        ("postgresql://ann:s3cret%zz@127.0.0.1/shop", "not a URL that PostgreSQL can read"),
        ("postgresql://ann:1:s3cret@127.0.0.1:s3cret/shop", "not a URL that PostgreSQL can read"),
        ("postgresql://[::1/s3cret", "not a URL"),
    ],
)
def test_a_url_that_cannot_be_is_refused_without_showing_it(tmp_path, loaded, url, words):
    with pytest.raises(ConfigError, match=words) as error:
        loaded(tmp_path, Source(kind="postgres", url=url), orders={"columns": PLAIN}).__enter__()
    assert "s3cret" not in str(error.value)


def test_a_password_in_the_config_is_refused_unless_it_comes_from_a_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_PASSWORD", "s3cret")
    tables = f"tables: {{orders: {{columns: {json.dumps(PLAIN)}}}}}"
    for url in ("postgresql://ann:s3cret@host/shop", "postgresql://ann:${env:SHOP_PASSWORD}@host/shop"):
        (tmp_path / "hvc.yaml").write_text(f"name: x\nsource: {{kind: postgres, url: '{url}'}}\n{tables}\n")
        if "env" in url:
            assert load_config(tmp_path).config.source.url == "postgresql://ann:s3cret@host/shop"
            continue
        with pytest.raises(ConfigError, match=r"source\.url: holds a password; put the URL into a variable") as error:
            load_config(tmp_path)
        assert "s3cret" not in str(error.value)


def test_a_password_is_shown_nowhere():
    assert "s3cret" not in repr(Source(kind="postgres", url="postgresql://ann:s3cret@host/shop"))


def test_a_table_that_may_not_be_read_names_the_permission(server, table, tmp_path, loaded):
    name = table("customer text, date date, amount integer", "('a', '2024-01-01', 1)")
    server.sql(f"CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}'")
    with pytest.raises(ServiceError, match="may not read the table; GRANT SELECT"):
        orders(loaded, tmp_path, Source(kind="postgres", url=server.url(user="guest")), name).__enter__()


def test_a_server_that_goes_away_is_a_service_error_and_a_broken_view_a_data_error(server, tmp_path, loaded, source):
    columns = "SELECT 'a'::text AS customer, DATE '2024-01-01' AS date"
    server.sql(
        f"CREATE VIEW gone AS {columns}, pg_terminate_backend(pg_backend_pid()) AS amount",
        f"CREATE VIEW late AS {columns}, 1 / (i - 70000) AS amount FROM generate_series(1, 80000) i",
        f"CREATE VIEW soon AS {columns}, 1 / 0 AS amount",
    )
    with pytest.raises(ServiceError, match="the server broke off"):
        orders(loaded, tmp_path, source, "gone").__enter__()
    for view in ("late", "soon"):
        with pytest.raises(DataError, match="cannot be computed") as error:
            orders(loaded, tmp_path, source, view).__enter__()
        assert "ERROR" not in str(error.value)


def test_a_text_that_is_not_utf8_is_refused(server, tmp_path, loaded):
    server.sql("CREATE DATABASE raw ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'")
    server.sql(
        r"CREATE TABLE orders AS SELECT E'caf\xe9'::text AS customer, DATE '2024-01-01' AS date, 1 AS amount",
        database="raw",
    )
    with pytest.raises(DataError, match="not UTF-8"):
        loaded(tmp_path, Source(kind="postgres", url=server.url("raw")), orders={"columns": PLAIN}).__enter__()


def test_without_the_driver_the_extra_is_named(tmp_path, loaded, monkeypatch):
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql", None)
    with pytest.raises(ConfigError, match=r"pip install 'hvc-ml\[postgres\]'"):
        loaded(tmp_path, Source(kind="postgres", url="postgresql://host/x"), orders={"columns": PLAIN}).__enter__()
