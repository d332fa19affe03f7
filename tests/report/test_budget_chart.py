import pytest

from hvc_ml.report.budget_chart import budget_chart
from hvc_ml.report.style import to_svg


def test_the_curve_begins_at_nothing_and_ends_where_money_no_longer_helps():
    figure = budget_chart([10.0, 20.0], [30.0, 40.0], budget=None, currency="GBP")
    (axes,) = figure.axes
    assert axes.lines[0].get_xydata().tolist() == [[0.0, 0.0], [10.0, 30.0], [20.0, 40.0]]
    assert axes.get_xlim() == (0.0, 20.0)
    assert "GBP" in axes.get_xlabel()


@pytest.mark.parametrize(("budget", "marked"), [(15.0, 15.0), (99.0, 20.0)])
def test_the_list_s_own_budget_is_marked_within_the_curve(budget, marked):
    (axes,) = budget_chart([10.0, 20.0], [30.0, 40.0], budget=budget, currency="GBP").axes
    assert axes.lines[1].get_xdata()[0] == marked


def test_the_same_curve_gives_the_same_bytes():
    first, second = (to_svg(budget_chart([1.0], [2.0], budget=None, currency="EUR")) for _ in range(2))
    assert first == second
