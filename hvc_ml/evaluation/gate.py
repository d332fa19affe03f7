"""The promotion gate: a model becomes champion when it earns it, and the reason is written down in numbers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from hvc_ml.evaluation.bootstrap import REPLICATES, Estimate
from hvc_ml.evaluation.honesty import NEGLIGIBLE, Panel
from hvc_ml.evaluation.scorecard import Rows, Scorecard

SIGNAL_ERRORS: Final = 2.58
"""Standard errors above chance that count as signal: noise passes once in 200 times per figure."""

TOLERANCES: Final[Mapping[str, float]] = {"churn_auc": 0.01, "value_gini": 0.02, "value_captured_20": 0.02}
"""How far behind the champion a challenger's figures may lie even where the interval still holds 0."""

BEHIND_BASELINE: Final = 0.03
"""How far the Gini may lie behind the best baseline, where the interval still holds 0 (few customers)."""

MOST_ECE: Final = 0.05
ECE_SLACK: Final = 0.02
MOST_BIAS: Final = 0.25
BIAS_SLACK: Final = 0.10
"""A figure below the first bound is fine; above it, it may exceed the champion's by the slack only."""


@dataclass(frozen=True)
class Decision:
    """Whether the alias moves, why in words, and the numbers behind it (JSON values)."""

    promoted: bool
    reason: str
    details: dict[str, Any] = field(default_factory=dict)


def promotion(
    panel: Panel,
    actual: pd.DataFrame,
    challenger: pd.DataFrame,
    champion: pd.DataFrame | None = None,
    *,
    replicates: int = REPLICATES,
    seed: int = 7,
) -> Decision:
    """Decide whether a challenger becomes champion.

    Every challenger needs signal (churn AUC above 0.5, or a Gini of value above 0, beyond chance) and may not be worse
    than the best baseline. Where there is a champion, its predictions for the same rows are the measure: the challenger
    may not be worse in churn AUC, Gini of value or value captured, and calibration and total bias are guardrails.

    Parameters
    ----------
    panel
        The challenger's honesty panel on ``actual``.
    actual
        As for `honesty_panel`: the test cutoffs' rows.
    challenger, champion
        Predictions for these rows: keys, ``churn_risk``, ``future_value``. ``champion`` is None for a first version.

    Returns
    -------
    Decision
        ``details`` holds every difference as ``[low, mid, high]``.

    Raises
    ------
    ModelRefused
        If a prediction is not finite.

    Examples
    --------
    >>> from hvc_ml.evaluation.honesty import honesty_panel
    >>> fact = pd.DataFrame({"customer_id": range(40), "churned": [0, 1] * 20, "future_value": [5.0, 0.0] * 20})
    >>> good = fact.assign(churn_risk=0.1 + 0.8 * fact.churned, future_value=fact.future_value)
    >>> panel = honesty_panel(fact, good, {}, replicates=50)
    >>> promotion(panel, fact, good, replicates=50).promoted
    True
    """
    problems = [p for p in (_no_signal(panel), _behind_baseline(panel)) if p]
    details: dict[str, Any] = {
        "best_baseline": panel.best_baseline,
        "against_baseline": {m: e.as_list() for m, e in panel.differences.items()},
    }
    if champion is None:
        reason = "; ".join(problems) or f"first version with signal: {_headline(panel)}. {panel.says}"
        return Decision(not problems, _sentence(reason, first=True, promoted=not problems), details)
    rows = Rows.of(actual)
    card = _both(rows, challenger, champion, replicates, seed)
    gaps = {m: card.difference("challenger", "champion", m) for m in TOLERANCES}
    details["against_champion"] = {m: e.as_list() for m, e in gaps.items()}
    details["guardrails"] = {
        m: {n: card.estimate(n, m).as_list()[1] for n in ("challenger", "champion")}
        for m in ("churn_ece", "value_bias")
    }
    problems += [p for m, gap in gaps.items() if (p := _behind_champion(m, gap))]
    problems += _guardrails(card)
    differences = ", ".join(f"{_name(m)} {_spread(e)}" for m, e in gaps.items())
    reason = "; ".join(problems) or f"not worse than the champion on the same test rows: {differences}. {panel.says}"
    return Decision(not problems, _sentence(reason, first=False, promoted=not problems), details)


