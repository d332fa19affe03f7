"""LightGBM's only door: trees on encoded rows, starting from an offset, kept as text.

Columns reach LightGBM as one matrix whose order an encoder decides: a frame with reordered columns would be predicted
wrongly in silence. Rows to learn from are sorted into bins once, for all the models that learn from them.
"""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, Self

# waiting threads must not burn the other jobs' time on shared machines
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.errors import ModelRefused
from hvc_ml.estimators.encoder import Encoder
from hvc_ml.estimators.losses import LevelFreeLoss, Plan, Target
from hvc_ml.treeshap import Damaged, Explainer, Unsupported, check_model

Array = NDArray[np.float64]

_log = logging.getLogger(__name__)

EXACT = 1e-9
"""Contributions may be off by so much of what they add up to: rounding, nothing else."""
COMPARED = 8
"""Rows of which the contributions are computed twice, by LightGBM too."""

WATCHED = 2_000
"""Rows learned from on which the loss is told after every round."""


@dataclass(frozen=True)
class Boosted:
    """Trees over an encoder's columns: a correction of the margin, to be added to an offset."""

    encoder: Encoder
    text: str
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict, compare=False)

    @cached_property
    def booster(self) -> lgb.Booster:
        """LightGBM's own object, read from the text once that is known to be a model; ModelRefused where it is not."""
        try:
            check_model(self.text)
        except Damaged as error:
            raise ModelRefused(f"the trees are not what LightGBM wrote: {error}. Train again.") from None
        return lgb.Booster(model_str=self.text)

    @property
    def rounds(self) -> int:
        """Trees kept."""
        return self.text.count("\nTree=")

    def margin(self, frame: pd.DataFrame, threads: int | None = None) -> Array:
        """Sum the trees' raw values per row (no offset)."""
        matrix = self.encoder.encode(frame)
        return self._margin(matrix, threads) if self.rounds else np.zeros(len(frame))

    def contributions(self, frame: pd.DataFrame, threads: int | None = None) -> tuple[float, Array, Array]:
        """Split the margin exactly over the columns (TreeSHAP).

        Returns
        -------
        float, Array, Array
            The base (margin of nobody in particular), ``(rows, columns)``, and ``margin``, ``(rows,)``; base + row sums
            = ``margin``.

        Raises
        ------
        ModelRefused
            If the contributions of a row do not add up to its margin.
        """
        matrix = self.encoder.encode(frame)
        if not self.rounds:
            return 0.0, np.zeros_like(matrix), np.zeros(len(matrix))
        margin = self._margin(matrix, threads)
        if self.explainer is None:
            head = matrix if len(matrix) else np.zeros((1, matrix.shape[1]))  # one row tells the base
            phi = np.asarray(self.booster.predict(head, pred_contrib=True, num_threads=threads or 0), dtype=np.float64)
            return float(phi[0, -1]), phi[: len(matrix), :-1], margin
        base, phi = self.explainer.base, self.explainer.contributions(matrix, threads=threads)
        self._check(base, phi, matrix, margin, threads)
        return base, phi, margin

    def _margin(self, matrix: Array, threads: int | None) -> Array:
        if not len(matrix):
            return np.empty(0)
        return np.asarray(self.booster.predict(matrix, raw_score=True, num_threads=threads or 0), dtype=np.float64)

    @cached_property
    def explainer(self) -> Explainer | None:
        """Our own TreeSHAP of these trees; None for trees that it does not know, which LightGBM explains slowly."""
        try:
            return Explainer(self.text)
        except Unsupported as reason:
            _log.warning("reasons are computed slowly: %s", reason)
            return None

    def _check(self, base: float, phi: Array, matrix: Array, margin: Array, threads: int | None) -> None:
        """Every row adds up, and a few rows are what LightGBM says of them."""
        few = np.linspace(0, len(matrix) - 1, min(len(matrix), COMPARED)).astype(np.int64)
        told = self.booster.predict(matrix[few], pred_contrib=True, num_threads=threads or 0) if len(few) else None
        wrong = np.abs(base + phi.sum(axis=1) - margin) > EXACT * (1.0 + np.abs(margin))
        if wrong.any():
            raise ModelRefused(f"reasons of {wrong.sum():,} of {len(phi):,} customers do not add up. Train again.")
        if told is not None and np.abs(told[:, :-1] - phi[few]).max() > EXACT * (1.0 + np.abs(told).max()):
            raise ModelRefused(f"reasons of {len(few)} customers differ from LightGBM's own. Train again.")

    def importance(self) -> dict[str, float]:
        """Total gain per column."""
        if not self.rounds:
            return dict.fromkeys(self.encoder.columns, 0.0)
        gains = self.booster.feature_importance("gain")
        return dict(zip(self.encoder.columns, map(float, gains), strict=True))

    def to_json(self) -> dict[str, Any]:
        """Everything but the text."""
        return {
            "columns": list(self.encoder.columns),
            "categories": {k: list(v) for k, v in sorted(self.encoder.categories.items())},
            "curves": {k: list(v) for k, v in sorted(self.curves.items())},
        }

    @classmethod
    def from_text(cls, text: str, values: Mapping[str, Any]) -> Self:
        """Put text and JSON together again; the caller has checked their checksums."""
        categories = {k: tuple(v) for k, v in values["categories"].items()}
        model = cls(Encoder(tuple(values["columns"]), categories), text, values["curves"])
        if text.count("\nTree=") and model.booster.num_feature() != len(model.encoder.columns):
            raise ModelRefused(
                f"the trees use {model.booster.num_feature()} columns, the list has {len(values['columns'])}."
            )
        return model


