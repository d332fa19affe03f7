"""LightGBM's only door: a booster on an encoded frame, starting from an offset, kept as text.

Columns reach LightGBM as one float64 matrix whose order this module alone decides (a frame with reordered columns would
be predicted wrongly in silence), and text columns as positions in a stored list of categories.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Self

os.environ.setdefault(
    "OMP_WAIT_POLICY", "passive"
)  # waiting threads must not burn the other jobs' time on shared machines

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.errors import ModelRefused

Array = NDArray[np.float64]
Objective = Literal["binary", "gamma", "tweedie", "regression"]

MOST_CATEGORIES = 200
"""Rarer categories share one code: a split on a category of three rows explains nothing."""


def categories_of(values: pd.Series) -> tuple[str, ...]:
    """List a text column's categories, most frequent first, ties in alphabetical order.

    Examples
    --------
    >>> categories_of(pd.Series(["b", "a", None, "b", "c"]))
    ('b', 'a', 'c')
    """
    counts = values.dropna().astype(str).value_counts()
    ordered = sorted(zip(counts.index, counts, strict=True), key=lambda pair: (-pair[1], pair[0]))
    return tuple(name for name, _ in ordered[:MOST_CATEGORIES])


MOST_MEASURED = 100_000
"""Rows that the loss per round is computed on."""


@dataclass(frozen=True)
class Encoder:
    """Which columns, in which order, and each text column's categories (an unseen one counts as missing)."""

    columns: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def encode(self, frame: pd.DataFrame) -> Array:
        """Build the float64 matrix ``(rows, columns)``; missing is NaN.

        Raises
        ------
        ModelRefused
            If a column is missing, infinite, or not numeric.
        """
        missing = [c for c in self.columns if c not in frame.columns]
        if missing:
            raise ModelRefused(
                f"the frame lacks {len(missing)} of the model's {len(self.columns)} columns: {', '.join(missing[:5])}. "
                "Build the features with the configuration the model was trained with, or train again."
            )
        out = np.empty((len(frame), len(self.columns)), dtype=np.float64)
        for position, name in enumerate(self.columns):
            out[:, position] = self._column(name, frame[name])
        return out

    def _column(self, name: str, values: pd.Series) -> Array:
        known = self.categories.get(name)
        if known is not None:
            codes = pd.Index(known, dtype=object).get_indexer(pd.Index(values.astype(object).map(_text)))
            return np.where(codes < 0, np.nan, codes.astype(np.float64))
        try:
            numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError):
            raise ModelRefused(f"{name}: expected numbers, found {values.dtype}. Declare it as a category.") from None
        if np.isinf(numbers).any():
            raise ModelRefused(f"{name}: {np.isinf(numbers).sum():,} of {len(numbers):,} values are infinite.")
        return numbers

    @property
    def categorical(self) -> list[int]:
        """Positions of the text columns."""
        return [i for i, c in enumerate(self.columns) if c in self.categories]


def _text(value: object) -> object:
    return value if value is None or value != value else str(value)  # noqa: PLR0124 # NaN is what differs from itself


@dataclass(frozen=True)
class Boosted:
    """Trees over an encoder's columns: a correction of the margin, to be added to an offset."""

    encoder: Encoder
    text: str
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict, compare=False)

    @cached_property
    def booster(self) -> lgb.Booster:
        """LightGBM's own object, read from the text."""
        return lgb.Booster(model_str=self.text)

    @property
    def rounds(self) -> int:
        """Trees kept."""
        return self.text.count("\nTree=")

    def margin(self, frame: pd.DataFrame, threads: int | None = None) -> Array:
        """Sum the trees' raw values per row (no offset)."""
        if not len(frame):
            return np.empty(0)
        matrix = self.encoder.encode(frame)
        if not self.rounds:
            return np.zeros(len(frame))
        return np.asarray(self.booster.predict(matrix, raw_score=True, num_threads=threads or 0), dtype=np.float64)

    def contributions(self, frame: pd.DataFrame, threads: int | None = None) -> tuple[float, Array]:
        """Split the margin exactly over the columns (TreeSHAP).

        Returns
        -------
        float, Array
            The base (margin of nobody in particular) and ``(rows, columns)``; base + row sums = ``margin``.
        """
        matrix = self.encoder.encode(frame)
        if not self.rounds:
            return 0.0, np.zeros_like(matrix)
        head = matrix if len(matrix) else np.zeros((1, matrix.shape[1]))  # one row tells the base
        phi = np.asarray(self.booster.predict(head, pred_contrib=True, num_threads=threads or 0), dtype=np.float64)
        return float(phi[0, -1]), phi[: len(matrix), :-1]

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
class Rows:
    """Rows to learn from or to stop by: the target, where boosting starts, and weights."""

    matrix: Array
    y: Array
    offset: Array | None = None
    weight: Array | None = None


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

    def params(self) -> dict[str, Any]:
        """LightGBM's names for it."""
        return {
            "objective": self.objective,
            "metric": "None",
            "learning_rate": self.learning_rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.min_child_samples,
            "min_sum_hessian_in_leaf": self.min_child_weight,
            "min_data_in_bin": 1,
            "lambda_l2": self.l2,
            "path_smooth": self.smooth,
            "feature_fraction": self.feature_fraction,
            "bagging_fraction": self.bagging_fraction,
            "bagging_freq": 1 if self.bagging_fraction < 1 else 0,
            "tweedie_variance_power": self.tweedie_power,
            "max_bin": self.max_bin,
            "boost_from_average": False,
            "deterministic": True,
            "force_row_wise": True,
            "feature_pre_filter": False,
            "seed": self.seed,
            "num_threads": self.threads or 0,
            "verbosity": -1,
        }


