"""Loyalty: points earned and used."""

from hvc_ml.features.algebra import Is, Ratio, since_last, total
from hvc_ml.features.feature import Feature


def loyalty(earned: tuple[str, ...], redeemed: tuple[str, ...]) -> tuple[Feature, ...]:
    """Points of the loyalty programme."""
    gain = Is("kind", "in", earned)
    use = Is("kind", "in", redeemed)
    return (
        Feature(
            "points_earned_90d",
            total("value", "events", gain, within=90),
            says="{value:count} point|points earned in the last 90 days",
            family="loyalty",
            unit="count",
        ),
        Feature(
            "points_earned_365d",
            total("value", "events", gain, within=365),
            says="{value:count} point|points earned in the last year",
            family="loyalty",
            unit="count",
        ),
        Feature(
            "points_redeemed_365d",
            total("value", "events", use, within=365),
            says="{value:count} point|points used in the last year",
            family="loyalty",
            unit="count",
        ),
        Feature(
            "redemption_share",
            Ratio(total("value", "events", use), total("value", "events", gain)),
            says="{value:share} of the points used",
            family="loyalty",
            unit="share",
        ),
        Feature(
            "days_since_points_used",
            since_last("events", use),
            says="points last used {value:days} ago",
            family="loyalty",
            unit="days",
        ),
    )
