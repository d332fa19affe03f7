"""What a user may say about tiers and the profile; imports nothing heavy, so that a configuration loads at once."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from hvc_ml.settings import Money, Settings


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


class HighValueRule(Settings):
    """Who is high-value, among the customers of the population.

    Examples
    --------
    >>> HighValueRule().says
    'those who together bring 80 % of the money of 12 months'
    >>> HighValueRule(rule="threshold", by="net", at=500).says
    'those with at least 500 of net value of 12 months'
    """

    rule: Literal["value_share", "customer_share", "threshold"] = "value_share"
    """``value_share``: the best who together bring this share; ``customer_share``: the best so many; ``threshold``:
    all from this much money on."""
    by: Literal["spend", "net", "predicted"] = "spend"
    """``spend``: money of 12 months; ``net``: what is earned of it, less goods and service, plus referrals;
    ``predicted``: future value of the newest list (spend where there is none)."""
    at: Annotated[float, Field(gt=0.0, allow_inf_nan=False)] = 0.8
    """A share of the value, a share of the customers, or money."""

    @model_validator(mode="after")
    def _a_share_is_at_most_one(self) -> Self:
        if self.rule != "threshold" and self.at > 1.0:
            message = f"with rule {self.rule}, at is a share between 0 and 1"
            raise ValueError(message)
        return self

    @property
    def says(self) -> str:
        """The rule in words."""
        what = {"spend": "the money of 12 months", "net": "the net value of 12 months"}
        value = what.get(self.by, "the predicted future value")
        if self.rule == "value_share":
            return f"those who together bring {_per_cent(self.at)} of {value}"
        if self.rule == "customer_share":
            return f"the best {_per_cent(self.at)} of customers by {value}"
        return f"those with at least {self.at:,.10g} of {value.removeprefix('the ')}"


class ProfileSettings(Settings):
    """Who counts as high-value, what a customer costs and brings beside orders, and which groups are compared."""

    high_value: HighValueRule = HighValueRule()
    """Who is high-value; default: those who together bring 80 % of the money of 12 months."""
    tier_margin: Annotated[float, Field(ge=0.0, lt=0.5)] = 0.0
    """How far beyond a tier's boundary (in cumulative share) a customer must be to move; 0: tiers have no memory."""
    serve: dict[str, Money] = Field(default_factory=dict)
    """What one event costs to serve, by its kind, such as ``{ticket: 6, visit: 0.05}``."""
    referral: Money = 0.0
    """What one referred customer is worth."""
    by: tuple[str, ...] = ()
    """Text attributes of customers whose values are compared with the company average, such as ``[region]``."""


def _per_cent(share: float) -> str:
    return f"{100 * share:.4g} %"
