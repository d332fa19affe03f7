"""Rows kept from earlier runs and fresh ones give what reading all of them gives, and damage is noticed."""

from dataclasses import replace
from datetime import timedelta

import narwhals as nw
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compiled.algebra import logs
from hvc_ml.compiled import kept as store
from hvc_ml.compiled.events import read_events
from hvc_ml.compiled.features import features_of, has_attribute
from hvc_ml.compiled.labels import labels_of
from hvc_ml.compiled.program import columns_of
from hvc_ml.compiled.purchases import purchases_of
from hvc_ml.compiled.ranges import Range
from hvc_ml.errors import DataError
from hvc_ml.features.algebra import aggregates
from hvc_ml.features.catalog import available
from hvc_ml.features.settings import FeatureSettings
from hvc_ml.labels import LabelSettings
from hvc_ml.tables.layers import Layers, layers_of
from made.shop import TODAY, at, make_tables, order

LAW = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
CUTOFFS = [TODAY - timedelta(days=60), TODAY]
NAMES = ("orders", "items", "events", "contracts")
LOG = [order(c, -d, float(d), channel=["web", "shop", None][d % 3]) for c in ("ann", "bob", "dan") for d in range(1, 9)]


def layered(engine, tables, folder, kept=lambda day: day < at(-30)):
    """The same tables in two layers, by day."""
    layers = {}
    for name in NAMES:
        if (frame := getattr(tables, name)) is None:
            continue
        days = engine.arrow(frame.select("day").unique())["day"].to_pylist()
        old = nw.col("day").is_in([d for d in days if kept(d)])
        parts = [
            engine.materialise(frame.filter(chosen).sort("customer_id", "day"), f"{part}_{name}")
            for part, chosen in (("kept", old), ("fresh", ~old))
        ]
        layers[name] = Layers(frame, parts[0], f"key of {name}", parts[1], folder)
    if tables.customers is not None:  # without days all of them are kept, or none
        layers["customers"] = Layers(
            tables.customers, tables.customers, "key of customers", tables.customers.head(0), folder
        )
    return replace(tables, layers=layers)


def figures(engine, tables, customers=Range()):  # noqa: B008 # everyone
    chosen = [f for f in available(tables, FeatureSettings(), 60) if not has_attribute(f.value)]
    columns = columns_of(a for f in chosen for a in aggregates(f.value))
    events = read_events(engine, tables, columns | {"orders": (*columns["orders"], "cost")}, customers)
    bought = purchases_of(events, CUTOFFS)
    members = {cutoff: found.active(None) for cutoff, found in bought.items()}
    labels = labels_of(events, members, LabelSettings(horizon=60))
    found = features_of(events, members, chosen)
    return [
        events.customers.to_pylist(),
        *(found[c].to_pylist() for c in CUTOFFS),
        *(labels[c].to_pylist() for c in CUTOFFS),
        *(np.trim_zeros(bought[c].gaps, "b").tolist() for c in CUTOFFS),
        *(bought[c].repeat_buying().to_pylist() for c in CUTOFFS),
        *(bought[c].repeat_spenders().to_pylist() for c in CUTOFFS),
    ]


split_logs = st.fixed_dictionaries(
    {
        "log": logs,
        "random": st.randoms(use_true_random=False),
        "share": st.sampled_from([0.0, 0.5, 0.9, 1.0]),
        "large": st.booleans(),
        "customers": st.sampled_from([Range(), Range(), Range("b", "c"), Range(None, "b"), Range("bob", None)]),
    }
)


def assert_same(engine, folder, *, log, random, share, large, customers):
    if large:  # some amounts need 64 bits, which may be those of one layer alone
        log = log | {"orders": [r | {"cost": r["cost"] << random.choice([0, 34])} for r in log["orders"]]}
    tables = make_tables(engine, **log)
    split = layered(engine, tables, folder, lambda _day: random.random() < share)
    assert figures(engine, split, customers) == figures(engine, tables, customers)


@given(split_logs)
@LAW
def test_two_layers_give_the_same_bits_as_all_rows(engine, tmp_path_factory, drawn):
    assert_same(engine, tmp_path_factory.mktemp("kept"), **drawn)


@pytest.mark.deep
@pytest.mark.timeout(3600)
@given(split_logs)
@settings(LAW, max_examples=200)
def test_hundreds_of_logs_in_two_layers_give_the_same_bits_as_all_rows(engine, tmp_path_factory, drawn):
    assert_same(engine, tmp_path_factory.mktemp("kept"), **drawn)


