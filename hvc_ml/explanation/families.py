"""From features to families: reasons are weighed as groups, so that ten columns on one theme count as one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hvc_ml.errors import ModelRefused
from hvc_ml.explanation.money import Link, value_at_risk_amounts

Floats = NDArray[np.float64]

OTHER: Final = "other"
"""The family of a column that no family claims."""

Contributions = tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike]
"""``(churn_base, churn_phi, value_base, value_phi)`` of some rows."""


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
    return pd.DataFrame({c: money[:, [family == c for family in of]].sum(axis=1) for c in columns})


def amounts_by_family(
    chunks: Iterable[Contributions],
    churn_link: Link,
    value_link: Link,
    names: Sequence[str],
    families: Mapping[str, str],
) -> tuple[Floats, pd.DataFrame]:
    """Value at risk by family for any number of customers, holding one chunk of contributions at a time.

    Parameters
    ----------
    chunks : iterable of (churn_base, churn_phi, value_base, value_phi)
        Contributions of consecutive rows, computed as they are asked for.
    churn_link, value_link : callable
        As in `value_at_risk_amounts`.
    names, families
        As in `family_amounts`.

    Returns
    -------
    base_amount : ndarray, shape (n,)
    amounts : DataFrame, shape (n, number of families)
        ``base_amount + amounts.sum(axis=1)`` is each customer's value at risk.

    Examples
    --------
    >>> chunk = (0.5, [[0.5]], 100.0, [[20.0]])
    >>> base, amounts = amounts_by_family([chunk] * 2, np.copy, np.copy, ["silence"], {"silence": "rhythm"})
    >>> base, amounts["rhythm"].tolist()
    (array([50., 50.]), [70.0, 70.0])
    """
    bases, frames = [np.empty(0)], [family_amounts(np.empty((0, len(names))), names, families)]
    for churn_base, churn_phi, value_base, value_phi in chunks:
        base, amounts = value_at_risk_amounts(churn_base, churn_phi, churn_link, value_base, value_phi, value_link)
        bases.append(base)
        frames.append(family_amounts(amounts, names, families))
    return np.concatenate(bases), pd.concat(frames, ignore_index=True)


def row_chunks(rows: int, columns: int, *, megabytes: int = 64) -> Iterator[slice]:
    """Slices of rows, each holding at most so many megabytes of 8-byte numbers.

    Examples
    --------
    >>> list(row_chunks(5, 1_000_000, megabytes=16))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    size = max(1, megabytes * 1_000_000 // (8 * max(columns, 1)))
    return (slice(start, min(start + size, rows)) for start in range(0, rows, size))
