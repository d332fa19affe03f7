"""Churn risk as one sum and one increasing map: prior log-odds + weight x (line + trees) + shift, calibrated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from hvc_ml.estimators.calibration import Calibrator
from hvc_ml.estimators.correction import Array, Contribution, Correction, Starts

UNCHANGED = Calibrator("identity")


@dataclass(frozen=True)
class RiskModel:
    """Churn risk, boosted from the prior as far as later rows bore it out.

    Attributes
    ----------
    correction
        Line and trees, in log-odds.
    weight
        How far they are believed, from 0 (the prior) to 1.
    calibrator
        Log-odds to probability.
    shift
        The level expected at the moment of use, in log-odds, against that of the rows it was calibrated on.
    """

    correction: Correction
    weight: float = 0.0
    calibrator: Calibrator = UNCHANGED
    shift: float = 0.0

    def margin(self, start: Starts, frame: pd.DataFrame, threads: int | None) -> Array:
        """Log-odds before calibration, shape (n,)."""
        return start.churn + self.weight * self.correction.margin(start.churn, frame, threads) + self.shift

    def risk(self, start: Starts, frame: pd.DataFrame, threads: int | None) -> Array:
        """Probability of leaving within the horizon, shape (n,)."""
        return self.calibrator(self.margin(start, frame, threads))

    def contributions(
        self, start: Starts, frame: pd.DataFrame, features: Sequence[str], threads: int | None
    ) -> Contribution:
        """Split ``margin`` over the features and the prior."""
        base, phi = self.correction.contributions(start.churn, frame, features, threads)
        phi *= self.weight
        reference = self.correction.reference
        phi[:, -1] += start.churn - reference
        return Contribution(reference + self.weight * base + self.shift, phi)

    def to_json(self) -> dict[str, Any]:
        """Everything but the trees' text."""
        return {
            "correction": self.correction.to_json(),
            "weight": self.weight,
            "calibrator": self.calibrator.to_json(),
            "shift": self.shift,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any], text: bytes | None) -> Self:
        """Read what ``to_json`` wrote, with the text."""
        return cls(
            correction=Correction.from_json(values["correction"], text),
            weight=float(values["weight"]),
            calibrator=Calibrator.from_json(values["calibrator"]),
            shift=float(values["shift"]),
        )


def log_stay(risk: Array, leavers_share: float) -> Array:
    """Log of the share of value if kept that is expected to come: ``log(1 - (1 - leavers_share) risk)``."""
    answer: Array = np.log1p(-(1 - leavers_share) * np.minimum(risk, 1 - 1e-9))
    return answer
