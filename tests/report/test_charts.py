import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from hvc_ml.report.charts import (
    calibration_chart,
    decile_chart,
    gain_chart,
    honesty_chart,
    learning_chart,
    profit_chart,
)
from hvc_ml.report.style import ALERT, LINE, MODEL, PERFECT, to_png, to_svg

VALUE = np.array([0.0, 10.0, 0.0, 90.0, 0.0])
FIGURES = pd.DataFrame({"gini": [0.8, 0.7], "captured": [0.5, 0.6]}, index=["model", "past spend"])
DRAW = {
    "calibration": lambda: calibration_chart([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], bins=2),
    "gain": lambda: gain_chart(VALUE, {"model": VALUE + 1, "past spend": VALUE[::-1]}),
    "decile": lambda: decile_chart(VALUE, VALUE, currency="EUR"),
    "honesty": lambda: honesty_chart(FIGURES),
    "learning": lambda: learning_chart({"fit": [0.7, 0.5], "check": [0.7, 0.6]}, metric="log-loss", best=2),
    "profit": lambda: profit_chart([5.0, -1.0, 3.0], currency="EUR", contacted=1),
}


@pytest.mark.parametrize("name", DRAW)
def test_a_figure_is_the_same_each_time_and_leaves_the_reader_s_settings_alone(name):
    before = dict(mpl.rcParams)
    assert to_svg(DRAW[name]()) == to_svg(DRAW[name]())
    assert to_png(DRAW[name](), dpi=50) == to_png(DRAW[name](), dpi=50)
    assert dict(mpl.rcParams) == before


def test_perfect_foresight_is_the_upper_bound_of_every_ranking():
    axes = gain_chart(VALUE, {"model": VALUE[::-1]}).axes[0]
    lines = {line.get_label().split(" (")[0]: line.get_ydata() for line in axes.lines}
    assert (np.asarray(lines["perfect foresight"]) >= np.asarray(lines["model"])).all()
    assert lines["model"][-1] == 1.0


def test_a_ranking_without_any_value_is_flat_at_nothing():
    axes = gain_chart(np.zeros(4), {"model": np.arange(4.0)}).axes[0]
    assert max(axes.lines[-1].get_ydata()) == 0.0


def test_a_model_that_loses_is_shown_in_red_and_below():
    won, lost = honesty_chart(FIGURES).axes
    assert won.patches[-1].get_facecolor() == mpl.colors.to_rgba(MODEL)
    assert lost.patches[0].get_facecolor() == mpl.colors.to_rgba(ALERT)
    assert [label.get_text() for label in lost.get_yticklabels()] == ["model", "past spend"]


def test_nobody_loses_to_perfect_foresight():
    figures = pd.DataFrame({"gini": [1.0, 0.8, 0.7]}, index=["perfect foresight", "model", "past spend"])
    colours = [bar.get_facecolor() for bar in honesty_chart(figures).axes[0].patches]
    assert colours == [mpl.colors.to_rgba(c) for c in (LINE, MODEL, PERFECT)]


def test_a_baseline_without_a_metric_is_left_out_of_its_panel():
    figures = FIGURES.assign(auc=[0.7, np.nan])
    assert len(honesty_chart(figures).axes[2].patches) == 1


def test_the_profit_curve_peaks_where_gains_turn_to_losses():
    axes = profit_chart([5.0, -1.0, 3.0], currency="EUR").axes[0]
    assert "most: 8 EUR with 2 customers" in axes.get_legend().get_texts()[0].get_text()


def test_words_with_dollars_are_not_read_as_mathematics():
    assert "$\\frac{1}$" in to_svg(gain_chart(VALUE, {"$\\frac{1}$": VALUE}))
