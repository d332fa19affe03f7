"""Calibration: from a margin to a probability that may be multiplied by money."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_expit
from sklearn.isotonic import IsotonicRegression

from hvc_ml.errors import ModelRefused

Array = NDArray[np.float64]
Kind = Literal["identity", "platt", "beta", "isotonic"]
KINDS: tuple[Kind, ...] = ("identity", "platt", "beta", "isotonic")
"""From the simplest to the most flexible."""

ENOUGH_FOR_ISOTONIC = 1_000
ENOUGH_FOR_ANY = 20
FOLDS = 5


@dataclass(frozen=True)
class Calibrator:
    """A monotone map of margins (log-odds) to probabilities.

    Attributes
    ----------
    kind
        ``identity`` sigma(f); ``platt`` sigma(a f + b) (Platt 1999); ``beta`` sigma(a ln p - b ln(1 - p) + c) with p
        = sigma(f) (Kull, Silva Filho & Flach 2017, eq. 3); ``isotonic`` straight lines between knots.
    values
        Its parameters; for ``isotonic`` the knots' margins followed by their probabilities.

    Examples
    --------
    >>> Calibrator("identity", ())(np.array([0.0, 2.0])).round(3)
    array([0.5  , 0.881])
    """

    kind: Kind
    values: tuple[float, ...] = ()

    def __call__(self, margin: ArrayLike) -> Array:
        """Probabilities of margins, any shape."""
        f = np.asarray(margin, dtype=np.float64)
        answer: Array
        if self.kind == "identity":
            answer = expit(f)
        elif self.kind == "platt":
            answer = expit(self.values[0] * f + self.values[1])
        elif self.kind == "beta":
            answer = expit(_beta_logit(self.values, f))
        else:
            half = len(self.values) // 2
            answer = np.interp(f, self.values[:half], self.values[half:])
        return answer

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a file."""
        return {"kind": self.kind, "values": list(self.values)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` wrote."""
        if values.get("kind") not in KINDS:
            raise ModelRefused(f"calibrator: unknown kind {values.get('kind')!r}; expected one of {', '.join(KINDS)}.")
        return cls(values["kind"], tuple(float(v) for v in values["values"]))


def fit_calibrator(
    margin: Array, event: ArrayLike, fold: NDArray[np.int_] | None = None
) -> tuple[Calibrator, dict[str, float]]:
    """Choose and fit a calibrator on rows the model has not seen.

    Parameters
    ----------
    margin
        Log-odds, shape (n,).
    event
        1 where it happened, else 0.
    fold
        Fold of each row, in 0..4; rows of one customer share one. None deals rows out in turn.

    Returns
    -------
    Calibrator, dict
        The simplest kind whose cross-validated Brier score is within one standard error of the best one, fitted on
        all rows; and the Brier scores (lower is better).
    """
    f, y = np.asarray(margin, dtype=np.float64), np.asarray(event, dtype=np.float64)
    folds: NDArray[np.int_] = np.arange(len(y)) % FOLDS if fold is None else fold
    events = min(y.sum(), len(y) - y.sum())
    if events < ENOUGH_FOR_ANY:
        return Calibrator("identity"), {}
    kinds = KINDS if events > ENOUGH_FOR_ISOTONIC else KINDS[:-1]
    errors = {kind: _out_of_fold(kind, f, y, folds) for kind in kinds}
    scores: dict[str, float] = {kind: float(e.mean()) for kind, e in errors.items()}
    best = min(kinds, key=lambda kind: scores[kind])
    for kind in kinds:
        worse = errors[kind] - errors[best]
        if worse.mean() <= worse.std() / np.sqrt(len(worse)):
            return _fit(kind, f, y), scores
    raise AssertionError  # pragma: no cover # the best is within any error of itself


def _out_of_fold(kind: Kind, f: Array, y: Array, fold: NDArray[np.int_]) -> Array:
    errors = np.empty(len(y))
    for k in np.unique(fold):
        held = fold == k
        errors[held] = (_fit(kind, f[~held], y[~held])(f[held]) - y[held]) ** 2
    return errors


def _fit(kind: Kind, f: Array, y: Array) -> Calibrator:
    if kind == "identity":
        return Calibrator(kind)
    if kind == "platt":
        return Calibrator(kind, _logistic(np.stack([f, np.ones_like(f)]), y, (1.0, 0.0), (1e-3, None)))
    if kind == "beta":
        design = np.stack([log_expit(f), -log_expit(-f), np.ones_like(f)])
        return Calibrator(kind, _logistic(design, y, (1.0, 1.0, 0.0), (1e-3, 1e-3, None)))
    return _isotonic(f, y)


def _beta_logit(values: tuple[float, ...], f: Array) -> Array:
    a, b, c = values
    answer: Array = a * log_expit(f) - b * log_expit(-f) + c
    return answer


def _logistic(design: Array, y: Array, start: tuple[float, ...], lowest: tuple[float | None, ...]) -> tuple[float, ...]:
    """Logistic regression, slopes bounded below so that the map stays increasing; a whisper of a pull to the start."""
    n = len(y)
    origin = np.array(start)

    def loss(w: Array) -> tuple[float, Array]:
        m = w @ design
        gap = w - origin
        value = np.mean(np.logaddexp(0.0, m) - y * m) + 0.5 * (gap @ gap) / n
        return float(value), design @ (expit(m) - y) / n + gap / n

    found = minimize(loss, origin, jac=True, method="L-BFGS-B", bounds=[(low, None) for low in lowest])
    return tuple(float(v) for v in found.x)


def _isotonic(f: Array, y: Array) -> Calibrator:
    """Isotonic regression; blocks are joined at their mean margins, so that few rows tie."""
    steps = IsotonicRegression(out_of_bounds="clip").fit(f, y).predict(f)
    levels, block = np.unique(steps, return_inverse=True)
    size = np.bincount(block)
    centre = np.bincount(block, weights=f) / size
    # a block of no events is not a risk of nothing: half a row each way
    probability = (levels * size + 0.5) / (size + 1)
    probability = np.maximum.accumulate(probability)
    return Calibrator("isotonic", (*map(float, centre), *map(float, probability)))
