"""Churn risk as one sum and one increasing map: a blend of log-odds, plus a level, calibrated.

Members are the prior, line and trees on top of the prior, and trees that know nothing of the prior: where rows are
plenty the last two err differently, and their mean is better than either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from hvc_ml.estimators.calibration import Calibrator
from hvc_ml.estimators.correction import Array, Contribution, Correction, Starts

UNCHANGED, NOTHING = Calibrator("identity"), Correction()


class RiskWeights(NamedTuple):
    """Shares of the members; not negative, summing to 1."""

    prior: float = 1.0
    boosted: float = 0.0
    trees: float = 0.0


ALONE = RiskWeights()
USUAL = RiskWeights(0.25, 0.5, 0.25)


@dataclass(frozen=True)
class RiskModel:
    """Churn risk: the prior, corrected as far as later rows bore it out.

    Attributes
    ----------
    boosted
        Line and trees on top of the prior, in log-odds.
    trees
        Trees without the prior: their margin is what they add to their reference.
    weights
        How the members are mixed.
    calibrator
        Log-odds to probability.
    shift
        The level expected at the moment of use, in log-odds, against that of the rows it was calibrated on.
    """

    boosted: Correction
    trees: Correction = NOTHING
    weights: RiskWeights = ALONE
    calibrator: Calibrator = UNCHANGED
    shift: float = 0.0

    def margin(self, start: Starts, frame: pd.DataFrame, threads: int | None) -> Array:
        """Log-odds before calibration, shape (n,)."""
        return self._mixed(start, {name: part.margin(start.churn, frame, threads) for name, _, part in self._used()})

    def risk(self, start: Starts, frame: pd.DataFrame, threads: int | None) -> Array:
        """Probability of leaving within the horizon, shape (n,)."""
        return self.calibrator(self.margin(start, frame, threads))

    def contributions(
        self, start: Starts, frame: pd.DataFrame, features: Sequence[str], threads: int | None
    ) -> Contribution:
        """Split ``margin`` over the features and the prior."""
        w, reference = self.weights, self.boosted.reference
        phi, base = np.zeros((len(frame), len(features) + 1)), (w.prior + w.boosted) * reference + self.shift
        phi[:, -1] = (w.prior + w.boosted) * (start.churn - reference)
        margins = {}
        for name, weight, part in self._used():
            found = part.contributions(start.churn, frame, features, threads)
            base, phi = base + weight * found.base, phi + weight * found.phi
            margins[name] = found.margin
        return Contribution(base + w.trees * self.trees.reference, phi, self._mixed(start, margins))

    def _used(self) -> list[tuple[str, float, Correction]]:
        parts = (("boosted", self.weights.boosted, self.boosted), ("trees", self.weights.trees, self.trees))
        return [part for part in parts if part[1]]

    def _mixed(self, start: Starts, margins: Mapping[str, Array]) -> Array:
        """The margin from what line and trees of each member that is used add."""
        w = self.weights
        total = (w.prior + w.boosted) * start.churn
        if w.boosted:
            total = total + w.boosted * margins["boosted"]
        if w.trees:
            total = total + w.trees * (self.trees.reference + margins["trees"])
        return total + self.shift

    def to_json(self) -> dict[str, Any]:
        """Everything but the trees' texts."""
        return {
            "boosted": self.boosted.to_json(),
            "trees": self.trees.to_json(),
            "weights": self.weights._asdict(),
            "calibrator": self.calibrator.to_json(),
            "shift": self.shift,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any], boosted: bytes | None, trees: bytes | None) -> Self:
        """Read what ``to_json`` wrote, with the texts."""
        return cls(
            boosted=Correction.from_json(values["boosted"], boosted),
            trees=Correction.from_json(values["trees"], trees),
            weights=RiskWeights(**{name: float(weight) for name, weight in values["weights"].items()}),
            calibrator=Calibrator.from_json(values["calibrator"]),
            shift=float(values["shift"]),
        )


def log_stay(risk: Array, leavers_share: float) -> Array:
    """Log of the share of value if kept that is expected to come: ``log(1 - (1 - leavers_share) risk)``."""
    answer: Array = np.log1p(-(1 - leavers_share) * np.minimum(risk, 1 - 1e-9))
    return answer
