from dataclasses import replace
from datetime import date, timedelta

import pyarrow.parquet
import pytest

from hvc_ml.dataset.build import PanelPlan, build, build_many
from hvc_ml.dataset.partition import Pass
from hvc_ml.dataset.profile import Profile
from hvc_ml.dataset.repeat_buying import contract_ages_at, repeat_buying_at, repeat_spend_at
from hvc_ml.dataset.store import PanelStore
from hvc_ml.features.catalog import available
from hvc_ml.features.settings import FeatureSettings
from hvc_ml.labels import LabelSettings
from hvc_ml.population import PopulationSettings
from made.shop import TODAY, at, contract, event, make_tables, order

ORDERS = [order(c, d, 10.0 + d % 7) for c in ("ann", "bob") for d in (-300, -80, -40, -2, 5, 70)]


def plan_of(tables, **labels):
    rule = LabelSettings(**{"horizon": 30, "settle": 0, **labels})
    return PanelPlan(available(tables, FeatureSettings(), rule.horizon), PopulationSettings(active_within="all"), rule)


def test_a_partition_is_built_once_and_read_afterwards(engine, tmp_path):
    tables, store = make_tables(engine, ORDERS), PanelStore(tmp_path)
    plan = plan_of(tables)
    made, built = build(engine, tables, TODAY, plan, store)
    again, rebuilt = build(engine, tables, TODAY, plan, store)
    assert (built, rebuilt) == (True, False)
    assert again.panel.equals(made.panel)
    assert again.labels.equals(made.labels)
    assert again.repeat_buying.equals(made.repeat_buying)


def test_new_orders_after_the_horizon_leave_a_partition_as_it_is(engine, tmp_path):
    store, tables = PanelStore(tmp_path), make_tables(engine, ORDERS)
    plan = plan_of(tables)
    build(engine, tables, TODAY, plan, store)
    later = make_tables(engine, [*ORDERS, order("ann", 80, 9.0), order("zoe", 81, 9.0)])
    assert not build(engine, later, TODAY, plan, store)[1]


@pytest.mark.parametrize("row", [order("ann", -1, 3.0), order("ann", 29, 3.0)])
def test_a_row_that_is_known_or_labelled_makes_a_new_partition(engine, tmp_path, row):
    store, tables = PanelStore(tmp_path), make_tables(engine, ORDERS)
    plan = plan_of(tables)
    build(engine, tables, TODAY, plan, store)
    assert build(engine, make_tables(engine, [*ORDERS, row]), TODAY, plan, store)[1]


def test_another_horizon_makes_a_new_partition(engine, tmp_path):
    store, tables = PanelStore(tmp_path), make_tables(engine, ORDERS)
    build(engine, tables, TODAY, plan_of(tables), store)
    assert build(engine, tables, TODAY, plan_of(tables, horizon=31), store)[1]


def test_labels_are_there_only_when_they_are_mature(engine, tmp_path):
    tables, store = make_tables(engine, ORDERS), PanelStore(tmp_path)
    assert build(engine, tables, TODAY, plan_of(tables), store)[0].labels is not None
    late = TODAY + timedelta(days=60)
    assert build(engine, tables, late, plan_of(tables), store)[0].labels is None


def test_a_damaged_partition_is_noticed_and_built_again(engine, tmp_path, caplog):
    tables, store = make_tables(engine, ORDERS), PanelStore(tmp_path)
    plan = plan_of(tables)
    made, _ = build(engine, tables, TODAY, plan, store)
    panel = store.path(TODAY) / "panel.parquet"
    panel.chmod(0o600)
    panel.write_bytes(panel.read_bytes()[:-1])
    again, built = build(engine, tables, TODAY, plan, store)
    assert built
    assert again.panel.equals(made.panel)
    assert "built again" in caplog.text


def test_contracts_have_their_own_population_and_statistics(engine, tmp_path):
    contracts = [contract("ann", -100, None), contract("bob", -95, -20), contract("ann", -300, -150)]
    tables = make_tables(engine, ORDERS, contracts=contracts, events=[event("ann", -3, "visit")])
    partition, _ = build(engine, tables, TODAY, plan_of(tables, churn="contract_end"), PanelStore(tmp_path))
    assert partition.panel["customer_id"].to_pylist() == ["ann"]
    assert partition.contract_ages.to_pylist() == [
        {"age_months": 2, "ended": 1, "n": 1},
        {"age_months": 3, "ended": 0, "n": 1},
        {"age_months": 5, "ended": 1, "n": 1},
    ]


