"""Which cutoffs fit, calibrate and test, such that no model ever uses a label it could not have known."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from pydantic import Field

from hvc_ml.errors import NotEnoughData
from hvc_ml.settings import Days, Settings


class CalendarSettings(Settings):
    """How the past is cut into cutoffs."""

    every: Literal["month"] | Days = "month"
    """Spacing of cutoffs: the first of each month, or every so many days."""
    cutoffs: int = Field(default=12, ge=1, le=120)
    """At most this many fit cutoffs: the newest ones."""
    tests: int = Field(default=1, ge=1, le=24)
    """Test cutoffs of a training run, where history allows them; each has its own refit."""
    min_history: Days = 30
    """Days of orders that must lie before a cutoff."""


@dataclass(frozen=True)
class Split:
    """What may train a model that is used at ``moment``."""

    moment: date
    fit: tuple[date, ...]
    calibrate: tuple[date, ...]
    by: Literal["time", "customers", "nothing"]
    """How calibration rows are kept apart from fit rows: by a later cutoff; by other customers of the newest cutoff,
    where history is too short for a later one; or nothing is mature and only a prior can be fitted."""


@dataclass(frozen=True)
class Timeline:
    """The span of the orders, and how far labels look.

    Parameters
    ----------
    first, end
        The orders lie in ``[first, end)``.
    maturing
        Days from a cutoff until its labels are complete and settled: horizon + settle.
    """

    first: date
    end: date
    maturing: int
    settings: CalendarSettings

    def mature(self, moment: date) -> tuple[date, ...]:
        """Cutoffs ``c`` with enough history whose labels are known at ``moment``: ``c + maturing <= moment``.

        Examples
        --------
        >>> line = Timeline(date(2024, 1, 1), date(2024, 12, 31), 60, CalendarSettings())
        >>> [str(c) for c in line.mature(date(2024, 6, 1))]
        ['2024-02-01', '2024-03-01', '2024-04-01']
        """
        earliest = self.first + timedelta(days=self.settings.min_history)
        latest = moment - timedelta(days=self.maturing)
        return tuple(_grid(earliest, latest, self.settings.every))

    def split(self, moment: date) -> Split:
        """The fit and calibrate cutoffs of a model used at ``moment``."""
        mature = self.mature(moment)
        if not mature:
            return Split(moment, (), (), "nothing")
        calibrate = mature[-1]
        fit = self.mature(calibrate)[-self.settings.cutoffs :]
        if fit:
            return Split(moment, fit, (calibrate,), "time")
        return Split(moment, mature[-self.settings.cutoffs :], (calibrate,), "customers")

    def tests(self, count: int | None = None) -> tuple[date, ...]:
        """The newest test cutoffs, oldest first: those whose labels are known at the end of the orders.

        Raises
        ------
        NotEnoughData
            If no cutoff has both its history and its horizon inside the orders.
        """
        mature = self.mature(self.end)
        if not mature:
            days = (self.end - self.first).days
            needed = self.settings.min_history + self.maturing
            earliest = self.first + timedelta(days=self.settings.min_history)
            latest = self.end - timedelta(days=self.maturing)
            raise NotEnoughData(
                f"The orders span {days:,} days ({self.first} to {self.end}); a cutoff needs "
                f"{self.settings.min_history} days of history and {self.maturing} days (horizon + settle) after it, "
                f"{needed} in all, and lies on the calendar's grid. The latest usable cutoff would be {latest}, "
                f"and the earliest {earliest}. "
                f"Shorten labels.horizon, set calendar.every to fewer days, or bring older orders."
            )
        count = self.settings.tests if count is None else count
        return tuple(c for c in mature if self._usable(c))[-count:]

    def _usable(self, cutoff: date) -> bool:
        """Whether a test at ``cutoff`` has a model of the same kind as the newest one."""
        order = ("nothing", "customers", "time")
        newest = self.split(self.mature(self.end)[-1]).by
        return order.index(self.split(cutoff).by) >= order.index(newest)


def _grid(first: date, last: date, every: Literal["month"] | int) -> Iterator[date]:
    """Cutoffs in ``[first, last]`` on a grid that does not move when the orders grow."""
    if every == "month":
        year, month = first.year, first.month
        while (cutoff := date(year, month, 1)) <= last:
            if cutoff >= first:
                yield cutoff
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        return
    start = date.fromordinal(-(-first.toordinal() // every) * every)
    while start <= last:
        yield start
        start += timedelta(days=every)
