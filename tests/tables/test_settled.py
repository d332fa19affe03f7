"""Rows that are kept between runs: what a run gives never depends on what an earlier one had read."""

import contextlib
import datetime as dt
import stat
from dataclasses import replace

import narwhals as nw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hvc_ml.publish import MANIFEST
from hvc_ml.tables.engine import open_engine
from hvc_ml.tables.layers import layers_of
from hvc_ml.tables.load import Keeping, load_tables
from hvc_ml.tables.mapping import TableMapping
from hvc_ml.tables.resources import Resources
from hvc_ml.tables.sources import Source

SMALL = Resources(memory="512MB", threads=2)
FIRST = dt.date(2024, 1, 1)
MAPPINGS = {
    "orders": {
        "columns": {
            "customer_id": "customer", "order_id": "order", "ordered_at": "date", "amount": "amount", "product_id": "product",
        },
        "drop_anonymous": True,
        "max_rejected": 0.9,
    },
    "customers": {"columns": {"customer_id": "customer", "age": "age"}},
    "events": {"columns": {"customer_id": "customer", "happened_at": "date", "kind": "kind", "known_at": "seen"}},
}  # fmt: skip
ORDERS = "customer,order,date,amount,product\n"
EVENTS = "customer,date,kind,seen\n"


@contextlib.contextmanager
def read(folder, *, keep=True, days=3, now=None, without=lambda tables: tables, mappings=None, content="content"):
    """Load what lies in a folder, with rows kept between calls or without."""
    source = Source(paths={name: f"{name}/*.csv" for name in ("orders", "customers", "events")})
    rows = folder / "rows"
    rows.mkdir(mode=0o700, exist_ok=True)
    keeping = Keeping(rows, days, content) if keep else None
    chosen = {name: TableMapping.model_validate(m) for name, m in (mappings or MAPPINGS).items()}
    with open_engine(SMALL, [*source.files(folder), rows]) as engine:
        tables, reports, prints = load_tables(
            engine, source, chosen, base=folder, timezone="UTC", now=now, without=without, keeping=keeping
        )
        yield engine, tables, reports, prints


def write(folder, table, name, text):
    (folder / table).mkdir(exist_ok=True)
    (folder / table / f"{name}.csv").write_text(text)


def day(number, hour=9):
    return f"{FIRST + dt.timedelta(days=number)} {hour:02d}:00"


def orders(folder, name, rows):
    write(folder, "orders", name, ORDERS + "".join(f"{c},{o},{day(d)},{a},{p}\n" for c, o, d, a, p in rows))


def customers(folder, ages):
    write(folder, "customers", "all", "customer,age\n" + "".join(f"{c},{a}\n" for c, a in sorted(ages.items())))


def events(folder, name, rows):
    write(folder, "events", name, EVENTS + "".join(f"{c},{day(d)},{k},{day(d + late)}\n" for c, d, k, late in rows))


def a_log(folder, days=range(20)):
    """A file of orders and one of events for each day."""
    customers(folder, {"ann": 30, "bob": 40})
    for d in days:
        orders(folder, f"{d:03}", [("ann", f"a{d}", d, 5 + d, "apple"), ("bob", f"b{d // 2}", d, -1.5, "fig")])
        events(folder, f"{d:03}", [("ann", d, "visit", d % 3)])


def content(found):
    engine, tables, reports, prints = found
    rows = {name: sorted(map(repr, engine.arrow(frame).to_pylist())) for name, frame in tables.present().items()}
    return rows, (tables.first_day, tables.end_day), reports, prints


def of_all_files(folder, **how):
    with read(folder, keep=False, **how) as found:
        return content(found)


def kept_rows(found):
    engine, tables, *_ = found
    return {name: engine.count(layers.kept) for name in tables.layers if (layers := layers_of(tables, name))}


def test_what_was_read_once_is_not_read_again(tmp_path):
    a_log(tmp_path)
    with read(tmp_path) as found:
        assert not kept_rows(found)
    a_log(tmp_path, range(20, 22))
    with read(tmp_path) as found:
        assert kept_rows(found) == {"orders": 32, "items": 32, "customers": 2, "events": 16}
        assert {n: found[0].count(layer.fresh) for n, layer in found[1].layers.items()} == {
            "orders": 12, "items": 12, "customers": 0, "events": 6,
        }  # fmt: skip
        assert content(found) == of_all_files(tmp_path)


