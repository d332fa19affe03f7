"""Several predictions for the same rows, measured side by side on the same drawn customers.

Every figure is computed within each test cutoff and averaged over cutoffs: a list is made at one cutoff, and customers
of different months do not compete for a place on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from hvc_ml.errors import ModelRefused
from hvc_ml.evaluation.bootstrap import REPLICATES, Draw, Estimate
from hvc_ml.evaluation.metrics import CHURN_KERNELS, VALUE_KERNELS
from hvc_ml.evaluation.ranking import FloatArray, IntArray

HEADLINE: Final = ("churn_auc", "value_gini", "value_captured_20", "value_spearman")
"""What every baseline is measured by."""

Figure = tuple[str, str]
"""(name of the prediction, name of the metric)."""


@dataclass(frozen=True)
class Rows:
    """What happened, as arrays sorted by cutoff and customer.

    Parameters
    ----------
    key
        customer_id and cutoff of each row; its index is that of the frame they came in.
    cutoff
        Where each cutoff's rows are: name -> row numbers.
    churned, value
        What happened, shape (n,).
    """

    key: pd.DataFrame
    cutoff: dict[str, IntArray]
    churned: FloatArray
    value: FloatArray

    @classmethod
    def of(cls, actual: pd.DataFrame) -> "Rows":
        """Read ``customer_id``, ``churned``, ``future_value`` and, with several cutoffs, ``cutoff``."""
        frame = actual.assign(cutoff=actual.get("cutoff", ""))
        frame = frame.sort_values(["cutoff", "customer_id"], kind="stable")
        if frame.duplicated(["cutoff", "customer_id"]).any() or frame.empty:
            raise ValueError(f"actual: one row per customer and cutoff, at least one; found {len(frame):,} rows")
        where = {str(c): np.asarray(rows) for c, rows in frame.groupby("cutoff", sort=True).indices.items()}
        churned, value = (frame[c].to_numpy(np.float64) for c in ("churned", "future_value"))
        return cls(frame[["customer_id", "cutoff"]], where, churned, value)

    def align(self, predictions: pd.DataFrame, columns: Sequence[str]) -> dict[str, FloatArray]:
        """Columns of ``predictions`` in the order of these rows, matched by customer (and cutoff).

        Raises
        ------
        ModelRefused
            If a prediction is NaN or infinite; a column that is empty altogether is left out instead.
        ValueError
            If a row has no prediction, or two.
        """
        if "customer_id" not in predictions and len(predictions) == len(self.key):
            keyed = self.key.join(predictions.drop(columns="cutoff", errors="ignore"))
            return self.align(keyed, columns)
        dated = [*self.cutoff] != [""]
        keys = [k for k in ("customer_id", "cutoff") if k in predictions and (dated or k != "cutoff")]
        if "customer_id" not in keys or ("cutoff" not in keys and len(self.cutoff) > 1):
            raise ValueError(f"predictions need customer_id and cutoff to be matched by; found {keys}")
        if predictions.duplicated(keys).any():
            raise ValueError("predictions: one row per customer and cutoff")
        present = [c for c in columns if c in predictions and not predictions[c].isna().all()]
        found = self.key.merge(predictions[[*keys, *present]], on=keys, how="left", indicator="_found")
        missing = int((found["_found"] != "both").sum())
        if missing:
            raise ValueError(f"predictions: {missing:,} of {len(found):,} test rows have none")
        arrays = {c: found[c].to_numpy(np.float64) for c in present}
        for column, array in arrays.items():
            if bad := int((~np.isfinite(array)).sum()):
                raise ModelRefused(
                    f"{column}: {bad:,} of {len(array):,} predictions are not finite; nothing is measured."
                )
        return arrays


@dataclass(frozen=True)
class Scorecard:
    """Figures of several predictions, with intervals, and their differences.

    Build it with `Scorecard.of`.
    """

    points: dict[Figure, float]
    by_cutoff: dict[str, dict[Figure, float]]
    draws: dict[Figure, FloatArray]
    draw: Draw

    @classmethod
    def of(
        cls,
        rows: Rows,
        predictions: Mapping[str, tuple[FloatArray | None, FloatArray | None]],
        wanted: Mapping[str, Sequence[str]] | None = None,
        *,
        replicates: int = REPLICATES,
        seed: int = 7,
    ) -> "Scorecard":
        """Measure ``predictions`` (name -> churn risk, value; None where one has no say) on ``rows``.

        Parameters
        ----------
        wanted
            Name -> metrics; names that are not mentioned get all of them.
        """
        draw = Draw.of(rows.key["customer_id"].astype(str), replicates=replicates, seed=seed)
        lists = {name: tuple((wanted or {}).get(name, (*CHURN_KERNELS, *VALUE_KERNELS))) for name in predictions}
        by_cutoff = {
            cutoff: {f: float(v[0]) for f, v in _figures(rows, at, predictions, lists, np.ones((1, len(at)))).items()}
            for cutoff, at in rows.cutoff.items()
        }
        return cls(_mean_over_cutoffs(by_cutoff), by_cutoff, _draws(rows, predictions, lists, draw), draw)

    def estimate(self, name: str, metric: str) -> Estimate:
        """One figure of one prediction."""
        return self.draw.estimate(self.points[name, metric], self.draws[name, metric])

    def difference(self, first: str, second: str, metric: str) -> Estimate:
        """``first`` minus ``second`` on the same drawn customers."""
        point = self.points[first, metric] - self.points[second, metric]
        return self.draw.estimate(point, self.draws[first, metric] - self.draws[second, metric])


def _figures(
    rows: Rows,
    at: IntArray,
    predictions: Mapping[str, tuple[FloatArray | None, FloatArray | None]],
    lists: Mapping[str, Sequence[str]],
    weights: FloatArray,
) -> dict[Figure, FloatArray]:
    """Every wanted figure on the rows ``at``: one value per row of ``weights``."""
    found: dict[Figure, FloatArray] = {}
    for name, (risk, value) in predictions.items():
        for metric in lists[name]:
            kernel = CHURN_KERNELS.get(metric) or VALUE_KERNELS[metric]
            predicted, actual = (risk, rows.churned) if metric in CHURN_KERNELS else (value, rows.value)
            if predicted is None:
                found[name, metric] = np.full(len(weights), np.nan)
            else:
                found[name, metric] = kernel(actual[at], predicted[at], weights)
    return found


def _draws(
    rows: Rows,
    predictions: Mapping[str, tuple[FloatArray | None, FloatArray | None]],
    lists: Mapping[str, Sequence[str]],
    draw: Draw,
) -> dict[Figure, FloatArray]:
    parts: dict[Figure, list[FloatArray]] = {}
    drawn_at = [at[np.isin(at, draw.rows)] for at in rows.cutoff.values()]
    columns = [np.searchsorted(draw.rows, at) for at in drawn_at]
    for weights in draw.weights():
        found = [
            _figures(rows, at, predictions, lists, weights[:, cols])
            for at, cols in zip(drawn_at, columns, strict=True)
            if len(at)
        ]
        for figure in found[0]:
            parts.setdefault(figure, []).append(_mean([f[figure] for f in found]))
    return {figure: np.concatenate(chunks) for figure, chunks in parts.items()}


def _mean_over_cutoffs(by_cutoff: Mapping[str, Mapping[Figure, float]]) -> dict[Figure, float]:
    first = next(iter(by_cutoff.values()))
    return {figure: float(_mean([np.array([c[figure]]) for c in by_cutoff.values()])[0]) for figure in first}


def _mean(values: Sequence[FloatArray]) -> FloatArray:
    """Mean over cutoffs where the figure is defined."""
    table = np.stack(list(values))
    defined = np.isfinite(table)
    count = defined.sum(axis=0)
    mean: FloatArray = np.where(count > 0, np.where(defined, table, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)
    return mean
