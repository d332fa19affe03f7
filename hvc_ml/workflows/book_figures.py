"""The figures of listed customers beside everybody's: what a customer's page of the book is held against."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.report.book_parts import PeerFigure
from hvc_ml.segments.kpis import KPIS
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.workflows.shop import Shop

Floats = NDArray[np.float64]

WORDS: Final = {
    "spend_365d": "spent in 12 months",
    "orders_365d": "orders in 12 months",
    "mean_order": "mean order",
    "days_since_last_order": "time since the last order",
    "mean_gap_days": "usual time between orders",
    "days_since_first_order": "time since the first order",
    "contract_age_days": "age of the contract",
    "categories_lifetime": "categories bought so far",
    "discount_share": "share of discounts",
    "refund_share": "share of refunds",
    "visits_90d": "visits in 90 days",
    "mails_90d": "mails opened in 90 days",
    "points_earned_365d": "points earned in 12 months",
    "tickets_365d": "service cases in 12 months",
    "complaints_90d": "complaints in 90 days",
    "last_survey": "last survey",
    "referrals_lifetime": "customers referred",
}
"""The figures by which customers are profiled, as a person says them."""


def figures_beside(shop: Shop, cutoff: date, customers: Sequence[str]) -> tuple[PeerFigure, ...]:
    """What each of some customers does beside all customers of the day.

    Parameters
    ----------
    cutoff
        The midnight that is pretended to be now.
    customers
        Their ids.

    Returns
    -------
    tuple of PeerFigure
        As far as the business has them, and as somebody's is known.
    """
    units = {feature.name: feature.unit for feature in shop.plan().features}
    names = [kpi.name for kpi in KPIS if kpi.name in units]
    table: pd.DataFrame = shop.panel(cutoff).select([CUSTOMER, *names]).to_pandas()
    return tuple(_figures(table.set_index(CUSTOMER), list(customers), {name: units[name] for name in names}))


def _figures(everyone: pd.DataFrame, customers: list[str], units: dict[str, str]) -> Iterator[PeerFigure]:
    for name, unit in units.items():
        column = everyone[name].astype(np.float64)
        own = column.reindex(customers)
        known: Floats = np.sort(column.dropna().to_numpy(np.float64))
        if len(known):
            below = pd.Series(_below(known, own.to_numpy(np.float64).astype(np.float64)), index=own.index)
            yield PeerFigure(WORDS.get(name, name.replace("_", " ")), unit, float(np.median(known)), own, below)


def _below(known: Floats, own: Floats) -> Floats:
    """Share of the others below each figure, equal ones counted half; NaN for what is unknown, or without others."""
    smaller, not_larger = (np.searchsorted(known, own, side=side) for side in ("left", "right"))
    with np.errstate(invalid="ignore"):
        share = (smaller + (not_larger - smaller - 1) / 2) / (len(known) - 1 if len(known) > 1 else np.nan)
    return np.where(np.isnan(own), np.nan, share)
