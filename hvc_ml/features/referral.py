"""Referral: whom a customer brought."""

from hvc_ml.features.algebra import Is, count, since_last
from hvc_ml.features.feature import Feature


def referral(kinds: tuple[str, ...]) -> tuple[Feature, ...]:
    """Referrals so far, lately, and how long ago."""
    brought = Is("kind", "in", kinds)
    return (
        Feature(
            "referrals_lifetime",
            count("events", brought),
            says="{value:count} referral|referrals so far",
            family="referral",
            unit="count",
        ),
        Feature(
            "referrals_365d",
            count("events", brought, within=365),
            says="{value:count} referral|referrals in the last year",
            family="referral",
            unit="count",
        ),
        Feature(
            "days_since_last_referral",
            since_last("events", brought),
            says="last referral {value:days} ago",
            family="referral",
            unit="days",
        ),
    )
