"""What a user may say about tiers; imports nothing heavy, so that a configuration loads at once."""

from typing import Annotated, Final

from pydantic import Field

from hvc_ml.settings import Settings


class TierRule(Settings):
    """One tier: the best customers who together bring this share of the 12-month value, less those of the tiers above.

    Examples
    --------
    >>> TierRule(name="Priority", share=0.5).share
    0.5
    """

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9 _-]{0,31}$")
    """What the team calls it."""

    share: Annotated[float, Field(gt=0.0, le=1.0)]
    """Cumulative share of value; the last tier has 1.0."""


DEFAULT_TIERS: Final = (
    TierRule(name="Priority", share=0.5),
    TierRule(name="Gold", share=0.8),
    TierRule(name="Mass", share=1.0),
)
