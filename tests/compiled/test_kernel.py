"""The kernel's arithmetic, and the same walk in plain Python."""

import importlib.util
import sys

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiled.test_layers import LOG, layered, rows_of
from features.test_every_feature import full_log
from hvc_ml.compiled import events, features, filling, kernel, merging, purchases, walk
from hvc_ml.compiled.program import columns_of
from hvc_ml.features.algebra import Aggregate, Is, aggregates, spread, total
from hvc_ml.features.catalog import available
from hvc_ml.features.feature import Feature
from hvc_ml.features.settings import FeatureSettings
from made.shop import TODAY, contract, make_tables, order

WORDS = st.integers(0, 2**64 - 1)


@given(WORDS, WORDS)
def test_a_product_has_128_bits(a, b):
    high, low = kernel.times(np.uint64(a), np.uint64(b))
    assert (int(high) << 64) + int(low) == a * b


@given(st.integers(-(2**62), 2**62))
def test_a_sum_is_rounded_as_the_engine_rounds_its_own(engine, number):
    assert kernel.as_double(number) == engine.execute(f"SELECT ({number})::HUGEINT::DOUBLE")[0][0]


@pytest.fixture
def plain(monkeypatch):
    """The kernel again, as Python runs it."""
    spec = importlib.util.spec_from_file_location("plain_kernel", kernel.__file__)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "plain_kernel", module)
    with np.errstate(over="ignore"):
        with monkeypatch.context() as while_it_is_read:
            while_it_is_read.setattr(numba.config, "DISABLE_JIT", True)
            spec.loader.exec_module(module)
        yield module


def feature(i, value):
    return Feature(f"f{i}", value, "{value:number}", "spending", "number")


def test_what_is_compiled_is_what_the_source_says(engine, plain, monkeypatch):
    log = full_log()
    for i, row in enumerate(log["orders"]):
        row["known_day"] = row["day"] + (3 if i % 3 else 400)
    log["orders"] += [order("dan", -3, 5.0), order("dan", -3, -1.0), order("dan", 4, 1.0)]
    log["contracts"] += [contract("bob", -300, -20), contract("cyd", -50, 4)]
    tables = make_tables(engine, **log)
    more = [
        spread("amount", "orders", within=90),
        Aggregate("largest", "orders", "amount", within=45, after=3),
        Aggregate("distinct", "items", "category", within=100),
        Aggregate("total", "purchase_days", "age"),
        total("value", "events", Is("kind", "in", ("visit",)), Is("age", "==", 3)),
    ]
    chosen = [f for f in available(tables, FeatureSettings(), 60) if not features.has_attribute(f.value)]
    chosen += [feature(i, value) for i, value in enumerate(more)]
    columns = columns_of(a for f in chosen for a in aggregates(f.value))

    def made():
        read = events.read_events(engine, tables, columns)
        bought = purchases.purchases_of(read, [TODAY], threads=1)[TODAY]
        found = features.features_of(read, {TODAY: bought.active(None)}, chosen, threads=1)[TODAY]
        return found.to_pylist(), bought.gaps.tolist(), bought.repeat_buying().to_pylist()

    expected = made()
    for room in (walk, purchases):
        monkeypatch.setattr(room, "kernel", plain)
    monkeypatch.setattr(filling, "edges", plain.edges)
    assert made() == expected


def test_what_is_compiled_puts_layers_together_as_the_source_says(engine, plain, monkeypatch, tmp_path):
    fresh = [order(c, 3, 5.0, channel="fax") for c in ("abe", "bob", "zoe")]
    split = layered(engine, make_tables(engine, LOG + fresh), tmp_path, lambda day: day % 3 > 0)
    expected = rows_of(engine, split)
    for name in ("meet", "interleave", "splice"):
        monkeypatch.setattr(merging, name, getattr(plain, name))
    assert rows_of(engine, split) == expected


def test_where_no_place_on_disk_may_be_written_each_process_compiles(monkeypatch):
    def njit(**how):
        if how.get("cache"):
            raise RuntimeError("no locator")
        return lambda function: (function, how)

    monkeypatch.setattr(kernel, "njit", njit)
    assert kernel._jit(len) == (len, {"nogil": True, "error_model": "numpy"})
