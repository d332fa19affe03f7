import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from hvc_ml.errors import ModelRefused
from hvc_ml.estimators.calibration import KINDS, Calibrator, _fit, fit_calibrator


def sample(n, seed=0, twist=lambda f: f):
    rng = np.random.default_rng(seed)
    f = rng.normal(0, 1.5, n)
    return f, (rng.random(n) < expit(twist(f))).astype(float)


def test_what_is_calibrated_already_stays_as_it_is():
    calibrator, scores = fit_calibrator(*sample(4000))
    assert calibrator == Calibrator("identity")
    assert set(scores) == set(KINDS)


@pytest.mark.parametrize(
    ("twist", "kinds"),
    [
        (lambda f: 0.4 * f - 1, {"platt"}),
        (lambda f: np.where(f < 0, 3.0, 0.3) * f, {"beta", "isotonic"}),
    ],
)
def test_a_twisted_margin_is_bent_straight_by_the_simplest_kind_that_can(twist, kinds):
    f, y = sample(20_000, twist=twist)
    calibrator, scores = fit_calibrator(f, y)
    assert calibrator.kind in kinds
    assert scores[calibrator.kind] < scores["identity"]
    new, _ = sample(5_000, seed=1)
    assert np.abs(calibrator(new) - expit(twist(new))).mean() < 0.02


def test_isotonic_is_not_tried_on_a_thousand_events_or_fewer():
    f, y = sample(1500)
    assert "isotonic" not in fit_calibrator(f, y)[1]


def test_a_handful_of_events_is_not_enough_to_calibrate_on():
    f, _ = sample(100)
    assert fit_calibrator(f, np.arange(100) < 5) == (Calibrator("identity"), {})


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_monotone_keeps_to_probabilities_and_survives_json(kind):
    f, y = sample(3000, twist=lambda f: 2 * f + 0.5)
    calibrator = _fit(kind, f, y)
    grid = np.linspace(-40, 40, 4001)
    p = calibrator(grid)
    assert (np.diff(p) >= 0).all()
    assert ((p >= 0) & (p <= 1)).all()
    back = Calibrator.from_json(json.loads(json.dumps(calibrator.to_json())))
    assert (back(grid) == p).all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), slope=st.floats(-2, 4), shift=st.floats(-2, 2))
def test_ranks_survive_every_kind_but_isotonic_even_where_margins_mislead(seed, slope, shift):
    f, y = sample(300, seed=seed, twist=lambda f: slope * f + shift)
    for kind in ("identity", "platt", "beta"):
        p = _fit(kind, f, y)(np.sort(f))
        assert (np.diff(p) > 0).all()


def test_rows_of_one_customer_never_calibrate_each_other():
    rng = np.random.default_rng(0)
    f, y = sample(400)
    twice = np.repeat(np.arange(400), 2)
    _, apart = fit_calibrator(f[twice], y[twice], twice % 5)
    _, mixed = fit_calibrator(f[twice], y[twice], rng.integers(0, 5, 800))
    assert apart["beta"] != mixed["beta"]


def test_an_unknown_kind_is_refused():
    with pytest.raises(ModelRefused, match="unknown kind"):
        Calibrator.from_json({"kind": "magic", "values": []})
