"""Engagement: what a customer does between orders."""

from hvc_ml.features.algebra import Is, Minus, Ratio, count, since_first, since_last
from hvc_ml.features.feature import Feature


def engagement(windows: tuple[int, ...], visit: tuple[str, ...], mail: tuple[str, ...]) -> tuple[Feature, ...]:
    """Visits and opened mails: how many, how long ago, more or fewer than usual.

    They are kept apart: who opens every mail may hardly ever visit, and either habit warns when it stops.
    """
    seen = Is("kind", "in", visit)
    return (
        *_habit("visit", seen, windows, says="{value:count} visit|visits", silence="no visit"),
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
        *_habit(
            "mail", Is("kind", "in", mail), windows, says="opened {value:count} mail|mails", silence="no mail opened"
        ),
    )


def _habit(word: str, kind: Is, windows: tuple[int, ...], *, says: str, silence: str) -> tuple[Feature, ...]:
    """How often and how lately something is done, and both against the customer's own habit since the first order."""
    usual_gap = Ratio(since_first(), count("events", kind))
    per_window = tuple(
        Feature(
            f"{word}s_{days}d",
            count("events", kind, within=days),
            says=f"{says} in the last {days} days",
            family="engagement",
            unit="count",
        )
        for days in windows
    )
    return (
        *per_window,
        Feature(
            f"days_since_last_{word}",
            since_last("events", kind),
            says=f"{silence} for {{value:days}}",
            family="engagement",
            unit="days",
        ),
        Feature(
            f"{word}_overdue_ratio",
            Ratio(since_last("events", kind), usual_gap),
            says=f"{silence} for {{value:ratio}} times the usual time in between",
            family="engagement",
            unit="ratio",
        ),
        Feature(
            f"usual_{word}_days_90d",
            Ratio(count("events", kind, within=90), Ratio(count("events", kind), since_first())),
            says=f"as many {word}s in the last 90 days as usual in {{value:days}}",
            family="engagement",
            unit="days",
        ),
    )
