import io

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from hvc_ml.explanation.summary import dependence_chart, summary_chart


def png(figure):
    sink = io.BytesIO()
    figure.savefig(sink, format="png", dpi=40)
    return sink.getvalue()


def test_the_summary_is_the_same_each_time_and_shows_the_features_in_words():
    rng = np.random.default_rng(0)
    figures = pd.DataFrame(rng.normal(size=(300, 3)), columns=["mean_gap_days", "spend_90d", "x"]).assign(x="text")
    phi = rng.normal(size=(300, 3)) * [3.0, 1.0, 0.5]
    before = dict(mpl.rcParams)
    first, second = (summary_chart(phi, figures, title="Churn risk", points=100) for _ in range(2))
    assert png(first) == png(second)
    assert dict(mpl.rcParams) == before
    assert [t.get_text() for t in first.axes[0].get_yticklabels()][-1] == "mean gap days"
    assert first.axes[0].get_title(loc="left") == "Churn risk"


@pytest.fixture
def made():
    """Spend moves most, then the gap; x is text, and one never varies."""
    rng = np.random.default_rng(0)
    figures = pd.DataFrame(rng.normal(size=(300, 4)), columns=["mean_gap_days", "spend_90d", "x", "same"])
    return rng.normal(size=(300, 4)) * [1.0, 3.0, 9.0, 9.0], figures.assign(x="text", same=1.0)


def test_curves_are_of_numbers_that_vary_the_strongest_first(made):
    before, state = dict(mpl.rcParams), np.random.get_state()[1].tolist()  # noqa: NPY002 # the one shap might draw from
    figure = dependence_chart(*made, title="Churn risk")
    assert [axes.get_xlabel() for axes in figure.axes] == ["spend 90d", "mean gap days"]
    assert figure.get_suptitle() == "Churn risk"
    assert png(figure) == png(dependence_chart(*made, title="Churn risk"))
    after = np.random.get_state()[1].tolist()  # noqa: NPY002
    assert (dict(mpl.rcParams), after) == (before, state)


def test_a_curve_leaves_the_ends_out_and_draws_what_is_known(made):
    phi, figures = made
    figures.loc[0, "spend_90d"] = 1e9
    figures.loc[1, "spend_90d"] = np.nan
    axes = dependence_chart(phi, figures, title="", shown=1).axes
    assert len(axes) == 1
    assert axes[0].get_xlim()[1] < 10


def test_where_no_number_varies_there_is_no_curve(made):
    phi, figures = made
    assert dependence_chart(phi, figures.assign(mean_gap_days=np.nan, spend_90d=2.0), title="none").axes == []


@pytest.mark.parametrize("chart", [summary_chart, dependence_chart])
def test_a_drawing_holds_no_customers_figures(made, chart):
    phi, figures = made
    sink = io.StringIO()
    chart(phi[:20], figures[:20], title="few").savefig(sink, format="svg")
    assert "<image" in sink.getvalue()
    assert "<use" not in sink.getvalue().split('id="PathCollection_1"')[-1].split("</g>")[0]