@dataclass(frozen=True)
class Bins:
    """Encoded rows in LightGBM's bins: every model that learns from them, or from some of them, shares the bins.

    To sort rows into bins takes as long as dozens of rounds of boosting; to put other targets beside the bins takes
    nothing. Models learn one after the other: the rows hold one target at a time. Made by `binned`; the work is done
    when a model first asks for it.
    """

    encoder: Encoder
    rows: lgb.Dataset

    def __len__(self) -> int:
        return int(self.rows.construct().num_data())

    def some(self, which: NDArray[np.bool_]) -> "Bins":
        """The same bins with fewer rows."""
        return Bins(self.encoder, self.rows.subset(np.flatnonzero(which)))

    def labelled(self, target: Target) -> lgb.Dataset:
        """LightGBM's own object, with these targets in place of those it had."""
        start = np.zeros(len(self)) if target.offset is None else target.offset
        self.rows.construct().set_label(target.y).set_init_score(start)
        alike = target.weight is None or bool((target.weight == 1).all())
        self.rows.set_field("weight", None if alike else np.asarray(target.weight, dtype=np.float32))
        return self.rows


def binned(encoder: Encoder, matrix: Array | NDArray[np.float32], plan: Plan, like: Bins | None = None) -> Bins:
    """Sort encoded rows into bins.

    Parameters
    ----------
    encoder
        Made the matrix.
    matrix
        Of floats, double or single, row after row or column after column; not needed afterwards.
    plan
        For the number of bins, the seed and threads: the same for all models that share the bins.
    like
        Rows whose bins to use, in place of bins of their own: for rows to stop by.

    Examples
    --------
    >>> plan, x = Plan("regression", rounds=1, learning_rate=1, min_child_samples=1), np.arange(50.0)
    >>> bins = binned(Encoder(("x",)), x[:, None], plan)
    >>> up, down = (train(plan, Rows(bins, Target(y))).margin(pd.DataFrame({"x": x})) for y in (x, -x))
    >>> bool((up == -down).all()), len(bins.some(x > 9))
    (True, 40)
    """
    rows = lgb.Dataset(
        matrix,
        np.zeros(len(matrix)),
        feature_name=[f"c{i}" for i in range(len(encoder.columns))],  # LightGBM refuses some characters of users' names
        categorical_feature=encoder.categorical,
        reference=None if like is None else like.rows,
        params=plan.binning(),
    )
    return Bins(encoder, rows)


class Rows(NamedTuple):
    """Rows to learn from or to stop by."""

    bins: Bins
    target: Target

    def some(self, which: NDArray[np.bool_]) -> "Rows":
        """Fewer of them."""
        return Rows(self.bins.some(which), self.target.some(which))


def train(plan: Plan, fit: Rows, stop: Rows | None = None) -> Boosted:
    """Boost from the offset, stopping where the validation rows no longer gain.

    Parameters
    ----------
    plan
        Objective and regularisation.
    fit
        Rows to learn from.
    stop
        Rows that decide the number of rounds, binned like those; None takes all rounds.

    Returns
    -------
    Boosted
        Possibly without any tree, where none helped on ``stop``. ``curves`` holds the loss per round (lower is better),
        beginning with the offset alone: ``stop``, and ``fit`` on at most `WATCHED` of the rows learned from.
    """
    curves: dict[str, dict[str, list[float]]] = {}
    watched = {"fit": fit.some(_every(len(fit.bins))), **({} if stop is None else {"stop": stop})}
    measures = {name: LevelFreeLoss(plan, rows.target) for name, rows in watched.items()}
    sets = {name: rows.bins.labelled(rows.target) for name, rows in watched.items()}
    early = [] if stop is None else [lgb.early_stopping(plan.patience, verbose=False)]
    booster = lgb.train(
        plan.params(),
        fit.bins.labelled(fit.target),
        plan.rounds,
        valid_sets=list(sets.values()),
        valid_names=list(sets),
        feval=[_measure(name, measures[name], part) for name, part in sets.items()],
        callbacks=[lgb.record_evaluation(curves), *early],
    )
    named = {name: [measures[name].start, *curves[name][name]] for name in sets}
    rounds = int(np.argmin(named["stop"])) if stop is not None else booster.num_trees()
    text = booster.model_to_string(num_iteration=rounds) if rounds else ""
    return Boosted(
        fit.bins.encoder, text.split("\nparameters:")[0], {k: tuple(map(float, v)) for k, v in named.items()}
    )


def _every(rows: int) -> NDArray[np.bool_]:
    """Rows to watch the loss on while it is learned from them: a curve to look at needs no more."""
    stride = -(-rows // WATCHED)
    chosen: NDArray[np.bool_] = np.arange(rows) % stride == 0
    return chosen


def _measure(name: str, measure: LevelFreeLoss, part: lgb.Dataset) -> Callable[[Array, lgb.Dataset], Any]:
    """LightGBM's form of a loss; it passes predictions behind the link, and every data set by every measure."""

    def measured(predicted: Array, data: lgb.Dataset) -> Any:
        if data is not part:
            return []
        f = predicted
        if measure.plan.objective == "binary":
            f = np.log(predicted / (1 - predicted))
        elif measure.plan.objective != "regression":
            f = np.log(predicted)
        return [(name, measure(f), False)]

    return measured
