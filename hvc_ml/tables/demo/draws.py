"""Small tools to draw many random things at once, and to name them."""

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

MICROSECONDS_PER_DAY: Final = 86_400_000_000


def scatter(rng: np.random.Generator, start: Floats, stop: Floats, rate: Floats) -> tuple[Ints, Floats]:
    """Poisson points of each row over ``[start, stop)``.

    Parameters
    ----------
    start, stop
        Days; an interval that ends before it starts is empty.
    rate
        Points per day, at least 0.

    Returns
    -------
    tuple
        The row of each point and its time; rows ascend, times within a row are in no order.
    """
    length = np.maximum(stop - start, 0.0)
    counts = rng.poisson(rate * length)
    row = np.repeat(np.arange(len(counts)), counts)
    return row, start[row] + rng.random(len(row)) * length[row]


def ranks(row: Ints, size: int) -> Ints:
    """The position of each element among those of its row; ``row`` ascends."""
    first = np.searchsorted(row, np.arange(size))
    return np.asarray(np.arange(len(row)) - first[row])


def pick(rng: np.random.Generator, shares: Floats, codes: Ints) -> Ints:
    """One column index per element of ``codes``, drawn by the shares in that row of ``shares``."""
    edges = np.cumsum(shares, axis=1)
    edges /= edges[:, -1:]
    draw = rng.random(len(codes))
    found = (draw[:, None] >= edges[codes]).sum(axis=1)
    return np.asarray(np.minimum(found, shares.shape[1] - 1), dtype=np.int64)


def clock(rng: np.random.Generator, days: Ints) -> Ints:
    """A time of day between 7:00 and 23:00 for each day, in microseconds since 1970 (whole seconds, local time)."""
    seconds = np.floor(3600 * (7 + 16 * rng.beta(2.2, 1.8, len(days)))).astype(np.int64)
    return days * MICROSECONDS_PER_DAY + seconds * 1_000_000


def at_midnight(days: Floats) -> Ints:
    """Microseconds since 1970 of the midnight that opens each day."""
    return np.floor(days).astype(np.int64) * MICROSECONDS_PER_DAY


def stamps(micros: Ints, known: Flags | None = None) -> Any:
    """A timestamp column, null where not ``known``."""
    return pa.array(micros, type=pa.timestamp("us"), mask=None if known is None else ~known)


def texts(names: tuple[str, ...], codes: Ints, known: Flags | None = None) -> Any:
    """A text column of ``names[code]``, null where not ``known``."""
    return pa.array(names).take(pa.array(codes, mask=None if known is None else ~known))


def numbered(prefix: str, numbers: Ints, width: int) -> Any:
    """A text column such as C0000123."""
    digits = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width, "0")
    return pc.binary_join_element_wise(prefix, digits, "")


def cents(money: Floats) -> Ints:
    """Money in whole cents."""
    return np.rint(money * 100).astype(np.int64)


def from_cents(whole: Ints) -> Any:
    """A money column: the double nearest to so many cents."""
    return pa.array(whole / 100.0)


def logistic(x: Floats) -> Floats:
    """``1 / (1 + exp(-x))``."""
    return np.asarray(1.0 / (1.0 + np.exp(-x)), dtype=np.float64)
