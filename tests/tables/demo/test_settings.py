from datetime import date

import pytest

from hvc_ml.errors import UsageError
from hvc_ml.tables.demo import DemoSettings
from hvc_ml.tables.demo.settings import epoch_day, months_before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "wholesale"),
        ("customers", 0),
        ("seed", -1),
        ("years", 0),
        ("years", 11),
        ("horizon", 3),
        ("cutoffs", 36),
    ],
)
def test_a_figure_out_of_its_range_is_refused_by_name(name, value):
    with pytest.raises(UsageError, match=name):
        DemoSettings(**{name: value})


def test_the_end_does_not_depend_on_the_clock():
    assert DemoSettings().end == date(2026, 1, 1)
    assert DemoSettings().start == date(2023, 1, 1)


def test_cutoffs_ascend_to_the_end():
    days = DemoSettings(cutoffs=6).outlook_days
    assert days == tuple(sorted(days))
    assert (days[0], days[-1], len(days)) == (date(2025, 7, 1), date(2026, 1, 1), 7)


def test_months_end_where_they_end():
    assert months_before(date(2025, 5, 31), 3) == date(2025, 2, 28)
    assert months_before(date(2025, 1, 15), 13) == date(2023, 12, 15)


def test_days_count_from_1970():
    assert epoch_day(date(2026, 1, 1)) == (date(2026, 1, 1) - date(1970, 1, 1)).days
