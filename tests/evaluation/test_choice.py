"""The best of several candidates takes the default's place only where chance could not have made it the best."""

import numpy as np
import pandas as pd
import pytest

from hvc_ml.evaluation.choice import choose, mean_gini

CUTOFFS = ("2024-01-01", "2024-02-01", "2024-03-01")


def world(customers=400, seed=0):
    """Rows of three cutoffs, and how each customer truly stands."""
    rng = np.random.default_rng(seed)
    taste = np.tile(rng.normal(size=customers), len(CUTOFFS))
    rows = pd.DataFrame(
        {"customer_id": np.tile(np.arange(customers), len(CUTOFFS)), "cutoff": np.repeat(CUTOFFS, customers)}
    )
    rows["churned"] = (rng.random(len(rows)) < 1 / (1 + np.exp(taste))).astype(float)
    rows["future_value"] = (1 - rows["churned"]) * np.exp(taste + rng.normal(size=len(rows)))
    return rows, taste


def said(rows, taste, noise, rng):
    """What a model with so much noise says of the rows."""
    seen = taste + noise * rng.normal(size=len(taste))
    return rows[["customer_id", "cutoff"]].assign(churn_risk=1 / (1 + np.exp(seen)), future_value=np.exp(seen))


@pytest.fixture
def rows_and_models():
    rows, taste = world()
    rng = np.random.default_rng(1)
    return rows, said(rows, taste, 1.0, rng), said(rows, taste, 0.3, rng)


def test_the_mean_gini_is_0_by_chance_and_1_at_best_and_takes_what_is_defined():
    assert mean_gini(0.5, 0.0) == 0.0
    assert mean_gini(1.0, 1.0) == 1.0
    assert mean_gini(np.nan, 0.4) == 0.4
    assert mean_gini(0.9, np.nan) == pytest.approx(0.8)
    assert np.isnan(mean_gini(np.nan, np.nan))


def test_where_nothing_differs_the_default_stays(rows_and_models):
    rows, default, _ = rows_and_models
    choice = choose(rows, default, default, compared=20)
    assert not choice.replaces
    assert choice.difference.as_list() == [0.0, 0.0, 0.0]


def test_a_much_better_candidate_replaces_the_default_and_a_worse_one_does_not(rows_and_models):
    rows, default, better = rows_and_models
    won = choose(rows, default, better, compared=20)
    assert won.replaces
    assert "more than chance" in won.says
    assert all(gap > 0 for gap in won.by_cutoff.values())
    assert not choose(rows, better, default, compared=20).replaces


def test_the_more_were_compared_the_further_the_best_must_stand_out(rows_and_models):
    rows, default, better = rows_and_models
    widths = [choose(rows, default, better, compared=k).difference for k in (1, 10, 100)]
    assert len({w.mid for w in widths}) == 1
    assert widths[0].low > widths[1].low > widths[2].low


def test_what_helped_at_one_cutoff_only_does_not_replace_the_default(rows_and_models):
    rows, default, better = rows_and_models
    at_one = rows["cutoff"] == CUTOFFS[0]
    lucky = pd.concat([better[at_one], default[~at_one]])
    choice = choose(rows, default, lucky, compared=1)
    assert choice.difference.low > 0
    assert not choice.replaces
    assert "cutoff to cutoff" in choice.says


def test_the_order_of_rows_does_not_matter(rows_and_models):
    rows, default, better = rows_and_models
    shuffled = better.sample(frac=1.0, random_state=3)
    assert choose(rows, default, shuffled, compared=5) == choose(rows, default, better, compared=5)


def test_the_best_of_ten_that_are_only_noise_seldom_replaces_the_default():
    replaced = 0
    for seed in range(12):
        rows, taste = world(100, seed)
        rng = np.random.default_rng(100 + seed)
        default, *others = (said(rows, taste, 0.5, rng) for _ in range(11))
        gaps = [choose(rows, default, other, compared=10, replicates=2).difference.mid for other in others]
        best = others[int(np.argmax(gaps))]
        replaced += choose(rows, default, best, compared=10, replicates=100).replaces
    assert replaced <= 1
