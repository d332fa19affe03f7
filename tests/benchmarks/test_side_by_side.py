import numpy as np
import pandas as pd
import pytest

from benchmarks.logs import history_of, plain_rows
from benchmarks.side_by_side import CONTESTANTS, OURS, Moment, measure, report


@pytest.fixture(scope="module")
def moments(small_log):
    return [
        Moment(small_log, c, plain_rows(small_log.partitions[c]), history_of(small_log.partitions[c]))
        for c in small_log.tests
    ]


def always(value):
    return lambda frame: pd.DataFrame({"churn_risk": 0.5, "value": value}, index=frame.index)


def failing(moment):
    message = "no convergence\nand a long story"
    raise RuntimeError(message)


def test_a_contestant_that_raises_has_a_row_that_says_so(small_log, moments):
    found = {OURS: measure(CONTESTANTS["hvc-ml, prior alone"], moments), "peer": measure(failing, moments)}
    text = report(small_log, moments, found)
    assert "| peer | - | - | - | - | - | - | - | - |" in text
    assert "- peer: RuntimeError: no convergence." in text
    assert "long story" not in text


def test_predictions_that_are_no_numbers_are_counted_and_rank_last(moments):
    def says(moment):
        return lambda frame: always(1.0)(frame).assign(value=np.r_[np.nan, np.inf, np.ones(len(frame) - 2)]), ""

    measured = measure(says, moments[:1])
    assert measured.said[0]["value"].tolist()[:3] == [0.0, 0.0, 1.0]
    assert measured.remarks == {f"2 of {len(moments[0].frame):,} predictions are not finite": [moments[0].cutoff]}


def test_every_cutoff_is_fitted_once_after_a_warm_up(moments):
    calls = []

    def counting(moment):
        calls.append(moment.cutoff)
        return always(1.0), "as always"

    measured = measure(counting, moments)
    assert calls == [moments[0].cutoff, *(m.cutoff for m in moments)]
    assert len(measured.fit_seconds) == len(measured.predict_seconds) == len(moments)
    assert measured.remarks == {"as always": calls[1:]}
