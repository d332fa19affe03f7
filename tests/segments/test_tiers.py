"""Tiers are whole, ordered and stable; concentration reproduces the published shares."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hvc_ml.segments.settings import DEFAULT_TIERS, TierRule
from hvc_ml.segments.tiers import assign_tiers, concentration

MONEY = st.lists(st.integers(-20, 500).map(float), min_size=1, max_size=60)


def frame(values):
    return pd.Series(values, dtype=float), pd.Series([f"c{i:03d}" for i in range(len(values))])


def test_the_customer_who_crosses_a_boundary_belongs_to_the_upper_tier():
    values, ids = frame([40.0, 20.0, 20.0, 10.0, 10.0])
    assert assign_tiers(values, ids).tolist() == ["Priority", "Priority", "Gold", "Mass", "Mass"]


def test_customers_without_positive_value_are_in_the_last_tier():
    values, ids = frame([10.0, 0.0, -5.0, np.nan])
    assert assign_tiers(values, ids).tolist() == ["Priority", "Mass", "Mass", "Mass"]
    assert set(assign_tiers(*frame([0.0, -1.0]))) == {"Mass"}


def test_ties_go_by_id():
    ids = pd.Series(["b", "a", "e", "d", "c"])
    assert assign_tiers(pd.Series([1.0] * 5), ids).tolist() == ["Priority", "Priority", "Mass", "Gold", "Priority"]


@given(MONEY)
def test_upper_tiers_hold_their_share_with_as_few_customers_as_can_be(values):
    money, ids = frame(values)
    tier = assign_tiers(money, ids)
    total = money.clip(lower=0).sum()
    upper = pd.Series(False, index=money.index)
    for rule in DEFAULT_TIERS[:-1]:
        upper |= tier == rule.name
        if total > 0:
            inside = money[upper].clip(lower=0)
            assert inside.sum() >= rule.share * total - 1e-9
            assert inside.sum() - inside.min() < rule.share * total
    assert money[upper].min() >= money[~upper].max() or upper.all() or not upper.any()


@given(MONEY, st.randoms(use_true_random=False))
def test_row_order_does_not_matter_and_the_index_is_kept(values, random):
    money, ids = frame(values)
    order = random.sample(range(len(values)), len(values))
    whole = assign_tiers(money, ids)
    mixed = assign_tiers(money.iloc[order], ids.iloc[order])
    pd.testing.assert_series_equal(mixed.sort_index(), whole)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda v, i: assign_tiers(v, i.iloc[:1]),
        lambda v, i: assign_tiers(v, pd.Series(["same"] * len(v))),
        lambda v, i: assign_tiers(v, i, [TierRule(name="All", share=0.9)]),
        lambda v, i: assign_tiers(v, i, []),
    ],
)
def test_what_makes_no_tiers_is_refused(wrong):
    with pytest.raises(ValueError):
        wrong(*frame([1.0, 2.0]))


def test_nobody_has_no_tier():
    assert assign_tiers(*frame([])).empty


def test_one_tier_holds_everyone():
    assert set(assign_tiers(*frame([3.0, 1.0, -1.0]), [TierRule(name="All", share=1.0)])) == {"All"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "", "share": 0.5},
        {"name": "=cmd", "share": 0.5},
        {"name": "Gold", "share": 0.0},
        {"name": "Gold", "share": 1.5},
        {"name": "Gold", "share": 0.5, "more": 1},
    ],
)
def test_a_tier_rule_is_checked(wrong):
    with pytest.raises(ValidationError):
        TierRule(**wrong)


@given(st.lists(st.integers(0, 500).map(float), min_size=1, max_size=40).filter(sum))
def test_gini_is_the_mean_difference_between_customers(values):
    money = np.array(values)
    brute = np.abs(money[:, None] - money[None, :]).sum() / (2 * len(money) ** 2 * money.mean())
    assert concentration(values)["gini"] == pytest.approx(brute, abs=1e-9)


@given(st.lists(st.integers(-5, 500).map(float), min_size=1, max_size=40).filter(lambda v: sum(v) > 0))
def test_the_share_that_brings_80_percent_is_the_smallest(values):
    found, money = concentration(values), sorted(values, reverse=True)
    k = round(found["share_for_80"] * len(money))
    assert sum(money[:k]) >= 0.8 * sum(money) - 1e-6
    assert sum(money[: k - 1]) < 0.8 * sum(money)


def test_no_money_has_no_concentration():
    for nothing in ([], [0.0, 0.0], [-1.0]):
        assert np.isnan(concentration(nothing)["share_for_80"])


def test_the_published_share_on_cdnow(shared_data):
    path = shared_data / "cdnow" / "CDNOW_master.txt"
    log = pd.read_csv(path, sep=r"\s+", header=0, names=["id", "date", "cds", "amount"])
    past = log[log["date"] <= 19970930]  # 39 weeks, as in the published split
    assert concentration(past.groupby("id")["amount"].sum())["share_for_80"] == pytest.approx(0.384, abs=0.0005)


def test_the_published_share_on_online_retail(shared_data):
    columns = ["CustomerID", "InvoiceDate", "Quantity", "UnitPrice"]
    log = pd.read_parquet(shared_data / "online-retail" / "online_retail.parquet", columns=columns).dropna()
    past = log[log["InvoiceDate"] < "2011-09-11"]  # but for the last 90 days
    value = (past["Quantity"] * past["UnitPrice"]).groupby(past["CustomerID"]).sum()
    assert concentration(value)["share_for_80"] == pytest.approx(0.278, abs=0.0005)


def test_settings_import_nothing_heavy():
    code = "import sys, hvc_ml.segments.settings; print(sorted({'pandas', 'numpy'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


BEFORE = st.lists(st.sampled_from([*(r.name for r in DEFAULT_TIERS), None]), min_size=60, max_size=60)


@given(MONEY, BEFORE, st.sampled_from([0.0, 0.01, 0.1, 0.3]))
def test_with_a_margin_a_tier_is_kept_or_is_what_it_would_be_without(values, earlier, margin):
    money, ids = frame(values)
    known = {i: name for i, name in zip(ids, earlier, strict=False) if name}
    plain, kept = assign_tiers(money, ids), assign_tiers(money, ids, before=pd.Series(known, dtype=str), margin=margin)
    for i, customer in enumerate(ids):
        assert kept[i] in {plain[i], known.get(customer)}
        if margin == 0 or customer not in known or money[i] <= 0:
            assert kept[i] == plain[i]


@given(MONEY, BEFORE, st.sampled_from([0.01, 0.1, 0.3]))
def test_nobody_is_kept_further_beyond_a_boundary_than_the_margin(values, earlier, margin):
    money, ids = frame(values)
    before = pd.Series({i: name for i, name in zip(ids, earlier, strict=False) if name}, dtype=str)
    kept = assign_tiers(money, ids, before=before, margin=margin)
    places = {rule.name: i for i, rule in enumerate(DEFAULT_TIERS)}
    order = sorted(range(len(ids)), key=lambda i: (-max(money[i], 0), ids[i]))
    total, above = sum(max(m, 0) for m in money), 0.0
    for i in order:
        if money[i] > 0:
            place = places[kept[i]]
            assert above < (DEFAULT_TIERS[place].share + margin) * total + 1e-9
            assert place == 0 or above >= (DEFAULT_TIERS[place - 1].share - margin) * total - 1e-9
        above += max(money[i], 0.0)


def test_who_wobbles_around_a_boundary_stays_put_with_a_margin_and_moves_without():
    ids = pd.Series(["a", "b", "c"])
    months = [pd.Series([50.0 + wobble, 30.0 - wobble, 20.0]) for wobble in (1.0, -1.0) * 4]  # b's place: .51 or .49
    moves = {}
    for margin in (0.0, 0.05):
        tiers = [assign_tiers(months[0], ids)]
        for money in months[1:]:
            tiers.append(assign_tiers(money, ids, before=tiers[-1].set_axis(ids), margin=margin))
        moves[margin] = sum((a != b).sum() for a, b in pairwise(tiers))
    assert moves == {0.0: 7, 0.05: 0}


def test_a_tier_that_is_not_called_so_any_more_is_no_tier_to_stay_in():
    values, ids = frame([60.0, 40.0])
    assert assign_tiers(values, ids, before=pd.Series({"c000": "Platinum"}), margin=0.4)[0] == "Priority"
