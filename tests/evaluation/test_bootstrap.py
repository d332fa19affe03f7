"""Intervals by customer: seeded, paired, wider where rows of a customer repeat each other, and honest in their coverage."""

import numpy as np
import pytest

from hvc_ml.evaluation import bootstrap, kernels
from hvc_ml.evaluation.bootstrap import Draw, Estimate, difference, interval


def rows(n, seed=0):
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.05, 0.95, n)
    return (rng.random(n) < p).astype(float), p, np.arange(n).astype(str)


def test_the_same_seed_gives_the_same_interval_and_row_order_does_not_matter():
    y, p, ids = rows(300)
    first = interval(kernels.auc, y, p, ids, replicates=50)
    back = np.random.default_rng(1).permutation(300)
    again = interval(kernels.auc, y[back], p[back], ids[back], replicates=50)
    assert first.as_list() == pytest.approx(again.as_list(), abs=1e-12)
    assert first.low < first.mid < first.high
    other = interval(kernels.auc, y, p, ids, replicates=50, seed=8)
    assert other.low != first.low


def test_rows_of_one_customer_say_the_same_thing_only_once():
    y, p, ids = rows(200)
    alone = interval(kernels.brier, y, p, ids)
    twice = interval(kernels.brier, np.tile(y, 4), np.tile(p, 4), np.tile(ids, 4))
    assert twice.error == pytest.approx(alone.error, rel=0.01)
    apart = interval(kernels.brier, np.tile(y, 4), np.tile(p, 4), np.arange(800).astype(str))
    assert apart.error == pytest.approx(alone.error / 2, rel=0.15)


def test_the_standard_error_of_a_mean_is_the_textbook_one():
    y, _, ids = rows(2_000)
    found = interval(kernels.brier, y, np.zeros(2_000), ids, replicates=1_000)
    assert found.error == pytest.approx(np.std(y) / np.sqrt(2_000), rel=0.08)


def test_many_customers_are_drawn_from_a_subset_with_the_same_error(monkeypatch):
    y, p, ids = rows(8_000)
    whole = interval(kernels.auc, y, p, ids)
    monkeypatch.setattr(bootstrap, "MOST_CUSTOMERS", 2_000)
    part = interval(kernels.auc, y, p, ids)
    assert part.mid == whole.mid
    assert part.error == pytest.approx(whole.error, rel=0.2)
    assert len(Draw.of(ids).rows) == 2_000


def test_chunks_do_not_change_the_draws(monkeypatch):
    y, p, ids = rows(100)
    whole = interval(kernels.gini, y, p, ids, replicates=40)
    monkeypatch.setattr(bootstrap, "CHUNK_CELLS", 700)
    assert interval(kernels.gini, y, p, ids, replicates=40) == whole


def test_a_difference_with_oneself_is_nothing_and_pairs_are_drawn_together():
    y, p, ids = rows(400)
    assert difference(kernels.auc, y, p, p, ids).as_list() == [0.0, 0.0, 0.0]
    close = difference(kernels.auc, y, p, p**2 + 1e-3 * y, ids)
    assert close.error < interval(kernels.auc, y, p, ids).error / 4


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    held = 0
    for seed in range(200):
        y, p, ids = rows(150, seed)
        found = interval(kernels.brier, y, p, ids, replicates=150, seed=seed)
        truth = 0.25 - 0.9**2 / 12  # E[p (1 - p)] for p uniform on [.05, .95]
        held += found.low <= truth <= found.high
    assert 180 <= held <= 200


def test_undefined_figures_have_no_interval():
    nothing = interval(kernels.auc, np.ones(5), np.arange(5.0), np.arange(5).astype(str), replicates=10)
    assert nothing.as_list() == [None, None, None]
    assert Estimate(float("nan"), 1.0, 2.0).as_list() == [None, 1.0, 2.0]
