"""What the prior needs of a history, compressed by the engine: counts of unique customers' figures, not customers."""

from datetime import date

import narwhals as nw

from hvc_ml.tables.frame import Frame
from hvc_ml.tables.load import Tables
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.timeline.history import AGE, history
from hvc_ml.timeline.purchase_days import purchase_days

DAYS_PER_MONTH = 30


def repeat_buying_at(tables: Tables, cutoff: date) -> Frame:
    """How many customers share a frequency, recency and age: the sufficient statistics of BG/NBD.

    Returns
    -------
    LazyFrame
        ``frequency`` (days with a purchase, the first excluded), ``recency`` (days from first to last), ``age`` (days
        from first to the last day before the cutoff), ``n`` customers.
    """
    days = purchase_days(history(tables.orders, cutoff))
    customers = days.group_by(CUSTOMER).agg(
        nw.len().alias("days"), nw.col(AGE).max().alias("first"), nw.col(AGE).min().alias("last")
    )
    figures = customers.select(
        frequency=(nw.col("days") - 1).cast(nw.Int64),
        recency=(nw.col("first") - nw.col("last")).cast(nw.Int64),
        age=(nw.col("first") - 1).cast(nw.Int64),
    )
    keys = ("frequency", "recency", "age")
    return figures.group_by(*keys).agg(nw.len().cast(nw.Int64).alias("n")).sort(*keys)


def repeat_spend_at(tables: Tables, cutoff: date) -> Frame:
    """How many customers share a frequency and a repeat spend: what gamma-gamma is fitted on.

    Returns
    -------
    LazyFrame
        ``frequency`` (at least 1), ``repeat_spend`` (ticks over all repeat days), ``n`` customers.
    """
    repeats = purchase_days(history(tables.orders, cutoff)).filter(~nw.col("gap").is_null())
    customers = repeats.group_by(CUSTOMER).agg(
        nw.len().alias("frequency"), nw.col("amount").sum().alias("repeat_spend")
    )
    figures = customers.select(nw.col("frequency", "repeat_spend").cast(nw.Int64))
    keys = ("frequency", "repeat_spend")
    return figures.group_by(*keys).agg(nw.len().cast(nw.Int64).alias("n")).sort(*keys)


def contract_ages_at(tables: Tables, cutoff: date) -> Frame:
    """How many contracts reached an age, and how many of them ended at it: what survival is fitted on.

    Returns
    -------
    LazyFrame
        ``age_months`` (completed months of 30 days at the end, or at the cutoff), ``ended`` (1 or 0), ``n`` contracts.
    """
    if tables.contracts is None:
        message = "contract ages need the table `contracts`"
        raise ValueError(message)
    known = history(tables.contracts, cutoff)
    ended = ~nw.col("end_day").is_null()
    lived = nw.when(ended).then(nw.col("end_day") - nw.col("day")).otherwise(nw.col(AGE))
    figures = known.select(
        age_months=(lived.cast(nw.Int64) // DAYS_PER_MONTH).cast(nw.Int64),
        ended=nw.when(ended).then(nw.lit(1)).otherwise(nw.lit(0)),
    )
    keys = ("age_months", "ended")
    return figures.group_by(*keys).agg(nw.len().cast(nw.Int64).alias("n")).sort(*keys)
