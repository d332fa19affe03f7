"""The one door to the past."""

from datetime import date

import narwhals as nw

from hvc_ml.tables.frame import Frame
from hvc_ml.tables.schema import DAY, KNOWN_DAY
from hvc_ml.timeline.days import day_number

AGE = "age"
"""Whole days from a row's day to the cutoff: 1 for the day before it."""


def history(table: Frame, cutoff: date, days: int | None = None) -> Frame:
    """Rows known at the cutoff that lie in ``[cutoff - days, cutoff)``.

    Parameters
    ----------
    table
        A canonical table. Rows with a ``day`` are dated; a table without one holds facts that only have an arrival
        time, or none.
    cutoff
        The midnight we pretend is now. It belongs to the future.
    days
        How far back to look; all of the past when None.

    Returns
    -------
    LazyFrame
        The rows, with ``age``: whole days from the row's day to the cutoff, at least 1. What was recorded with a
        ``known_at`` of the cutoff or later is left out, whenever it happened. A contract's end that lies at the cutoff
        or later is unknown.
    """
    now = day_number(cutoff)
    columns = table.collect_schema().names()
    if KNOWN_DAY in columns:
        table = table.filter(nw.col(KNOWN_DAY) < now)
    if DAY not in columns:
        return table
    table = table.filter(nw.col(DAY) < now)
    if days is not None:
        table = table.filter(nw.col(DAY) >= now - days)
    if "end_day" in columns:
        known_end = nw.when(nw.col("end_day") < now).then(nw.col("end_day"))
        table = table.with_columns(end_day=known_end)
    return table.with_columns((nw.lit(now) - nw.col(DAY)).cast(nw.Int64).alias(AGE))
