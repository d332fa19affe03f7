import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.segments.migration import moved, tier_floors
from hvc_ml.segments.settings import DEFAULT_TIERS, TierRule
from hvc_ml.segments.tiers import assign_tiers

NAMES = [rule.name for rule in DEFAULT_TIERS]
AMOUNTS = st.lists(st.tuples(st.integers(-50, 500), st.integers(-50, 500), st.booleans()), max_size=30)


def columns(rows):
    table = pd.DataFrame(rows, columns=["now", "ahead", "stayed"])
    ids = pd.Series([f"c{i:03d}" for i in range(len(table))], index=table.index, dtype=str)
    return table["now"].astype(float), table["ahead"].astype(float), table["stayed"].astype(bool), ids


@given(AMOUNTS)
def test_moves_are_told_from_the_names_of_the_tiers_at_both_moments(rows):
    now, ahead, stayed, ids = columns(rows)
    found = moved(now, ahead, stayed, ids)
    before, after = ([NAMES.index(name) for name in assign_tiers(money, ids)] for money in (now, ahead))
    for i, (kept, first, then) in enumerate(zip(stayed, before, after, strict=True)):
        assert found["downgraded"].iloc[i] == int(kept and then > first)
        assert found["upgraded"].iloc[i] == int(kept and then == 0 and first > 0)


@given(AMOUNTS, st.sampled_from([1, 2, 4, 8]))
def test_nobody_moves_when_everybody_spends_the_same_multiple(rows, rate):
    now, _, stayed, ids = columns(rows)
    assert moved(now, now * rate, stayed, ids).to_numpy().sum() == 0


@given(AMOUNTS)
def test_floors_part_the_tiers_but_for_customers_who_spend_alike(rows):
    now, _, _, ids = columns(rows)
    floors = tier_floors(now, ids)
    assert len(floors) == 2
    assert floors[0] >= floors[1] > 0
    place = (now.to_numpy()[:, None] < np.asarray(floors)).sum(axis=1)
    named = np.array([NAMES.index(name) for name in assign_tiers(now, ids)], dtype=int)
    assert (place <= named).all()
    assert set(now[place < named]) <= set(floors)


def test_a_tier_that_nobody_is_in_takes_as_much_as_the_one_above():
    money, ids = pd.Series([90.0, 10.0]), pd.Series(["a", "b"])
    assert tier_floors(money, ids) == (90.0, 90.0)
    assert tier_floors(money * 0, ids) == (float("inf"), float("inf"))


def test_one_tier_for_all_has_no_floors_and_no_moves():
    rule = (TierRule(name="All", share=1.0),)
    now, ids = pd.Series([5.0, 1.0]), pd.Series(["a", "b"])
    assert tier_floors(now, ids, rule) == ()
    assert moved(now, now[::-1].reset_index(drop=True), now > 0, ids, rule).to_numpy().sum() == 0


def test_a_customer_who_stands_twice_is_refused():
    with pytest.raises(ValueError, match="one id per customer"):
        tier_floors(pd.Series([1.0, 2.0]), pd.Series(["a", "a"]))
