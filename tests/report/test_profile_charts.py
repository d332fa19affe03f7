import matplotlib as mpl
import numpy as np
import pandas as pd

from hvc_ml.report.profile_charts import contrast_chart, migration_chart, returns_chart, standalone_svg, whale_chart

CURVES = pd.DataFrame({"customers": [0.0, 0.5, 1.0], "twelve_months": [0.0, 1.1, 1.0], "whole_log": [0.0, 0.9, 1.0]})
EIGHTY = {"twelve_months": 0.36, "whole_log": 0.44}
COUNTS = pd.DataFrame([[8, 2], [0, 0]], index=["Top", "(new)"], columns=["Top", "Rest"])
RETURNS = {
    "second": pd.DataFrame({"days": [10, 20], "share": [0.25, 0.5]}),
    "third": pd.DataFrame({"days": [], "share": []}),
}
DIFFERENCES = pd.DataFrame(
    {"feature": ["spend_365d", "region", "silence"], "level": ["", "north", ""], "difference": [1.5, 0.5, -0.4]}
)


def figures():
    return (
        whale_chart(CURVES, EIGHTY),
        migration_chart(COUNTS, "2025-01-01", "2026-01-01"),
        returns_chart(RETURNS),
        contrast_chart(DIFFERENCES),
    )


def test_every_figure_is_the_same_each_time_and_leaves_the_readers_settings_alone():
    before = dict(mpl.rcParams)
    assert [standalone_svg(f) for f in figures()] == [standalone_svg(f) for f in figures()]
    assert dict(mpl.rcParams) == before


def test_a_file_of_its_own_has_its_colours_written_out():
    for figure in figures():
        text = standalone_svg(figure)
        assert text.startswith("<?xml")
        assert "var(--" not in text


def test_a_curve_above_all_of_the_value_is_shown_whole():
    figure = whale_chart(CURVES, EIGHTY)
    assert figure.axes[0].get_ylim()[1] > 1.1
    words = [t.get_text() for t in figure.axes[0].get_legend().get_texts()]
    assert words[1] == "twelve months: 36.0 % of customers bring 80 %"


def test_without_money_the_whale_curve_is_empty_and_drawn():
    nothing = CURVES.assign(twelve_months=np.nan, whole_log=np.nan)
    assert standalone_svg(whale_chart(nothing, dict.fromkeys(EIGHTY, float("nan"))))


def test_cells_tell_customers_and_their_share_of_the_row():
    words = [t.get_text() for t in migration_chart(COUNTS, "a", "b").axes[0].texts]
    assert words == ["8\n80 %", "2\n20 %", "0\n0 %", "0\n0 %"]


def test_returns_begin_at_nobody():
    line = returns_chart(RETURNS).axes[0].lines[0]
    assert (line.get_xdata()[0], line.get_ydata()[0]) == (0, 0)


def test_the_largest_difference_is_on_top_and_levels_are_named():
    axes = contrast_chart(DIFFERENCES).axes[0]
    assert [t.get_text() for t in axes.get_yticklabels()][::-1] == ["spend 365d", "region = north", "silence"]
    assert contrast_chart(DIFFERENCES.iloc[:0]).axes
