"""The promotion gate: a model becomes champion when it earns it, and the reason is written down in numbers."""

import math
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from hvc_ml.evaluation.bootstrap import REPLICATES, Estimate
from hvc_ml.evaluation.campaign import Campaign
from hvc_ml.evaluation.honesty import NEGLIGIBLE, Panel
from hvc_ml.evaluation.objections import NAMES, NOMINAL_COVERAGE, in_words, numbers, objections
from hvc_ml.evaluation.rivals import Rivals, rivals_by_tier

SIGNAL_ERRORS: Final = 2.58
"""Standard errors above chance that count as signal: noise passes once in 200 times per figure."""

BEHIND_BASELINE: Final = 0.03
"""How far the Gini may lie behind the best baseline, where the interval still holds 0 (few customers)."""


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
    campaign: Campaign | None = None,
    coverage: float = NOMINAL_COVERAGE,
    replicates: int = REPLICATES,
    seed: int = 7,
) -> Decision:
    """Decide whether a challenger becomes champion.

    Every challenger needs signal (churn AUC above 0.5, or a Gini of value above 0, beyond chance) and may not be worse
    than the best baseline. Where there is a champion, its predictions for the same rows are the measure. First profit
    at capacity, then churn AUC, Gini of value and value captured: the challenger is worse where the difference is
    beyond a tolerance, or its whole interval below 0 and the difference more than next to nothing. Then the guardrails:
    calibration, total value and interval coverage may not be off by more than a bound, or by little more than the
    champion's, and no tier may get clearly worse in profit or AUC. A model that is trained again on the same data
    equals its champion and passes.

    Parameters
    ----------
    panel
        The challenger's honesty panel on ``actual``.
    actual
        As for `honesty_panel`: the test cutoffs' rows; with ``value_if_kept`` for profits and ``tier`` for slices.
    challenger, champion
        Predictions for these rows: keys, ``churn_risk``, ``future_value``, ``value_if_kept`` and the value's interval;
        what is not said is not judged. ``champion`` is None for a first version.
    campaign
        What a contact costs and saves; None leaves profit out.
    coverage
        Nominal coverage of the value's interval, in (0, 1).

    Returns
    -------
    Decision
        ``details`` holds every difference as ``[low, mid, high]``, and every bound.

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
        "signal": {m: panel.model[m].as_list() for m in ("churn_auc", "value_gini")},
        "against_baseline": {m: e.as_list() for m, e in panel.differences.items()},
    }
    if champion is None:
        reason = "; ".join(problems) or f"first version with signal: {_headline(panel)}. {panel.says}"
        return Decision(not problems, _sentence(reason, first=True, promoted=not problems), details)
    draws = {"replicates": replicates, "seed": seed}
    rivals = Rivals.of(actual, challenger, champion, campaign, **draws)
    tiers = rivals_by_tier(actual, challenger, champion, campaign, **draws)
    problems += objections(rivals, tiers, coverage)
    details |= numbers(rivals, tiers, campaign, coverage)
    differences = ", ".join(in_words(m, rivals) for m in rivals.gaps)
    reason = "; ".join(problems) or f"not worse than the champion on the same test rows: {differences}. {panel.says}"
    return Decision(not problems, _sentence(reason, first=False, promoted=not problems), details)


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


def _headline(panel: Panel) -> str:
    named = ("churn_auc", "value_gini", "value_captured_20")
    return ", ".join(f"{NAMES[m]} {_figure(panel.model[m])}" for m in named)


def _sentence(reason: str, *, first: bool, promoted: bool) -> str:
    opening = "Promoted" if promoted else "Not promoted"
    tail = "" if promoted else (" There is no champion yet." if first else " The champion stays.")
    return f"{opening}: {reason.rstrip('.')}.{tail}"


def _figure(e: Estimate) -> str:
    return f"{e.mid:.3f} [{e.low:.3f}, {e.high:.3f}]"
