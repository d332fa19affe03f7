import numpy as np
import pytest

from benchmarks.learning_curve import PRIOR, RECIPE, TREES, on_sample, prior_of_rows, samples
from benchmarks.logs import plain_rows
from hvc_ml.workflows.fitting import prior_of

EVERYONE = np.array([f"c{i}" for i in range(6_500)])


def test_samples_share_no_customer():
    first, second, *_, last = samples(EVERYONE, 1_000)
    assert len({*first, *second, *last}) == 3 * len(first)


def test_samples_do_not_depend_on_the_order_of_customers():
    backwards = [s.tolist() for s in samples(EVERYONE[::-1], 3_000)]
    assert backwards == [s.tolist() for s in samples(EVERYONE, 3_000)]


def test_the_columns_of_a_panel_of_everyone_tell_its_prior(small_log):
    partition = small_log.partitions[small_log.tests[-1]]
    frame = plain_rows(partition)
    official = prior_of(partition, frame, small_log.config)
    ours = prior_of_rows(frame)
    assert ours.n_customers == official.n_customers
    assert ours.buying == pytest.approx(official.buying, rel=1e-4)
    assert ours.spending == pytest.approx(official.spending, rel=1e-4)


def test_everyone_is_measured_whatever_the_sample(small_log):
    test = small_log.tests[-1]
    frames = {c: plain_rows(p) for c, p in small_log.partitions.items()}
    kept = next(iter(samples(frames[test]["customer_id"].to_numpy(dtype=str), 200)))
    found = on_sample(small_log, frames, kept, (test,))
    assert {PRIOR, RECIPE} <= found.keys() <= {PRIOR, TREES, RECIPE}
    assert all(0.5 < f.auc < 1 and 0.2 < f.gini < 1 for f in found.values())
