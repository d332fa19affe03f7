"""Every planted leak is found, a clean panel never raises an alarm, and a checker that is blind says so."""

from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
import pytest

from certificate.leaks import COLUMNS, OTHERS, all_columns
from certificate.logs import CUTOFF, many, random_log, shop
from hvc_ml.certificate import certify as room
from hvc_ml.certificate.certify import certify
from hvc_ml.certificate.perturb import PERTURBATIONS
from hvc_ml.dataset.build import compute
from hvc_ml.timeline.days import day_number
from made.shop import order

FEW = {
    "spend_lifetime",
    "days_since_last_order",
    "purchase_days",
    "mean_gap_days",
    "profile_age_then",
    "contracts_ended",
}


@pytest.fixture
def business(engine, log):
    """(tables, plan, honest builder) with a handful of features."""
    tables, plan, _ = shop(engine, log)
    plan = replace(plan, features=tuple(f for f in plan.features if f.name in FEW))
    return tables, plan, lambda tables, cutoff: compute(engine, tables, cutoff, plan)


def test_there_are_at_least_twelve_different_leaks():
    assert len(COLUMNS) + len(OTHERS) >= 12


def test_every_column_that_peeks_is_found_and_no_other(engine, business):
    tables, _, honest = business
    found = certify(engine, tables, (CUTOFF,), many(all_columns(engine, honest)), customers=99)
    assert {f.column for f in found.findings} == set(COLUMNS)
    assert not found.passed
    assert not found.missed


@pytest.mark.parametrize("name", OTHERS)
def test_every_other_leak_is_found(engine, business, name):
    tables, plan, honest = business
    leak, where = OTHERS[name]
    found = certify(engine, tables, (CUTOFF,), many(leak(engine, plan, honest)), customers=99)
    assert where in {(f.table, f.column) for f in found.findings}
    assert not found.passed


def test_a_pass_over_two_cutoffs_that_mixes_them_up_is_found(engine, business):
    """The earlier cutoff is given what is known at the later one; alone, each is clean."""
    tables, _, honest = business
    earlier = CUTOFF - timedelta(days=60)

    def mixed(tables, cutoffs):
        made = {cutoff: honest(tables, cutoff) for cutoff in cutoffs}
        return {cutoff: replace(made[max(cutoffs)], cutoff=cutoff) for cutoff in cutoffs}

    found = certify(engine, tables, (CUTOFF, earlier), mixed, customers=99)
    assert found.cutoffs == (earlier, CUTOFF)
    assert {f.cutoff for f in found.findings} == {earlier}


def test_an_earlier_cutoff_is_watched_while_what_lies_after_a_later_one_is_changed(engine, business, monkeypatch):
    tables, _, honest = business
    monkeypatch.setattr(room, "PERTURBATIONS", {"dropped": PERTURBATIONS["dropped"]})
    earlier = CUTOFF - timedelta(days=60)

    def lasting(tables, cutoffs):
        """Only a log that goes on for another 300 days is seen: what lies beyond the later cutoff."""
        made = {cutoff: honest(tables, cutoff) for cutoff in cutoffs}
        if tables.end_day > day_number(CUTOFF):
            made[earlier] = replace(made[earlier], panel=made[earlier].panel.slice(1))
        return made

    found = certify(engine, tables, (earlier, CUTOFF), lasting, customers=99)
    assert [(f.cutoff, f.column, f.n) for f in found.findings] == [(earlier, "customer_id", 2)]


def clean(engine, seed, features):
    churn, active = ("no_order", "contract_end")[seed % 2], ("auto", "all", 60)[seed % 3]
    tables, _, build = shop(engine, random_log(seed), churn=churn, active=active, features=features, seed=seed)
    return certify(engine, tables, (CUTOFF,), build, customers=50)


@pytest.mark.parametrize("seed", range(10))
def test_a_clean_panel_raises_no_alarm(engine, seed):
    found = clean(engine, seed, features=10)
    assert found.passed, found.says


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_a_hundred_clean_panels_of_the_whole_catalog_raise_none(engine):
    assert [f"{seed}: {found.says}" for seed in range(10, 110) if not (found := clean(engine, seed, None)).passed] == []


def test_the_same_check_has_the_same_receipt(engine, business, monkeypatch):
    tables, _, honest = business
    monkeypatch.setattr(room, "PERTURBATIONS", {name: PERTURBATIONS[name] for name in ("scrambled", "late")})
    receipts = [certify(engine, tables, (CUTOFF,), many(honest), customers=20).as_json() for _ in range(2)]
    assert receipts[0] == receipts[1]
    assert receipts[0]["n_customers"] <= 20
    assert receipts[0]["rows_changed"]["late"] > 0


def test_what_no_check_can_see_is_said(engine, monkeypatch):
    monkeypatch.setattr(room, "PERTURBATIONS", {})
    tables, _, build = shop(engine, random_log(4, late={"orders"}), features=3)
    said = certify(engine, tables, (CUTOFF,), build, customers=9).unchecked
    assert [s.split()[0] for s in said] == ["items", "customers", "events", "contracts"]
    assert "all 2 attributes" in said[1]


def test_a_panel_that_a_training_read_is_compared_with_what_is_built_now(engine, business, monkeypatch):
    tables, _, honest = business
    monkeypatch.setattr(room, "PERTURBATIONS", {"dropped": PERTURBATIONS["dropped"]})
    right = honest(tables, CUTOFF)
    spend = right.panel["spend_lifetime"].to_pylist()
    place = right.panel.column_names.index("spend_lifetime")
    stale = replace(
        right, panel=right.panel.set_column(place, "spend_lifetime", pa.array([spend[0] + 1.0, *spend[1:]]))
    )
    assert certify(engine, tables, (CUTOFF,), many(honest), customers=99, trained={CUTOFF: right}).passed
    found = certify(engine, tables, (CUTOFF,), many(honest), customers=99, trained={CUTOFF: stale})
    assert [(f.perturbation, f.column, f.n) for f in found.findings] == [("as_trained", "spend_lifetime", 1)]
    assert found.perturbations["as_trained"] == 1


def test_a_checker_whose_changes_change_nothing_is_blind(engine, business, monkeypatch):
    tables, _, honest = business
    idle = {name: lambda table, now, draws: (table, len(table)) for name in PERTURBATIONS}
    monkeypatch.setattr(room, "PERTURBATIONS", idle)
    found = certify(engine, tables, (CUTOFF,), many(honest), customers=99)
    assert not found.passed
    assert len(found.missed) == found.canaries > 0
    assert "blind" in found.says


def test_a_checker_whose_comparison_sees_nothing_is_blind(engine, business, monkeypatch):
    tables, _, honest = business
    monkeypatch.setattr(room, "differences", lambda before, after: dict.fromkeys(before.column_names, 0))
    assert "blind" in certify(engine, tables, (CUTOFF,), many(honest), customers=99).says


def test_a_population_without_anybody_is_no_certificate(engine):
    log = {"orders": [order(c, d, 5.0) for c in ("ann", "bob") for d in (-300, 3)]}
    tables, _, build = shop(engine, log, active=30, features=2)
    found = certify(engine, tables, (CUTOFF,), build, customers=9)
    assert not found.passed
    assert "nothing could be compared" in found.says
