import numpy as np
import pandas as pd
import pytest

from hvc_ml.campaigns.stopping import ALPHA, Look, looks, stop_reason, upper_bound


def month(name, n, change, seed):
    rng = np.random.default_rng(seed)
    risk, held = rng.beta(2, 3, n), rng.random(n) < 0.2
    stayed = rng.random(n) < np.clip(1 - risk + np.where(held, 0.0, change), 0, 1)
    group = np.where(held, "holdout", "contact")
    return pd.DataFrame(
        {"list": name, "cutoff": name, "group": group, "churn_risk": risk, "stayed": stayed.astype(float)}
    )


def test_false_alarms_over_twelve_looks_are_no_more_than_promised():
    rng = np.random.default_rng(1)
    for each in (10.0, 100.0, 2000.0):  # information that a month adds
        information = each * np.arange(1, 13)
        score = rng.normal(0, np.sqrt(each), (4000, 12)).cumsum(axis=1)
        bounds = np.array([upper_bound(0.0, v**-0.5) for v in information])
        crossed = (score / information + bounds < 0).any(axis=1).mean()
        assert crossed <= ALPHA
    fixed = (score / information + 1.645 * information**-0.5 < 0).any(axis=1).mean()
    assert fixed > 2 * ALPHA  # looking twelve times at the usual bound is another thing


def test_the_bound_is_wider_than_at_a_single_look_and_narrows_with_data():
    widths = [upper_bound(0.0, error) for error in (0.2, 0.1, 0.05, 0.02, 0.005)]
    assert widths == sorted(widths, reverse=True)
    assert all(width > 1.645 * error for width, error in zip(widths, (0.2, 0.1, 0.05, 0.02, 0.005), strict=True))
    assert upper_bound(0.3, 0.05) == pytest.approx(0.3 + upper_bound(0.0, 0.05))


def test_an_action_that_does_harm_is_stopped_and_one_that_helps_is_not():
    for change, stops in ((-0.25, True), (0.1, False)):
        rows = pd.concat([month(f"2026-{m:02d}-01", 400, change, m) for m in range(1, 13)])
        found = looks(rows)
        assert len(found) == 12
        assert (stop_reason(found) is not None) == stops


def test_each_look_knows_only_what_came_before():
    rows = pd.concat([month(f"2026-{m:02d}-01", 400, 0.0, m) for m in range(1, 7)])
    assert looks(rows)[:3] == looks(rows[rows["cutoff"] <= "2026-03-01"])


def test_looks_at_small_groups_do_not_count():
    assert looks(month("2026-01-01", 60, -0.5, 1)) == ()


def test_what_was_stopped_stays_stopped_and_says_since_when():
    found = [Look("2026-01-01", -0.1, 0.1), Look("2026-02-01", -0.2, -0.01), Look("2026-03-01", 0.0, 0.1)]
    assert "cutoff 2026-02-01" in stop_reason(found)
    assert "20.0 points" in stop_reason(found)
    assert stop_reason([]) is None
