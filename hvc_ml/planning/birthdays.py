"""How long until a customer's birthday, or any other day that comes back each year."""

from datetime import date
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.timeline.days import day_number

Floats = NDArray[np.float64]

_ISO: Final = r"^\s*(?:\d{4}|-)-(\d{1,2})-(\d{1,2})(?:\D.*)?$"


def days_to_birthday(texts: pd.Series, cutoff: date, date_format: str | None = None) -> Floats:
    """Whole days from the cutoff to the next time that the day and month of a date come round; the year is not used.

    Parameters
    ----------
    texts : Series of str, length n
        Dates as the source writes them: ISO (``1980-05-17``, with or without a time, or ``--05-17``), or as
        ``date_format`` says.
    cutoff : date
        The day from which on one counts.
    date_format : str, optional
        The `strftime` format of the texts.

    Returns
    -------
    ndarray, shape (n,)
        0 on the cutoff's own day, at most 365; NaN where there is no readable date. 29 February counts as 1 March in
        other years.

    Examples
    --------
    >>> days_to_birthday(pd.Series(["1980-01-03", "2001-12-31", "unknown"]), date(2026, 1, 1))
    array([  2., 364.,  nan])
    """
    month, day = _month_and_day(texts, date_format)
    known = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    this_year = _days_from(cutoff, cutoff.year, month[known], day[known])
    next_year = _days_from(cutoff, cutoff.year + 1, month[known], day[known])
    days = np.full(len(texts), np.nan)
    days[known] = np.where(this_year >= 0, this_year, next_year)
    return days


def _month_and_day(texts: pd.Series, date_format: str | None) -> tuple[Floats, Floats]:
    if date_format is not None:
        found = pd.to_datetime(texts, format=date_format, errors="coerce").dt
        return np.asarray(found.month, np.float64), np.asarray(found.day, np.float64)
    parts = texts.astype("string").str.extract(_ISO).astype("Float64")
    return parts[0].to_numpy(np.float64, na_value=np.nan), parts[1].to_numpy(np.float64, na_value=np.nan)


def _days_from(cutoff: date, year: int, month: Floats, day: Floats) -> NDArray[np.int64]:
    first = (12 * (year - 1970) + month.astype(np.int64) - 1).astype("datetime64[M]").astype("datetime64[D]")
    return np.asarray(first.astype(np.int64) + day.astype(np.int64) - 1 - day_number(cutoff))
