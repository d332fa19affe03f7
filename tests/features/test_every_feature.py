"""The laws of the house, over the whole catalog: add a feature, and they hold it without a line of test."""

import random
from datetime import timedelta

import narwhals as nw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.logs import CUSTOMERS, logs
from features.reference import reference
from hvc_ml.features.algebra import aggregates
from hvc_ml.features.catalog import available, catalog
from hvc_ml.features.compute import features_at
from hvc_ml.features.feature import FAMILIES
from hvc_ml.features.settings import FeatureSettings
from hvc_ml.labels import LabelSettings, labels_at
from hvc_ml.population import PopulationSettings, active_within, population_at, subscribers_at
from made.shop import TODAY, at, contract, event, make_tables, order

LAW = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
FEW = settings(LAW, max_examples=5)
MONEY = ("amount", "refund", "discount", "cost", "price")
EVERY = catalog(FeatureSettings(), 60, {"region": False, "score_at_signup": True})


def computed(engine, log, features=None, cutoff=TODAY):
    tables = make_tables(engine, **log)
    population = engine.materialise(population_at(tables, cutoff, None), "population")
    chosen = available(tables, FeatureSettings(), 60) if features is None else features
    found = engine.arrow(features_at(population, tables, cutoff, chosen).sort("customer_id")).to_pylist()
    return {row.pop("customer_id"): row for row in found}


def full_log():
    """One of everything, so that every feature of the catalog has its data."""
    more = {"discount": 10, "cost": 10, "quantity": 10_000, "channel": "web"}
    orders = [order(c, -d, 10.0 + d, **more) for c in CUSTOMERS for d in (5, 40, 41, 200, 400)]
    items = [{k: o[k] for k in ("customer_id", "day", "amount")} | {"product_id": "p", "category": "x"} for o in orders]
    kinds = ("visit", "email_open", "ticket", "complaint", "points_earned", "points_redeemed", "nps", "referral")
    return {
        "orders": orders,
        "items": items,
        "events": [event(c, -d, kind, 3.0) for c in CUSTOMERS for kind in kinds for d in (3, 60)],
        "contracts": [contract(c, -100, 100) for c in CUSTOMERS],
        "customers": [{"customer_id": c, "region": "north", "score_at_signup": 1.0} for c in CUSTOMERS],
    }


def test_a_business_with_all_data_has_every_feature_and_at_least_sixty_without_attributes(engine):
    tables = make_tables(engine, **full_log())
    assert available(tables, FeatureSettings(), 60) == EVERY
    assert len(catalog(FeatureSettings(), 90, {})) >= 60
    assert {f.family for f in EVERY} == set(FAMILIES)


def test_a_feature_without_its_data_is_absent_and_not_zero(engine):
    tables = make_tables(engine, [order("ann", -3, 5.0)])
    names = {f.name for f in available(tables, FeatureSettings(), 60)}
    families = {f.family for f in available(tables, FeatureSettings(), 60)}
    assert families == {"recency", "frequency", "spending", "rhythm", "basket"}
    assert not names & {"quantity_per_order", "discount_share", "visits_30d", "contract_age_days"}


def test_a_kind_of_event_that_never_happened_makes_no_feature(engine):
    tables = make_tables(engine, [order("ann", -3, 5.0)], events=[event("ann", -2, "visit")])
    families = {f.family for f in available(tables, FeatureSettings(), 60)}
    assert "engagement" in families
    assert not families & {"service", "loyalty", "referral"}


@pytest.mark.parametrize("feature", EVERY, ids=lambda f: f.name)
def test_the_sentence_of_a_feature_names_its_own_figure_and_known_others(feature):
    names = {f.name for f in EVERY} | {"value"}
    fields = dict(feature.fields)
    assert "value" in fields, feature.says
    assert set(fields) <= names


def test_names_are_unique_and_every_window_of_the_horizon_is_there():
    names = [f.name for f in EVERY]
    assert len(names) == len(set(names))
    assert {"spend_60d", "orders_60d", "visits_60d"} <= set(names)


