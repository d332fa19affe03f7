"""How to boost, towards what, and the losses that decide when to stop."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Objective = Literal["binary", "gamma", "tweedie", "regression"]

MOST_MEASURED = 100_000
"""Rows that the loss per round is computed on."""


@dataclass(frozen=True)
class Target:
    """What is to be learned of each row: the target, where boosting starts, and weights; each of shape (n,)."""

    y: Array
    offset: Array | None = None
    weight: Array | None = None

    def some(self, which: NDArray[np.bool_]) -> "Target":
        """Of fewer rows."""
        return Target(self.y[which], *(None if v is None else v[which] for v in (self.offset, self.weight)))


@dataclass(frozen=True)
class Plan:
    """How to boost."""

    objective: Objective
    rounds: int = 100
    learning_rate: float = 0.05
    leaves: int = 15
    min_child_samples: int = 20
    min_child_weight: float = 1e-3
    l2: float = 0.0
    seed: int = 0
    threads: int | None = None
    feature_fraction: float = 1.0
    bagging_fraction: float = 1.0
    tweedie_power: float = 1.5
    max_bin: int = 255
    patience: int = 30
    smooth: float = 0.0
    monotone: tuple[int, ...] = ()
    use: tuple[bool, ...] = ()
    """Which columns may be split on; empty is all."""

    def params(self) -> dict[str, Any]:
        """LightGBM's names for it."""
        held = {"monotone_constraints": list(self.monotone), "monotone_constraints_method": "intermediate"}
        return {
            **(held if self.monotone else {}),
            **({"feature_contri": [float(u) for u in self.use]} if self.use else {}),
            "objective": self.objective,
            "metric": "None",
            "learning_rate": self.learning_rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.min_child_samples,
            "min_sum_hessian_in_leaf": self.min_child_weight,
            "lambda_l2": self.l2,
            "path_smooth": self.smooth,
            "feature_fraction": self.feature_fraction,
            "bagging_fraction": self.bagging_fraction,
            "bagging_freq": 1 if self.bagging_fraction < 1 else 0,
            "tweedie_variance_power": self.tweedie_power,
            "boost_from_average": False,
            "deterministic": True,
            "force_row_wise": True,
            **self.binning(),
        }

    def binning(self) -> dict[str, Any]:
        """What of it matters before any target is known."""
        return {
            "max_bin": self.max_bin,
            "min_data_in_bin": 1,
            "feature_pre_filter": False,
            "seed": self.seed,
            "num_threads": self.threads or 0,
            "verbosity": -1,
        }


class LevelFreeLoss:
    """Mean loss after the best shift of the margins (and, for risks, the best slope): lower is better.

    Levels are calibrated afterwards, on the same rows. A stop by the plain loss would, in a season unlike the one
    learned from, mistake a better ranking at a wrong level for a worse model.
    """

    def __init__(self, plan: Plan, target: Target) -> None:
        stride = -(-len(target.y) // MOST_MEASURED)  # a loss per round need not read every row of a large set
        self.plan, self.some = plan, slice(None, None, stride)
        self.y = target.y[self.some]
        self.weight = np.ones(len(self.y)) if target.weight is None else target.weight[self.some]
        self.line = np.array([1.0, 0.0])  # slope and shift, kept between rounds: the next best is close by
        self.start = self(np.zeros(len(target.y)) if target.offset is None else target.offset)

    def __call__(self, f: Array) -> float:
        """Loss of margins, offset included."""
        f = f[self.some]
        if self.plan.objective == "binary":
            return self._binary(f)
        return loss(self.plan, self.y, self.weight, f + self._shift(f))

    def _shift(self, f: Array) -> float:
        y, w = self.y, self.weight
        if self.plan.objective == "regression":
            return float(np.average(y - f, weights=w))
        k = 2.0 if self.plan.objective == "gamma" else self.plan.tweedie_power
        kept = np.average(y * np.exp((1 - k) * f), weights=w)
        return float(np.log(max(kept, 1e-300) / np.average(np.exp((2 - k) * f), weights=w)))

    def _binary(self, f: Array) -> float:
        w, line = self.weight, self.line
        for _ in range(4):  # Newton, from where the last round ended; the ridge keeps separable data finite
            p = 1 / (1 + np.exp(-np.clip(line[0] * f + line[1], -30, 30)))
            error, bend = w * (p - self.y), w * p * (1 - p)
            gradient = np.array([error @ f, error.sum()]) + (line - [1.0, 0.0])
            cross = bend @ f
            hessian = np.array([[bend @ (f * f) + 1.0, cross], [cross, bend.sum() + 1.0]])
            line = line - np.clip(np.linalg.solve(hessian, gradient), -1.0, 1.0)
        self.line = line
        return loss(self.plan, self.y, self.weight, line[0] * f + line[1])


def loss(plan: Plan, y: Array, weight: Array, f: Array) -> float:
    """Mean loss of margins, offset included (lower is better)."""
    if plan.objective == "binary":
        each = np.logaddexp(0.0, f) - y * f
    elif plan.objective == "gamma":
        each = y * np.exp(-f) + f
    elif plan.objective == "tweedie":
        k = plan.tweedie_power
        each = -y * np.exp((1 - k) * f) / (1 - k) + np.exp((2 - k) * f) / (2 - k)
    else:
        each = (y - f) ** 2
    return float(np.average(each, weights=weight))
