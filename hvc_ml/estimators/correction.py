"""What was learned on top of a prior's margin: a straight line and trees, kept apart from how far they are believed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.errors import ModelRefused
from hvc_ml.estimators.boosting import Boosted
from hvc_ml.estimators.churn import churn_offset
from hvc_ml.estimators.line import Line
from hvc_ml.estimators.prior import PRIOR_COLUMNS
from hvc_ml.estimators.value import value_offset

Array = NDArray[np.float64]

PRIOR = "prior"
"""The contributions' column for the prior: its offset and what line and trees make of its outputs."""


class Starts(NamedTuple):
    """The prior's margins, where every correction starts; each of shape (n,).

    Attributes
    ----------
    churn
        Log-odds of leaving.
    kept
        Log of value if kept, in the currency.
    total
        Log of future value, leaving included.
    """

    churn: Array
    kept: Array
    total: Array


def starts(frame: pd.DataFrame, floor: float) -> Starts:
    """Read the prior's columns as margins; ``floor`` is the least that value if kept counts as."""
    active = frame["prior_active"].to_numpy(np.float64)
    churn = churn_offset(1 - active)
    kept = value_offset(frame["prior_value_if_kept"].to_numpy(np.float64), floor)
    return Starts(churn, kept, kept - np.log1p(np.exp(churn)))


class Contribution(NamedTuple):
    """What is explained, and how; columns of ``phi`` are the features, then the prior.

    Attributes
    ----------
    base, phi
        ``base + phi.sum(axis=1)`` is the margin but for rounding.
    margin
        Every bit as it is computed where nothing is explained.
    """

    base: float
    phi: Array
    margin: Array


@dataclass(frozen=True)
class Correction:
    """A straight line and trees, to be added to a prior's margin.

    Attributes
    ----------
    line, trees
        None where there is none.
    reference
        The margin that counts as nobody's in particular when margins are explained.
    """

    line: Line | None = None
    trees: Boosted | None = None
    reference: float = 0.0

    def margin(self, offset: Array, frame: pd.DataFrame, threads: int | None) -> Array:
        """Line and trees per row, shape (n,); the offset itself is not in it."""
        total = self._lined(offset, frame)
        return total if self.trees is None else total + self.trees.margin(frame, threads)

    def _lined(self, offset: Array, frame: pd.DataFrame) -> Array:
        total = np.zeros(len(frame))
        return total if self.line is None else total + self.line.margin(offset, frame)

    def alone(self, frame: pd.DataFrame, threads: int | None) -> Array:
        """The margin of trees that start from nothing but their reference, shape (n,)."""
        return self.reference + self.margin(np.empty(0), frame, threads)

    def contributions(
        self, offset: Array, frame: pd.DataFrame, features: Sequence[str], threads: int | None
    ) -> Contribution:
        """Split ``margin`` over the features and the prior."""
        place = places(features)
        phi, base, margin = np.zeros((len(frame), len(features) + 1)), 0.0, self._lined(offset, frame)
        if self.line is not None:
            at_reference = float(self.line.on_offset(np.array([self.reference]))[0])
            base += self.line.intercept + at_reference
            phi[:, -1] += self.line.on_offset(offset) - at_reference
            for name, share in self.line.contributions(frame).items():
                phi[:, place[name]] += share
        if self.trees is not None:
            tree_base, tree_phi, tree_margin = self.trees.contributions(frame, threads)
            base, margin = base + tree_base, margin + tree_margin
            for position, name in enumerate(self.trees.encoder.columns):
                phi[:, place[name]] += tree_phi[:, position]
        return Contribution(base, phi, margin)

    def to_json(self) -> dict[str, Any]:
        """Everything but the trees' text."""
        return {
            "reference": self.reference,
            "line": None if self.line is None else self.line.to_json(),
            "trees": None if self.trees is None else self.trees.to_json(),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any], text: bytes | None) -> Self:
        """Read what ``to_json`` wrote, with the text."""
        line, trees = values["line"], None
        if values["trees"] is not None:
            if text is None:
                raise ModelRefused("recipe: the trees' text is missing. Train again.")
            trees = Boosted.from_text(text.decode("utf-8"), values["trees"])
        return cls(None if line is None else Line.from_json(line), trees, float(values["reference"]))


def places(features: Sequence[str]) -> dict[str, int]:
    """Column of ``phi`` of each feature; the prior's outputs share the last one."""
    return {name: i for i, name in enumerate(features)} | dict.fromkeys(PRIOR_COLUMNS, len(features))