def train(plan: Plan, encoder: Encoder, fit: Rows, stop: Rows | None = None) -> Boosted:
    """Boost from the offset, stopping where the validation rows no longer gain.

    Parameters
    ----------
    plan
        Objective and regularisation.
    encoder
        Made ``fit.matrix`` and ``stop.matrix``.
    fit
        Rows to learn from.
    stop
        Rows that decide the number of rounds, with their own offset; None takes all rounds.

    Returns
    -------
    Boosted
        Possibly without any tree, where none helped on ``stop``. ``curves`` holds the loss per round (lower is better),
        beginning with the offset alone.
    """
    curves: dict[str, dict[str, list[float]]] = {}
    data = _dataset(plan, encoder, fit)
    sets, names, rows = [data], ["fit"], {"fit": fit}
    callbacks = [lgb.record_evaluation(curves)]
    if stop is not None:
        sets, names, rows = [*sets, _dataset(plan, encoder, stop, data)], [*names, "stop"], {"fit": fit, "stop": stop}
        callbacks.append(lgb.early_stopping(plan.patience, verbose=False))
    measures = {name: LevelFreeLoss(plan, part) for name, part in rows.items()}
    booster = lgb.train(
        plan.params(),
        data,
        plan.rounds,
        valid_sets=sets,
        valid_names=names,
        feval=[_measure(name, measures[name], part) for name, part in zip(names, sets, strict=True)],
        callbacks=callbacks,
    )
    named = {name: [measures[name].start, *curves[name][name]] for name in names}
    rounds = int(np.argmin(named["stop"])) if stop is not None else booster.num_trees()
    text = booster.model_to_string(num_iteration=rounds) if rounds else ""
    return Boosted(encoder, text.split("\nparameters:")[0], {k: tuple(map(float, v)) for k, v in named.items()})


class LevelFreeLoss:
    """Mean loss after the best shift of the margins (and, for risks, the best slope): lower is better.

    Levels are calibrated afterwards, on the same rows. A stop by the plain loss would, in a season unlike the one
    learned from, mistake a better ranking at a wrong level for a worse model.
    """

    def __init__(self, plan: Plan, rows: Rows) -> None:
        stride = -(-len(rows.y) // MOST_MEASURED)  # a loss per round need not read every row of a large set
        self.plan, self.some = plan, slice(None, None, stride)
        self.y = rows.y[self.some]
        self.weight = np.ones(len(self.y)) if rows.weight is None else rows.weight[self.some]
        self.line = np.array([1.0, 0.0])  # slope and shift, kept between rounds: the next best is close by
        self.start = self(np.zeros(len(rows.y)) if rows.offset is None else rows.offset)

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


def _dataset(plan: Plan, encoder: Encoder, rows: Rows, reference: lgb.Dataset | None = None) -> lgb.Dataset:
    return lgb.Dataset(
        rows.matrix,
        rows.y,
        weight=rows.weight,
        init_score=np.zeros(len(rows.y)) if rows.offset is None else rows.offset,
        feature_name=[
            f"c{i}" for i in range(len(encoder.columns))
        ],  # users' names may hold characters LightGBM refuses
        categorical_feature=encoder.categorical,
        reference=reference,
        params=plan.params(),
        free_raw_data=True,
    )


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
