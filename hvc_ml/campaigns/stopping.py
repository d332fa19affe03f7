"""When to stop an action that makes things worse, however often somebody looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from hvc_ml.campaigns.measure import effect
from hvc_ml.campaigns.outcomes import CONTACT

ALPHA: Final = 0.05
"""Chance that an action which does no harm is ever stopped, over all looks together."""

TIGHT_AT: Final = 0.05
"""Standard error (of a share) at which the bound is tightest."""

FEWEST: Final = 30
"""Customers that each group must have before a look counts."""


@dataclass(frozen=True)
class Look:
    """What was known of one action after one more cutoff.

    Parameters
    ----------
    cutoff
        The newest campaign's cutoff.
    estimate
        Effect of contact on the share who stay, all campaigns so far together.
    upper
        Bound that the true effect stays below at every look, with probability 95 %.
    """

    cutoff: str
    estimate: float
    upper: float


def upper_bound(estimate: float, error: float, *, alpha: float = ALPHA, tight_at: float = TIGHT_AT) -> float:
    """Bound above a true effect that holds at every look at once.

    With information ``V = 1 / error^2`` and a mixture of precision ``r``, ``estimate + sqrt(2 (V + r) log(1 + sqrt((V +
    r) / r) / (2 alpha))) / V``.

    Parameters
    ----------
    estimate, error : float
        Of the pooled effect so far, and its standard error, above 0.
    alpha : float
        Chance that the bound is ever crossed.
    tight_at : float
        Standard error at which it is to be tightest.

    Returns
    -------
    float
        In the unit of the estimate.

    References
    ----------
    Howard, Ramdas, McAuliffe & Sekhon (2021), "Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals
    of Statistics 49(2), 1055-1080 (the one-sided normal mixture); Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2024),
    "Time-uniform central limit theory and asymptotic confidence sequences", Annals of Statistics 52(6), 2613-2640 (why
    it holds for means of anything, with an estimated variance).

    Examples
    --------
    At one look the usual one-sided bound would be 0.02 + 1.645 * 0.05 = 0.102:

    >>> round(upper_bound(0.02, 0.05), 3)
    0.159
    """
    information, mixed = error**-2, tight_at**-2 / _best_ratio(alpha)
    far = np.log1p(np.sqrt((information + mixed) / mixed) / (2.0 * alpha))
    return float(estimate + np.sqrt(2.0 * (information + mixed) * far) / information)


def looks(rows: pd.DataFrame) -> tuple[Look, ...]:
    """Every look at one action, the oldest first: what each further cutoff added.

    Parameters
    ----------
    rows : DataFrame
        One action's rows of all its campaigns: ``list``, ``cutoff`` (ISO), ``group``, ``churn_risk``, ``stayed``.

    Returns
    -------
    tuple of Look
        Cutoffs at which either group was still smaller than thirty are left out.

    Examples
    --------
    >>> rows = pd.DataFrame({"list": "spring", "cutoff": "2026-03-01", "churn_risk": 0.5,
    ...     "group": ["contact"] * 400 + ["holdout"] * 400, "stayed": ([0, 0, 0, 1] * 100) + ([1, 1, 1, 0] * 100)})
    >>> (look,) = looks(rows)
    >>> round(look.estimate, 2), look.upper < 0
    (-0.5, True)
    """
    found = []
    for cutoff in sorted(rows["cutoff"].unique()):
        known = rows[rows["cutoff"] <= cutoff]
        seen = effect(known["stayed"], known["group"] == CONTACT, known[["churn_risk"]], known["list"])
        if seen is not None and min(seen.n_contact, seen.n_holdout) >= FEWEST and seen.error > 0.0:
            found.append(Look(str(cutoff), seen.estimate, upper_bound(seen.estimate, seen.error)))
    return tuple(found)


def stop_reason(found: Sequence[Look]) -> str | None:
    """Why an action is stopped, in words; None where it goes on.

    Examples
    --------
    >>> stop_reason([Look("2026-03-01", -0.5, -0.4)])
    'contacted customers stay less often: by 50.0 points so far, and at least 40.0 (cutoff 2026-03-01; a bound that
    holds at every look, 95 %)'
    >>> stop_reason([Look("2026-03-01", 0.1, 0.2)]) is None
    True
    """
    crossed = next((look for look in found if look.upper < 0.0), None)
    if crossed is None:
        return None
    return (
        f"contacted customers stay less often: by {-100 * crossed.estimate:.1f} points so far, and at least "
        f"{-100 * crossed.upper:.1f} (cutoff {crossed.cutoff}; a bound that holds at every look, 95 %)"
    )


def _best_ratio(alpha: float) -> float:
    """Information over mixture at which the bound is narrowest, for a chance ``2 alpha`` on two sides."""
    return float(-2.0 * np.log(2.0 * alpha) + np.log(1.0 - 2.0 * np.log(2.0 * alpha)))
