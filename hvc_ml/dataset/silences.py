"""How long customers were silent before a cutoff and after it: what definitions of churn are cut from."""

from datetime import date

import narwhals as nw

from hvc_ml.tables.frame import Frame
from hvc_ml.tables.load import Tables
from hvc_ml.tables.schema import CUSTOMER, DAY
from hvc_ml.timeline.days import day_number
from hvc_ml.timeline.future import future
from hvc_ml.timeline.history import AGE, history

COLUMNS = ("silent_days", "returned_after", "watched_days", "spent")
WENT_ON = -1


def silences_at(tables: Tables, cutoff: date) -> Frame:
    """Each customer's silence around a cutoff.

    Returns
    -------
    LazyFrame
        One row per customer with a purchase before the cutoff: ``customer_id``; ``silent_days`` since the last purchase
        day, at least 1; ``returned_after`` days until the first purchase day at the cutoff or later, 0 on its own day,
        null where the log has none; ``watched_days`` of log from the cutoff on, the same for all; ``spent``: ticks net
        of refunds before the cutoff. "No purchase in ``[cutoff, cutoff + horizon)``" is ``returned_after >= horizon``
        or null, as long as ``watched_days >= horizon``.
    """
    watched = tables.end_day - day_number(cutoff)
    last = _purchases(history(tables.orders, cutoff)).group_by(CUSTOMER).agg(nw.col(AGE).min().alias("silent_days"))
    ahead = _purchases(future(tables.orders, cutoff, watched)).group_by(CUSTOMER).agg(nw.col(DAY).min().alias("next"))
    frame = last.join(ahead, on=CUSTOMER, how="left").join(_spent(tables, cutoff), on=CUSTOMER, how="left")
    after = (nw.col("next") - day_number(cutoff)).cast(nw.Int64)
    return frame.with_columns(returned_after=after, watched_days=nw.lit(watched)).select(CUSTOMER, *COLUMNS)


def lapses_at(tables: Tables, cutoff: date, horizon: int) -> Frame:
    """Each subscriber's time without a contract, where the last one ended within the horizon.

    Returns
    -------
    LazyFrame
        The columns of `silences_at`, one row per customer with a contract that runs at the cutoff. ``silent_days`` is
        0. ``returned_after``: whole days without a contract before the next began, -1 where there were none (the
        contract went on, or was renewed by the day it ended), null where the log shows no renewal. ``watched_days`` of
        log after ``cutoff + horizon``. "Not renewed within the grace" is ``returned_after >= grace`` or null.

    Raises
    ------
    ValueError
        If the business has no contracts.
    """
    if tables.contracts is None:
        message = "lapses need the table `contracts`"
        raise ValueError(message)
    left = tables.end_day - day_number(cutoff)
    running = history(tables.contracts, cutoff).filter(nw.col("end_day").is_null())
    running = running.group_by(CUSTOMER).agg(nw.len().alias("running"))
    ends = running.join(_ends(tables.contracts, cutoff, horizon), on=CUSTOMER, how="inner")
    ends = ends.filter(nw.col("ended") >= nw.col("running"))
    began = _began_after(future(tables.contracts, cutoff, left), ends)
    frame = running.join(ends.select(CUSTOMER, "last_end"), on=CUSTOMER, how="left")
    frame = frame.join(began, on=CUSTOMER, how="left").join(_spent(tables, cutoff), on=CUSTOMER, how="left")
    without = nw.max_horizontal(nw.col("began") - nw.col("last_end") - 1, nw.lit(WENT_ON))
    without = nw.when(nw.col("began").is_null()).then(nw.lit(None)).otherwise(without)
    after = nw.when(nw.col("last_end").is_null()).then(nw.lit(WENT_ON)).otherwise(without)
    return frame.with_columns(
        silent_days=nw.lit(0), returned_after=after.cast(nw.Int64), watched_days=nw.lit(left - horizon)
    ).select(CUSTOMER, *COLUMNS)


def counted(silences: Frame) -> Frame:
    """How many customers share a silence, and what they had spent: rows that no customer is in.

    Parameters
    ----------
    silences
        As `silences_at` or `lapses_at` give them.

    Returns
    -------
    LazyFrame
        ``silent_days``, ``returned_after``, ``customers``, ``spent`` (ticks), sorted.
    """
    keys = ("silent_days", "returned_after")
    figures = (nw.len().cast(nw.Int64).alias("customers"), nw.col("spent").sum().cast(nw.Int64))
    return silences.group_by(*keys).agg(*figures).sort(*keys)


def _purchases(orders: Frame) -> Frame:
    return orders.filter(nw.col("amount") > 0)


def _spent(tables: Tables, cutoff: date) -> Frame:
    past = history(tables.orders, cutoff)
    return past.group_by(CUSTOMER).agg(nw.col("amount").sum().cast(nw.Int64).alias("spent"))


def _ends(contracts: Frame, cutoff: date, horizon: int) -> Frame:
    """The last end within the horizon, and how many of the contracts that end there began before the cutoff."""
    # the door to the future, turned to the day contracts end instead of the day they start
    by_end = contracts.select(CUSTOMER, start=nw.col(DAY), day=nw.col("end_day")).filter(~nw.col(DAY).is_null())
    old = nw.when(nw.col("start") < day_number(cutoff)).then(nw.lit(1)).otherwise(nw.lit(0))
    ends = future(by_end, cutoff, horizon)
    return ends.group_by(CUSTOMER).agg(nw.col(DAY).max().alias("last_end"), old.sum().alias("ended"))


def _began_after(starts: Frame, ends: Frame) -> Frame:
    """The first day on which a contract began that outlasts the last end."""
    outlasting = starts.select(CUSTOMER, DAY, "end_day").join(ends, on=CUSTOMER, how="inner")
    outlasting = outlasting.filter(nw.col("end_day").is_null() | (nw.col("end_day") > nw.col("last_end")))
    return outlasting.group_by(CUSTOMER).agg(nw.col(DAY).min().alias("began"))
