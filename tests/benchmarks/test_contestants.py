import numpy as np
import pandas as pd
import pytest

from benchmarks.contestants import Task, counted, fit_prior, lightgbm_alone
from benchmarks.logs import history_of, plain_rows
from hvc_ml.errors import NotEnoughData
from hvc_ml.evaluation.metrics import churn_auc, value_gini
from hvc_ml.timeline.calendar import Split
from hvc_ml.workflows.fitting import prior_of


def test_counting_rows_keeps_every_customer():
    rows = pd.DataFrame({"frequency": [0, 1, 0], "recency": [0, 9, 0]})
    assert counted(rows).to_numpy().tolist() == [[0, 0, 2], [1, 9, 1]]


def test_a_partitions_statistics_taken_apart_give_its_own_prior(small_log):
    partition = small_log.partitions[small_log.tests[-1]]
    frame = plain_rows(partition)
    ours = fit_prior(history_of(partition), float(frame["mean_order"].mean()))
    official = prior_of(partition, frame, small_log.config)
    assert ours.buying == pytest.approx(official.buying)
    assert ours.spending == pytest.approx(official.spending)
    assert ours.n_customers == len(history_of(partition).buying)


def test_lightgbm_alone_ranks_better_than_chance_and_needs_nothing_of_the_prior(small_log):
    split = small_log.timeline.split(small_log.tests[-1])
    frames = {c: plain_rows(small_log.partitions[c]) for c in (*split.fit, *split.calibrate, split.moment)}
    assert not [c for c in frames[split.moment] if c.startswith("prior_")]
    frame = frames[split.moment]
    said = lightgbm_alone(Task(small_log.config, split, frames, small_log.features))(frame)
    assert churn_auc(frame["churned"], said["churn_risk"]) > 0.6
    assert value_gini(frame["future_value"], said["value"]) > 0.3
    assert (said["value"] >= 0).all()
    assert np.isfinite(said.to_numpy()).all()


def test_lightgbm_alone_says_so_where_nothing_is_mature(small_log):
    split = Split(small_log.tests[-1], (), (), "nothing")
    with pytest.raises(NotEnoughData, match="no earlier cutoff"):
        lightgbm_alone(Task(small_log.config, split, {}, small_log.features))
