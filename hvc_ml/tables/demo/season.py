"""The year and the week of the made-up shop, and time counted by its till instead of the clock."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from hvc_ml.tables.demo.draws import Floats, Ints
from hvc_ml.tables.demo.settings import epoch_day

# One row per segment (regular, occasional, enthusiast, bargain, gift, business): strength of Christmas, of sales in
# January and July, of the summer lull; and the share of the week that falls on its weekend.
_CHRISTMAS: Final = np.array([0.5, 0.8, 0.5, 0.7, 3.2, 0.1])
_SALES: Final = np.array([0.1, 0.2, 0.15, 0.9, 0.0, 0.0])
_LULL: Final = np.array([0.15, 0.2, 0.1, 0.1, 0.3, 0.35])
_WEEK: Final = np.array([1.0, 0.92, 0.95, 0.98, 1.1, 1.25, 0.8])  # Monday first
_OFFICE_WEEK: Final = np.array([1.35, 1.35, 1.35, 1.35, 1.2, 0.25, 0.15])
_BUSINESS: Final = 5
PRICE_GROWTH: Final = 0.02
"""Prices rise by this share a year, evenly."""


@dataclass(frozen=True)
class Season:
    """Demand of each day, by segment, with mean 1 over a year.

    ``first`` and ``last`` are days since 1970-01-01; ``elapsed[s, d]`` is the demand of segment s summed over
    ``[first, first + d)``: time as the till counts it.
    """

    first: int
    end: int
    last: int
    elapsed: Floats

    def till_time(self, segment: Ints, day: Floats) -> Floats:
        """Demand of the segment summed from ``first`` to the moment ``day``, in average days."""
        return _by_segment(segment, day, self._days, self.elapsed)

    def clock_time(self, segment: Ints, till: Floats) -> Floats:
        """The moment at which ``till_time`` is reached: its inverse."""
        return _by_segment(segment, till, self.elapsed, self._days)

    def price(self, day: Floats) -> Floats:
        """The price level of a day; 1 at the first."""
        return np.asarray(1.0 + PRICE_GROWTH * (day - self.first) / 365.25, dtype=np.float64)

    def arrivals(self, rng: np.random.Generator, count: int) -> Floats:
        """First orders of new customers: the whole span, more in later years and before Christmas."""
        days = np.arange(self.first, self.end)
        density = np.diff(self.elapsed[1])[: len(days)] * (1 + 0.15 * (days - self.first) / 365.25)
        density[: min(60, len(days))] *= 2.5  # customers the shop had when its records begin
        curve = np.concatenate([[0.0], np.cumsum(density)])
        return np.asarray(np.interp(rng.random(count) * curve[-1], curve, np.arange(self.first, self.end + 1.0)))

    @property
    def _days(self) -> Floats:
        return np.tile(np.arange(self.first, self.last + 1.0), (len(self.elapsed), 1))


def make_season(start: date, end: date, beyond: int) -> Season:
    """The demand from ``start`` to ``beyond`` days after ``end``.

    Examples
    --------
    >>> season = make_season(date(2024, 1, 1), date(2025, 1, 1), 90)
    >>> season.last - season.end
    90
    """
    days = [start + timedelta(days=d) for d in range((end - start).days + beyond)]
    of_year = np.array([day.timetuple().tm_yday for day in days], dtype=np.float64)
    week = np.array([day.weekday() for day in days])
    yearly = _yearly(of_year) / _yearly(np.arange(1.0, 366.0)).mean(axis=1, keepdims=True)
    weekly = np.tile(_WEEK / _WEEK.mean(), (len(_LULL), 1))
    weekly[_BUSINESS] = _OFFICE_WEEK / _OFFICE_WEEK.mean()
    elapsed = np.cumsum(yearly * weekly[:, week], axis=1)
    zero = np.zeros((len(elapsed), 1))
    first = epoch_day(start)
    return Season(first, epoch_day(end), first + len(days), np.hstack([zero, elapsed]))


def _yearly(of_year: Floats) -> Floats:
    """Demand by day of the year, one row per segment."""
    christmas = np.exp(-0.5 * ((of_year - 338) / 13) ** 2)
    sales = np.exp(-0.5 * ((of_year - 12) / 8) ** 2) + np.exp(-0.5 * ((of_year - 190) / 9) ** 2)
    lull = np.exp(-0.5 * ((of_year - 220) / 20) ** 2)
    return np.asarray(1.0 + np.outer(_CHRISTMAS, christmas) + np.outer(_SALES, sales) - np.outer(_LULL, lull))


def _by_segment(segment: Ints, x: Floats, given: Floats, wanted: Floats) -> Floats:
    """Read ``wanted`` where ``given`` is ``x``, on the curves of each one's segment."""
    result = np.empty(np.shape(x))
    for code in range(len(given)):
        rows = segment == code
        result[rows] = np.interp(x[rows], given[code], wanted[code])
    return result
