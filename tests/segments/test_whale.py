import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.segments.tiers import concentration
from hvc_ml.segments.whale import whale_curve

MONEY = st.lists(st.integers(-20, 500).map(float), min_size=1, max_size=300).filter(lambda v: sum(v) > 0)


@given(MONEY)
def test_the_curve_starts_at_nothing_ends_at_all_and_is_concave(values):
    curve = whale_curve(values)
    assert curve["value"].iloc[0] == 0.0
    assert abs(curve["value"].iloc[-1] - 1.0) < 1e-9
    assert curve["value"].max() * sum(values) <= sum(v for v in values if v > 0) + 1e-6


@given(st.lists(st.integers(0, 500).map(float), min_size=100, max_size=100).filter(sum))
def test_it_passes_through_the_figures_of_concentration(values):
    curve, found = whale_curve(values).set_index("customers")["value"], concentration(values)
    for per_cent in (1, 5, 10, 20):
        assert abs(curve.iloc[per_cent] - found[f"top_{per_cent}"]) < 1e-9


def test_who_costs_more_than_he_brings_bends_it_down_again():
    curve = whale_curve([10.0, 10.0, -10.0, 0.0], points=4)["value"]
    assert curve.max() == 2.0
    assert curve.iloc[-1] == 1.0


def test_without_money_there_is_no_curve():
    assert whale_curve([]).iloc[:, 1].isna().all()
    assert np.isnan(whale_curve([-1.0, 0.0])["value"]).all()
