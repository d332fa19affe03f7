"""Frequency: how often."""

from hvc_ml.features.algebra import Ratio, count, since_first
from hvc_ml.features.feature import Feature


def frequency(windows: tuple[int, ...]) -> tuple[Feature, ...]:
    """Orders per window, and whether they get more or fewer."""
    per_window = tuple(
        Feature(
            f"orders_{days}d",
            count(within=days),
            says=f"{{value:count}} order|orders in the last {days} days",
            family="frequency",
            unit="count",
        )
        for days in windows
    )
    return (
        *per_window,
        Feature(
            "orders_lifetime",
            count(),
            says="{value:count} order|orders so far",
            family="frequency",
            unit="count",
        ),
        Feature(
            "purchase_days",
            count("purchase_days"),
            says="ordered on {value:count} day|days so far",
            family="frequency",
            unit="count",
        ),
        Feature(
            "orders_per_day",
            Ratio(count(), since_first()),
            says="{value:ratio} orders a day since the first",
            family="frequency",
            unit="ratio",
        ),
        Feature(
            "orders_previous_90d",
            count(within=180, after=90),
            says="{value:count} order|orders in the 90 days before the last 90",
            family="frequency",
            unit="count",
        ),
        Feature(
            "frequency_trend_90d",
            Ratio(count(within=90), count(within=180)),
            says="{value:share} of the last 180 days' orders came in the last 90",
            family="frequency",
            unit="share",
        ),
        Feature(
            "frequency_trend_365d",
            Ratio(count(within=180), count(within=365)),
            says="{value:share} of the year's orders came in its last half",
            family="frequency",
            unit="share",
        ),
    )
