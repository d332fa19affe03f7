import matplotlib as mpl
import numpy as np
import pytest

from hvc_ml.report.search_chart import search_chart
from hvc_ml.report.style import to_svg

GAINS = [0.0, -0.5, 0.002, float("nan"), -0.001]
PRUNED = [False, True, False, True, False]


def draw(**other):
    return search_chart(GAINS, PRUNED, metric="mean Gini", **other)


def lines(figure):
    return {line.get_label(): line for line in figure.axes[0].lines}


def test_the_figure_is_the_same_each_time_and_leaves_the_reader_s_settings_alone():
    before = dict(mpl.rcParams)
    assert to_svg(draw()) == to_svg(draw())
    assert dict(mpl.rcParams) == before


def test_the_best_so_far_never_falls_and_counts_only_who_was_measured_everywhere():
    assert lines(draw())["best so far"].get_ydata().tolist() == [0.0, 0.0, 0.002, 0.002, 0.002]


def test_who_was_ended_early_is_told_apart_and_who_is_used_is_marked():
    found = lines(draw(best=(2, 0.001, 0.003), chosen=2))
    assert found["ended early"].get_xdata().tolist() == [1, 3]
    assert found["measured at every cutoff"].get_xdata().tolist() == [0, 2, 4]
    assert found["used"].get_xdata() == [2]


@pytest.mark.parametrize("best", [None, (2, -0.001, 0.005)])
def test_one_disaster_does_not_flatten_the_rest(best):
    low, high = draw(best=best).axes[0].get_ylim()
    assert low > -0.05
    assert high > 0.002


def test_a_search_that_tried_nothing_else_can_be_drawn():
    figure = search_chart([0.0], [False], metric="mean Gini")
    assert np.isfinite(figure.axes[0].get_ylim()).all()
    assert "ended early" not in lines(figure)
