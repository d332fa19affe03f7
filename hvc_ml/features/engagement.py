"""Engagement: what a customer does between orders."""

from hvc_ml.features.algebra import Is, Minus, Ratio, count, since_last
from hvc_ml.features.feature import Feature


def engagement(windows: tuple[int, ...], visit: tuple[str, ...]) -> tuple[Feature, ...]:
    """Visits, logins, opened mails: how many, how long ago, more or fewer."""
    seen = Is("kind", "in", visit)
    per_window = tuple(
        Feature(
            f"visits_{days}d",
            count("events", seen, within=days),
            says=f"{{value:count}} visit|visits in the last {days} days",
            family="engagement",
            unit="count",
        )
        for days in windows
    )
    return (
        *per_window,
        Feature(
            "days_since_last_visit",
            since_last("events", seen),
            says="no visit for {value:days}",
            family="engagement",
            unit="days",
        ),
        Feature(
            "visits_trend_30d",
            Ratio(count("events", seen, within=30), count("events", seen, within=90)),
            says="{value:share} of the last 90 days' visits came in the last 30",
            family="engagement",
            unit="share",
        ),
        Feature(
            "visits_per_order_180d",
            Ratio(count("events", seen, within=180), count(within=180)),
            says="{value:ratio} visits for each order of the last 180 days",
            family="engagement",
            unit="ratio",
        ),
        Feature(
            "silence_after_order",
            Minus(since_last(), since_last("events", seen)),
            says="last seen {value:days} after the last order",
            family="engagement",
            unit="days",
        ),
    )
