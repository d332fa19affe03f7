"""Spending: how much money, net of refunds where a name does not say otherwise."""

from hvc_ml.features.algebra import Is, Ratio, count, largest, latest, least, mean, total
from hvc_ml.features.feature import Feature

_REPEAT = Is("gap", "known")


def spending(windows: tuple[int, ...]) -> tuple[Feature, ...]:
    """Money per window and per order, its trend, and what came back."""
    per_window = tuple(
        Feature(
            f"spend_{days}d",
            total("amount", within=days),
            says=f"spent {{value:money}} in the last {days} days",
            family="spending",
            unit="money",
        )
        for days in windows
    )
    return (
        *per_window,
        Feature(
            "spend_lifetime",
            total("amount"),
            says="spent {value:money} so far",
            family="spending",
            unit="money",
        ),
        Feature(
            "spend_previous_90d",
            total("amount", within=180, after=90),
            says="spent {value:money} in the 90 days before the last 90",
            family="spending",
            unit="money",
        ),
        Feature(
            "spend_previous_365d",
            total("amount", within=730, after=365),
            says="spent {value:money} in the year before the last",
            family="spending",
            unit="money",
        ),
        Feature(
            "spend_trend_90d",
            Ratio(total("amount", within=90), total("amount", within=180)),
            says="{value:share} of the last 180 days' spend came in the last 90",
            family="spending",
            unit="share",
        ),
        Feature(
            "spend_trend_365d",
            Ratio(total("amount", within=180), total("amount", within=365)),
            says="{value:share} of the year's spend came in its last half",
            family="spending",
            unit="share",
        ),
        Feature(
            "mean_order",
            mean("amount"),
            says="an average order of {value:money}",
            family="spending",
            unit="money",
        ),
        Feature(
            "mean_order_180d",
            mean("amount", within=180),
            says="an average order of {value:money} in the last 180 days",
            family="spending",
            unit="money",
        ),
        Feature(
            "largest_order",
            largest("amount"),
            says="a largest order of {value:money}",
            family="spending",
            unit="money",
        ),
        Feature(
            "smallest_order",
            least("amount"),
            says="a smallest order of {value:money}",
            family="spending",
            unit="money",
        ),
        Feature(
            "last_order",
            latest("amount"),
            says="a last order of {value:money}; on average {mean_order:money}",
            family="spending",
            unit="money",
        ),
        Feature(
            "order_size_trend",
            Ratio(latest("amount"), mean("amount")),
            says="the last order was {value:ratio} times the average",
            family="spending",
            unit="ratio",
        ),
        Feature(
            "purchase_day_spend",
            Ratio(total("amount"), count("purchase_days")),  # an order that was sent back is no spending habit
            says="{value:money} per day with an order",
            family="spending",
            unit="money",
        ),
        Feature(
            "repeat_spend_mean",
            mean("amount", "purchase_days", _REPEAT),
            says="{value:money} per day with a repeat order",
            family="spending",
            unit="money",
        ),
        Feature(
            "refunds_lifetime",
            total("refund"),
            says="{value:money} refunded so far",
            family="spending",
            unit="money",
        ),
        Feature(
            "refunds_365d",
            total("refund", within=365),
            says="{value:money} refunded in the last year",
            family="spending",
            unit="money",
        ),
        Feature(
            "refund_share",
            Ratio(total("refund"), total("amount", "purchases")),
            says="{value:share} of the money went back",
            family="spending",
            unit="share",
        ),
    )
