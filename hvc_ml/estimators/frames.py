"""What every estimator here does with X: a named frame or an unnamed matrix becomes one encoded matrix."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import _check_feature_names, _check_n_features, _check_sample_weight, validate_data

from hvc_ml.estimators.boosting import Bins, binned
from hvc_ml.estimators.encoder import Encoder, categories_of
from hvc_ml.estimators.losses import Plan

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """Rows that one or several models learn from.

    Attributes
    ----------
    frame
        What lines and offsets read, as it is.
    bins
        What trees read.
    """

    frame: pd.DataFrame
    bins: Bins

    @classmethod
    def of(cls, frame: pd.DataFrame, encoder: Encoder, plan: Plan) -> Self:
        """Encode and bin a frame."""
        return cls(frame, binned(encoder, encoder.encode_single(frame), plan))

    def like(self, frame: pd.DataFrame, plan: Plan) -> "Table":
        """Encode another frame, in the same bins."""
        encoder = self.bins.encoder
        return Table(frame, binned(encoder, encoder.encode_single(frame), plan, self.bins))

    def some(self, which: NDArray[np.bool_]) -> "Table":
        """Fewer rows, in the same bins."""
        return Table(self.frame[which], self.bins.some(which))


def as_frame(estimator: Any, X: Any, *, reset: bool) -> pd.DataFrame:
    """Check X as scikit-learn does (names, width, no infinity; NaN is welcome) and give it column names.

    Frames with text columns keep them; their numbers are checked when they are encoded.
    """
    if isinstance(X, pd.DataFrame) and _has_text(X):
        _check_feature_names(estimator, X, reset=reset)
        _check_n_features(estimator, X, reset=reset)
        return X
    matrix = validate_data(estimator, X, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan")
    names = getattr(estimator, "feature_names_in_", [f"x{i}" for i in range(matrix.shape[1])])
    return pd.DataFrame(matrix, columns=list(names), index=X.index if isinstance(X, pd.DataFrame) else None)


def make_encoder(
    frame: pd.DataFrame, leave_out: Sequence[str | None], categories: Mapping[str, Sequence[str] | None]
) -> Encoder:
    """Decide columns and categories from the rows to learn from; ``None`` lists the categories found there."""
    return encoder_of(frame, [c for c in frame.columns if c not in leave_out], categories)


def encoder_of(frame: pd.DataFrame, columns: Sequence[str], categories: Mapping[str, Sequence[str] | None]) -> Encoder:
    """Decide the categories of these columns; other text columns than those named count as text too."""
    text = {c: categories.get(c) for c in columns if c in categories or not pd.api.types.is_numeric_dtype(frame[c])}
    known = {c: tuple(v) if v is not None else categories_of(frame[c]) for c, v in text.items()}
    return Encoder(tuple(map(str, columns)), known)


def as_weight(sample_weight: Any, X: Any) -> Array:
    """One weight per row, all non-negative."""
    weight: Array = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    return weight


def fewest_in_leaf(asked: int | None, total_weight: float) -> int:
    """1 % of the rows, at most 200, unless asked otherwise.

    Examples
    --------
    >>> fewest_in_leaf(None, 5_000.0), fewest_in_leaf(None, 1e6), fewest_in_leaf(7, 5_000.0)
    (50, 200, 7)
    """
    return asked if asked is not None else int(np.clip(total_weight / 100, 0, 200))


def directions(columns: Sequence[str], monotone: Mapping[str, int] | None) -> tuple[int, ...]:
    """One direction per column: 1 up, -1 down, 0 free; empty where all are free.

    Examples
    --------
    >>> directions(["age", "spend"], {"spend": 1}), directions(["age"], {"spend": 1})
    ((0, 1), ())
    """
    found = tuple((monotone or {}).get(c, 0) for c in columns)
    return found if any(found) else ()


def used(columns: Sequence[str], unused: Sequence[str]) -> tuple[bool, ...]:
    """Whether each column may be split on; empty where all may.

    Examples
    --------
    >>> used(["age", "spend"], ["spend"]), used(["age"], [])
    ((True, False), ())
    """
    return tuple(c not in unused for c in columns) if unused else ()


def _has_text(frame: pd.DataFrame) -> bool:
    return any(not pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes)
