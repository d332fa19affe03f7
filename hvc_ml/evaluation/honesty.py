"""The honesty panel: the model beside what a spreadsheet would do, on rows from the future of both."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from hvc_ml.errors import NotEnoughData
from hvc_ml.evaluation.bootstrap import REPLICATES, Estimate
from hvc_ml.evaluation.campaign import Campaign
from hvc_ml.evaluation.metrics import CHURN_KERNELS, VALUE_KERNELS, interval_coverage
from hvc_ml.evaluation.outcomes import PROFIT, Outcomes
from hvc_ml.evaluation.ranking import FloatArray
from hvc_ml.evaluation.scorecard import HEADLINE, Rows, Scorecard

MODEL: Final = "model"
FORESIGHT: Final = "perfect_foresight"
"""The ceiling: what came, used as its own prediction. Shown, but nobody has to beat it."""

NEGLIGIBLE: Final = 0.0005
"""A difference in Gini that no list would show: a prior that stands alone is its own baseline but for rounding."""

CONTRACT: Final = (
    "churn_auc",
    "churn_brier",
    "churn_ece",
    "value_gini",
    "value_captured_20",
    "value_spearman",
    "value_bias",
    "interval_coverage",
)
"""The figures of ``train --json``."""


Said = tuple[FloatArray | None, FloatArray | None]
"""Churn risk (or anything that rises with it), and value; None where nothing is said of it."""


@dataclass(frozen=True)
class CutoffFigures:
    """One test cutoff: rows, and figures of the model and of each baseline."""

    cutoff: str
    n: int
    model: dict[str, float]
    baselines: dict[str, dict[str, float]]


@dataclass(frozen=True)
class Panel:
    """Model and baselines on the same test rows.

    Attributes
    ----------
    model
        Metric -> estimate with its 95 % interval (customers drawn again).
    baselines
        Baseline -> metric -> estimate, for the headline metrics.
    best_baseline
        The baseline with the highest normalised Gini of value; None without baselines.
    difference_gini
        Model minus best baseline, on the same drawn customers.
    differences
        The same for every headline metric.
    ceiling
        Share of value that perfect foresight captures in its top 20 %.
    says
        The verdict in plain words.
    """

    model: dict[str, Estimate]
    baselines: dict[str, dict[str, Estimate]]
    best_baseline: str | None
    difference_gini: Estimate
    differences: dict[str, Estimate]
    ceiling: float
    cutoffs: tuple[CutoffFigures, ...]
    n_rows: int
    n_customers: int
    says: str

    @property
    def beats(self) -> bool:
        """Whether the whole interval of the difference in Gini lies above 0."""
        return self.difference_gini.low > 0

    def metrics(self) -> dict[str, Any]:
        """The ``metrics`` of ``train --json``: figures of the model and ``baselines``; undefined is None."""
        return {**_plain(self.model), "baselines": {name: _plain(m) for name, m in self.baselines.items()}}

    def evaluation(self) -> dict[str, Any]:
        """The result of ``evaluate --json``: every cutoff, and the summary."""
        cutoffs = [
            {
                "cutoff": c.cutoff,
                "n": c.n,
                "model": {k: _number(v) for k, v in c.model.items()},
                "baselines": {b: {k: _number(v) for k, v in m.items()} for b, m in c.baselines.items()},
            }
            for c in self.cutoffs
        ]
        summary = {
            "model": _plain(self.model),
            "baselines": {name: _plain(m) for name, m in self.baselines.items()},
            "best_baseline": self.best_baseline,
            "difference_gini": self.difference_gini.as_list(),
            "says": self.says,
        }
        return {"cutoffs": cutoffs, "summary": summary}

    def table(self) -> pd.DataFrame:
        """One row per prediction and headline metric: ``name``, ``metric``, ``low``, ``mid``, ``high``."""
        named = {MODEL: self.model, **self.baselines}
        return pd.DataFrame(
            [
                {"name": name, "metric": metric, "low": e.low, "mid": e.mid, "high": e.high}
                for name, figures in named.items()
                for metric, e in figures.items()
                if metric in HEADLINE
            ]
        )


def honesty_panel(
    actual: pd.DataFrame,
    predictions: pd.DataFrame,
    baselines: Mapping[str, pd.DataFrame],
    *,
    campaign: Campaign | None = None,
    replicates: int = REPLICATES,
    seed: int = 7,
) -> Panel:
    """Measure a model beside its baselines, on the same customers and cutoffs.

    Parameters
    ----------
    actual
        ``customer_id``, ``churned`` (0 or 1), ``future_value`` (money in the horizon); with several test cutoffs also
        ``cutoff``.
    predictions
        The same keys, ``churn_risk`` (a probability), ``future_value`` (expected money) and optionally
        ``future_value_low``, ``future_value_high``.
    baselines
        Name -> the same keys, ``churn_risk`` or ``churn_risk_order`` (any number that rises with risk; may be absent)
        and ``value`` (any number that rises with future value). A frame without keys has the index of ``actual``.
    campaign
        With it, and with ``value_if_kept`` in ``actual`` (the yardstick, see ``evaluation.profit``) and in
        ``predictions``, model and baselines also have ``profit_at_capacity``, and the model ``empc``, in money per
        customer; a rule, which has an order only, is read in its own favour (`Outcomes.of_rule`).
    replicates, seed
        Of the customer bootstrap.

    Returns
    -------
    Panel
        Figures with 95 % intervals, each averaged over cutoffs, and a verdict in words.

    Raises
    ------
    ModelRefused
        If a prediction is not finite.
    NotEnoughData
        If there is no test row.
    ValueError
        If rows cannot be matched one to one.

    Examples
    --------
    >>> fact = pd.DataFrame({"customer_id": list("abcd"), "churned": [0, 1, 0, 1], "future_value": [9.0, 0, 4, 0]})
    >>> model = fact.assign(churn_risk=[0.1, 0.8, 0.3, 0.6], future_value=[8.0, 1, 5, 2])
    >>> panel = honesty_panel(fact, model, {"past": fact.assign(value=[1.0, 2, 3, 4])[["customer_id", "value"]]})
    >>> panel.model["churn_auc"].mid, panel.best_baseline
    (1.0, 'past')
    """
    if actual.empty:
        raise NotEnoughData(
            "evaluation: no test row. Labels need a cutoff with its whole horizon before the data's end."
        )
    rows = Rows.of(actual)
    mine = rows.align(predictions, ("churn_risk", "future_value", "future_value_low", "future_value_high"))
    named: dict[str, Said] = {MODEL: (mine.get("churn_risk"), mine.get("future_value"))}
    for name, frame in baselines.items():
        theirs = rows.align(frame, ("churn_risk", "churn_risk_order", "value"))
        named[name] = theirs.get("churn_risk", theirs.get("churn_risk_order")), theirs.get("value")
    named[FORESIGHT] = rows.churned, rows.value
    wanted = dict.fromkeys((*baselines, FORESIGHT), HEADLINE)
    card = Scorecard.of(rows, named, wanted, replicates=replicates, seed=seed)
    panel = _panel(rows, card, mine, [*baselines])
    if campaign is None:
        return panel
    outcomes = Outcomes.of(actual, campaign, replicates=replicates, seed=seed)
    gain = outcomes.expected_gain(predictions)
    return panel if gain is None else _in_money(panel, outcomes, gain, named)


def _panel(rows: Rows, card: Scorecard, mine: Mapping[str, FloatArray], names: list[str]) -> Panel:
    rivals = [n for n in names if n != FORESIGHT and not math.isnan(card.points[n, "value_gini"])]
    best = max(rivals, key=lambda n: (card.points[n, "value_gini"], n)) if rivals else None
    nothing = Estimate(math.nan, math.nan, math.nan)
    gaps = {m: card.difference(MODEL, best, m) if best else nothing for m in HEADLINE}
    model = {m: card.estimate(MODEL, m) for m in (*CHURN_KERNELS, *VALUE_KERNELS)}
    return Panel(
        model={**model, "interval_coverage": _coverage(rows, mine)},
        baselines={n: {m: card.estimate(n, m) for m in HEADLINE} for n in names},
        best_baseline=best,
        difference_gini=gaps["value_gini"],
        differences=gaps,
        ceiling=card.points[FORESIGHT, "value_captured_20"],
        cutoffs=tuple(_at_cutoff(rows, card, mine, names, cutoff) for cutoff in rows.cutoff),
        n_rows=len(rows.value),
        n_customers=rows.key["customer_id"].nunique(),
        says=_says(card, best, gaps["value_gini"]),
    )


def _in_money(panel: Panel, outcomes: Outcomes, gain: FloatArray, named: Mapping[str, Said]) -> Panel:
    """The same panel, with what each ranking would have earned."""
    rules = {n: outcomes.foresight if n == FORESIGHT else outcomes.of_rule(*named[n]) for n in panel.baselines}
    known = {n: by for n, by in rules.items() if by is not None}
    money = {n: outcomes.figures(by, (PROFIT,)) for n, by in known.items()}
    at = {n: outcomes.by_cutoff(by, (PROFIT,)) for n, by in known.items()} | {MODEL: outcomes.by_cutoff(gain)}
    rival = known.get(panel.best_baseline or "")
    return replace(
        panel,
        model=panel.model | outcomes.figures(gain),
        baselines={n: found | money.get(n, {}) for n, found in panel.baselines.items()},
        differences=panel.differences | ({} if rival is None else {PROFIT: outcomes.difference(gain, rival)}),
        cutoffs=tuple(
            replace(
                c,
                model=c.model | at[MODEL][c.cutoff],
                baselines={n: found | (at[n][c.cutoff] if n in at else {}) for n, found in c.baselines.items()},
            )
            for c in panel.cutoffs
        ),
    )


def _coverage(rows: Rows, mine: Mapping[str, FloatArray]) -> Estimate:
    if not {"future_value_low", "future_value_high"} <= mine.keys():
        return Estimate(math.nan, math.nan, math.nan)
    inside = (mine["future_value_low"] <= rows.value) & (rows.value <= mine["future_value_high"])
    by_cutoff = [float(inside[at].mean()) for at in rows.cutoff.values()]
    customers = rows.key["customer_id"].nunique()
    share = float(np.mean(by_cutoff))
    error = math.sqrt(share * (1 - share) / customers)
    return Estimate(max(0.0, share - 1.96 * error), share, min(1.0, share + 1.96 * error), error)


def _at_cutoff(
    rows: Rows, card: Scorecard, mine: Mapping[str, FloatArray], names: list[str], cutoff: str
) -> CutoffFigures:
    at, figures = rows.cutoff[cutoff], card.by_cutoff[cutoff]
    model = {m: figures[MODEL, m] for m in (*CHURN_KERNELS, *VALUE_KERNELS)}
    if {"future_value_low", "future_value_high"} <= mine.keys():
        low, high = mine["future_value_low"][at], mine["future_value_high"][at]
        model["interval_coverage"] = interval_coverage(rows.value[at], low, high)
    return CutoffFigures(cutoff, len(at), model, {n: {m: figures[n, m] for m in HEADLINE} for n in names})


def _says(card: Scorecard, best: str | None, gap: Estimate) -> str:
    if best is None:
        return "There is no baseline to compare with."
    mine, theirs = card.points[MODEL, "value_gini"], card.points[best, "value_gini"]
    figures = f"normalised Gini of value {mine:.3f} against {theirs:.3f}"
    spread = f"{gap.mid:+.3f}, 95 % interval {gap.low:+.3f} to {gap.high:+.3f}"
    name = best.replace("_", " ")
    if math.isnan(gap.mid):
        return f"The model cannot be compared with the best baseline, {name}: value does not vary on the test rows."
    if abs(gap.mid) < NEGLIGIBLE:
        return f"The model equals the best baseline, {name}: {figures}."
    if gap.low > 0:
        return f"The model beats the best baseline, {name}: {figures} ({spread})."
    if gap.high < 0:
        return f"The model does not beat the best baseline, {name}; it is worse: {figures} ({spread})."
    return f"The model does not beat the best baseline, {name}, beyond chance: {figures} ({spread})."


def _plain(figures: Mapping[str, Estimate]) -> dict[str, float | None]:
    return {name: _number(estimate.mid) for name, estimate in figures.items()}


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
