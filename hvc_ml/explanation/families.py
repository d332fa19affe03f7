"""From features to families: reasons are weighed as groups, so that ten columns on one theme count as one."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from hvc_ml.errors import ModelRefused

OTHER: Final = "other"
"""The family of a column that no family claims."""


def family_amounts(amounts: ArrayLike, names: Sequence[str], families: Mapping[str, str]) -> pd.DataFrame:
    """Sum the amounts of each family.

    Parameters
    ----------
    amounts : array_like, shape (n, k)
        Money per feature.
    names : sequence of str, length k
        The features.
    families : mapping
        Feature -> family; a feature that is missing here belongs to ``other``.

    Returns
    -------
    DataFrame, shape (n, number of families)
        One column per family, in the order in which families first appear in ``names``; row sums are kept.

    Raises
    ------
    ModelRefused
        If an amount is not a finite number.
    ValueError
        If there is not one name per column.

    Examples
    --------
    >>> family_amounts([[1.0, 2.0, 4.0]], ["a", "b", "c"], {"a": "spending", "c": "spending"})
       spending  other
    0       5.0    2.0
    """
    money = np.asarray(amounts, dtype=np.float64)
    if money.ndim != 2 or money.shape[1] != len(names):
        raise ValueError(f"{len(names)} names for amounts of shape {money.shape}")
    if not np.isfinite(money).all():
        wrong = int((~np.isfinite(money)).any(axis=1).sum())
        raise ModelRefused(f"reasons: {wrong:,} of {len(money):,} customers have amounts that are not numbers.")
    of = [families.get(name, OTHER) for name in names]
    columns = list(dict.fromkeys(of))
    places = {c: [i for i, family in enumerate(of) if family == c] for c in columns}
    # row after row in memory: else the order of adding depends on how many rows there are
    return pd.DataFrame({c: np.ascontiguousarray(money[:, at]).sum(axis=1) for c, at in places.items()})
