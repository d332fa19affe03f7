"""The figure of the watch shows what is known, on the same days below each other."""

from datetime import date

from hvc_ml.report.monitor_chart import LEAST_SPAN, monitor_chart

DAYS = [date(2026, month, 1) for month in range(1, 7)]


def line(*values):
    return list(zip(DAYS, values, strict=False))


def test_a_panel_without_figures_is_left_out_and_the_days_are_the_same():
    lines = {"promised": line(0.3, 0.301, 0.3), "came": line(0.31, None, None)}
    figure = monitor_chart(
        {"churn": lines, "nothing": {"came": line(None, None)}, "money": {"promised": line(None, None, 5e4, 6e4)}},
        {"churn": 0.4},
    )
    churn, money = figure.axes
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["churn", "money"]
    assert churn.get_xlim() == money.get_xlim()
    low, high = churn.get_ylim()
    assert high - low >= LEAST_SPAN
    assert money.get_ylim()[0] == 0.0
    assert [text.get_text() for text in churn.get_legend().get_texts()] == ["promised", "came"]
    assert money.get_legend() is None
    assert len(churn.lines) == 3  # two lines and the limit


def test_one_list_is_enough():
    assert len(monitor_chart({"churn": {"promised": line(0.3)}}).axes) == 1
