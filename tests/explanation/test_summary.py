import io

import matplotlib as mpl
import numpy as np
import pandas as pd

from hvc_ml.explanation.summary import summary_chart


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
