"""Price: how much of the buying hangs on discounts, and what is earned on it."""

from hvc_ml.features.algebra import Is, Ratio, count, total
from hvc_ml.features.feature import Feature

_DISCOUNTED = Is("discount", ">", 0)


def price() -> tuple[Feature, ...]:
    """Discounts per window, their share of the price, and costs."""
    return (
        Feature(
            "discount_lifetime",
            total("discount", "purchases"),
            says="{value:money} of discounts so far",
            family="price",
            unit="money",
        ),
        Feature(
            "discount_share",
            Ratio(total("discount", "purchases"), total("amount", "purchases")),
            says="discounts of {value:share} of the spend",
            family="price",
            unit="share",
        ),
        Feature(
            "discount_share_180d",
            Ratio(total("discount", "purchases", within=180), total("amount", "purchases", within=180)),
            says="discounts of {value:share} of the spend in the last 180 days; {discount_share:share} so far",
            family="price",
            unit="share",
        ),
        Feature(
            "discounted_orders_share",
            Ratio(count("purchases", _DISCOUNTED), count()),
            says="{value:share} of the orders with a discount",
            family="price",
            unit="share",
        ),
        Feature(
            "cost_share",
            Ratio(total("cost", "purchases"), total("amount", "purchases")),
            says="costs of {value:share} of the spend",
            family="price",
            unit="share",
        ),
    )