def test_nothing_new_is_nothing_to_read(tmp_path):
    a_log(tmp_path)
    for table in ("orders", "events"):
        for path in sorted((tmp_path / table).iterdir())[16:]:
            path.unlink()
    far = 100  # the newest files settle only when something newer comes
    a_log(tmp_path, [far])
    with read(tmp_path):
        pass
    for table in ("orders", "events"):
        (tmp_path / table / f"{far:03}.csv").unlink()
    with read(tmp_path) as found:
        assert {n: found[0].count(layer.fresh) for n, layer in found[1].layers.items()} == dict.fromkeys(
            ("orders", "items", "customers", "events"), 0
        )
        assert content(found) == of_all_files(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: orders(folder, "003", [("ann", "a3", 3, 77, "apple")]),
        lambda folder: (folder / "orders" / "004.csv").unlink(),
        lambda folder: orders(folder, "late", [("cid", "z1", 2, 10, "pear")]),
        lambda folder: orders(folder, "tie", [("cid", "z1", 15, 10, "pear")]),
        lambda folder: customers(folder, {"ann": 31, "bob": 40, "cid": 5}),
    ],
    ids=["changed", "gone", "late rows", "rows of the last settled day", "another age"],
)
def test_everything_is_read_again_where_what_was_read_may_not_stand(tmp_path, change):
    a_log(tmp_path)
    with read(tmp_path):
        pass
    change(tmp_path)
    with read(tmp_path) as found:
        assert not kept_rows(found)
        assert content(found) == of_all_files(tmp_path)
    with read(tmp_path) as found:  # and kept anew
        assert kept_rows(found)
        assert content(found) == of_all_files(tmp_path)


@pytest.mark.parametrize(
    "other",
    [
        {"days": 4},
        {"content": "someone was forgotten"},
        {"mappings": MAPPINGS | {"events": {"columns": {"customer_id": "customer", "happened_at": "date", "kind": "kind"}}},
         "content": "another mapping"},
    ],
    ids=["days", "forgotten", "mapping"],
)  # fmt: skip
def test_rows_of_another_configuration_are_not_used(tmp_path, other):
    a_log(tmp_path)
    with read(tmp_path):
        pass
    with read(tmp_path, **other) as found:
        assert not kept_rows(found)


def test_rows_left_out_are_not_kept(tmp_path):

    a_log(tmp_path)

    def without_bob(tables):
        return tables.exchanged({n: f.filter(nw.col("customer_id") != "bob") for n, f in tables.present().items()})

    with read(tmp_path, without=without_bob):
        pass
    files = [p.read_bytes() for p in (tmp_path / "rows").rglob("*") if p.is_file()]
    assert files
    assert not any(b"bob" in data for data in files)


def test_a_file_at_fault_is_read_every_time_so_that_its_rows_are_shown(tmp_path):
    a_log(tmp_path)
    write(tmp_path, "orders", "005", ORDERS + f"ann,a5,{day(5)},much,apple\nann,a5,{day(5)},4,apple\n")
    with read(tmp_path):
        pass
    with read(tmp_path) as found:
        assert kept_rows(found)["orders"] == 10  # older than every row of the file at fault
        assert found[2]["orders"].reasons == {"bad_amount": 1}
        assert content(found) == of_all_files(tmp_path)


def test_rows_of_the_future_settle_no_file(tmp_path):
    a_log(tmp_path)
    mappings = MAPPINGS | {
        "orders": MAPPINGS["orders"] | {"future_rows": "drop"},
        "events": MAPPINGS["events"] | {"future_rows": "drop"},
    }
    how = {"mappings": mappings, "days": 0}
    with read(tmp_path, now=FIRST + dt.timedelta(days=10), **how):
        pass
    later = FIRST + dt.timedelta(days=30)
    with read(tmp_path, now=later, **how) as found:
        assert content(found) == of_all_files(tmp_path, now=later, **how)


