"""The figure of a promotion: green is better beyond chance, red is worse, grey is neither."""

import pytest
from matplotlib.colors import to_hex

from hvc_ml.report.difference_chart import difference_chart
from hvc_ml.report.style import ALERT, MUTED, PERFECT, to_svg


def dots(axes):
    return [to_hex(line.get_color()) for line in axes.lines if line.get_marker() == "o"]


@pytest.mark.parametrize(
    ("interval", "colour"),
    [([0.01, 0.02, 0.03], PERFECT), ([-0.03, -0.02, -0.01], ALERT), ([-0.01, 0.0, 0.01], MUTED)],
)
def test_colour_says_whether_a_difference_is_beyond_chance(interval, colour):
    (axes,) = difference_chart({"churn AUC": {"champion": interval}}).axes
    assert dots(axes) == [colour]


def test_every_figure_has_a_panel_and_every_rival_its_place_in_each():
    sure = [0.1, 0.2, 0.3]
    figure = difference_chart({"AUC": {"recency": sure, "champion": sure}, "Gini": {"champion": sure}, "money": {}})
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["AUC", "Gini"]
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["recency", "champion"]
    assert [line.get_ydata()[0] for line in figure.axes[1].lines if line.get_marker() == "o"] == [1]


def test_what_is_undefined_is_left_out_even_where_nothing_is_left():
    figure = difference_chart({"AUC": {"champion": [None, None, None], "recency": [None, 0.1, None]}})
    assert figure.axes == []
    assert to_svg(figure) == to_svg(difference_chart({}))
