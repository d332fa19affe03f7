"""Churn risk: log-loss boosted from the prior's probability. No resampling: risks are multiplied by money."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

from hvc_ml.errors import NotEnoughData
from hvc_ml.estimators.boosting import Boosted, Rows, train
from hvc_ml.estimators.frames import Table, as_frame, as_weight, directions, fewest_in_leaf, make_encoder, used
from hvc_ml.estimators.line import fit_line
from hvc_ml.estimators.losses import Plan, Target

Array = NDArray[np.float64]

CLIP = 1e-3
"""Offsets stay within [logit(CLIP), logit(1 - CLIP)]: a prior may not be surer than that."""


def churn_offset(risk: Array) -> Array:
    """Logit of a prior probability, clipped.

    Examples
    --------
    >>> churn_offset(np.array([0.0, 0.5])).round(2)
    array([-6.91,  0.  ])
    """
    clipped: Array = logit(np.clip(np.asarray(risk, dtype=np.float64), CLIP, 1 - CLIP))
    return clipped


class ChurnClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
    """Gradient boosting of the log-loss, starting from a prior.

    Parameters
    ----------
    offset
        Name of the column with the prior probability of the second class; None starts from the base rate.
    line
        Columns of the straight-line correction between offset and trees; none by default.
    monotone
        Column -> 1 (the margin may only rise with it) or -1 (only fall); None leaves all free.
    categories
        Text columns and their categories (None: those found in X). Other non-numeric columns count as text too.
    rounds, learning_rate, leaves, min_child_samples, l2, feature_fraction, patience, seed, threads
        See ``Plan``.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
    line_ : Line or None
        The straight-line correction of the offset.
    boosted_ : Boosted
        The trees: the correction of both.
    base_ : float
        Where the margin starts without an offset column.

    Examples
    --------
    >>> X = np.arange(40.0).reshape(-1, 1)
    >>> model = ChurnClassifier(rounds=60).fit(X, X[:, 0] > 19)
    >>> model.predict([[3.0], [33.0]])
    array([False,  True])
    """

    def __init__(
        self,
        offset: str | None = None,
        *,
        line: Any = (),
        monotone: Any = None,
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
        """Binary only; NaN is welcome."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, eval_X: Any = None, eval_y: Any = None) -> Self:
        """Learn the correction of the prior.

        Parameters
        ----------
        X : array-like of shape (n, k)
        y : array-like of shape (n,)
            Two classes; the second, in sorted order, is the event.
        sample_weight : array-like of shape (n,), optional
        eval_X, eval_y
            Later rows that decide the number of rounds; without them all rounds are taken.

        Raises
        ------
        NotEnoughData
            If y has one class only.
        """
        frame = as_frame(self, X, reset=True)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        if len(y) != len(frame):
            raise ValueError(f"X has {len(frame)} rows, y has {len(y)}.")
        weight = as_weight(sample_weight, frame)
        classes = np.unique(y)
        if len(classes) > 2:
            message = "Only binary classification is supported. The type of the target is multiclass."
            raise ValueError(message)
        if len(classes) < 2 or len(np.unique(y[weight > 0])) < 2:
            raise NotEnoughData(f"y holds one class only among {len(y):,} rows; a classifier needs both.")
        keep = weight > 0  # a row without weight must not even move a bin
        frame, event, weight = frame[keep], (y == classes[1]).astype(np.float64)[keep], weight[keep]
        rows = Table.of(frame, make_encoder(frame, [self.offset], self.categories or {}), self._plan())
        later = None
        if eval_X is not None:
            stop = rows.like(as_frame(self, eval_X, reset=False), self._plan())
            later = stop, (np.asarray(eval_y) == classes[1]).astype(np.float64)
        self.learn(rows, event, weight, later=later)
        self.classes_ = classes
        return self

    def learn(
        self,
        rows: Table,
        event: Array,
        weight: Array | None = None,
        *,
        later: tuple[Table, Array] | None = None,
        unused: Sequence[str] = (),
    ) -> Self:
        """Learn from rows that are in bins already, for several models to share; ``fit`` after its checks.

        Parameters
        ----------
        rows
            The columns of the offset and the line as they are, and all columns of the trees in bins.
        event
            1 where it happened, else 0; both are there; shape (n,).
        weight
            Shape (n,), positive.
        later
            Rows in the same bins that decide the number of rounds, and their events.
        unused
            Columns in bins that this model's trees do not read.
        """
        total = float(len(event) if weight is None else weight.sum())
        columns = rows.bins.encoder.columns
        plan = self._plan(total, directions(columns, self.monotone), used(columns, unused))
        self.classes_ = np.array([0, 1])
        self.base_ = float(logit(np.average(event, weights=weight)))
        self.line_ = None
        if len(self.line):
            self.line_ = fit_line("log", rows.frame, tuple(self.line), self._start(rows.frame), event, weight)
        fit = Rows(rows.bins, Target(event, self._lined(rows.frame), weight))
        stop = None
        if later is not None:
            stop = Rows(later[0].bins, Target(later[1], self._lined(later[0].frame)))
        self.boosted_: Boosted = train(plan, fit, stop)
        return self

    def margin(self, X: Any) -> Array:
        """Log-odds of the second class, shape (n,)."""
        check_is_fitted(self)
        frame = as_frame(self, X, reset=False)
        return self._lined(frame) + self.boosted_.margin(frame, self.threads)

    decision_function = margin

    def predict_proba(self, X: Any) -> Array:
        """Probabilities of both classes, shape (n, 2)."""
        p = expit(self.margin(X))
        return np.column_stack([1 - p, p])

    def predict(self, X: Any) -> NDArray[Any]:
        """The likelier class of each row."""
        likelier = self.margin(X) > 0
        answer: NDArray[Any] = self.classes_[likelier.astype(int)]
        return answer

    def _start(self, frame: Any) -> Array:
        if self.offset is None:
            return np.full(len(frame), self.base_)
        return churn_offset(frame[self.offset].to_numpy(np.float64))

    def _lined(self, frame: Any) -> Array:
        start = self._start(frame)
        return start if self.line_ is None else start + self.line_.margin(start, frame)

    def _plan(self, total: float = 0.0, monotone: tuple[int, ...] = (), use: tuple[bool, ...] = ()) -> Plan:
        return Plan(
            "binary",
            monotone=monotone,
            use=use,
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