@given(logs)
@LAW
def test_the_engine_agrees_to_the_last_bit_with_plain_python(engine, log):
    tables = make_tables(engine, **log)
    features = available(tables, FeatureSettings(), 60)
    found = computed(engine, log, features)
    expected = reference(log, found, TODAY, features)
    assert found == expected


@pytest.mark.deep
@pytest.mark.timeout(3600)
@given(logs)
@settings(LAW, max_examples=5_000)
def test_the_engine_agrees_with_plain_python_on_thousands_of_logs(engine, log):
    features = available(make_tables(engine, **log), FeatureSettings(), 60)
    found = computed(engine, log, features)
    assert found == reference(log, found, TODAY, features)


@given(logs)
@FEW
def test_a_hundred_times_the_money_is_a_hundred_times_every_amount_and_changes_nothing_else(engine, log):
    features = available(make_tables(engine, **log), FeatureSettings(), 60)
    scale = {f.name: 100 if f.unit == "money" else 1 for f in features}
    before, after = (computed(engine, given, features) for given in (log, _changed(log, MONEY, lambda v: v * 100)))
    assert after.keys() == before.keys()
    for customer, row in before.items():
        for name, value in row.items():
            is_number = isinstance(value, float)
            wanted = pytest.approx(value * scale[name], rel=1e-12, nan_ok=True) if is_number else value
            assert after[customer][name] == wanted, name


@given(logs, st.integers(-2_000, 2_000))
@FEW
def test_everything_some_days_later_is_the_same(engine, log, days):
    features = available(make_tables(engine, **log), FeatureSettings(), 60)
    moved = _changed(log, ("day", "end_day", "known_day"), lambda day: day + days)
    assert computed(engine, moved, features, TODAY + timedelta(days)) == computed(engine, log, features)


def _changed(log, columns, change):
    """The log with a change in every cell of some columns."""
    return {
        name: [{c: change(v) if c in columns and v is not None else v for c, v in row.items()} for row in rows]
        for name, rows in log.items()
    }


@given(logs)
@settings(LAW, max_examples=12)  # four times the work of the others
def test_the_future_is_invisible(engine, log):
    """Rows of the future are dropped, scrambled, multiplied and injected: values and customers stay the same, bit for bit."""
    features = available(make_tables(engine, **log), FeatureSettings(), 60)
    before = computed(engine, log, features)
    for changed in (_dropped(log), _scrambled(log), _injected(log)):
        assert computed(engine, changed, features) == before


def _is_future(row):
    return row.get("day", at(-1)) >= at(0) or row.get("known_day", at(-1)) >= at(0)


def _dropped(log):
    """Without the future; a table that is then empty keeps one row of the far future, so that it still exists."""
    far = {
        "orders": order("zoe", 900, 1.0),
        "events": event("zoe", 900, "visit"),
        "contracts": contract("zoe", 900, None),
    }
    kept = {name: [_open_ended(r) for r in rows if not _is_future(r)] for name, rows in log.items()}
    return {
        name: [*rows, _shaped(far.get(name, log[name][0] | {"day": at(900)}), log[name])] for name, rows in kept.items()
    }


def _shaped(row, like):
    return {k: row.get(k) for k in like[0]} | ({"known_day": at(900)} if "known_day" in like[0] else {})


def _open_ended(row):
    """A contract's end that lies ahead is of the future, too."""
    return row | {"end_day": None} if (row.get("end_day") or at(-1)) >= at(0) else row


def _scrambled(log):
    draw = random.Random(1)
    return {
        name: [_noisy(r, draw) if _is_future(r) and name != "customers" else r for r in rows]
        for name, rows in log.items()
    }


def _noisy(row, draw):
    noise = {"amount": draw.randrange(10**12), "value": draw.randrange(10**9), "customer_id": draw.choice(CUSTOMERS)}
    return row | {k: v for k, v in noise.items() if k in row}