def test_the_priors_statistics_are_counts_of_customers_who_are_alike(engine):
    rows = [order(c, -100, 5.0) for c in ("ann", "bob", "cyd")] + [order("ann", -40, 8.0), order("ann", -10, 2.0)]
    tables = make_tables(engine, [*rows, order("bob", -100, 3.0), order("ann", 1, 99.0)])
    assert engine.arrow(repeat_buying_at(tables, TODAY)).to_pylist() == [
        {"frequency": 0, "recency": 0, "age": 99, "n": 2},
        {"frequency": 2, "recency": 90, "age": 99, "n": 1},
    ]
    assert engine.arrow(repeat_spend_at(tables, TODAY)).to_pylist() == [
        {"frequency": 2, "repeat_spend": 100_000, "n": 1}
    ]


def test_contract_ages_without_contracts_are_a_mistake(engine):
    with pytest.raises(ValueError, match="contracts"):
        contract_ages_at(make_tables(engine, ORDERS), date(2024, 1, 1))


def everything(partition):
    tables = (partition.panel, partition.labels, partition.repeat_buying, partition.repeat_spend)
    return [None if t is None else t.to_pydict() for t in tables]


LOG = [
    order(c, -d - 7 * i, 10.0 + d % 11, cost=1)
    for i, c in enumerate(("ann", "bob", "cyd", "dan", "eve"))
    for d in (300, 270, 200, 160, 130, 110, 80, 41, 40, -5, -70)
]


@pytest.mark.parametrize("churn", ["no_order", "contract_end"])
@pytest.mark.parametrize("active", ["auto", 90])
def test_a_pass_in_parts_is_the_pass_in_one(engine, tmp_path, active, churn):
    contracts = [contract(c, -100, end) for c, end in (("ann", None), ("bob", -20), ("dan", 12), ("eve", None))]
    more = {"contracts": contracts, "customers": [{"customer_id": c, "region": c[0]} for c in ("ann", "dan")]}
    tables = make_tables(engine, LOG, **more)
    plan = replace(plan_of(tables, churn=churn), population=PopulationSettings(active_within=active))
    cutoffs = (TODAY - timedelta(days=60), TODAY, TODAY + timedelta(days=60))
    whole = build_many(engine, tables, cutoffs, plan, PanelStore(tmp_path / "whole"))
    store, profile = PanelStore(tmp_path / "parts"), Profile()
    parts = build_many(engine, tables, cutoffs, plan, store, budget=3_000, profile=profile)
    ranges = Pass(engine, tables, dict.fromkeys(cutoffs, False), plan, budget=3_000).ranges
    assert len(ranges) > 2
    assert ranges[0].low is None
    assert ranges[-1].high is None
    for cutoff in cutoffs:
        assert everything(parts[cutoff].load()) == everything(whole[cutoff].load())
        assert (parts[cutoff].rows, parts[cutoff].labelled) == (whole[cutoff].rows, whole[cutoff].labelled)
        assert pyarrow.parquet.ParquetFile(store.path(cutoff) / "panel.parquet").num_row_groups > 1
    names = [s.name for s in profile.stages]
    assert ("gaps between purchases" in names) == (active == "auto" and churn == "no_order")
    assert {"hashes of the rows", "read rows", "features", "labels", "write"} <= set(names)


def test_only_the_cutoffs_that_are_missing_are_computed(engine, tmp_path):
    tables, store = make_tables(engine, LOG), PanelStore(tmp_path)
    plan, cutoffs = plan_of(tables), (TODAY, TODAY - timedelta(days=30))
    assert [b.new for b in build_many(engine, tables, cutoffs[:1], plan, store).values()] == [True]
    built = build_many(engine, tables, cutoffs, plan, store)
    assert {c: b.new for c, b in built.items()} == {cutoffs[1]: True, cutoffs[0]: False}
    assert list(built) == sorted(cutoffs)
    assert not any(b.new for b in build_many(engine, tables, cutoffs, plan, store).values())


def test_customers_known_by_several_versions_stay_one_row(engine, tmp_path):
    versions = [
        {"customer_id": "ann", "region": r, "known_day": at(d)} for r, d in (("old", -90), ("new", -9), ("?", 0))
    ]
    tables = make_tables(engine, ORDERS, customers=versions)
    panel = build(engine, tables, TODAY, plan_of(tables), PanelStore(tmp_path))[0].panel
    assert panel.select(["customer_id", "profile_region"]).to_pylist() == [
        {"customer_id": "ann", "profile_region": "new"},
        {"customer_id": "bob", "profile_region": None},
    ]
