import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hvc_ml.segments.comparison import Kpi, compared, judged

MORE, LESS = Kpi("orders", "more"), Kpi("silence", "less")


def company(seed=0, n=400, shift=0.0):
    rng = np.random.default_rng(seed)
    segment = pd.Series(rng.choice(["a", "b", "c"], n))
    orders = rng.gamma(2.0, 3.0, n) + shift * (segment == "a")
    return pd.DataFrame({"orders": orders, "silence": rng.exponential(30.0, n)}), segment


def test_the_interval_is_welchs_for_the_others_shrunk_by_their_share():
    rows, segment = company(shift=2.0)
    found = compared(rows, segment, [MORE]).set_index("segment").loc["a"]
    inside, outside = rows["orders"][segment == "a"], rows["orders"][segment != "a"]
    oracle = stats.ttest_ind(inside, outside, equal_var=False)
    low, high = oracle.confidence_interval(0.95)
    beside = len(outside) / len(rows)
    assert found["p"] == pytest.approx(oracle.pvalue, rel=1e-8)
    assert (found["low"], found["high"]) == pytest.approx((beside * low, beside * high), rel=1e-8)
    assert found["difference"] == pytest.approx(inside.mean() - rows["orders"].mean(), rel=1e-9)


def test_figures_far_from_zero_lose_no_digits():
    rows, segment = company(shift=1.0)
    far = rows + 1e9
    for column in ("difference", "low", "high", "p"):
        near, there = compared(rows, segment, [MORE])[column], compared(far, segment, [MORE])[column]
        np.testing.assert_allclose(near, there, rtol=1e-4)


def test_unknown_figures_are_left_out_one_by_one():
    rows, segment = company()
    rows.loc[::3, "orders"] = np.nan
    found = compared(rows, segment, [MORE, LESS])
    known = rows["orders"].notna()
    alone = compared(rows[known][["orders"]], segment[known], [MORE])
    pd.testing.assert_frame_equal(found[found["kpi"] == "orders"].reset_index(drop=True), alone)
    assert found[found["kpi"] == "silence"]["customers"].sum() == len(rows)


def test_a_segment_under_thirty_customers_is_grey_and_so_is_one_that_leaves_fewer_beside_it():
    rows, _ = company(n=100)
    for size in (29, 71):
        segment = pd.Series(["few"] * size + ["many"] * (100 - size))
        found = judged(compared(rows, segment, [MORE]))
        assert set(found["verdict"]) == {"grey"}
        assert found["p"].isna().all()
    alone = judged(compared(rows, pd.Series(["all"] * 100), [MORE]))
    assert alone["verdict"].tolist() == ["grey"]
    assert alone["difference"].tolist() == [0.0]


def test_green_is_better_whichever_way_is_good():
    rng = np.random.default_rng(3)
    segment = pd.Series(["a"] * 100 + ["b"] * 100)
    base = np.where(segment == "a", 5.0, 1.0) + rng.normal(size=200)
    found = judged(compared(pd.DataFrame({"orders": base, "silence": base}), segment, [MORE, LESS]))
    assert found["verdict"].tolist() == ["green", "red", "red", "green"]


def test_without_a_difference_about_none_is_coloured_however_many_are_compared():
    rng = np.random.default_rng(11)
    kpis = [Kpi(f"k{i}", "more") for i in range(50)]
    coloured = uncorrected = 0
    for _ in range(20):
        rows = pd.DataFrame(rng.normal(size=(300, 50)), columns=[k.name for k in kpis])
        found = judged(compared(rows, pd.Series(rng.choice(["a", "b", "c"], 300)), kpis))
        coloured += (found["verdict"] != "none").any()
        uncorrected += (found["p"] <= 0.05).any()
    assert uncorrected == 20
    assert coloured <= 4  # 5 % of 20 companies are expected


def test_a_coloured_cells_interval_leaves_out_zero():
    rows, segment = company(shift=1.5)
    found = judged(compared(rows, segment, [MORE, LESS]))
    coloured = found[found["verdict"].isin(["green", "red"])]
    assert len(coloured)
    assert ((coloured["low"] > 0) | (coloured["high"] < 0)).all()


def test_figures_that_do_not_vary_are_told_apart_only_where_they_differ():
    segment = pd.Series(["a"] * 40 + ["b"] * 40)
    same = judged(compared(pd.DataFrame({"orders": [1.0] * 80}), segment, [MORE]))
    assert set(same["verdict"]) == {"none"}
    apart = judged(compared(pd.DataFrame({"orders": [2.0] * 40 + [1.0] * 40}), segment, [MORE]))
    assert apart["verdict"].tolist() == ["green", "red"]


def test_what_the_business_does_not_have_is_left_out():
    rows, segment = company()
    assert set(compared(rows, segment, [MORE, Kpi("points", "more")])["kpi"]) == {"orders"}
