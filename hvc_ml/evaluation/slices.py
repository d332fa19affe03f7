"""The same figures for a part of the customers: a good mean may hide a tier or a newcomer that is served badly."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hvc_ml.evaluation.bootstrap import REPLICATES, Estimate, interval
from hvc_ml.evaluation.honesty import FORESIGHT, MODEL, NEGLIGIBLE, _coverage, _number
from hvc_ml.evaluation.ranking import FloatArray, IntArray, divide
from hvc_ml.evaluation.reach import chosen_and_reached, first_by_value_at_risk
from hvc_ml.evaluation.scorecard import Rows, Scorecard

LEAST_CUSTOMERS: Final = 100
"""With fewer at a cutoff nothing is measured there: their top 20 % would be fewer than 20 customers, and the share
inside an 80 % interval is not known to 8 points (1.96 sqrt(.8 x .2 / 100))."""

LEAST_EACH: Final = 20
"""With fewer who left, or who stayed, there is no AUC: at .8 it would be known to .12 only (Hanley & McNeil, Radiology
143, 1982)."""

FIGURES: Final = ("churn_auc", "churn_ece", "value_gini", "value_captured_20", "value_bias")
"""Of the model."""

MEASURED: Final = (*FIGURES, "churn_bias", "interval_coverage")

COMPARED: Final = ("churn_auc", "value_gini", "value_captured_20")
"""Of the best baseline."""

UNKNOWN: Final = Estimate(math.nan, math.nan, math.nan)

Mask = npt.NDArray[np.bool_]
Columns = Mapping[str, FloatArray]
Predictions = Mapping[str, tuple[FloatArray | None, FloatArray | None]]
"""Name -> churn risk (or anything that rises with it), value."""


@dataclass(frozen=True)
class Slice:
    """A part of the test rows, and how the model does there.

    Attributes
    ----------
    by, name
        What the rows are told apart by, and which part this is: ``tier``, ``Gold``.
    n, customers
        Rows and different customers at all test cutoffs.
    cutoffs
        The test cutoffs it is measured at: those with at least ``LEAST_CUSTOMERS`` of its customers.
    churn_rate
        Share of customers that left, there.
    model
        Figure -> estimate with its 95 % interval; ``churn_bias`` is mean risk minus churn rate.
    chosen
        Share of its customers who stood among the first of everybody by value at risk (`reach`): its selection rate.
        Unknown where there is no value if kept.
    reached
        The same share of those of them who left: its true positive rate, which equal opportunity asks to be alike in
        all parts. Unknown with fewer than ``LEAST_EACH`` of them.
    best_baseline, baseline
        The baseline with the highest Gini of value in this slice, and its figures.
    difference_gini
        Model minus best baseline, on the same drawn customers.
    says
        What could not be measured, and why; empty where all could.
    """

    by: str
    name: str
    n: int
    customers: int
    cutoffs: tuple[str, ...] = ()
    churn_rate: float = math.nan
    chosen: float = math.nan
    reached: float = math.nan
    model: dict[str, Estimate] = field(default_factory=lambda: dict.fromkeys(MEASURED, UNKNOWN))
    best_baseline: str | None = None
    baseline: dict[str, Estimate] = field(default_factory=dict)
    difference_gini: Estimate = UNKNOWN
    says: str = ""

    @property
    def worse(self) -> bool:
        """Whether a simple rule is better here beyond chance, by a difference that a list would show."""
        return self.difference_gini.high < 0 and self.difference_gini.mid < -NEGLIGIBLE

    def as_json(self) -> dict[str, Any]:
        """Plain values; undefined is None."""
        return {
            "by": self.by,
            "name": self.name,
            "n": self.n,
            "customers": self.customers,
            "cutoffs": list(self.cutoffs),
            "churn_rate": _number(self.churn_rate),
            "chosen": _number(self.chosen),
            "reached": _number(self.reached),
            "model": {m: _number(e.mid) for m, e in self.model.items()},
            "intervals": {m: e.as_list() for m, e in self.model.items()},
            "best_baseline": self.best_baseline,
            "baseline": {m: _number(e.mid) for m, e in self.baseline.items()},
            "difference_gini": self.difference_gini.as_list(),
            "says": self.says,
        }


def slices(
    actual: pd.DataFrame,
    predictions: pd.DataFrame,
    baselines: Mapping[str, pd.DataFrame],
    labels: pd.DataFrame,
    *,
    replicates: int = REPLICATES,
    seed: int = 7,
) -> tuple[Slice, ...]:
    """Measure the model on parts of the test rows, each figure averaged over cutoffs as in the honesty panel.

    Parameters
    ----------
    actual, predictions, baselines
        As for `honesty_panel`.
    labels
        Rows as ``actual``, in the same order and with its index; one categorical column per way of telling customers
        apart, whose categories are its slices.

    Returns
    -------
    tuple of Slice
        By column, then by category.

    Raises
    ------
    ModelRefused
        If a prediction is not finite.
    ValueError
        If rows cannot be matched one to one.

    Examples
    --------
    >>> fact = pd.DataFrame({"customer_id": range(200), "churned": [0, 1] * 100, "future_value": [9.0, 0.0] * 100})
    >>> model = fact.assign(churn_risk=0.1 + 0.8 * fact.churned)
    >>> tier = pd.DataFrame({"tier": pd.Categorical(["Gold"] * 120 + ["Mass"] * 80)})
    >>> [(s.name, s.model["value_gini"].mid, s.says) for s in slices(fact, model, {}, tier, replicates=9)]
    [('Gold', 1.0, ''), ('Mass', nan, 'at most 80 customers at a cutoff; 100 are needed')]
    """
    rows = Rows.of(actual)
    mine = rows.align(
        predictions, ("churn_risk", "value_if_kept", "future_value", "future_value_low", "future_value_high")
    )
    first, left = first_by_value_at_risk(mine, [*rows.cutoff.values()]), rows.churned > 0.0
    said = {name: _said(rows, frame) for name, frame in baselines.items() if name != FORESIGHT}
    labels = labels.loc[rows.key.index]
    found = []
    for by in labels:
        for name in labels[by].cat.categories:
            inside = (labels[by] == name).to_numpy(bool)
            part = _slice(str(by), str(name), rows, inside, mine, said, replicates, seed)
            if part.cutoffs:
                at = [rows.cutoff[c][inside[rows.cutoff[c]]] for c in part.cutoffs]
                chosen, reached = chosen_and_reached(first, left, at, least=LEAST_EACH)
                part = replace(part, chosen=chosen, reached=reached)
            found.append(part)
    return tuple(found)


def slice_table(found: Sequence[Slice]) -> pd.DataFrame:
    """One row per slice and figure: ``by``, ``slice``, ``rows``, ``figure``, ``low``, ``mid``, ``high``, ``rule``."""
    return pd.DataFrame(
        [
            {
                "by": s.by,
                "slice": s.name,
                "rows": s.n,
                "figure": figure,
                "low": e.low,
                "mid": e.mid,
                "high": e.high,
                "rule": s.baseline[figure].mid if figure in s.baseline else math.nan,
            }
            for s in found
            for figure, e in s.model.items()
        ]
    )


def _slice(
    by: str, name: str, rows: Rows, inside: Mask, mine: Columns, said: Predictions, replicates: int, seed: int
) -> Slice:
    sizes = {cutoff: int(inside[at].sum()) for cutoff, at in rows.cutoff.items()}
    customers = int(rows.key["customer_id"][inside].nunique())
    enough = tuple(c for c, n in sizes.items() if n >= LEAST_CUSTOMERS)
    if not enough:
        most = max(sizes.values())
        says = f"at most {most} customers at a cutoff; {LEAST_CUSTOMERS} are needed" if most else "there is nobody"
        return Slice(by, name, sum(sizes.values()), customers, says=says)
    at = np.concatenate([rows.cutoff[c][inside[rows.cutoff[c]]] for c in enough])
    part, few = _part(rows, at), _few(_part(rows, at))
    short = [f"not at {c} ({n} customers; {LEAST_CUSTOMERS} are needed)" for c, n in sizes.items() if c not in enough]
    found = _figures(
        part,
        {column: values[at] for column, values in mine.items()},
        {rule: (_at(risk, at), _at(value, at)) for rule, (risk, value) in said.items()},
        replicates,
        seed,
    )
    measured = Slice(by, name, sum(sizes.values()), customers, cutoffs=enough, says="; ".join((*short, *few)), **found)
    return _without_auc(measured) if few else measured


def _figures(part: Rows, mine: Columns, said: Predictions, replicates: int, seed: int) -> dict[str, Any]:
    """What is measured of a slice: the model's figures, the best baseline's, and the difference."""
    best = _best(part, said)
    rival = {best: said[best]} if best else {}
    named = {MODEL: (mine.get("churn_risk"), mine.get("future_value")), **rival}
    wanted = {MODEL: FIGURES, **dict.fromkeys(rival, COMPARED)}
    card = Scorecard.of(part, named, wanted, replicates=replicates, seed=seed)
    return {
        "churn_rate": float(np.mean([part.churned[i].mean() for i in part.cutoff.values()])),
        "model": {
            **{m: card.estimate(MODEL, m) for m in FIGURES},
            "churn_bias": _churn_bias(part, mine.get("churn_risk"), replicates, seed),
            "interval_coverage": _coverage(part, mine),
        },
        "best_baseline": best,
        "baseline": {m: card.estimate(best, m) for m in COMPARED} if best else {},
        "difference_gini": card.difference(MODEL, best, "value_gini") if best else UNKNOWN,
    }


def _without_auc(found: Slice) -> Slice:
    model, baseline = (
        {m: UNKNOWN if m == "churn_auc" else e for m, e in figures.items()} for figures in (found.model, found.baseline)
    )
    return replace(found, model=model, baseline=baseline)


def _said(rows: Rows, frame: pd.DataFrame) -> tuple[FloatArray | None, FloatArray | None]:
    found = rows.align(frame, ("churn_risk", "churn_risk_order", "value"))
    return found.get("churn_risk", found.get("churn_risk_order")), found.get("value")


def _at(column: FloatArray | None, at: IntArray) -> FloatArray | None:
    return None if column is None else column[at]


def _part(rows: Rows, at: IntArray) -> Rows:
    """The rows ``at``, which are sorted, as rows of their own."""
    places = {c: np.flatnonzero(np.isin(at, among)) for c, among in rows.cutoff.items()}
    kept = {c: i for c, i in places.items() if len(i)}
    return Rows(rows.key.iloc[at], kept, rows.churned[at], rows.value[at])


def _best(part: Rows, said: Predictions) -> str | None:
    """The baseline with the highest Gini in this part."""
    points = Scorecard.of(part, said, dict.fromkeys(said, ("value_gini",)), replicates=0).points if said else {}
    rivals = [(gini, name) for (name, _), gini in points.items() if not math.isnan(gini)]
    return max(rivals)[1] if rivals else None


def _few(part: Rows) -> list[str]:
    """Why there is no AUC, where too few left or stayed at a cutoff."""
    for cutoff, at in part.cutoff.items():
        left = int(part.churned[at].sum())
        if min(left, len(at) - left) < LEAST_EACH:
            where = f" at {cutoff}" if cutoff else ""
            return [f"{left} left and {len(at) - left} stayed{where}; an AUC needs {LEAST_EACH} of each"]
    return []


def _churn_bias(part: Rows, risk: FloatArray | None, replicates: int, seed: int) -> Estimate:
    """Mean risk minus churn rate, averaged over cutoffs: best at 0."""
    if risk is None:
        return UNKNOWN
    error = risk - part.churned
    for at in part.cutoff.values():
        error[at] *= len(error) / (len(at) * len(part.cutoff))  # so that every cutoff counts alike
    ids = part.key["customer_id"].astype(str)
    return interval(_mean_error, np.zeros_like(error), error, ids, replicates=replicates, seed=seed)


def _mean_error(actual: FloatArray, predicted: FloatArray, weights: FloatArray) -> FloatArray:
    return divide(np.einsum("ij,j->i", weights, predicted - actual), weights.sum(axis=1))
