"""The small language features are declared in: column, filter, window, aggregate, ratio.

A value is a tree of frozen objects that says *what* a number is; executors (`hvc_ml.features.compute`, and the slow
reference of the tests) say how to get it. Sums are sums of 64-bit integers, and every division happens once, in
float64, so that all executors agree to the last bit.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

How = Literal["count", "total", "mean", "least", "largest", "spread", "distinct", "latest"]
Dated = Literal["orders", "purchases", "purchase_days", "items", "events", "contracts"]
"""What can be aggregated. ``purchases`` are orders with a positive amount; ``purchase_days`` the days that have one."""


@dataclass(frozen=True)
class Is:
    """A test of one column: ``Is("discount", ">", 0)``, ``Is("kind", "in", ("visit",))``, ``Is("gap", "known")``."""

    column: str
    test: Literal[">", "==", "in", "known"]
    value: int | tuple[str, ...] | None = None


@dataclass(frozen=True)
class Aggregate:
    """One number per customer from the rows of a table before the cutoff.

    Parameters
    ----------
    how
        ``count`` rows; ``total``, ``mean``, ``least``, ``largest`` or ``spread`` (sample standard deviation) of a
        column; ``distinct`` values of it; ``latest``: its mean over the rows of the customer's latest day.
    table
        Where the rows are.
    column
        What is aggregated; None for ``count``. ``age`` is days before the cutoff.
    where
        Tests that all must hold.
    within, after
        Only rows with ``after < age <= within``: a window of days before the cutoff. Lifetime when None.
    """

    how: How
    table: Dated
    column: str | None = None
    where: tuple[Is, ...] = ()
    within: int | None = None
    after: int = 0


@dataclass(frozen=True)
class Ratio:
    """``top / bottom``; unknown where the bottom is zero or unknown."""

    top: "Value"
    bottom: "Value"


@dataclass(frozen=True)
class Minus:
    """``left - right``."""

    left: "Value"
    right: "Value"


@dataclass(frozen=True)
class Attribute:
    """A column of ``customers`` as it is."""

    column: str


Value = Aggregate | Ratio | Minus | Attribute


def aggregates(value: Value) -> Iterator[Aggregate]:
    """Every aggregate a value is made of, left to right.

    Examples
    --------
    >>> [a.how for a in aggregates(Ratio(total("amount"), count()))]
    ['total', 'count']
    """
    match value:
        case Aggregate():
            yield value
        case Ratio(top, bottom):
            yield from aggregates(top)
            yield from aggregates(bottom)
        case Minus(left, right):
            yield from aggregates(left)
            yield from aggregates(right)
        case Attribute():
            return


def count(table: Dated = "purchases", *where: Is, within: int | None = None, after: int = 0) -> Aggregate:
    """How many rows."""
    return Aggregate("count", table, None, where, within, after)


def total(column: str, table: Dated = "orders", *where: Is, within: int | None = None, after: int = 0) -> Aggregate:
    """The sum of a column."""
    return Aggregate("total", table, column, where, within, after)


def mean(column: str, table: Dated = "purchases", *where: Is, within: int | None = None, after: int = 0) -> Aggregate:
    """The mean of a column; unknown without rows."""
    return Aggregate("mean", table, column, where, within, after)


def least(column: str, table: Dated = "purchases", *where: Is, within: int | None = None) -> Aggregate:
    """The smallest value; unknown without rows."""
    return Aggregate("least", table, column, where, within)


def largest(column: str, table: Dated = "purchases", *where: Is, within: int | None = None) -> Aggregate:
    """The largest value; unknown without rows."""
    return Aggregate("largest", table, column, where, within)


def spread(column: str, table: Dated = "purchases", *where: Is, within: int | None = None) -> Aggregate:
    """The sample standard deviation; unknown for fewer than two rows."""
    return Aggregate("spread", table, column, where, within)


def distinct(column: str, table: Dated = "items", *where: Is, within: int | None = None, after: int = 0) -> Aggregate:
    """How many different values."""
    return Aggregate("distinct", table, column, where, within, after)


def latest(column: str, table: Dated = "purchases", *where: Is) -> Aggregate:
    """The mean over the rows of the customer's latest day among those that pass the tests."""
    return Aggregate("latest", table, column, where)


def since_last(table: Dated = "purchases", *where: Is) -> Aggregate:
    """Days since the latest row."""
    return least("age", table, *where)


def since_first(table: Dated = "purchases", *where: Is) -> Aggregate:
    """Days since the earliest row."""
    return largest("age", table, *where)