def _injected(log):
    new = {
        "orders": [order(c, d, 1e6, known_day=at(d)) for c in (*CUSTOMERS, "zoe") for d in (0, 0, 1, 50)],
        "events": [event(c, 0, kind, 99.0) for c in CUSTOMERS for kind in ("visit", "ticket", "nps")],
        "contracts": [contract(c, 0, 9, 1e4) for c in CUSTOMERS],
        "items": [{"customer_id": "ann", "day": at(0), "amount": 1, "product_id": "new", "category": "new"}],
    }
    late = [order("ann", -1, 7e5, known_day=at(0))]
    return {name: rows + new.get(name, []) + (late if name == "orders" else []) for name, rows in log.items()}


def test_an_order_at_the_cutoff_belongs_to_the_future_and_one_on_the_day_before_is_a_day_old(engine):
    found = computed(engine, {"orders": [order("ann", -1, 10.0), order("ann", 0, 1e9)]})
    assert found["ann"]["days_since_last_order"] == 1.0
    assert found["ann"]["spend_lifetime"] == 10.0


def test_a_window_of_thirty_days_holds_the_thirtieth_day_and_not_the_one_before(engine):
    found = computed(engine, {"orders": [order("ann", -30, 1.0), order("ann", -31, 100.0)]})
    assert found["ann"]["spend_30d"] == 1.0


def test_two_orders_of_one_day_are_one_purchase_day_and_no_repeat(engine):
    found = computed(engine, {"orders": [order("ann", -9, 1.0), order("ann", -9, 2.0)]})
    assert found["ann"]["purchase_days"] == 1.0
    assert found["ann"]["mean_gap_days"] is None
    assert found["ann"]["repeat_spend_mean"] is None


@given(logs)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_row_order_does_not_matter_and_another_customer_changes_nobody(engine, log):
    before = computed(engine, log)
    shuffled = {name: random.Random(2).sample(rows, len(rows)) for name, rows in log.items()}
    assert computed(engine, shuffled) == before
    more = shuffled | {"orders": shuffled["orders"] + [order("zoe", -5, 9.0, known_day=at(-5))]}
    after = computed(engine, more)
    assert {c: row for c, row in after.items() if c != "zoe"} == before


@given(logs)
@LAW
def test_the_population_and_its_window_do_not_see_the_future(engine, log):
    rule = PopulationSettings()
    for changed in (_dropped(log), _scrambled(log), _injected(log)):
        was, now = make_tables(engine, **log), None
        days = active_within(was, TODAY, rule, 60)
        customers = _ids(engine, population_at(was, TODAY, days)), _ids(engine, subscribers_at(was, TODAY))
        now = make_tables(engine, **changed)
        assert active_within(now, TODAY, rule, 60) == days
        assert (_ids(engine, population_at(now, TODAY, days)), _ids(engine, subscribers_at(now, TODAY))) == customers


def _ids(engine, frame):
    return engine.arrow(frame.sort("customer_id"))["customer_id"].to_pylist()


@given(logs)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_labels_do_not_see_the_past_but_for_the_year_that_tiers_are_told_from(engine, log):
    """The past doubled: what happened ahead stays; doubled beyond that year, the year's spend ahead stays as well."""
    tables = make_tables(engine, **log)
    population = engine.materialise(population_at(tables, TODAY, None), "population")

    def labels(doubled_before):
        orders = [r | {"amount": r["amount"] * (1 + (r["day"] < at(doubled_before)))} for r in log["orders"]]
        tables = make_tables(engine, **(log | {"orders": orders}))
        found = labels_at(population, tables, TODAY, LabelSettings(horizon=60))
        return engine.arrow(found.sort("customer_id"))

    assert labels(0).drop("spend_ahead").equals(labels(-999_999).drop("spend_ahead"))
    assert labels(60 - 365).equals(labels(-999_999))


def test_the_algebra_walks_every_aggregate_of_every_feature():
    for feature in EVERY:
        tables = {a.table for a in aggregates(feature.value)}
        assert tables or feature.family == "profile"


def test_the_horizon_is_a_window_even_where_windows_do_not_name_it(engine):
    assert isinstance(nw.col("x"), nw.Expr)
    assert "spend_77d" in {f.name for f in catalog(FeatureSettings(windows=(30,)), 77, {})}
