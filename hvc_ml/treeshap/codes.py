"""Rows as small integers: which of the model's thresholds a value lies beyond."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hvc_ml.treeshap.model import NAN, NONE, ZERO, Floats, Forest, Ints, Unsupported

Codes = NDArray[Any]
"""Of an unsigned type whose largest value means missing."""

NEARLY_ZERO: Final = 1e-35
"""What LightGBM takes for zero where zero means missing."""


@dataclass(frozen=True)
class Coding:
    """How one column is written.

    A number becomes the count of thresholds below it, so that ``x <= thresholds[k]`` is ``code <= k``. A category is
    its own code. The largest code of the type means missing (of a category: in no set).
    """

    thresholds: Floats
    missing: int
    categories: int
    """Of a categorical column, one more than the largest category that any split knows; else 0."""


def codings(forest: Forest) -> tuple[Coding, ...]:
    """How each column is written, from the splits of all trees.

    Raises
    ------
    Unsupported
        If a column is split both as number and as category, or its missing values are told in two ways.
    """
    none = np.zeros(0, np.int64)
    feature, missing = (
        np.concatenate([none, *(getattr(t, name) for t in forest.trees)]) for name in ("feature", "missing")
    )
    threshold = np.concatenate([np.zeros(0), *(t.threshold for t in forest.trees)])
    categorical = np.concatenate([none, *(t.categorical for t in forest.trees)]).astype(np.bool_)
    sets = [s for t in forest.trees for s in t.categories]
    return tuple(
        _coding(threshold[feature == column], missing[feature == column], categorical[feature == column], own)
        for column, own in enumerate(_by_column(feature, sets, forest.columns))
    )


def _by_column(feature: Ints, sets: Sequence[Ints], columns: int) -> list[list[Ints]]:
    found: list[list[Ints]] = [[] for _ in range(columns)]
    for column, own in zip(feature, sets, strict=True):
        found[int(column)].append(own)
    return found


def _coding(threshold: Floats, missing: Ints, categorical: NDArray[np.bool_], sets: Sequence[Ints]) -> Coding:
    if categorical.any():
        if not categorical.all():
            raise Unsupported("a column split both as number and as category")
        return Coding(np.zeros(0), NONE, int(max(s.max(initial=-1) for s in sets)) + 1)
    if len(np.unique(missing)) > 1:
        raise Unsupported("a column whose missing values are told in two ways")
    return Coding(np.unique(threshold), int(missing[0]) if len(missing) else NONE, 0)


def code_type(codings: Sequence[Coding]) -> type[np.uint8] | type[np.uint16]:
    """The smallest type that holds every code and the one for missing."""
    most = max((max(len(c.thresholds), c.categories) for c in codings), default=0)
    if most < np.iinfo(np.uint8).max:
        return np.uint8
    if most < np.iinfo(np.uint16).max:
        return np.uint16
    raise Unsupported(f"{most:,} thresholds of one column")


def encode(matrix: Floats, codings: Sequence[Coding], kind: type[np.uint8] | type[np.uint16]) -> Codes:
    """Write rows as codes, shape (columns, n): one column's codes lie side by side.

    Parameters
    ----------
    matrix
        Values as LightGBM is given them, shape (n, columns).
    codings, kind
        Of the model.
    """
    out = np.empty((len(codings), len(matrix)), dtype=kind)
    for column, coding in enumerate(codings):
        out[column] = _encoded(np.asarray(matrix[:, column], np.float64), coding, int(np.iinfo(kind).max))
    return out


def _encoded(values: Floats, coding: Coding, absent: int) -> Ints:
    unknown = np.isnan(values)
    if coding.categories:
        with np.errstate(invalid="ignore"):
            whole = np.where(unknown, -1.0, np.trunc(values))
        known = (whole >= 0) & (whole < coding.categories)
        return np.where(known & (values > -1.0), whole, absent).astype(np.int64)
    code = np.searchsorted(coding.thresholds, np.where(unknown, 0.0, values), side="left").astype(np.int64)
    if coding.missing == ZERO:
        return np.where(unknown | (np.abs(values) <= NEARLY_ZERO), absent, code)
    return np.where(unknown, absent, code) if coding.missing == NAN else code
