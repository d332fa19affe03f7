import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.errors import ModelRefused
from hvc_ml.explanation.families import family_amounts
from hvc_ml.explanation.money import value_at_risk_amounts

NAMES = ["silence", "gap", "spend", "prior_value"]
FAMILIES = {"silence": "rhythm", "gap": "rhythm", "spend": "spending"}


def expit(f):
    return 1.0 / (1.0 + np.exp(-f))


def test_families_stand_in_the_order_of_their_features_and_keep_the_sum():
    amounts = np.random.default_rng(0).normal(size=(50, 4))
    summed = family_amounts(amounts, NAMES, FAMILIES)
    assert list(summed.columns) == ["rhythm", "spending", "other"]
    assert np.allclose(summed.sum(axis=1), amounts.sum(axis=1))
    assert np.allclose(summed["rhythm"], amounts[:, :2].sum(axis=1))


def test_amounts_that_are_not_numbers_are_refused_with_their_count():
    with pytest.raises(ModelRefused, match="1 of 2 customers"):
        family_amounts([[0.0, np.nan], [1.0, 1.0]], ["a", "b"], {})
    with pytest.raises(ValueError, match="1 names"):
        family_amounts([[0.0, 1.0]], ["a"], {})


@given(size=st.integers(1, 60))
def test_the_size_of_the_batches_changes_no_bit(size):
    rng = np.random.default_rng(1)
    phi, psi = (np.asfortranarray(rng.normal(size=(60, 40))) for _ in range(2))
    names = [f"f{i}" for i in range(40)]
    families = {name: "abc"[i % 3] for i, name in enumerate(names)}

    def told(rows):
        base, amounts = value_at_risk_amounts(0.5, phi[rows], expit, 3.0, psi[rows], np.exp)
        return np.column_stack([base, amounts, family_amounts(amounts, names, families)])

    parts = [told(slice(i, i + size)) for i in range(0, 60, size)]
    assert np.array_equal(np.concatenate(parts), told(slice(0, 60)))


def test_no_customers_have_no_amounts_but_the_same_columns():
    amounts = family_amounts(np.empty((0, 4)), NAMES, FAMILIES)
    assert len(amounts) == 0
    assert list(amounts.columns) == ["rhythm", "spending", "other"]
