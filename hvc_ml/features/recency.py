"""Recency: how long ago."""

from hvc_ml.features.algebra import Is, Ratio, since_first, since_last
from hvc_ml.features.feature import Feature

_REFUND = Is("refund", ">", 0)


def recency() -> tuple[Feature, ...]:
    """Days since the things that matter last happened."""
    return (
        Feature(
            "days_since_last_order",
            since_last(),
            says="no order for {value:days}; usually every {mean_gap_days:days}",
            family="recency",
            unit="days",
        ),
        Feature(
            "days_since_first_order",
            since_first(),
            says="a customer for {value:days}",
            family="recency",
            unit="days",
        ),
        Feature(
            "days_since_last_refund",
            since_last("orders", _REFUND),
            says="last refund {value:days} ago",
            family="recency",
            unit="days",
        ),
        Feature(
            "recency_share",
            Ratio(since_last(), since_first()),
            says="silent for {value:share} of the time as a customer",
            family="recency",
            unit="share",
        ),
    )
