"""LightGBM's only door: a booster on an encoded frame, starting from an offset, kept as text.

Columns reach LightGBM as one float64 matrix whose order this module alone decides (a frame with reordered columns would
be predicted wrongly in silence), and text columns as positions in a stored list of categories.
"""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

# waiting threads must not burn the other jobs' time on shared machines
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.errors import ModelRefused
from hvc_ml.estimators.losses import LevelFreeLoss, Plan, Rows
from hvc_ml.treeshap import Damaged, Explainer, Unsupported, check_model

Array = NDArray[np.float64]

_log = logging.getLogger(__name__)

EXACT = 1e-9
"""Contributions may be off by so much of what they add up to: rounding, nothing else."""
COMPARED = 8
"""Rows of which the contributions are computed twice, by LightGBM too."""

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

        Raises
        ------
        ModelRefused
            If the contributions of a row do not add up to its margin.
        """
        matrix = self.encoder.encode(frame)
        if not self.rounds:
            return 0.0, np.zeros_like(matrix)
        if self.explainer is None:
            head = matrix if len(matrix) else np.zeros((1, matrix.shape[1]))  # one row tells the base
            phi = np.asarray(self.booster.predict(head, pred_contrib=True, num_threads=threads or 0), dtype=np.float64)
            return float(phi[0, -1]), phi[: len(matrix), :-1]
        base, phi = self.explainer.base, self.explainer.contributions(matrix, threads=threads)
        self._check(base, phi, matrix, threads)
        return base, phi

    @cached_property
    def explainer(self) -> Explainer | None:
        """Our own TreeSHAP of these trees; None for trees that it does not know, which LightGBM explains slowly."""
        try:
            return Explainer(self.text)
        except Unsupported as reason:
            _log.warning("reasons are computed slowly: %s", reason)
            return None

    def _check(self, base: float, phi: Array, matrix: Array, threads: int | None) -> None:
        """Every row adds up, and a few rows are what LightGBM says of them."""
        margin = self.booster.predict(matrix, raw_score=True, num_threads=threads or 0) if len(matrix) else np.empty(0)
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
        feature_name=[f"c{i}" for i in range(len(encoder.columns))],  # LightGBM refuses some characters of users' names
        categorical_feature=encoder.categorical,
        reference=reference,
        params=plan.params(),
        free_raw_data=True,
    )
