from datetime import date, timedelta

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.planning.birthdays import days_to_birthday

cutoffs = st.dates(date(1971, 1, 1), date(2090, 12, 31))


@given(born=st.dates(date(1900, 1, 1), date(2025, 12, 31)), cutoff=cutoffs)
def test_so_many_days_later_it_is_the_birthday_and_on_no_day_before(born, cutoff):
    (days,) = days_to_birthday(pd.Series([born.isoformat()]), cutoff)
    due = cutoff + timedelta(days=int(days))
    assert 0 <= days <= 366
    if (born.month, born.day) == (2, 29):
        assert (due.month, due.day) in {(2, 29), (3, 1)}
    else:
        assert (due.month, due.day) == (born.month, born.day)
        assert days <= 365


def test_texts_are_read_as_iso_or_as_their_format_says_and_the_year_does_not_matter():
    cutoff = date(2026, 3, 1)
    texts = pd.Series(["1980-03-02", "1850-03-02 00:00:00", "--03-02", " 2031-3-2T10:00Z"])
    assert days_to_birthday(texts, cutoff).tolist() == [1, 1, 1, 1]
    assert days_to_birthday(pd.Series(["02.03.1980", "x"]), cutoff, "%d.%m.%Y")[0] == 1


def test_what_is_no_date_is_unknown():
    texts = pd.Series(["", "soon", "1980-13-01", "1980-00-10", None, "19800302"], dtype=object)
    found = days_to_birthday(texts, date(2026, 3, 1))
    assert np.isnan(found).all()
    assert np.isnan(days_to_birthday(pd.Series([None, "1.2."]), date(2026, 3, 1), "%d.%m.%Y")).all()


def test_nobody_has_no_birthday():
    assert days_to_birthday(pd.Series([], dtype=object), date(2026, 3, 1)).shape == (0,)
