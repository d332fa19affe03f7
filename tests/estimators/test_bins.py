"""Rows are binned once for several models, and no model is another for it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.estimators.boosting import Rows, binned, train
from hvc_ml.estimators.encoder import Encoder
from hvc_ml.estimators.frames import Table
from hvc_ml.estimators.losses import Plan, Target
from hvc_ml.estimators.value import ValueIfKeptRegressor

ENCODER = Encoder(("a", "b", "land"), {"land": ("x", "y")})
PLAN = Plan("regression", rounds=15, learning_rate=0.2, leaves=5, min_child_samples=10, threads=1)


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(3)
    numbers = {"a": rng.normal(size=600), "b": np.round(np.exp(rng.normal(4, 1, 600)), 2)}
    return pd.DataFrame({**numbers, "land": rng.choice(["x", "y", "z"], 600)})


@pytest.fixture(scope="module")
def targets(frame):
    rng = np.random.default_rng(4)
    up = frame["a"].to_numpy() + 0.01 * frame["b"].to_numpy() + rng.normal(size=600)
    weight = rng.integers(1, 4, 600).astype(float)
    return Target(up, offset=0.1 * up, weight=weight), Target(-up), Target((up > 1) * 1.0, offset=np.full(600, 0.3))


def own(frame, target):
    return train(PLAN, Rows(binned(ENCODER, ENCODER.encode_single(frame), PLAN), target)).text


def test_every_model_is_as_if_the_rows_were_binned_for_it_alone_in_whatever_order(frame, targets):
    shared = binned(ENCODER, ENCODER.encode_single(frame), PLAN)
    alone = [own(frame, target) for target in targets]
    assert [train(PLAN, Rows(shared, target)).text for target in targets] == alone
    assert [train(PLAN, Rows(shared, target)).text for target in targets[::-1]] == alone[::-1]
    assert len(set(alone)) == 3


def test_some_of_the_rows_are_taught_as_such_and_leave_the_others_as_they_were(frame, targets):
    shared, first = binned(ENCODER, ENCODER.encode_single(frame), PLAN), frame["a"].to_numpy() > 0
    before = train(PLAN, Rows(shared, targets[1])).text
    few = Rows(shared, targets[1]).some(first)
    model = train(PLAN, few)
    assert len(few.bins) == first.sum()
    error = model.margin(frame[first]) - targets[1].y[first]
    assert error.std() < 0.7 * targets[1].y[first].std()
    assert train(PLAN, Rows(shared, targets[1])).text == before


def test_rows_to_stop_by_are_read_in_the_bins_of_those_learned_from(frame, targets):
    fit, later = (binned(ENCODER, ENCODER.encode_single(part), PLAN) for part in (frame[:400], frame[400:]))
    stop = binned(ENCODER, ENCODER.encode_single(frame[400:]), PLAN, fit)
    y = targets[1].y
    model = train(PLAN, Rows(fit, Target(y[:400])), Rows(stop, Target(y[400:])))
    assert len(model.curves["stop"]) > model.rounds
    loss = ((y[400:] - model.margin(frame[400:])) ** 2).mean() - (y[400:] - model.margin(frame[400:])).mean() ** 2
    assert min(model.curves["stop"]) == pytest.approx(loss)
    assert len(later) == 200


def test_single_precision_says_what_double_says(frame, targets):
    double, single = (
        train(PLAN, Rows(binned(ENCODER, matrix, PLAN), targets[1])).margin(frame)
        for matrix in (ENCODER.encode(frame), ENCODER.encode_single(frame))
    )
    assert single == pytest.approx(double, abs=1e-9)


def test_columns_that_are_not_to_be_used_are_not(frame, targets):
    table = Table.of(frame, ENCODER, PLAN)
    money = np.exp(targets[1].y / 3)
    model = ValueIfKeptRegressor(rounds=20, min_child_samples=10, threads=1)
    every, fewer = (model.learn(table, money, unused=unused).boosted_ for unused in ((), ("b", "land")))
    assert every.importance()["b"] > 0
    assert fewer.importance()["a"] > 0
    assert [fewer.importance()[c] for c in ("b", "land")] == [0.0, 0.0]


@given(st.lists(st.sampled_from(["x", "y", "other", None]), min_size=1, max_size=20))
def test_text_is_read_by_its_place_among_the_categories(values):
    encoder, places = Encoder(("land",), {"land": ("x", "y")}), {"x": 0.0, "y": 1.0}
    expected = [places.get(v, np.nan) for v in values]
    for kind in (object, "str", "category"):
        matrix = encoder.encode(pd.DataFrame({"land": pd.Series(values, dtype=kind)}))
        assert np.array_equal(matrix[:, 0], expected, equal_nan=True)


def test_numbers_may_be_categories_too():
    encoder = Encoder(("plan",), {"plan": ("7", "12")})
    assert encoder.encode(pd.DataFrame({"plan": [12, 7, 3]}))[:2, 0].tolist() == [1.0, 0.0]
