from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hvc_ml.errors import NotEnoughData
from hvc_ml.timeline.calendar import CalendarSettings, Timeline
from hvc_ml.timeline.days import as_date, day_number


def line(days, maturing=90, first=date(2023, 1, 10), **settings):
    return Timeline(first, first + timedelta(days=days), maturing, CalendarSettings(**settings))


lines = st.builds(
    line,
    st.integers(1, 1500),
    st.integers(1, 300),
    st.dates(date(2019, 1, 1), date(2024, 12, 31)),
    every=st.one_of(st.just("month"), st.integers(3, 60)),
    min_history=st.integers(1, 90),
    cutoffs=st.integers(1, 12),
)


@given(lines)
def test_no_label_window_reaches_beyond_the_moment_a_model_is_used(found):
    for moment in (*found.mature(found.end), found.end):
        split = found.split(moment)
        ahead = timedelta(days=found.maturing)
        assert split.moment == moment
        assert all(c + ahead <= moment for c in (*split.fit, *split.calibrate))
        if split.by == "time":
            assert all(c + ahead <= split.calibrate[0] for c in split.fit)


@given(lines)
def test_a_model_is_fitted_on_the_newest_cutoffs_there_are_and_no_more(found):
    for moment in (*found.mature(found.end), found.end):
        split, mature = found.split(moment), found.mature(moment)
        assert split.by == "time" or split.fit == mature[-found.settings.cutoffs :]
        assert split.calibrate == mature[-1:]
        assert len(split.fit) <= found.settings.cutoffs


@given(lines)
@example(line(150, 31, date(2023, 1, 2), min_history=30))  # the first and the last day allowed are firsts of a month
def test_the_cutoffs_are_all_days_of_the_grid_with_history_before_and_labels_after_them(found):
    every = found.settings.every
    begin, end = found.settings.min_history, (found.end - found.first).days - found.maturing
    days = [found.first + timedelta(days=n) for n in range(begin, end + 1)]
    on_grid = [d for d in days if (d.day == 1 if every == "month" else d.toordinal() % every == 0)]
    assert found.mature(found.end) == tuple(on_grid)


@given(lines, st.integers(1, 200))
def test_the_grid_does_not_move_when_orders_are_added(found, more):
    longer = Timeline(found.first, found.end + timedelta(days=more), found.maturing, found.settings)
    mature = found.mature(found.end)
    assert longer.mature(longer.end)[: len(mature)] == mature


def test_a_long_history_fits_calibrates_and_tests_on_disjoint_cutoffs():
    found = line(900, tests=3)
    for test in found.tests():
        split = found.split(test)
        assert split.by == "time"
        assert not {test} & {*split.fit, *split.calibrate}
        assert not {*split.fit} & {*split.calibrate}
    assert len(found.tests()) == 3
    assert found.tests(2) == found.tests()[-2:]


def test_a_history_too_short_for_a_later_calibrate_cutoff_keeps_customers_apart_and_says_so():
    found = line(290)
    test = found.tests()[-1]
    assert found.split(test).by == "customers"


def test_a_single_test_cutoff_with_nothing_mature_before_it_leaves_the_prior():
    found = line(150)
    assert found.split(found.tests()[-1]).by == "nothing"


def test_a_history_without_one_test_cutoff_is_refused_with_the_cutoffs_that_could_be_used():
    with pytest.raises(
        NotEnoughData, match=r"span 60 days .* 120 in all, .* be 2022-12-11, and the earliest 2023-02-09"
    ):
        line(60).tests()


def test_at_most_the_newest_fit_cutoffs_are_used():
    found = line(1500, cutoffs=4)
    split = found.split(found.end)
    assert len(split.fit) == 4
    assert split.fit[-1] + timedelta(days=found.maturing) <= split.calibrate[0]


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_day_numbers_and_dates_are_each_others_inverse(day):
    assert as_date(day_number(day)) == day
