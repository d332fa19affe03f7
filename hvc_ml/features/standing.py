"""Standing: the part of the year's spend that still counts for a customer's tier when the horizon is over."""

from typing import Final

from hvc_ml.features.algebra import total
from hvc_ml.features.feature import Feature

STAYING: Final = "spend_staying"
YEAR: Final = 365
"""Tiers rank by the value of twelve months, so this window is always there."""


def standing(horizon: int) -> tuple[Feature, ...]:
    """Spend of the last ``365 - horizon`` days: the older part leaves the year while the horizon passes.

    Who moves between tiers follows from it; churn and value have windows of their own and do not learn from it.

    Examples
    --------
    >>> [feature.says for feature in standing(90)], standing(400)
    (['spent {value:money} in the last 275 days'], ())
    """
    days = YEAR - horizon
    if days <= 0:
        return ()
    says = f"spent {{value:money}} in the last {days} days"
    return (Feature(STAYING, total("amount", within=days), says=says, family="spending", unit="money"),)
