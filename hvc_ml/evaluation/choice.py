"""Whether the best of several candidates takes the default's place: only where it is better than chance could make it.

The best of many looks better than it is: the more were compared, the further it must stand out.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hvc_ml.evaluation.bootstrap import LEVEL, REPLICATES, Estimate
from hvc_ml.evaluation.ranking import FloatArray
from hvc_ml.evaluation.scorecard import Figure, Rows, Scorecard

METRICS: Final = ("churn_auc", "value_gini")


@dataclass(frozen=True)
class Choice:
    """Best candidate against default.

    Attributes
    ----------
    difference
        Of `mean_gini`, averaged over cutoffs, in favour of the candidate; its interval holds for all that were
        compared at once.
    by_cutoff
        Cutoff -> difference.
    replaces
        Whether the candidate takes the default's place.
    says
        Why, in words.
    """

    difference: Estimate
    by_cutoff: dict[str, float]
    replaces: bool
    says: str


def mean_gini(churn_auc: npt.ArrayLike, value_gini: npt.ArrayLike) -> Any:
    """Higher is better (0 is chance, 1 perfect): how well both orders hold, who leaves first and who brings most.

    The mean of the two normalised Ginis, ``2 AUC - 1`` of churn and that of future value. Both are free of units, of
    the share of churn and of currency, so that neither model is tuned at the other's expense; levels are left out
    because calibration follows and the promotion gate watches it, and profit because it depends on one playbook and
    hangs on a few customers. Where one is undefined, the other counts alone.

    Parameters
    ----------
    churn_auc, value_gini : array_like
        Of the same shape.

    Examples
    --------
    >>> float(mean_gini(0.8, 0.7))
    0.65
    >>> float(mean_gini(float("nan"), 0.7))
    0.7
    """
    both = np.stack(np.broadcast_arrays(2.0 * np.asarray(churn_auc, dtype=np.float64) - 1.0, value_gini))
    defined = np.isfinite(both)
    count = defined.sum(axis=0)
    total = np.where(defined, both, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def choose(
    actual: pd.DataFrame,
    default: pd.DataFrame,
    best: pd.DataFrame,
    *,
    compared: int,
    replicates: int = REPLICATES,
    seed: int = 7,
) -> Choice:
    """Decide whether the best of ``compared`` candidates takes the default's place.

    It does where the difference is beyond the chance of customers and beyond that of months: the whole interval lies
    above 0 (customers drawn again; 95 % shared among all that were compared, after Bonferroni, since the best was
    looked for), and so does the mean over cutoffs less its standard error.

    Parameters
    ----------
    actual
        As for `honesty_panel`: rows of the validation cutoffs.
    default, best
        Predictions for these rows: keys, ``churn_risk``, ``future_value``.
    compared
        How many candidates the best was chosen from, at least 1.

    Raises
    ------
    ModelRefused
        If a prediction is not finite.

    Examples
    --------
    >>> fact = pd.DataFrame({"customer_id": range(40), "churned": [0, 1] * 20, "future_value": [5.0, 0.0] * 20})
    >>> even = fact.assign(churn_risk=0.5)
    >>> choose(fact, even, fact.assign(churn_risk=fact.churned), compared=10).replaces
    True
    >>> choose(fact, even, even, compared=10).says
    'by +0.0000 [+0.0000, +0.0000], no more than chance can do'
    """
    rows = Rows.of(actual)
    found = {n: rows.align(f, ("churn_risk", "future_value")) for n, f in (("default", default), ("best", best))}
    named = {n: (f.get("churn_risk"), f.get("future_value")) for n, f in found.items()}
    card = Scorecard.of(rows, named, dict.fromkeys(named, METRICS), replicates=replicates, seed=seed)
    gaps = {cutoff: float(_difference(figures)) for cutoff, figures in card.by_cutoff.items()}
    difference = _shared(card, compared)
    clear, steady = difference.low > 0, _steady(np.array([*gaps.values()]))
    return Choice(difference, gaps, clear and steady, _says(difference, clear=clear, steady=steady))


def _difference(figures: Mapping[Figure, Any]) -> Any:
    """Best less default."""
    best, default = (mean_gini(*(figures[name, m] for m in METRICS)) for name in ("best", "default"))
    return best - default


def _shared(card: Scorecard, compared: int) -> Estimate:
    """The difference with an interval as wide as a search among so many asks for."""
    plain = card.draw.estimate(float(_difference(card.points)), _difference(card.draws))
    width = NormalDist().inv_cdf(1 - (1 - LEVEL) / 2 / compared) * plain.error
    return Estimate(plain.mid - width, plain.mid, plain.mid + width, plain.error)


def _steady(gaps: FloatArray) -> bool:
    """Whether the mean over cutoffs is above 0 by more than its standard error."""
    gaps = gaps[np.isfinite(gaps)]
    error = gaps.std(ddof=1) / math.sqrt(len(gaps)) if len(gaps) > 1 else 0.0
    return bool(len(gaps) and gaps.mean() - error > 0)


def _says(difference: Estimate, *, clear: bool, steady: bool) -> str:
    figures = f"by {difference.mid:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}]"
    if not clear:
        return f"{figures}, no more than chance can do"
    if not steady:
        return f"{figures}, but not from cutoff to cutoff: the mean lies within one standard error of 0"
    return f"{figures}, more than chance can do"