def rows_of(engine, tables, columns=("amount", "channel"), customers=Range()):  # noqa: B008 # everyone
    events = read_events(engine, tables, {"orders": columns}, customers)
    table = events.tables["orders"]
    texts = {n: [*words.to_pylist(), None] for n, words in table.words.items()}
    values = {n: table.column(n).tolist() for n in columns}
    told = {n: [texts[n][max(v, -1)] for v in found] if n in texts else found for n, found in values.items()}
    rows = [*zip(table.days.tolist(), *told.values(), strict=True)]
    places = zip(events.customers.to_pylist(), table.begins, table.ends, strict=True)
    return {c: rows[begin:end] for c, begin, end in places}


@pytest.fixture
def shop(engine, tmp_path):
    fresh = [order(c, 3, 2.0**31, channel="fax") for c in ("abe", "bob", "zoe")]
    tables = make_tables(engine, LOG + fresh)
    return tables, layered(engine, tables, tmp_path, lambda day: day < at(-4))


def test_rows_lie_in_the_order_of_customers_and_days_whichever_layer_they_are_of(engine, shop):
    tables, split = shop
    assert list(rows_of(engine, split)) == ["abe", "ann", "bob", "dan", "zoe"]
    assert rows_of(engine, split) == rows_of(engine, tables)


def test_what_was_kept_is_read_from_the_engine_once(engine, shop, monkeypatch):
    _, split = shop
    read = []
    reads = store.read_rows
    monkeypatch.setattr(store, "read_rows", lambda *given: read.append(given) or reads(*given))
    expected = rows_of(engine, split)
    assert (rows_of(engine, split), len(read)) == (expected, 1)
    assert rows_of(engine, split, ("amount",)).keys() == expected.keys()
    assert len(read) == 1, "fewer columns are there already"
    rows_of(engine, split, ("amount", "lines"))
    assert len(read) == 2


def test_other_rows_are_another_store(engine, shop):
    tables, split = shop
    rows_of(engine, split)
    changed = replace(split.layers["orders"], key="another", kept=split.layers["orders"].kept.head(0))
    again = rows_of(engine, replace(split, layers={"orders": changed}))
    assert again != rows_of(engine, tables)
    assert sum(map(len, again.values())) == engine.count(changed.fresh)


def test_a_table_that_was_changed_has_no_layers(engine, shop):
    _, split = shop
    fewer = replace(split, orders=engine.materialise(split.orders.filter(nw.col("customer_id") == "ann"), "only_ann"))
    assert layers_of(split, "orders") is not None
    assert layers_of(fewer, "orders") is None
    assert list(rows_of(engine, fewer)) == ["ann"]


SMALL = ("begins", "ids", "words-0", "sums", "layout", "MANIFEST")
DAMAGE = [("changed", n) for n in ("days", "narrow", *SMALL)] + [("cut", "days"), ("gone", "ids"), ("empty", "narrow")]


@pytest.mark.parametrize(("how", "name"), DAMAGE)
def test_a_damaged_store_is_made_anew(engine, shop, how, name):
    tables, split = shop
    folder = split.layers["orders"].folder
    rows_of(engine, split)
    (file,) = folder.glob(f"rows-orders-*/{name}.*")
    data = bytearray(file.read_bytes())
    if how == "gone":
        file.unlink()
    else:
        at_ = len(data) - 3 if name != "MANIFEST" else data.index(b'"sha256": "') + 13
        data[at_] ^= 1
        file.write_bytes({"cut": data[:-7], "changed": data, "empty": b""}[how])
    assert rows_of(engine, split) == rows_of(engine, tables)
    assert rows_of(engine, split) == rows_of(engine, tables)
    assert {f.stat().st_mode & 0o777 for f in folder.glob("rows-*/*")} == {0o600}


def test_only_the_blocks_that_are_looked_at_are_checked(engine, shop, monkeypatch):
    tables, split = shop
    monkeypatch.setattr(store, "BLOCK", 4)
    rows_of(engine, split)
    (file,) = split.layers["orders"].folder.glob("rows-orders-*/days.npy")
    data = bytearray(file.read_bytes())
    data[-1] ^= 1  # a day of the last customer
    file.write_bytes(data)
    changed = file.stat().st_mtime_ns
    assert rows_of(engine, split, customers=Range(None, "b")) == rows_of(engine, tables, customers=Range(None, "b"))
    assert file.stat().st_mtime_ns == changed
    assert rows_of(engine, split) == rows_of(engine, tables)


def test_a_sum_of_both_layers_that_may_not_fit_64_bits_is_refused(engine, tmp_path):
    log = [order("ann", -d, 1.0, cost=2**62) for d in (1, 2)] + [order("bob", -3, 1.0, cost=1)]
    split = layered(engine, make_tables(engine, log), tmp_path, lambda day: day < at(-1))
    with pytest.raises(DataError, match="64 bits"):
        read_events(engine, split, {"orders": ("cost",)})
    read_events(engine, split, {"orders": ("cost",)}, Range("b", None))
