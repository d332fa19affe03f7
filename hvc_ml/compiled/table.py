"""Rows of one dated table as compact arrays, sorted by customer and day: what the walk reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hvc_ml.compiled.kernel import MISSING, NARROW_MISSING, Rows
from hvc_ml.errors import DataError

NARROW, WIDE = range(2)
_LARGEST: Final = np.iinfo(np.int64).max


@dataclass(frozen=True)
class EventTable:
    """Rows of one table; the order of those of a customer's day says nothing.

    Parameters
    ----------
    begins, ends : ndarray of int64, shape (customers,)
        The rows of each customer of `Events`.
    days, known : ndarray of int32, shape (rows,)
        Day of the row, and of its arrival (empty where the table has none).
    narrow, wide : ndarray of int32 and int64, shape (columns, rows)
        Further columns; the smallest number of the type is a missing value.
    where
        Column -> (0 narrow or 1 wide, its place there).
    words
        Column of texts -> the text of each code.
    largest
        No number of these columns is larger, whatever its sign.
    """

    begins: NDArray[np.int64]
    ends: NDArray[np.int64]
    days: NDArray[np.int32]
    known: NDArray[np.int32]
    narrow: NDArray[np.int32]
    wide: NDArray[np.int64]
    where: Mapping[str, tuple[int, int]]
    words: Mapping[str, pa.Array] = field(default_factory=dict)
    largest: int = 0

    def place(self, column: str) -> tuple[int, int]:
        """Where a column lies.

        Raises
        ------
        ValueError
            If it is not there.
        """
        if column not in self.where:
            raise ValueError(f"no column {column!r}; there are {', '.join(self.where)}")
        return self.where[column]

    def column(self, name: str) -> NDArray[np.int32] | NDArray[np.int64]:
        """The numbers or codes of a column, row by row."""
        kind, at = self.place(name)
        found: NDArray[np.int32] | NDArray[np.int64] = self.wide[at] if kind == WIDE else self.narrow[at]
        return found

    def rows(self, customers: slice) -> Rows:
        """The rows of some customers, as the walk takes them."""
        begins, ends = self.begins[customers], self.ends[customers]
        return Rows(begins, ends, self.days, self.known, self.narrow, self.wide)

    def checked(self) -> "EventTable":
        """These rows, of which every sum of a customer's fits 64 bits.

        Raises
        ------
        DataError
            If one might not.
        """
        most = int((self.ends - self.begins).max(initial=0))
        if self.largest * most > _LARGEST and self._found_largest() * most > _LARGEST:
            raise DataError("the sum of a customer's rows may exceed 64 bits; are amounts in another unit?")
        return self

    def _found_largest(self) -> int:
        """The largest number there is: `largest` may be of rows that were left out."""
        numbers = (n for n in self.where if n not in self.words)
        return max((_size(self.column(n)) for n in numbers), default=0)


def _size(column: NDArray[np.int32] | NDArray[np.int64]) -> int:
    there = column[column != (NARROW_MISSING if column.dtype == np.int32 else MISSING)]
    return max(abs(int(there.min())), abs(int(there.max()))) if len(there) else 0


def bytes_of(texts: pa.Array) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Where each text begins, the last one's end behind it, and the bytes of all of them."""
    # in memory that may not be written, all of it: one type for the compiler
    if not len(texts):
        return np.frombuffer(bytes(4), np.int32), np.frombuffer(b"", np.uint8)
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return ends, np.frombuffer(data if data is not None and data.size else b"", np.uint8)
