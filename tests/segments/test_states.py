from collections import Counter
from datetime import date

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.segments.states import DORMANT, NEW, migration_matrix, money_of, paths, states_at

TIERS = ("Top", "Rest")
NAMES = (*TIERS, DORMANT, NEW)
FIRST, LAST = date(2024, 1, 1), date(2024, 7, 1)


def standing(**tiers):
    return pd.DataFrame(
        {
            "customer_id": list(tiers),
            "spend_365d": [10.0 * (i + 1) for i in range(len(tiers))],
            "tier": list(tiers.values()),
        }
    )


def test_who_is_in_no_tier_is_dormant_or_not_yet_a_customer():
    seen = pd.Series({"ann": date(2023, 1, 1), "bob": date(2024, 3, 1), "cyd": date(2023, 5, 1)}).map(date.toordinal)
    found = {FIRST: standing(ann="Top"), LAST: standing(ann="Rest", bob="Top")}
    codes, names = states_at(found, seen, TIERS)
    told = pd.DataFrame(np.array(names, dtype=object)[codes], index=seen.index)
    assert told.loc["ann"].tolist() == ["Top", "Rest"]
    assert told.loc["bob"].tolist() == [NEW, "Top"]
    assert told.loc["cyd"].tolist() == [DORMANT, DORMANT]


def test_the_day_of_the_cutoff_belongs_to_the_future():
    seen = pd.Series({"ann": FIRST, "bob": date(2023, 12, 31)}).map(date.toordinal)
    codes, names = states_at({FIRST: standing()}, seen, TIERS)
    assert [names[c] for c in codes[:, 0]] == [NEW, DORMANT]


CODES = st.lists(st.tuples(*[st.integers(0, 3)] * 4), min_size=1, max_size=60)


@given(CODES)
def test_every_customer_is_in_one_cell_and_rows_share_to_one(rows):
    codes = np.array(rows)
    money = pd.Series(np.arange(len(rows), dtype=float))
    found = migration_matrix(codes[:, 0], codes[:, -1], NAMES, (money, money * 2))
    assert found["customers"].sum() == len(rows)
    assert found["value_before"].sum() == money.sum()
    assert found["value_after"].sum() == 2 * money.sum()
    shares = found.groupby("before")["share"].sum(min_count=1).dropna()
    np.testing.assert_allclose(shares, 1.0)
    oracle = Counter((NAMES[a], NAMES[b]) for a, *_, b in rows)
    assert {(r.before, r.after): r.customers for r in found.itertuples() if r.customers} == oracle


def way(row):
    kept = [a for a, b in zip(row, [None, *row], strict=False) if a != b]
    return " > ".join(NAMES[c] for c in kept)


@given(CODES)
def test_paths_are_those_customers_walked(rows):
    found = paths(np.array(rows), NAMES, most=1000)
    into = Counter(way(r) for r in rows if r[-1] == 0 and r[0] != 0)
    left = [r for r in rows if 0 in r and r[-1] != 0]
    out = Counter(way(r[max(i for i, c in enumerate(r) if c == 0) :]) for r in left)
    assert dict(zip(found["into"]["path"], found["into"]["customers"], strict=True)) == into
    assert dict(zip(found["out_of"]["path"], found["out_of"]["customers"], strict=True)) == out
    for table in found.values():
        assert table["customers"].is_monotonic_decreasing
        assert table.empty or abs(table["share"].sum() - 1) < 1e-9


def test_the_most_taken_ways_come_first_and_the_rest_is_cut():
    codes = np.array([[1, 0]] * 3 + [[2, 0]] * 5 + [[3, 0]])
    found = paths(codes, NAMES, most=2)["into"]
    assert found["path"].tolist() == [f"{DORMANT} > Top", "Rest > Top"]
    assert found["share"].tolist() == [5 / 9, 3 / 9]


def test_money_is_unknown_where_nobody_stands():
    found = money_of(standing(ann="Top"), pd.Index(["bob", "ann"]))
    assert np.isnan(found["bob"])
    assert found["ann"] == 10.0
