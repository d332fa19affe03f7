import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.errors import ModelRefused
from hvc_ml.explanation.families import amounts_by_family, family_amounts, row_chunks

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


@given(size=st.integers(1, 12))
def test_the_size_of_the_chunks_does_not_matter(size):
    rng = np.random.default_rng(1)
    phi, psi, base = rng.normal(size=(11, 4)), rng.normal(size=(11, 4)), rng.normal(size=11)
    whole = amounts_by_family([(base, phi, 3.0, psi)], expit, np.exp, NAMES, FAMILIES)
    cuts = [slice(i, i + size) for i in range(0, 11, size)]
    parts = amounts_by_family(((base[c], phi[c], 3.0, psi[c]) for c in cuts), expit, np.exp, NAMES, FAMILIES)
    assert np.allclose(parts[0], whole[0])
    pd.testing.assert_frame_equal(parts[1], whole[1])


def test_no_customers_have_no_amounts_but_the_same_columns():
    base, amounts = amounts_by_family([], expit, np.exp, NAMES, FAMILIES)
    assert len(base) == len(amounts) == 0
    assert list(amounts.columns) == ["rhythm", "spending", "other"]


@given(rows=st.integers(0, 5_000), columns=st.integers(0, 200_000))
def test_chunks_cover_every_row_once_and_stay_small(rows, columns):
    cuts = list(row_chunks(rows, columns, megabytes=8))
    assert [i for c in cuts for i in range(c.start, c.stop)] == list(range(rows))
    assert all((c.stop - c.start) * columns * 8 <= 8_000_000 or c.stop - c.start == 1 for c in cuts)
