import numpy as np
import pandas as pd
import pytest

from hvc_ml.campaigns.ratio import sample_ratio
from hvc_ml.planning.holdout import draw_holdout


def checked(held, share, strata=None):
    held = pd.Series(held)
    return sample_ratio(held, share, pd.Series("Gold", index=held.index) if strata is None else pd.Series(strata))


def test_a_list_as_it_was_drawn_passes():
    rng = np.random.default_rng(1)
    people = pd.DataFrame({"customer_id": [f"c{i}" for i in range(700)], "churn_risk": rng.random(700)})
    people["tier"] = rng.choice(["Priority", "Gold", "Mass"], 700)
    found = checked(draw_holdout(people, 0.1, "spring"), 0.1, people["tier"])
    assert found.passed
    assert found.found == pytest.approx(0.1, abs=1 / 700)


def test_a_holdout_that_lost_customers_is_seen():
    found = checked([True] * 40 + [False] * 900, 0.1)
    assert not found.passed
    assert found.p_value < 1e-5


def test_groups_that_fit_together_and_not_stratum_by_stratum_are_seen():
    held = [True] * 100 + [False] * 400 + [False] * 500
    strata = ["Priority"] * 500 + ["Mass"] * 500
    found = checked(held, 0.1, strata)
    assert found.p_value == pytest.approx(1.0)
    assert not found.passed


def test_chance_gives_false_alarms_as_rarely_as_it_says():
    rng = np.random.default_rng(2)
    strata = np.repeat(["a", "b", "c", "d"], 500)
    p = [checked(rng.random(2000) < 0.1, 0.1, strata).p_strata for _ in range(200)]
    assert 0.01 <= np.mean(np.array(p) < 0.05) <= 0.1


def test_small_strata_are_taken_together_and_a_tiny_list_is_not_judged_by_strata():
    assert checked([True] * 10 + [False] * 90, 0.1, [f"s{i}" for i in range(100)]).p_strata == pytest.approx(1.0)
    assert checked([True, False], 0.5, ["a", "b"]).p_strata == 1.0
