"""From a frame to the numbers that trees read: one matrix whose order of columns is decided once.

Text columns become positions in a stored list of categories (an unseen one counts as missing), so that a model reads
tomorrow's frame as it read the one it was trained on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.errors import ModelRefused

Array = NDArray[np.float64]

MOST_CATEGORIES = 200
"""Rarer categories share one code: a split on a category of three rows explains nothing."""


def categories_of(values: pd.Series) -> tuple[str, ...]:
    """List a text column's categories, most frequent first, ties in alphabetical order.

    Examples
    --------
    >>> categories_of(pd.Series(["b", "a", None, "b", "c"]))
    ('b', 'a', 'c')
    """
    counts = values.dropna().astype(str).value_counts()
    ordered = sorted(zip(counts.index, counts, strict=True), key=lambda pair: (-pair[1], pair[0]))
    return tuple(name for name, _ in ordered[:MOST_CATEGORIES])


@dataclass(frozen=True)
class Encoder:
    """Which columns, in which order, and each text column's categories (an unseen one counts as missing)."""

    columns: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def encode(self, frame: pd.DataFrame) -> Array:
        """Build the float64 matrix ``(rows, columns)``; missing is NaN.

        Raises
        ------
        ModelRefused
            If a column is missing, infinite, or not numeric.
        """
        matrix = np.empty((len(frame), len(self.columns)))
        self._fill(matrix, frame)
        return matrix

    def encode_single(self, frame: pd.DataFrame) -> NDArray[np.float32]:
        """Build the same matrix column after column in single precision: half the memory, for rows to be binned."""
        matrix = np.empty((len(frame), len(self.columns)), np.float32, order="F")
        self._fill(matrix, frame)
        return matrix

    def _fill(self, matrix: NDArray[Any], frame: pd.DataFrame) -> None:
        missing = [c for c in self.columns if c not in frame.columns]
        if missing:
            raise ModelRefused(
                f"the frame lacks {len(missing)} of the model's {len(self.columns)} columns: {', '.join(missing[:5])}. "
                "Build the features with the configuration the model was trained with, or train again."
            )
        for position, name in enumerate(self.columns):
            matrix[:, position] = self._column(name, frame[name])

    def _column(self, name: str, values: pd.Series) -> Array:
        known = self.categories.get(name)
        if known is not None:
            return _positions(known, values)
        try:
            numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError):
            raise ModelRefused(f"{name}: expected numbers, found {values.dtype}. Declare it as a category.") from None
        if np.isinf(numbers).any():
            raise ModelRefused(f"{name}: {np.isinf(numbers).sum():,} of {len(numbers):,} values are infinite.")
        return numbers

    @property
    def categorical(self) -> list[int]:
        """Positions of the text columns."""
        return [i for i, c in enumerate(self.columns) if c in self.categories]


def _positions(known: tuple[str, ...], values: pd.Series) -> Array:
    """Each value's place among the categories; NaN where it is missing or none of them."""
    codes, found = pd.factorize(values)
    places = pd.Index(known, dtype=object).get_indexer(pd.Index([str(value) for value in found], dtype=object))
    positions = np.append(places, -1)[codes]  # a missing value has the code -1: the last place
    return np.where(positions < 0, np.nan, positions.astype(np.float64))
