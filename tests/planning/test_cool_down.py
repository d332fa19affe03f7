from datetime import date, timedelta

import pandas as pd
import pytest

from hvc_ml.planning.cool_down import REST, resting

NOW = date(2026, 3, 1)


def touched(*rows):
    return pd.DataFrame(rows, columns=["customer_id", "since", "action"])


@pytest.mark.parametrize(("ago", "rests"), [(0, True), (9, True), (10, False), (11, False)])
def test_a_rest_of_ten_days_ends_on_the_tenth_day(ago, rests):
    touches = touched(("ann", NOW - timedelta(days=ago), "call"))
    assert (resting(touches, {"call": 10}, NOW).tolist() == ["ann"]) is rests


def test_a_touch_after_the_cutoff_is_not_known_yet():
    assert resting(touched(("ann", NOW + timedelta(days=1), "call")), {"call": 10}, NOW).empty


def test_the_longest_rest_counts_and_nobody_is_named_twice():
    day = NOW - timedelta(days=20)
    touches = touched(("bob", day, "mail"), ("ann", day, "mail"), ("ann", day, "call"), ("ann", NOW, "mail"))
    assert resting(touches, {"mail": 5, "call": 30}, NOW).tolist() == ["ann"]


def test_an_action_without_a_cool_down_of_its_own_rests_a_month():
    touches = touched(("ann", NOW - timedelta(days=REST - 1), "fax"), ("bob", NOW - timedelta(days=REST), "fax"))
    assert resting(touches, {}, NOW).tolist() == ["ann"]


def test_no_cool_down_and_no_touch_are_no_rest():
    assert resting(touched(("ann", NOW, "call")), {"call": 0}, NOW).empty
    assert resting(touched(), {"call": 30}, NOW).empty
