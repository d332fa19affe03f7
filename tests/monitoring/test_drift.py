"""Stable nights raise no alarm, a shift of one standard deviation does, whatever the column looks like."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from hvc_ml.monitoring.drift import BINS, Bins, Reference, chance_limit, stability_index

NIGHTS = 200
NUMBERS = {
    "normal": lambda rng, n: rng.normal(size=n),
    "money": lambda rng, n: rng.lognormal(3.0, 1.2, n),
    "rare money": lambda rng, n: np.where(rng.random(n) < 0.05, rng.lognormal(2.0, 1.0, n), 0.0),
    "orders": lambda rng, n: rng.poisson(1.5, n).astype(float),
    "share": lambda rng, n: rng.beta(0.5, 0.5, n),
    "days": lambda rng, n: np.floor(rng.exponential(90.0, n)),
    "often unknown": lambda rng, n: np.where(rng.random(n) < 0.6, np.nan, rng.gamma(2.0, 30.0, n)),
    "yes or no": lambda rng, n: (rng.random(n) < 0.3).astype(float),
}


def night(rng, n):
    rows = {name: draw(rng, n) for name, draw in NUMBERS.items()}
    return pd.DataFrame(rows | {"region": rng.choice(["north", "south", "east", None], n, p=[0.5, 0.3, 0.15, 0.05])})


def reference(rng, n=1000, moments=6):
    rows = pd.concat([night(rng, n) for _ in range(moments)], ignore_index=True)
    return rows, pd.Series(np.repeat(range(moments), n)), pd.Series(np.tile(range(n), moments))


@pytest.fixture(scope="module")
def known():
    rows, moment, customer = reference(np.random.default_rng(7))
    return Reference.of(rows, moment=moment, customer=customer)


@pytest.mark.parametrize("n", [300, *(pytest.param(n, marks=pytest.mark.deep) for n in (60, 1000))])
def test_two_hundred_stable_nights_raise_few_alarms(known, n):
    rng = np.random.default_rng(n)
    alarms = [known.drift(night(rng, n), floor=0.2)["drifted"].any() for _ in range(NIGHTS)]
    assert np.mean(alarms) <= 0.05


def test_chance_alone_keeps_to_its_share_of_nights(known):
    rng = np.random.default_rng(11)
    alarms = [known.drift(night(rng, 400), floor=1e-9)["drifted"].any() for _ in range(NIGHTS)]
    assert np.mean(alarms) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / NIGHTS)


@pytest.mark.parametrize("column", NUMBERS)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_shift_of_one_standard_deviation_is_found_in_one_night(known, column, sign):
    rng = np.random.default_rng(13)
    found = []
    for _ in range(20):
        rows = night(rng, 300)
        rows[column] += sign * rows[column].std()
        moved = known.drift(rows, floor=0.2).set_index("column")["drifted"]
        found.append(moved[column] and not moved.drop(column).any())
    assert np.mean(found) >= 0.95


def test_new_words_and_lost_values_are_drift(known):
    rng = np.random.default_rng(17)
    rows = night(rng, 500)
    rows["region"] = rows["region"].where(rng.random(500) < 0.4, "west")
    rows["normal"] = rows["normal"].where(rng.random(500) < 0.7)
    found = known.drift(rows, floor=0.2)
    assert sorted(found.loc[found["drifted"], "column"]) == ["normal", "region"]
    lost = found.set_index("column").loc["normal"]
    assert lost["missing_then"] == 0.0
    assert 0.2 < lost["missing_now"] < 0.4


def test_a_season_that_the_reference_has_seen_is_no_alarm():
    rng, moments = np.random.default_rng(19), 12
    season = 1.2 * np.sin(np.arange(moments) * np.pi / 6)
    rows = pd.DataFrame({"spend": np.concatenate([rng.normal(shift, 1.0, 500) for shift in season])})
    of = {"moment": pd.Series(np.repeat(range(moments), 500)), "customer": pd.Series(np.tile(range(500), moments))}
    winter = pd.DataFrame({"spend": rng.normal(season.max(), 1.0, 500)})
    assert not Reference.of(rows, **of).drift(winter, floor=0.2)["drifted"].any()
    still = pd.DataFrame({"spend": rng.normal(0.0, 1.0, 6000)})
    assert Reference.of(still, **of).drift(winter, floor=0.2)["drifted"].all()


def test_the_furthest_comes_first_and_ties_are_told_by_name(known):
    rows = night(np.random.default_rng(23), 800)
    rows["money"] *= 20
    found = known.drift(rows, floor=0.2)
    assert found["column"][0] == "money"
    assert found["now"][0] > 10 * found["then"][0]
    assert (found["psi"] / found["limit"]).is_monotonic_decreasing
    shuffled = known.drift(rows.sample(frac=1.0, random_state=1)[list(rows)[::-1]], floor=0.2)
    pd.testing.assert_frame_equal(found, shuffled)


NUMBER = st.one_of(st.none(), st.floats(-1e6, 1e6), st.sampled_from([0.0, 1.0]))


@given(st.lists(NUMBER, min_size=1, max_size=60), st.lists(NUMBER, min_size=1, max_size=60))
def test_every_row_falls_into_one_bin(then, now):
    bins = Bins.of(pd.Series(then, dtype=float))
    codes = bins.codes(pd.Series(now, dtype=float))
    assert ((codes >= 0) & (codes < bins.count)).all()
    assert bins.counts(pd.Series(now, dtype=float)).sum() == len(now)
    assert (codes[[value is None for value in now]] == bins.count - 1).all()
    assert bins.shares(pd.Series(now, dtype=float)).sum() == pytest.approx(1.0)


@given(st.lists(st.floats(0.01, 1.0), min_size=2, max_size=20), st.integers(0, 2**32 - 1))
def test_the_index_is_a_divergence(weights, seed):
    shares = np.array(weights) / np.sum(weights)
    other = np.random.default_rng(seed).permutation(shares)
    assert stability_index(shares, shares) == 0.0
    assert stability_index(shares, other) >= -1e-12
    assert stability_index(shares, other) == pytest.approx(stability_index(other, shares))


def test_the_limit_is_the_upper_tail_of_what_chance_gives():
    rng, n, m = np.random.default_rng(29), 500, 2000
    draws = [stability_index(*(rng.multinomial(k, [1 / BINS] * BINS) / k for k in (m, n))) for _ in range(2000)]
    assert np.mean(np.array(draws) > chance_limit(BINS, n, m, 1)) == pytest.approx(0.05, abs=0.02)
    assert chance_limit(BINS, n, m, 1) == pytest.approx((1 / n + 1 / m) * chi2.isf(0.05, BINS - 1))


def test_nothing_known_is_no_error():
    empty = pd.DataFrame({"x": [np.nan] * 5, "w": pd.Series([None] * 5, dtype="string")})
    known = Reference.of(empty, moment=pd.Series([1] * 5), customer=pd.Series(range(5)))
    found = known.drift(empty, floor=0.2)
    assert not found["drifted"].any()
    assert found["ks"].isna().all()
