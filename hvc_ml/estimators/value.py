"""Value if kept: money in the horizon given that the customer stays; and the hurdle model, stay x value."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_array, check_is_fitted, column_or_1d

from hvc_ml.estimators.boosting import Boosted, Rows, train
from hvc_ml.estimators.churn import ChurnClassifier
from hvc_ml.estimators.frames import Table, as_frame, as_weight, directions, fewest_in_leaf, make_encoder, used
from hvc_ml.estimators.line import fit_line
from hvc_ml.estimators.losses import Objective, Plan, Target

Array = NDArray[np.float64]

FLOOR_SHARE = 0.01  # of the mean target: the least that a target or an offset counts as


def value_offset(value: Array, floor: float) -> Array:
    """Log of a prior's money, not below ``floor``."""
    answer: Array = np.log(np.maximum(np.nan_to_num(np.asarray(value, dtype=np.float64), nan=0.0), floor))
    return answer


class ValueIfKeptRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
    """Gradient boosting of an expected amount with a log link, starting from a prior.

    A target is money of customers who stayed (with ``objective="tweedie"``, of everybody). It is capped at its
    ``winsor`` quantile (one order must not bend every tree) and raised to a floor of 1 % of the mean positive target
    (Tweedie: to 0): who stayed but returned more than they bought counts as bringing next to nothing. Predictions are
    therefore positive; data where most targets are negative want another model.

    Parameters
    ----------
    offset
        Name of the column with the prior's expected amount; None starts from the mean.
    objective
        "gamma" (targets of customers who stayed; relative errors matter) or "tweedie" (targets of everybody, who left
        with 0).
    power
        Of the Tweedie deviance, between 1 and 2: how fast the variance grows with the mean.
    winsor
        Quantile at which the training target is capped; 1 caps nothing.
    line, monotone, categories, rounds, learning_rate, leaves, min_child_samples, l2, feature_fraction, patience, seed
    threads
        As in ``ChurnClassifier``.

    Attributes
    ----------
    cap_, floor_ : float
        The largest and smallest training target after capping, in the unit of y.
    line_ : Line or None
        The straight-line correction of the log of the offset.
    boosted_ : Boosted
        The trees: the correction of both.

    Examples
    --------
    >>> X = np.repeat([0.0, 1.0], 50).reshape(-1, 1)
    >>> ValueIfKeptRegressor(rounds=300, l2=0).fit(X, 10 + 20 * X[:, 0]).predict([[0.0], [1.0]]).round(1)
    array([10., 30.])
    """

    def __init__(
        self,
        offset: str | None = None,
        *,
        line: Any = (),
        monotone: Any = None,
        objective: Objective = "gamma",
        power: float = 1.5,
        winsor: float = 0.995,
        categories: Any = None,
        rounds: int = 100,
        learning_rate: float = 0.05,
        leaves: int = 15,
        min_child_samples: int | None = None,
        l2: float = 1.0,
        feature_fraction: float = 1.0,
        patience: int = 30,
        seed: int = 0,
        threads: int | None = None,
    ) -> None:
        self.offset = offset
        self.line = line
        self.monotone = monotone
        self.objective = objective
        self.power = power
        self.winsor = winsor
        self.categories = categories
        self.rounds = rounds
        self.learning_rate = learning_rate
        self.leaves = leaves
        self.min_child_samples = min_child_samples
        self.l2 = l2
        self.feature_fraction = feature_fraction
        self.patience = patience
        self.seed = seed
        self.threads = threads

    def __sklearn_tags__(self) -> Any:
        """NaN is welcome; a log link is a poor model of negative targets."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.regressor_tags.poor_score = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, eval_X: Any = None, eval_y: Any = None) -> Self:
        """Learn the correction of the prior; see ``ChurnClassifier.fit``."""
        frame = as_frame(self, X, reset=True)
        y = _numbers(y, len(frame))
        weight = as_weight(sample_weight, frame)
        keep = weight > 0
        frame = frame[keep]
        rows = Table.of(frame, make_encoder(frame, [self.offset], self.categories or {}), self._plan())
        later = None
        if eval_X is not None:
            stop = rows.like(as_frame(self, eval_X, reset=False), self._plan())
            later = stop, _numbers(eval_y, len(stop.frame))
        return self.learn(rows, y[keep], weight[keep], later=later)

    def learn(
        self,
        rows: Table,
        y: Array,
        weight: Array | None = None,
        *,
        later: tuple[Table, Array] | None = None,
        unused: Sequence[str] = (),
    ) -> Self:
        """Learn from rows that are in bins already; see ``ChurnClassifier.learn``. ``y`` is money, shape (n,)."""
        weight = np.ones(len(y)) if weight is None else weight
        self.cap_, self.floor_ = _limits(y, weight, self.winsor)
        target = self._limited(y)
        self.base_ = float(np.log(max(np.average(target, weights=weight), self.floor_)))
        self.line_ = None
        if len(self.line):
            self.line_ = fit_line("gamma", rows.frame, tuple(self.line), self._start(rows.frame), target, weight)
        columns = rows.bins.encoder.columns
        plan = self._plan(float(weight.sum()), directions(columns, self.monotone), used(columns, unused))
        fit = self._aimed(rows, target, weight)
        self.boosted_: Boosted = train(plan, fit, later and self._aimed(later[0], self._limited(later[1])))
        return self

    def _aimed(self, rows: Table, target: Array, weight: Array | None = None) -> Rows:
        """Targets in units of their mean: LightGBM has them in single precision, the currency must move no rounding."""
        return Rows(rows.bins, Target(target / np.exp(self.base_), self._lined(rows.frame) - self.base_, weight))

    def margin(self, X: Any) -> Array:
        """Log of the expected amount, shape (n,)."""
        check_is_fitted(self)
        frame = as_frame(self, X, reset=False)
        return self._lined(frame) + self.boosted_.margin(frame, self.threads)

    def predict(self, X: Any) -> Array:
        """Expected amount, in the unit of y, shape (n,); always positive."""
        answer: Array = np.exp(self.margin(X))
        return answer

    def _limited(self, y: Array) -> Array:
        zeros = self.objective == "tweedie" and self.cap_ > self.floor_  # a gamma has none, and not everything may be 0
        lowest = 0.0 if zeros else self.floor_
        limited: Array = np.clip(y, lowest, self.cap_)
        return limited

    def _start(self, frame: Any) -> Array:
        if self.offset is None:
            return np.full(len(frame), self.base_)
        lowest = 1e-4 if self.objective == "tweedie" else 1.0  # who has all but left is worth very little
        return value_offset(frame[self.offset].to_numpy(np.float64), lowest * self.floor_)

    def _lined(self, frame: Any) -> Array:
        start = self._start(frame)
        return start if self.line_ is None else start + self.line_.margin(start, frame)

    def _plan(self, total: float = 0.0, monotone: tuple[int, ...] = (), use: tuple[bool, ...] = ()) -> Plan:
        return Plan(
            self.objective,
            monotone=monotone,
            use=use,
            tweedie_power=self.power,
            rounds=self.rounds,
            learning_rate=self.learning_rate,
            leaves=self.leaves,
            min_child_samples=fewest_in_leaf(self.min_child_samples, total),
            l2=self.l2,
            feature_fraction=self.feature_fraction,
            patience=self.patience,
            seed=self.seed,
            threads=self.threads,
        )


class HurdleRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
    """A churn classifier and a value model, multiplied: ``(1 - risk) * value if kept``, both boosted from the prior.

    A customer with y <= 0 counts as gone. Those gone bring their mean (0 where nothing is refunded), so targets of
    any sign are met on average.

    Parameters
    ----------
    churn_offset, value_offset
        Names of the columns with the prior's churn risk and its value if kept; None starts from the means.
    objective, winsor, categories, rounds, learning_rate, leaves, min_child_samples, l2, seed, threads
        As in the two models.

    Attributes
    ----------
    churn_ : ChurnClassifier or None
        None where everybody stayed or everybody left.
    value_ : ValueIfKeptRegressor or None
        None where everybody left.
    risk_ : float
        Share of customers gone.
    leavers_ : float
        Mean y of those gone.

    Examples
    --------
    >>> X = np.repeat([0.0, 1.0], 50).reshape(-1, 1)
    >>> y = np.where(np.arange(100) % 2, 20.0, 0.0)  # half of them leave, whatever X says
    >>> HurdleRegressor().fit(X, y).predict([[1.0]]).round(2)
    array([10.])
    """

    def __init__(
        self,
        churn_offset: str | None = None,
        value_offset: str | None = None,
        *,
        objective: Objective = "gamma",
        winsor: float = 0.995,
        categories: Any = None,
        rounds: int = 100,
        learning_rate: float = 0.05,
        leaves: int = 15,
        min_child_samples: int | None = None,
        l2: float = 1.0,
        seed: int = 0,
        threads: int | None = None,
    ) -> None:
        self.churn_offset = churn_offset
        self.value_offset = value_offset
        self.objective = objective
        self.winsor = winsor
        self.categories = categories
        self.rounds = rounds
        self.learning_rate = learning_rate
        self.leaves = leaves
        self.min_child_samples = min_child_samples
        self.l2 = l2
        self.seed = seed
        self.threads = threads

    def __sklearn_tags__(self) -> Any:
        """NaN is welcome; negative targets are met on average only."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.regressor_tags.poor_score = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit both models on the same rows; the value model on those who stayed."""
        frame = as_frame(self, X, reset=True)
        y = _numbers(y, len(frame))
        weight = as_weight(sample_weight, frame)
        keep = weight > 0
        frame, y, weight = frame[keep], y[keep], weight[keep]
        gone = y <= 0
        self.risk_ = float(np.average(gone, weights=weight))
        self.leavers_ = float(np.average(y[gone], weights=weight[gone])) if gone.any() else 0.0
        shared = {k: v for k, v in self.get_params(deep=False).items() if k in _SHARED}
        self.churn_ = None
        if 0 < self.risk_ < 1:
            churn = ChurnClassifier(self.churn_offset, **shared)
            self.churn_ = churn.fit(frame.drop(columns=self._other(self.value_offset)), gone, weight)
        self.value_ = None
        if not gone.all():
            value = ValueIfKeptRegressor(self.value_offset, objective=self.objective, winsor=self.winsor, **shared)
            stayed = frame[~gone].drop(columns=self._other(self.churn_offset))
            self.value_ = value.fit(stayed, y[~gone], weight[~gone])
        return self

    def predict(self, X: Any) -> Array:
        """Expected y, leaving included, shape (n,)."""
        check_is_fitted(self, "risk_")
        frame = as_frame(self, X, reset=False)
        risk = np.full(len(frame), self.risk_)
        if self.churn_ is not None:
            risk = self.churn_.predict_proba(frame.drop(columns=self._other(self.value_offset)))[:, 1]
        kept = np.zeros(len(frame))
        if self.value_ is not None:
            kept = self.value_.predict(frame.drop(columns=self._other(self.churn_offset)))
        answer: Array = (1 - risk) * kept + risk * self.leavers_
        return answer

    @staticmethod
    def _other(column: str | None) -> list[str]:
        return [] if column is None else [column]


_SHARED = ("categories", "rounds", "learning_rate", "leaves", "min_child_samples", "l2", "seed", "threads")


def _numbers(y: Any, rows: int) -> Array:
    if y is None:
        message = "requires y to be passed, but the target y is None"
        raise ValueError(message)
    y = column_or_1d(check_array(y, ensure_2d=False, dtype=np.float64, input_name="y"), warn=True)
    if len(y) != rows:
        raise ValueError(f"X has {rows} rows, y has {len(y)}.")
    numbers: Array = y
    return numbers


def _limits(y: Array, weight: Array, winsor: float) -> tuple[float, float]:
    """Cap and floor of the training target, from its positive part."""
    positive = y > 0
    if not positive.any():
        return 1e-6, 1e-6
    cap = float(np.quantile(y[positive], winsor, weights=weight[positive], method="inverted_cdf"))
    mean = float(np.average(np.minimum(y[positive], cap), weights=weight[positive]))
    return cap, FLOOR_SHARE * mean
