from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hvc_ml.report.change_chart import bridge_chart
from hvc_ml.report.profile_charts import standalone_svg
from hvc_ml.report.style import ALERT, MODEL, PERFECT, to_png


def euros(amount):
    return f"{amount:,.0f} EUR"


def drawn(*amounts):
    steps = [(f"step {i}", float(a)) for i, a in enumerate(amounts)]
    return bridge_chart(steps, title="Value at risk", money=euros)


def bars(figure):
    return [(b.get_x(), b.get_x() + b.get_width()) for b in figure.axes[0].patches]


@settings(max_examples=25)
@given(moves=arrays(np.float64, st.integers(0, 5), elements=st.floats(-500, 500)))
def test_every_bar_begins_where_the_one_before_it_ended(moves):
    found = bars(drawn(1000.0, *moves, 1000.0 + moves.sum()))
    for (_, end), (start, _) in pairwise(found[:-1]):
        assert np.isclose(start, end)
    assert np.isclose(found[-1][1], found[-2][1])
    assert found[0][0] == found[-1][0] == 0.0


def test_totals_are_blue_more_risk_is_red_and_less_is_green():
    colours = [b.get_facecolor() for b in drawn(100, 30, -50, 80).axes[0].patches]
    hexes = ["#" + "".join(f"{round(255 * part):02x}" for part in colour[:3]) for colour in colours]
    assert hexes == [MODEL, ALERT, PERFECT, MODEL]


def test_names_stand_in_order_from_top_to_bottom():
    axes = drawn(100, 30, -50, 80).axes[0]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["step 0", "step 1", "step 2", "step 3"]
    assert (np.diff(axes.get_yticks()) < 0).all()


def test_nothing_at_risk_is_drawn_as_nothing():
    assert to_png(drawn(0, 0, 0)) == to_png(drawn(0, 0, 0))


def test_the_same_bridge_is_the_same_file():
    assert standalone_svg(drawn(100, -20, 80)) == standalone_svg(drawn(100, -20, 80))
