"""Basket: what is bought together, and how wide the interest is."""

from hvc_ml.features.algebra import Ratio, count, distinct, mean, total
from hvc_ml.features.feature import Feature


def basket() -> tuple[Feature, ...]:
    """Lines, pieces, products and categories."""
    return (
        Feature(
            "lines_per_order",
            mean("lines"),
            says="{value:ratio} lines an order",
            family="basket",
            unit="ratio",
        ),
        Feature(
            "lines_per_order_180d",
            mean("lines", within=180),
            says="{value:ratio} lines an order in the last 180 days",
            family="basket",
            unit="ratio",
        ),
        Feature(
            "quantity_per_order",
            mean("quantity"),
            says="{value:ratio} pieces an order",
            family="basket",
            unit="ratio",
        ),
        Feature(
            "quantity_90d",
            total("quantity", "purchases", within=90),
            says="{value:count} piece|pieces in the last 90 days",
            family="basket",
            unit="count",
        ),
        Feature(
            "price_per_piece",
            Ratio(total("amount", "purchases"), total("quantity", "purchases")),
            says="{value:money} a piece",
            family="basket",
            unit="money",
        ),
        Feature(
            "products_lifetime",
            distinct("product_id"),
            says="{value:count} different product|products so far",
            family="basket",
            unit="count",
        ),
        Feature(
            "products_180d",
            distinct("product_id", within=180),
            says="{value:count} different product|products in the last 180 days",
            family="basket",
            unit="count",
        ),
        Feature(
            "product_repeat_share",
            Ratio(distinct("product_id"), count("items")),
            says="{value:share} of the lines are products not bought before",
            family="basket",
            unit="share",
        ),
        Feature(
            "categories_lifetime",
            distinct("category"),
            says="{value:count} different category|categories so far",
            family="basket",
            unit="count",
        ),
        Feature(
            "categories_180d",
            distinct("category", within=180),
            says="{value:count} different category|categories in the last 180 days",
            family="basket",
            unit="count",
        ),
        Feature(
            "channels_lifetime",
            distinct("channel", "orders"),
            says="orders through {value:count} channel|channels",
            family="basket",
            unit="count",
        ),
    )
