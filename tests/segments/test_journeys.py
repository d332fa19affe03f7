import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.segments.journeys import journey, journeys
from made.shop import TODAY, make_tables, order


def steps(*rows):
    return pd.DataFrame(rows, columns=["days", "came", "customers"]).astype("int64")


def product_limit(rows, day):
    """Kaplan and Meier (1958) by hand: the product over event days of 1 - events / at risk."""
    alive = 1.0
    for t in sorted({d for d, came, _ in rows if came and d <= day}):
        at_risk = sum(n for d, _, n in rows if d >= t)
        alive *= 1 - sum(n for d, came, n in rows if d == t and came) / at_risk
    return 1 - alive


ROWS = st.lists(
    st.tuples(st.integers(1, 40), st.integers(0, 1), st.integers(1, 9)), max_size=30, unique_by=lambda r: r[:2]
)


@given(ROWS)
def test_the_curve_is_the_product_limit(rows):
    found = journey(steps(*rows))
    assert found.customers == sum(n for *_, n in rows)
    for row in found.curve.itertuples():
        assert row.share == pytest.approx(product_limit(rows, row.days))
    for share, day in zip((0.25, 0.5, 0.75), found.quartiles, strict=True):
        reached = [d for d, came, _ in rows if came and product_limit(rows, d) >= share - 1e-9]
        assert day == (min(reached) if reached else None)


def test_who_has_not_come_yet_is_not_taken_for_who_never_will():
    found = journey(steps((10, 1, 50), (20, 0, 50)))
    naive = 50 / 100
    assert journey(steps((5, 0, 60), (10, 1, 20), (20, 0, 20))).curve["share"].tolist() == [0.5]
    assert found.curve["share"].iloc[-1] == naive  # all were watched beyond the last return: nothing to correct


def test_half_of_those_who_take_exponential_time_come_by_its_median_whenever_watching_ends():
    rng = np.random.default_rng(4)
    true, watched = rng.exponential(100.0, 20_000).astype(int) + 1, rng.integers(1, 300, 20_000)
    rows = pd.DataFrame({"days": np.minimum(true, watched), "came": (true <= watched).astype(int), "customers": 1})
    found = journey(rows.groupby(["days", "came"], as_index=False).sum())
    assert found.quartiles[1] == pytest.approx(100 * np.log(2), rel=0.05)
    naive = np.median(rows["days"][rows["came"] == 1])
    assert naive < 0.8 * found.quartiles[1]


def test_shares_are_told_as_far_as_anybody_was_watched():
    assert list(journey(steps((10, 1, 1), (100, 0, 1))).within) == [30, 90]
    assert journey(steps((40, 1, 1), (100, 0, 1))).within == {30: 0.0, 90: 0.5}


def test_nobody_has_no_journey():
    found = journey(steps())
    assert (found.customers, found.quartiles, found.within) == (0, (None, None, None), {})


def test_days_with_orders_are_counted_from_the_log(engine):
    orders = [
        *(order("ann", -100, 5.0), order("ann", -100, 7.0), order("ann", -70, 5.0), order("ann", -60, 5.0)),
        *(order("bob", -50, 5.0), order("bob", -40, -5.0)),  # a refund is no order
        order("cyd", -1, 5.0),  # watched for no whole day yet
        *(order("dan", -20, 5.0), order("dan", 3, 5.0)),  # the future is not known
    ]
    found = journeys(engine, make_tables(engine, orders), TODAY)
    second, third = found["second"], found["third"]
    assert (second.customers, second.came) == (3, 1)
    assert second.curve["days"].tolist() == [30]
    assert second.curve["watched"].tolist() == [2]  # ann, and bob who was watched for 49 days; dan only for 19
    assert (third.customers, third.came, third.curve["days"].tolist()) == (1, 1, [10])
