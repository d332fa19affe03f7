"""Population, the prior's counts and labels: the walk's are those of the engine."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compiled.algebra import logs
from hvc_ml.compiled.events import read_events
from hvc_ml.compiled.labels import labels_of
from hvc_ml.compiled.purchases import _quantile, purchases_of, window_of
from hvc_ml.dataset.repeat_buying import repeat_buying_at, repeat_spend_at
from hvc_ml.labels import LabelSettings, labels_at
from hvc_ml.population import PopulationSettings, active_within, population_at
from made.shop import TODAY, make_tables, order

LAW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
CUTOFFS = (TODAY - timedelta(days=60), TODAY)


def ids(engine, frame):
    return sorted(engine.arrow(frame)["customer_id"].to_pylist())


@given(logs, st.sampled_from(["auto", "all", 30, 400]))
@LAW
def test_who_is_active_and_the_priors_counts_are_those_of_the_engine(engine, log, within):
    tables, rule = make_tables(engine, **log), PopulationSettings(active_within=within)
    events = read_events(engine, tables, {"orders": ("amount",)})
    for cutoff, found in purchases_of(events, CUTOFFS).items():
        days = active_within(tables, cutoff, rule, 60)
        assert window_of(found.gaps, rule, 60) == days
        active = np.asarray(events.customers)[found.active(days)].tolist()
        assert active == ids(engine, population_at(tables, cutoff, days))
        assert found.repeat_buying().equals(engine.arrow(repeat_buying_at(tables, cutoff)))
        assert found.repeat_spenders().equals(engine.arrow(repeat_spend_at(tables, cutoff)))


@pytest.mark.parametrize("gaps", [[90] * 40, [1, 7, 7, 30, 31] * 9, list(range(1, 60)), [5] * 38 + [6, 300]])
def test_the_window_of_activity_is_the_engines_quantile_of_the_gaps(engine, gaps):
    days = np.cumsum([0, *gaps])
    tables = make_tables(engine, [order("ann", int(d) - int(days[-1]) - 1, 1.0) for d in days])
    found = purchases_of(read_events(engine, tables, {"orders": ("amount",)}), [TODAY])[TODAY]
    assert window_of(found.gaps, PopulationSettings(), 1) == active_within(tables, TODAY, PopulationSettings(), 1)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=200))
@settings(LAW, max_examples=200)
def test_a_quantile_of_counts_is_that_of_the_numbers(engine, numbers):
    expected = engine.execute("SELECT quantile_cont(n, 0.95) FROM (SELECT unnest(?::BIGINT[]) AS n)", [numbers])[0][0]
    assert _quantile(np.bincount(numbers), 0.95) == expected


@given(logs, st.sampled_from([30, 120, 365, 500]), st.sampled_from([1.0, 0.35]))
@LAW
def test_labels_are_those_of_the_engine(engine, log, horizon, margin):
    tables, rule = make_tables(engine, **log), LabelSettings(horizon=horizon, margin=margin)
    events = read_events(engine, tables, {"orders": ("amount", "cost")})
    active = {c: p.active(None) for c, p in purchases_of(events, CUTOFFS).items()}
    for cutoff, found in labels_of(events, active, rule).items():
        customers = population_at(tables, cutoff, None)
        expected = engine.arrow(labels_at(customers, tables, cutoff, rule).sort("customer_id"))
        assert found.schema == expected.schema
        assert found.to_pylist() == expected.to_pylist()
