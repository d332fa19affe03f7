"""A straight-line correction of the prior, between the prior and the trees.

The prior knows frequency, recency, age and repeat spend. A handful of logarithms of the same customer's figures
correct it where trees are weak: smoothly, and beyond the largest value seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

Array = NDArray[np.float64]

RIDGE = 30.0
"""Pull of each slope to 0, in rows: a few thousand rows move freely, a few dozen stay at the prior."""

NEWTON_STEPS = 100
MONEY_UNIT = 0.05  # of the mean positive value: log1p of money is straight below it, logarithmic above


@dataclass(frozen=True)
class Term:
    """One slope: ``slope * (log1p(max(column, 0) / unit) - mean)``; a missing value adds nothing."""

    column: str
    unit: float
    mean: float
    slope: float

    def add(self, frame: pd.DataFrame) -> Array:
        """What the term adds to each row's margin."""
        return np.nan_to_num(self.slope * (_log(frame[self.column], self.unit) - self.mean), nan=0.0)


@dataclass(frozen=True)
class Line:
    """Terms, a slope on the offset itself, and an intercept."""

    intercept: float
    offset_mean: float
    offset_slope: float
    terms: tuple[Term, ...]

    def margin(self, offset: Array, frame: pd.DataFrame) -> Array:
        """Sum everything the line adds to the offset, per row."""
        total = self.intercept + self.on_offset(offset)
        for term in self.terms:
            total = total + term.add(frame)
        return total

    def on_offset(self, offset: Array) -> Array:
        """What it adds for the offset alone."""
        return self.offset_slope * (offset - self.offset_mean)

    def contributions(self, frame: pd.DataFrame) -> dict[str, Array]:
        """What each column adds per row; with the intercept and ``on_offset`` they make up ``margin``."""
        return {term.column: term.add(frame) for term in self.terms}

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a file."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` wrote."""
        terms = tuple(Term(**t) for t in values["terms"])
        return cls(float(values["intercept"]), float(values["offset_mean"]), float(values["offset_slope"]), terms)


def line_columns(features: Sequence[str], horizon: int) -> tuple[str, ...]:
    """Columns a line may use, of those there are.

    Examples
    --------
    >>> line_columns(["basket_size", "spend_lifetime", "purchase_days", "spend_60d"], 60)
    ('spend_lifetime', 'spend_60d', 'purchase_days')
    """
    wanted = (
        "spend_lifetime",
        f"spend_{horizon}d",
        "spend_365d",
        "purchase_days",
        "days_since_last_order",
        "days_since_first_order",
        f"orders_{horizon}d",
    )
    return tuple(dict.fromkeys(c for c in wanted if c in features))


def fit_line(
    loss: Literal["log", "gamma"],
    frame: pd.DataFrame,
    columns: Sequence[str],
    offset: Array,
    y: Array,
    weight: Array | None = None,
) -> Line:
    """Fit a ridge regression on standardised terms, starting from the offset.

    Parameters
    ----------
    loss
        "log" for 0/1 targets (margin in log-odds), "gamma" for positive ones (margin in logs).
    frame, columns
        Where the terms come from.
    offset
        The prior's margin, shape (n,).
    y, weight
        Targets and row weights.

    Returns
    -------
    Line
    """
    units = [_unit(c, frame[c]) for c in columns]
    raw = [_log(frame[c], unit) for c, unit in zip(columns, units, strict=True)]
    table = np.column_stack([*raw, offset])
    mean = np.array([np.nanmean(v) if np.isfinite(v).any() else 0.0 for v in table.T])
    centred = np.nan_to_num(table - mean, nan=0.0)
    spread = centred.std(axis=0)
    spread[spread < 1e-9] = np.inf  # a constant has no slope
    slopes, intercept = _ridge(loss, centred / spread, offset, y, np.ones(len(y)) if weight is None else weight)
    slopes = slopes / spread
    terms = tuple(
        Term(c, u, float(m), float(s)) for c, u, m, s in zip(columns, units, mean[:-1], slopes[:-1], strict=True)
    )
    return Line(intercept, float(mean[-1]), float(slopes[-1]), terms)


def _ridge(loss: str, design: Array, offset: Array, y: Array, weight: Array) -> tuple[Array, float]:
    """Penalised likelihood: rows weigh ``weight``, every slope is pulled by RIDGE rows."""
    table = np.column_stack([np.ones(len(y)), design])
    pull = np.diag([1e-9 * weight.sum(), *[RIDGE] * design.shape[1]])

    def losses(b: Array) -> tuple[float, Array, Array]:
        f = offset + table @ b
        if loss == "log":
            p = expit(f)
            each, slope, bend = np.logaddexp(0.0, f) - y * f, p - y, p * (1 - p)
        else:
            bend = y * np.exp(-np.clip(f, -500, 500))
            each, slope = bend + f - offset, 1 - bend
        return float(weight @ each + 0.5 * b @ pull @ b), weight * slope, weight * bend

    b = np.zeros(table.shape[1])
    now, slope, bend = losses(b)
    for _ in range(NEWTON_STEPS):  # convex: Newton's method ends at the optimum, not merely near it
        step = np.linalg.solve((table * bend[:, None]).T @ table + pull, table.T @ slope + pull @ b)
        for _ in range(30):
            then = losses(b - step)
            if then[0] <= now + 1e-9 * abs(now):
                break
            step /= 2
        b = b - step
        now, slope, bend = then
        if np.abs(step).max() < 1e-10:
            break
    return b[1:], float(b[0])


def _unit(column: str, values: pd.Series) -> float:
    """Money needs a unit, so that the currency does not matter; counts and days have theirs."""
    if not column.startswith("spend"):
        return 1.0
    positive = values[values > 0]
    return float(MONEY_UNIT * positive.mean()) if len(positive) else 1.0


def _log(values: pd.Series, unit: float) -> Array:
    answer: Array = np.log1p(np.maximum(values.to_numpy(np.float64), 0.0) / unit)
    return answer
