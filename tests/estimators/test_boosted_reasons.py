"""Trees explain themselves with the fast TreeSHAP, which is checked on every call."""

import numpy as np
import pandas as pd
import pytest

from hvc_ml.errors import ModelRefused
from hvc_ml.estimators.boosting import Boosted, Rows, binned, train
from hvc_ml.estimators.encoder import Encoder
from hvc_ml.estimators.losses import Plan, Target
from hvc_ml.treeshap import Explainer


@pytest.fixture(scope="module")
def boosted():
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(rng.normal(size=(500, 3)), columns=list("abc"))
    encoder = Encoder(("a", "b", "c"))
    y = (frame["a"] * frame["b"] + rng.normal(size=500)).to_numpy()
    plan = Plan("regression", rounds=20, learning_rate=0.1, leaves=7, min_child_samples=5, l2=0.0, seed=1, threads=1)
    return frame, train(plan, Rows(binned(encoder, encoder.encode(frame), plan), Target(y)))


def fresh(boosted):
    """A copy that remembers nothing."""
    return Boosted(boosted.encoder, boosted.text)


def test_both_ways_give_the_same_contributions(boosted):
    frame, trees = boosted
    slow = fresh(trees)
    slow.__dict__["explainer"] = None
    (base, phi, margin), (slow_base, slow_phi, slow_margin) = trees.contributions(frame), slow.contributions(frame)
    assert base == pytest.approx(slow_base)
    assert np.allclose(phi, slow_phi, atol=1e-12)
    assert np.array_equal(margin, slow_margin)
    assert np.array_equal(margin, trees.margin(frame))


def test_contributions_that_do_not_add_up_are_refused(boosted):
    frame, trees = boosted
    bad = fresh(trees)
    bad.__dict__["explainer"] = explainer = Explainer(trees.text)
    explainer.base += 1e-6
    with pytest.raises(ModelRefused, match="reasons of 500 of 500 customers do not add up"):
        bad.contributions(frame)


def test_contributions_that_add_up_wrongly_are_refused(boosted, monkeypatch):
    frame, trees = boosted
    bad = fresh(trees)
    right = bad.explainer.contributions
    monkeypatch.setattr(bad.explainer, "contributions", lambda matrix, threads: right(matrix, threads=threads)[:, ::-1])
    with pytest.raises(ModelRefused, match="differ from LightGBM's own"):
        bad.contributions(frame)


def test_trees_of_another_kind_are_explained_by_lightgbm(boosted, caplog):
    _, trees = boosted
    other = Boosted(trees.encoder, trees.text.replace("num_tree_per_iteration=1", "num_tree_per_iteration=2", 1))
    assert other.explainer is None
    assert "reasons are computed slowly: more than one tree per round" in caplog.text
