"""Where a PostgreSQL server does not answer, refuses or breaks off: one clear sentence, and never the password."""

import json
import sys

import pytest

from hvc_ml.config import load_config
from hvc_ml.errors import ConfigError, DataError, HvcError, ServiceError
from hvc_ml.tables import postgres
from hvc_ml.tables.sources import Source
from made.logs import PLAIN
from made.postgres import PASSWORD, orders

pytest.importorskip("adbc_driver_postgresql.dbapi", reason="needs the extra: pip install '.[postgres]'")


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
        f"CREATE VIEW midway AS {columns}, CASE WHEN i = 70000 THEN pg_terminate_backend(pg_backend_pid())::int "
        "ELSE i END AS amount FROM generate_series(1, 80000) i",
        f"CREATE VIEW late AS {columns}, 1 / (i - 70000) AS amount FROM generate_series(1, 80000) i",
        f"CREATE VIEW soon AS {columns}, 1 / 0 AS amount",
    )
    for view in ("gone", "midway"):  # before the first row, and after thousands were sent
        with pytest.raises(ServiceError, match="the server broke off"):
            orders(loaded, tmp_path, source, view).__enter__()
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