def _both(rows: Rows, challenger: pd.DataFrame, champion: pd.DataFrame, replicates: int, seed: int) -> Scorecard:
    named = {}
    for name, frame in (("challenger", challenger), ("champion", champion)):
        found = rows.align(frame, ("churn_risk", "future_value"))
        named[name] = found.get("churn_risk"), found.get("future_value")
    metrics = (*TOLERANCES, "churn_ece", "value_bias")
    return Scorecard.of(rows, named, dict.fromkeys(named, metrics), replicates=replicates, seed=seed)


def _no_signal(panel: Panel) -> str | None:
    auc, gini = panel.model["churn_auc"], panel.model["value_gini"]
    if _above(auc, 0.5) or _above(gini, 0.0):
        return None
    return (
        f"no signal: churn AUC {_figure(auc)} is not above 0.5 beyond chance, "
        f"and normalised Gini of value {_figure(gini)} not above 0"
    )


def _above(estimate: Estimate, chance: float) -> bool:
    if math.isnan(estimate.mid):
        return False
    error = 0.0 if math.isnan(estimate.error) else estimate.error
    return estimate.mid - SIGNAL_ERRORS * error > chance


def _behind_baseline(panel: Panel) -> str | None:
    gap = panel.difference_gini
    if math.isnan(gap.mid) or gap.mid > -NEGLIGIBLE or (gap.high >= 0 and gap.mid >= -BEHIND_BASELINE):
        return None
    return panel.says.rstrip(".")


def _behind_champion(metric: str, gap: Estimate) -> str | None:
    if math.isnan(gap.mid) or (gap.high >= 0 and gap.mid >= -TOLERANCES[metric]):
        return None
    return f"worse than the champion in {_name(metric)}: {_spread(gap)}"


def _guardrails(card: Scorecard) -> list[str]:
    found = []
    ece, champions_ece = (card.points[n, "churn_ece"] for n in ("challenger", "champion"))
    if ece > max(MOST_ECE, champions_ece + ECE_SLACK):
        found.append(f"churn risks are off by {ece:.3f} on average (champion {champions_ece:.3f}, bound {MOST_ECE})")
    bias, champions_bias = (abs(card.points[n, "value_bias"]) for n in ("challenger", "champion"))
    if bias > max(MOST_BIAS, champions_bias + BIAS_SLACK):
        found.append(f"total value is off by {bias:.0%} (champion {champions_bias:.0%}, bound {MOST_BIAS:.0%})")
    return found


def _headline(panel: Panel) -> str:
    named = ("churn_auc", "value_gini", "value_captured_20")
    return ", ".join(f"{_name(m)} {_figure(panel.model[m])}" for m in named)


def _sentence(reason: str, *, first: bool, promoted: bool) -> str:
    opening = "Promoted" if promoted else "Not promoted"
    tail = "" if promoted else (" There is no champion yet." if first else " The champion stays.")
    return f"{opening}: {reason.rstrip('.')}.{tail}"


def _name(metric: str) -> str:
    words = {
        "churn_auc": "churn AUC",
        "value_gini": "Gini of value",
        "value_captured_20": "value captured in the top 20 %",
    }
    return words.get(metric, metric.replace("_", " "))


def _figure(e: Estimate) -> str:
    return f"{e.mid:.3f} [{e.low:.3f}, {e.high:.3f}]"


def _spread(e: Estimate) -> str:
    return f"{e.mid:+.3f} [{e.low:+.3f}, {e.high:+.3f}]"
