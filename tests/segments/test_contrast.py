import numpy as np
import pandas as pd
import pytest

from hvc_ml.segments.contrast import contrast

FAMILIES = {"spend": "spending", "silence": "recency", "region": "profile", "constant": "basket"}


def customers(n=400):
    rng = np.random.default_rng(5)
    chosen = pd.Series(rng.random(n) < 0.3)
    return pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(n)],
            "spend": rng.normal(10 + 3 * chosen, 2),
            "silence": rng.normal(30 - 4 * chosen, 10),
            "region": np.where(rng.random(n) < 0.2 + 0.5 * chosen, "north", "south"),
            "constant": 1.0,
        }
    ), chosen


def test_the_difference_is_cohens_with_the_mean_of_both_variances():
    features, chosen = customers()
    found = contrast(features, chosen, FAMILIES).set_index("feature")
    a, b = features["spend"][chosen], features["spend"][~chosen]
    assert found.loc["spend", "difference"] == pytest.approx((a.mean() - b.mean()) / np.sqrt((a.var() + b.var()) / 2))


def test_levels_of_a_text_are_compared_as_shares():
    features, chosen = customers()
    found = contrast(features, chosen, FAMILIES).query("feature == 'region'").set_index("level")
    p, q = ((features["region"][side] == "north").mean() for side in (chosen, ~chosen))
    north = found.loc["north"]
    assert north["difference"] == pytest.approx((p - q) / np.sqrt((p * (1 - p) + q * (1 - q)) / 2))
    assert north["difference"] == pytest.approx(-found.loc["south", "difference"])


def test_the_largest_comes_first_and_what_does_not_vary_not_at_all():
    found = contrast(*customers(), FAMILIES)
    assert found["difference"].abs().is_monotonic_decreasing
    assert "constant" not in set(found["feature"])
    assert found["feature"].iloc[0] == "spend"
    assert found["family"].tolist() == [FAMILIES[f] for f in found["feature"]]


def test_swapping_the_groups_turns_the_signs():
    features, chosen = customers()
    one, other = (contrast(features, side, FAMILIES).set_index(["feature", "level"]) for side in (chosen, ~chosen))
    np.testing.assert_allclose(one["difference"], -other["difference"].reindex(one.index))


@pytest.mark.parametrize("everybody", [True, False])
def test_one_group_alone_is_compared_with_nobody(everybody):
    features, chosen = customers()
    assert contrast(features, chosen | True if everybody else chosen & False, FAMILIES).empty