def test_what_is_kept_is_private_and_older_ones_go(tmp_path):
    a_log(tmp_path)
    with read(tmp_path):
        pass
    (first,) = (tmp_path / "rows").iterdir()
    orders(tmp_path, "late", [("cid", "z1", 2, 10, "pear")])
    with read(tmp_path):
        pass
    (second,) = (tmp_path / "rows").iterdir()
    assert first != second
    modes = {stat.S_IMODE(p.stat().st_mode) for p in [second, *second.rglob("*")]}
    assert modes <= {0o700, 0o600}


def test_damaged_rows_are_read_again(tmp_path, caplog):
    a_log(tmp_path)
    with read(tmp_path):
        pass
    (path,) = (tmp_path / "rows").glob("*/tables/orders.parquet")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with read(tmp_path) as found:
        assert not kept_rows(found)
        assert content(found) == of_all_files(tmp_path)
    assert "Everything is read again" in caplog.text


def test_a_manifest_of_another_release_is_not_read(tmp_path, monkeypatch):
    a_log(tmp_path)
    with read(tmp_path):
        pass
    assert list((tmp_path / "rows").glob(f"*/tables/{MANIFEST}"))
    monkeypatch.setattr("hvc_ml.tables.settled.__version__", "999")
    with read(tmp_path) as found:
        assert not kept_rows(found)


def test_when_much_is_new_it_is_kept_too(tmp_path):
    a_log(tmp_path)
    with read(tmp_path):
        pass
    a_log(tmp_path, range(20, 40))
    with read(tmp_path) as found:
        assert not kept_rows(found)
    with read(tmp_path) as found:
        assert kept_rows(found)["orders"] == 72


def test_a_changed_table_has_no_layers_any_more(tmp_path):

    a_log(tmp_path)
    with read(tmp_path):
        pass
    with read(tmp_path) as (_, tables, *_rest):
        assert layers_of(tables, "orders")
        changed = replace(tables, orders=tables.orders.head(3))
        assert layers_of(changed, "orders") is None
        assert layers_of(changed, "events")


WHO = st.sampled_from(["ann", "bob", "007", "7", ""])
ORDER = st.tuples(
    WHO, st.sampled_from(["1", "2", ""]), st.integers(0, 12), st.sampled_from([-2, 1, 2.5, "?"]), st.sampled_from("ab")
)
EVENT = st.tuples(st.sampled_from(["ann", "7"]), st.integers(0, 12), st.sampled_from("xy"), st.integers(0, 4))
FILES = st.lists(
    st.tuples(st.lists(ORDER, min_size=1, max_size=5), st.lists(EVENT, max_size=3)), min_size=2, max_size=6
)


LOGS = st.tuples(FILES, st.integers(1, 5), st.integers(0, 4), st.booleans(), st.booleans())
LAW = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))


@given(log=LOGS)
@LAW
def test_any_log_gives_what_reading_all_of_it_gives(tmp_path_factory, log):
    gives_the_same(tmp_path_factory.mktemp("log"), *log)


@pytest.mark.deep
@pytest.mark.timeout(3600)
@given(log=LOGS)
@settings(LAW, max_examples=300)
def test_very_many_logs_give_what_reading_all_of_them_gives(tmp_path_factory, log):
    gives_the_same(tmp_path_factory.mktemp("log"), *log)


def gives_the_same(folder, files, old, days, in_order, drop):
    """Files come one after the other; after the first ``old`` of them a run reads what is there, and one at the end."""
    customers(folder, {"ann": 30})
    choice = {"duplicates": "drop" if drop else "keep"}
    how = {"days": days, "mappings": {n: m | choice if n != "customers" else m for n, m in MAPPINGS.items()}}
    events(folder, "none", [("ann", 0, "x", 0)])
    orders(folder, "none", [("ann", "0", 0, 1, "a")])
    for i, (bought, seen) in enumerate(files):
        shift = 13 * i if in_order else 0
        orders(folder, f"{i:02}", [(c, o, d + shift, a, p) for c, o, d, a, p in bought])
        if seen:
            events(folder, f"{i:02}", [(c, d + shift, k, late) for c, d, k, late in seen])
        if i == min(old, len(files) - 1):
            with read(folder, **how):
                pass
    with read(folder, **how) as found:
        assert content(found) == of_all_files(folder, **how)
