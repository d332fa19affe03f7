"""One algebra, two executors, the same bits: the walk is held to the engine."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compiled.algebra import features, logs, members
from features.test_every_feature import full_log
from hvc_ml.compiled.events import read_events
from hvc_ml.compiled.features import features_of, has_attribute
from hvc_ml.compiled.program import columns_of
from hvc_ml.features.algebra import Aggregate, Attribute, Is, Minus, aggregates
from hvc_ml.features.catalog import available
from hvc_ml.features.compute import features_at
from hvc_ml.features.feature import Feature
from hvc_ml.features.settings import FeatureSettings
from made.shop import TODAY, make_tables, order

LAW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
CUTOFFS = tuple(TODAY + timedelta(days=d) for d in (-31, 0))


def by_engine(engine, tables, cutoff, chosen, ids):
    engine.materialise("SELECT ''::VARCHAR AS customer_id WHERE false", "members")
    engine.append("members", pa.table({"customer_id": pa.array(ids, pa.string())}))
    return engine.arrow(features_at(engine.frame("members"), tables, cutoff, chosen).sort("customer_id"))


def by_walk(engine, tables, wanted, chosen, **how):
    events = read_events(engine, tables, columns_of(a for f in chosen for a in aggregates(f.value)))
    known = events.customers.to_pylist()
    asked = {cutoff: np.array([c in ids for c in known], bool) for cutoff, ids in wanted.items()}
    return features_of(events, asked, chosen, **how), set(known)


def assert_same(engine, tables, wanted, chosen):
    found, known = by_walk(engine, tables, wanted, chosen)
    for cutoff, ids in wanted.items():
        expected = by_engine(engine, tables, cutoff, chosen, sorted(ids & known))
        assert found[cutoff].schema == expected.schema
        assert found[cutoff].to_pylist() == expected.to_pylist()
        assert found[cutoff].equals(expected)


@given(logs, st.tuples(*[members] * 2))
@LAW
def test_every_feature_of_the_catalog_has_the_same_bits(engine, log, who):
    tables = make_tables(engine, **log)
    chosen = [f for f in available(tables, FeatureSettings(), 60) if not has_attribute(f.value)]
    assert_same(engine, tables, dict(zip(CUTOFFS, who, strict=True)), chosen)


@given(logs, features, st.tuples(*[members] * 2))
@settings(LAW, max_examples=40)
def test_any_feature_of_the_algebra_has_the_same_bits(engine, log, chosen, who):
    assert_same(engine, make_tables(engine, **log), dict(zip(CUTOFFS, who, strict=True)), chosen)


@pytest.mark.deep
@pytest.mark.timeout(7200)
@given(logs, features, st.tuples(*[members] * 2))
@settings(LAW, max_examples=3000)
def test_thousands_of_features_have_the_same_bits(engine, log, chosen, who):
    assert_same(engine, make_tables(engine, **log), dict(zip(CUTOFFS, who, strict=True)), chosen)


def test_figures_beyond_53_bits_have_the_same_bits(engine):
    huge = 2**53 - 1
    log = [order("ann", -d, 0.0, cost=-huge + d) | {"amount": huge - d * 3} for d in range(1, 30, 2)]
    log += [order("bob", -d, 0.0, cost=-1) | {"amount": d * 10**11 + d} for d in (1, 2, 5)]
    wanted = [
        Aggregate(how, table, column, within=within)
        for how in ("total", "mean", "spread", "least", "largest", "latest", "distinct")
        for table, column in (("orders", "amount"), ("orders", "cost"), ("purchase_days", "amount"))
        for within in (None, 9)
    ]
    chosen = [Feature(f"f{i}", a, "{value:number}", "spending", "number") for i, a in enumerate(wanted)]
    assert_same(engine, make_tables(engine, log), {TODAY: {"ann", "bob"}}, chosen)


@pytest.mark.parametrize(
    "value",
    [
        Aggregate("total", "orders", "channel"),
        Aggregate("count", "orders", None, (Is("channel", ">", 1),)),
        Aggregate("count", "orders", None, (Is("amount", "in", ("a",)),)),
        Minus(Attribute("region"), Aggregate("count", "orders")),
    ],
)
def test_what_makes_no_sense_is_refused(engine, value):
    tables = make_tables(engine, [order("ann", -1, 1.0, channel="web")])
    chosen = [Feature("f", value, "{value:number}", "spending", "number")]
    with pytest.raises(ValueError, match=r"text|number|attribute"):
        by_walk(engine, tables, {TODAY: {"ann"}}, chosen)


def test_the_number_of_threads_changes_nothing(engine):
    tables = make_tables(engine, **full_log())
    chosen = [f for f in available(tables, FeatureSettings(), 60) if not has_attribute(f.value)]
    asked = {TODAY: {"ann", "bob", "cyd"}}
    assert by_walk(engine, tables, asked, chosen, threads=1) == by_walk(engine, tables, asked, chosen, threads=4)
