import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hvc_ml.campaigns.measure import effect


def rows(n=300, share=0.2, seed=1):
    """Money, group, forecasts: with an effect of 5."""
    rng = np.random.default_rng(seed)
    drawn = rng.random(n) > share
    x = rng.normal(size=(n, 2))
    return 3 * x[:, 0] - x[:, 1] + rng.normal(size=n) + 5 * drawn, drawn, x


def test_without_forecasts_it_is_the_difference_of_means():
    y, drawn, _ = rows()
    found = effect(y, drawn, np.empty((len(y), 0)))
    assert found.estimate == pytest.approx(y[drawn].mean() - y[~drawn].mean())
    assert (found.contact, found.holdout) == pytest.approx((y[drawn].mean(), y[~drawn].mean()))
    assert found.reduction == pytest.approx(0.0)


def test_without_forecasts_the_interval_is_nearly_welchs_where_spreads_are_alike():
    y, drawn, _ = rows(n=4000)
    found, welch = effect(y, drawn, np.empty((len(y), 0))), stats.ttest_ind(y[drawn], y[~drawn], equal_var=False)
    low, high = welch.confidence_interval()
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.02 * (high - low))


def test_with_forecasts_it_is_the_coefficient_of_least_squares():
    y, drawn, x = rows()
    design = np.column_stack([np.ones(len(y)), drawn, x])
    assert effect(y, drawn, x).estimate == pytest.approx(np.linalg.lstsq(design, y)[0][1])


def test_several_lists_are_compared_within_each():
    y, drawn, _ = rows(n=600)
    lists = np.arange(600) % 3
    design = np.column_stack([drawn, *(lists == k for k in range(3))]).astype(float)
    found = effect(y + 100 * lists, drawn, np.empty((600, 0)), lists)
    assert found.estimate == pytest.approx(np.linalg.lstsq(design, y)[0][0])


def test_lists_of_unequal_shares_and_levels_show_no_effect_that_is_not_there():
    lists = np.repeat(["spring", "autumn"], 1000)
    drawn = np.r_[np.arange(1000) % 2 == 0, np.arange(1000) % 10 != 0]
    stayed = np.where(lists == "spring", 0.9, 0.1) > np.random.default_rng(3).random(2000)
    assert effect(stayed, drawn, np.empty((2000, 0))).verdict == "worse"  # pooled blindly: Simpson's paradox
    assert effect(stayed, drawn, np.empty((2000, 0)), lists).verdict == "not shown"


def test_good_forecasts_take_most_of_the_variance_out():
    y, drawn, x = rows()
    found = effect(y, drawn, x)
    assert found.reduction > 0.8
    assert found.error < 0.5 * effect(y, drawn, x[:, :0]).error
    assert found.low < 5 < found.high


def test_forecasts_that_all_say_the_same_change_nothing():
    y, drawn, x = rows()
    plain, lists = effect(y, drawn, x[:, :0]), np.arange(len(y)) % 2
    for same in (np.ones((len(y), 2)), np.full((len(y), 1), 0.4)):
        assert effect(y, drawn, same).estimate == pytest.approx(plain.estimate)
    of_the_list = np.where(lists == 0, 0.4, 0.7)[:, None]
    by_list = effect(y, drawn, x[:, :0], lists)
    assert effect(y, drawn, of_the_list, lists).estimate == pytest.approx(by_list.estimate)


def test_units_of_forecasts_do_not_matter():
    y, drawn, x = rows()
    one, other = effect(y, drawn, x), effect(y, drawn, x * [1e-6, 1e9])
    assert (one.estimate, one.error) == pytest.approx((other.estimate, other.error))


@given(st.integers(0, 50), st.floats(-100, 100), st.floats(0.1, 50))
def test_units_and_levels_of_outcomes_do_not_matter(seed, level, unit):
    y, drawn, x = rows(n=80, seed=seed)
    one, other = effect(y, drawn, x), effect(level + unit * y, drawn, x)
    assert other.estimate == pytest.approx(unit * one.estimate, rel=1e-6, abs=1e-6)
    assert other.error == pytest.approx(unit * one.error, rel=1e-5, abs=1e-6)


@given(st.integers(0, 50))
def test_swapping_the_groups_turns_the_sign_and_the_order_of_rows_does_not_matter(seed):
    y, drawn, x = rows(n=80, seed=seed)
    one, swapped = effect(y, drawn, x), effect(y, ~drawn, x)
    assert (swapped.estimate, swapped.low, swapped.high) == pytest.approx((-one.estimate, -one.high, -one.low))
    order = np.random.default_rng(seed).permutation(80)
    assert effect(y[order], drawn[order], x[order]).estimate == pytest.approx(one.estimate)


def test_a_group_in_which_everyone_left_is_given_the_others_spread():
    stayed = np.r_[np.zeros(12), np.ones(30), np.zeros(30)]
    drawn = np.arange(72) >= 12
    found = effect(stayed, drawn, np.empty((72, 0)))
    assert found.estimate == pytest.approx(0.5)
    assert found.error > np.sqrt(0.2 / 12)


def test_where_nothing_varies_the_effect_is_nothing():
    found = effect(np.ones(40), np.arange(40) % 2 == 0, np.empty((40, 0)))
    assert (found.estimate, found.low, found.high, found.reduction) == (0.0, 0.0, 0.0, 0.0)


def test_small_groups_say_nothing_and_lists_with_one_group_are_left_out():
    y, drawn = np.arange(40.0), np.arange(40) >= 9
    assert effect(y, drawn, np.empty((40, 0))) is None
    lists = np.repeat([0, 1], 20)
    drawn = np.r_[np.arange(20) % 2 == 0, np.ones(20, bool)]
    assert effect(y, drawn, np.empty((40, 0)), lists).n_contact == 10
    assert effect([], [], np.empty((0, 0))) is None


def test_as_json_gives_the_total_of_everyone_drawn():
    y, drawn, x = rows()
    found = effect(y, drawn, x)
    told = found.as_json()
    assert told["total"][1] == pytest.approx(found.estimate * drawn.sum(), abs=0.01)
    assert told["verdict"] == "better"
    assert (told["n_contact"], told["n_holdout"]) == (drawn.sum(), (~drawn).sum())
