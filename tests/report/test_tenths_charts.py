import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import LineCollection
from scipy.stats import binomtest

from hvc_ml.report.charts import calibration_chart, decile_chart
from hvc_ml.report.style import to_svg
from hvc_ml.report.tenths_charts import shares_chart, values_chart, within


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_of_a_share_is_wilson_s(left_of_all):
    left, n = left_of_all
    low, high = within(np.array([left / n]), np.array([float(n)]))
    expected = binomtest(left, n).proportion_ci(method="wilson")
    assert low[0] == pytest.approx(expected.low, abs=1e-6)
    assert high[0] == pytest.approx(expected.high, abs=1e-6)
    assert high[0] > low[0]  # even where nobody or everybody left


def test_groups_drawn_from_their_means_look_as_those_drawn_from_their_customers():
    risks, left = np.linspace(0.05, 0.95, 40), np.arange(40) % 3 == 0
    tenths = risks.reshape(10, 4).mean(axis=1), left.reshape(10, 4).mean(axis=1)
    assert to_svg(shares_chart(*tenths, 4)) == to_svg(calibration_chart(risks, left))
    highest_first = tenths[0][::-1], tenths[1][::-1]
    assert to_svg(shares_chart(*highest_first, 4)) == to_svg(calibration_chart(risks, left))


def test_every_group_stands_at_its_forecast_and_its_outcome():
    axes = shares_chart([0.8, 0.2], [0.7, 0.1], [1_000, 10]).axes[0]
    assert axes.lines[1].get_xydata().tolist() == [[0.2, 0.1], [0.8, 0.7]]
    bars = next(c for c in axes.collections if isinstance(c, LineCollection)).get_segments()
    few, many = np.ptp(bars[1][:, 1]), np.ptp(bars[0][:, 1])
    assert few < many / 5  # the second group has a hundred times as many customers


def test_tenths_of_value_stand_beside_each_other():
    axes = values_chart([9.0, 1.0], [8.0, 2.0], currency="EUR").axes[0]
    assert [bar.get_height() for bar in axes.patches] == [9.0, 1.0, 8.0, 2.0]
    value = np.arange(20.0)
    means = value[::-1].reshape(10, 2).mean(axis=1)
    assert to_svg(values_chart(means, means, currency="EUR")) == to_svg(decile_chart(value, value, currency="EUR"))
