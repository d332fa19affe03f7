"""What the made-up business is asked to be."""

import calendar
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Literal

from hvc_ml.errors import UsageError

BLOCK: Final = 5_000
"""Customers are drawn in blocks of this size, each with its own seed: the first 1,000 customers are the same people
whether 1,000 or a million are asked for, and memory does not grow with their number."""

Kind = Literal["retail", "subscription"]


@dataclass(frozen=True)
class DemoSettings:
    """A made-up business: its kind, its size, its seed, and its last day.

    Parameters
    ----------
    kind
        ``retail`` (orders whenever people like) or ``subscription`` (contracts and monthly invoices).
    customers
        How many customers, 1 to 9,999,999. All of them have ordered at least once.
    seed
        0 or more; the same seed gives the same bytes. 0 is a seed like any other.
    years
        Years of history before ``end``, 1 to 10.
    end
        The first day that is not in the data. It is fixed, so that output never depends on today's clock.
    horizon
        Days the truth looks ahead of each cutoff, 7 to 365.
    cutoffs
        How many months before ``end`` the truth is written for, besides ``end`` itself.

    Raises
    ------
    UsageError
        If a figure is out of its range.

    Examples
    --------
    >>> [str(day) for day in DemoSettings(cutoffs=2).outlook_days]
    ['2025-11-01', '2025-12-01', '2026-01-01']
    >>> str(DemoSettings(years=3).start)
    '2023-01-01'
    """

    kind: Kind = "retail"
    customers: int = 20_000
    seed: int = 7
    years: int = 3
    end: date = date(2026, 1, 1)
    horizon: int = 90
    cutoffs: int = 6

    def __post_init__(self) -> None:
        if self.kind not in {"retail", "subscription"}:
            raise UsageError(f"kind: expected retail or subscription, found {self.kind!r}. Choose one of the two.")
        ranges = {
            "customers": (1, 9_999_999),
            "seed": (0, 2**63 - 1),
            "years": (1, 10),
            "horizon": (7, 365),
            "cutoffs": (0, 12 * self.years - 1 if 1 <= self.years <= 10 else 0),
        }
        for name, (low, high) in ranges.items():
            found = getattr(self, name)
            if not low <= found <= high:
                raise UsageError(f"{name}: expected {low:,} to {high:,}, found {found:,}. Choose one in between.")

    @property
    def start(self) -> date:
        """The first day of the data."""
        return months_before(self.end, 12 * self.years)

    @property
    def outlook_days(self) -> tuple[date, ...]:
        """The cutoffs the truth is written for, oldest first: months before ``end``, and ``end`` itself."""
        return tuple(months_before(self.end, back) for back in range(self.cutoffs, -1, -1))

    @property
    def blocks(self) -> int:
        """Into how many blocks the customers fall."""
        return -(-self.customers // BLOCK)


@dataclass(frozen=True)
class DemoFiles:
    """What ``write_demo`` wrote: table -> file, in a fixed order."""

    data: dict[str, Path]
    truth: dict[str, Path]
    rows: dict[str, int]


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or the last day of that month where it is shorter.

    Examples
    --------
    >>> str(months_before(date(2024, 3, 31), 1))
    '2024-02-29'
    """
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def epoch_day(day: date) -> int:
    """Days since 1970-01-01.

    Examples
    --------
    >>> epoch_day(date(1970, 1, 2))
    1
    """
    return day.toordinal() - date(1970, 1, 1).toordinal()
