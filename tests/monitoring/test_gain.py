"""The change of expected gain adds up, and each part is what its name says."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.monitoring.gain import gain_change, regained
from hvc_ml.planning.economics import expected_gain

MONEY = st.integers(0, 100_000).map(lambda cents: cents / 100)
GAINS = st.dictionaries(st.sampled_from("abcdefghij"), MONEY, max_size=10)


def series(gains):
    return pd.Series(gains, dtype=float)


@given(GAINS, GAINS, st.sets(st.sampled_from("abcdefghij")), st.booleans(), st.integers(0, 5))
def test_the_parts_add_up_to_the_cent(before, now, eligible, other_model, seed):
    rng = np.random.default_rng(seed)
    under = series({name: round(gain * rng.random(), 2) for name, gain in now.items()}) if other_model else None
    found = gain_change(series(before), series(now), eligible=pd.Index(sorted(eligible)), under_old_model=under)
    parts = found.customers + found.resting + found.figures + (found.model or 0.0)
    assert parts == pytest.approx(found.now - found.before, abs=1e-6)
    assert found.resting <= 0.0
    assert (found.came, found.left) == (len(set(now) - set(before)), len(set(before) - set(now)))


def test_each_cause_stands_in_its_own_part():
    before = series({"stays": 100.0, "rests": 50.0, "dormant": 25.0})
    everyone = pd.Index(["stays", "rests", "new"])
    found = gain_change(before, series({"stays": 70.0, "new": 5.0}), eligible=everyone, under_old_model=None)
    assert (found.customers, found.resting, found.figures, found.model) == (-20.0, -50.0, -30.0, None)
    under = series({"stays": 90.0, "new": 9.0})
    found = gain_change(before, series({"stays": 70.0, "new": 5.0}), eligible=everyone, under_old_model=under)
    assert (found.figures, found.model) == (-10.0, -20.0)
    assert found.share == pytest.approx(-100 / 175, abs=1e-6)
    assert found.share_beside_rest == pytest.approx(-50 / 175, abs=1e-6)


def test_nothing_before_is_no_share():
    assert gain_change(series({}), series({"a": 1.0}), eligible=pd.Index(["a"]), under_old_model=None).share == 0.0


def test_another_models_gain_is_what_the_economics_say():
    rng = np.random.default_rng(7)
    n = 200
    risk, old_risk, rate, take_up = rng.uniform(0.01, 0.99, (4, n))
    offer, contact = rng.uniform(0.0, 20.0, (2, n))
    value, old_value = rng.uniform(30.0, 900.0, (2, n))
    costs = {"save_rate": rate, "offer_cost": offer, "take_up": take_up, "contact_cost": contact}
    planned = expected_gain(risk, value, **costs)
    found = regained(planned, (old_risk, old_value), (risk, value), (offer, take_up, contact))
    np.testing.assert_allclose(found, expected_gain(old_risk, old_value, **costs))


def test_a_gain_of_unknown_origin_stays():
    one = np.array([1.0])
    assert regained(one * 7.0, (one, one), (one * 0.0, one), (one, one, one)) == 7.0
