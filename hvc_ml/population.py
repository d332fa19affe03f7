"""Who counts as a customer at a cutoff: the left side of every join."""

import math
from datetime import date
from typing import TYPE_CHECKING, Literal

import narwhals as nw

from hvc_ml.settings import Days, Settings
from hvc_ml.tables.frame import Frame
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.timeline.history import history
from hvc_ml.timeline.purchase_days import purchase_days

if TYPE_CHECKING:
    from hvc_ml.tables.load import Tables  # the engine behind it takes a while to import

MIN_GAPS = 30
"""Fewer gaps than this say nothing about the 95th of a hundred."""


class PopulationSettings(Settings):
    """Who is scored: customers with a purchase not too long ago."""

    active_within: Literal["auto", "all"] | Days = "auto"
    """Days since the last purchase after which a customer is dormant. ``auto``: the 95 % quantile of the gaps between
    purchases seen so far, at least the horizon. ``all``: everyone who ever bought."""


def active_within(tables: "Tables", cutoff: date, settings: PopulationSettings, horizon: int) -> int | None:
    """Days since the last purchase within which a customer is active at the cutoff; None for no limit.

    The quantile is computed on history alone: a limit taken from the whole log would keep those who came back.
    """
    if settings.active_within == "all":
        return None
    if settings.active_within != "auto":
        return settings.active_within
    gaps = purchase_days(history(tables.orders, cutoff)).filter(~nw.col("gap").is_null())
    found = gaps.select(q95=nw.col("gap").quantile(0.95, interpolation="linear"), n=nw.len()).collect("pyarrow")
    q95, n = found["q95"].to_list()[0], found["n"].to_list()[0]
    return None if n < MIN_GAPS else max(horizon, math.ceil(q95))


def population_at(tables: "Tables", cutoff: date, active_days: int | None) -> Frame:
    """Customers with a purchase in the ``active_days`` before the cutoff.

    Returns
    -------
    LazyFrame
        One column, ``customer_id``, each customer once.
    """
    orders = history(tables.orders, cutoff, active_days)
    return orders.filter(nw.col("amount") > 0).select(CUSTOMER).unique()


def subscribers_at(tables: "Tables", cutoff: date) -> Frame:
    """Customers with a contract that runs at the cutoff, as far as was known before it."""
    if tables.contracts is None:
        message = "a population of contracts needs the table `contracts`"
        raise ValueError(message)
    running = history(tables.contracts, cutoff).filter(nw.col("end_day").is_null())
    return running.select(CUSTOMER).unique()
