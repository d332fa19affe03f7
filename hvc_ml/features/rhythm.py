"""Rhythm: the customer's own beat, and how far it is off."""

from hvc_ml.features.algebra import Ratio, largest, latest, least, mean, since_last, spread
from hvc_ml.features.feature import Feature

_GAP = "gap"


def rhythm() -> tuple[Feature, ...]:
    """Gaps between days with a purchase, and the silence measured in them."""
    gaps = mean(_GAP, "purchase_days")
    return (
        Feature(
            "mean_gap_days",
            gaps,
            says="usually orders every {value:days}",
            family="rhythm",
            unit="days",
        ),
        Feature(
            "recent_gap_days",
            mean(_GAP, "purchase_days", within=365),
            says="ordered every {value:days} in the last year",
            family="rhythm",
            unit="days",
        ),
        Feature(
            "gap_spread_days",
            spread(_GAP, "purchase_days"),
            says="time between orders varies by {value:days}",
            family="rhythm",
            unit="days",
        ),
        Feature(
            "gap_variation",
            Ratio(spread(_GAP, "purchase_days"), gaps),
            says="time between orders varies by {value:share} of its mean",
            family="rhythm",
            unit="share",
        ),
        Feature(
            "longest_gap_days",
            largest(_GAP, "purchase_days"),
            says="never before silent for more than {value:days}",
            family="rhythm",
            unit="days",
        ),
        Feature(
            "shortest_gap_days",
            least(_GAP, "purchase_days"),
            says="a shortest time between orders of {value:days}",
            family="rhythm",
            unit="days",
        ),
        Feature(
            "last_gap_days",
            latest(_GAP, "purchase_days"),
            says="{value:days} between the last two orders; usually {mean_gap_days:days}",
            family="rhythm",
            unit="days",
        ),
        Feature(
            "gap_trend",
            Ratio(latest(_GAP, "purchase_days"), gaps),
            says="the last time between orders was {value:ratio} times the usual",
            family="rhythm",
            unit="ratio",
        ),
        Feature(
            "overdue_ratio",
            Ratio(since_last(), gaps),
            says="silent for {value:ratio} times the usual time between orders",
            family="rhythm",
            unit="ratio",
        ),
        Feature(
            "overdue_against_longest",
            Ratio(since_last(), largest(_GAP, "purchase_days")),
            says="silent for {value:ratio} times the longest silence so far",
            family="rhythm",
            unit="ratio",
        ),
    )
