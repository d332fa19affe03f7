"""Rows of the engine into compact arrays, sorted by customer and day.

A column whose numbers fit 32 bits takes 32; texts become codes. The tables of `load_tables` lie in that order already,
so they are read batch by batch as they come; those of others are sorted by the engine first, which spills to disk.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hvc_ml.compiled.kernel import MISSING, NARROW_MISSING, edges
from hvc_ml.compiled.table import NARROW, WIDE, EventTable, bytes_of
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.frame import Frame
from hvc_ml.tables.schema import CUSTOMER, DAY, KNOWN_DAY

BATCH: Final = 500_000
_NEVER: Final = np.iinfo(np.int32).max
_NARROW: Final = 2**31 - 2

Shape = tuple[int, ...]
Empty = Callable[[str, Shape, type[np.signedinteger[Any]]], NDArray[Any]]
"""Makes an array of a name, a shape and a type, to be filled."""
Read = tuple[pa.Array, EventTable]
"""Customers, sorted, and their rows."""


def in_memory(_name: str, shape: Shape, kind: type[np.signedinteger[Any]]) -> NDArray[Any]:
    """An array in memory."""
    return np.empty(shape, kind)


def read_rows(engine: Engine, frame: Frame, names: Sequence[str], empty: Empty = in_memory) -> Read:
    """Customers of a table, sorted, and its rows; sorted by the engine only where they do not lie in order.

    Parameters
    ----------
    engine, frame
        Where the rows are.
    names
        Columns beside the day and the arrival.
    empty
        Where arrays are made: ``days``, ``known``, ``narrow`` and ``wide``.

    Raises
    ------
    ValueError
        If a column is not there or of another type, or rows lack a customer or a day.
    """
    layout = _layout(engine, frame, names)
    chosen = frame.select(CUSTOMER, DAY, *layout.extra)
    found = _filled(engine.batches(chosen, BATCH), layout, empty)
    if found is None:
        found = _filled(engine.batches(chosen.sort(CUSTOMER, DAY), BATCH), layout, empty)
    if found is None:
        raise ValueError("rows without a customer or a day cannot be put in order")
    return found


@dataclass(frozen=True)
class _Layout:
    """How many rows there are, and which type each column is kept in."""

    rows: int
    known: bool
    texts: tuple[str, ...]
    narrow: tuple[str, ...]
    wide: tuple[str, ...]
    largest: int

    @property
    def extra(self) -> tuple[str, ...]:
        every = (*self.texts, *self.narrow, *self.wide, *((KNOWN_DAY,) if self.known else ()))
        return tuple(c for c in dict.fromkeys(every) if c not in {CUSTOMER, DAY})


def _layout(engine: Engine, frame: Frame, names: Sequence[str]) -> _Layout:
    schema = frame.collect_schema()
    unknown = [n for n in names if n not in schema]
    if unknown:
        raise ValueError(f"no column {unknown[0]!r}; there are {', '.join(schema)}")
    texts = tuple(n for n in names if schema[n] == nw.String)
    numbers = tuple(n for n in names if n not in texts)
    floats = [n for n in numbers if not schema[n].is_integer()]
    if floats:
        raise ValueError(f"{floats[0]}: {schema[floats[0]]} is neither a whole number nor a text")
    ends = [e for n in numbers for e in (nw.col(n).min().alias(f"low {n}"), nw.col(n).max().alias(f"high {n}"))]
    found = engine.arrow(frame.select(nw.len().alias("rows"), *ends)).to_pylist()[0]
    narrow = tuple(n for n in numbers if _fits(found[f"low {n}"], found[f"high {n}"]))
    wide = tuple(n for n in numbers if n not in narrow)
    largest = max((abs(found[f"{e} {n}"] or 0) for n in numbers for e in ("low", "high")), default=0)
    return _Layout(int(found["rows"]), KNOWN_DAY in schema, texts, narrow, wide, largest)


def _fits(low: int | None, high: int | None) -> bool:
    return low is None or high is None or (low >= -_NARROW and high <= _NARROW)


def _filled(batches: Iterator[pa.RecordBatch], layout: _Layout, empty: Empty) -> Read | None:
    """The rows in arrays, or None where they are not in order."""
    made = _Filling(layout, empty)
    for batch in batches:
        if not made.add(batch):
            return None
    return made.finished()


class _Filling:
    """Arrays of one table while batches come in."""

    def __init__(self, layout: _Layout, empty: Empty) -> None:
        n = layout.rows
        self.layout, self.n = layout, 0
        self.days = empty("days", (n,), np.int32)
        self.known = empty("known", (n if layout.known else 0,), np.int32)
        self.narrow = empty("narrow", (len(layout.texts) + len(layout.narrow), n), np.int32)
        self.wide = empty("wide", (len(layout.wide), n), np.int64)
        self.ids: list[pa.Array] = []
        self.last = pa.array([], pa.string())
        self.begins: list[NDArray[np.int64]] = []
        self.words: dict[str, list[tuple[int, pa.Array]]] = {c: [] for c in layout.texts}

    def add(self, batch: pa.RecordBatch) -> bool:
        """Take the rows of a batch; False where they do not go on in order."""
        if not batch.num_rows:
            return True
        at = slice(self.n, self.n + batch.num_rows)
        ids, days = batch[CUSTOMER].cast(pa.string()), batch[DAY]
        if ids.null_count or days.null_count:
            return False
        self.days[at] = days.to_numpy()
        starts, in_order = _starts(self.last, ids, self.days[max(self.n - 1, 0) : at.stop])
        if not in_order:
            return False
        self.begins.append(starts + self.n)
        self.ids.append(ids.take(pa.array(starts)))
        self._columns(batch, at)
        self.n, self.last = at.stop, ids[-1:]
        return True

    def _columns(self, batch: pa.RecordBatch, at: slice) -> None:
        layout = self.layout
        if layout.known:
            self.known[at] = _numbers(batch[KNOWN_DAY], _NEVER)
        for i, name in enumerate(layout.texts):
            coded = batch[name].dictionary_encode()
            self.narrow[i, at] = _numbers(coded.indices, NARROW_MISSING)
            self.words[name].append((at.start, coded.dictionary))
        for i, name in enumerate(layout.narrow, len(layout.texts)):
            self.narrow[i, at] = _numbers(batch[name], NARROW_MISSING)
        for i, name in enumerate(layout.wide):
            self.wide[i, at] = _numbers(batch[name], MISSING)

    def finished(self) -> Read:
        layout = self.layout
        ids = pa.concat_arrays(self.ids) if self.ids else pa.array([], pa.string())
        begins = np.concatenate([np.zeros(0, np.int64), *self.begins])
        ends = np.append(begins[1:], self.n) if len(begins) else begins
        words = {name: self._joined(i, name) for i, name in enumerate(layout.texts)}
        where = {c: (NARROW, i) for i, c in enumerate((*layout.texts, *layout.narrow))}
        where |= {c: (WIDE, i) for i, c in enumerate(layout.wide)}
        arrays = (begins, ends, self.days, self.known, self.narrow, self.wide)
        return ids, EventTable(*arrays, where, words, layout.largest)

    def _joined(self, i: int, name: str) -> pa.Array:
        """One code per text, whatever batch it came in."""
        parts = self.words[name]
        every = pc.unique(pa.concat_arrays([d for _, d in parts])) if parts else pa.array([], pa.string())
        stops = [*(start for start, _ in parts[1:]), self.n]
        for (start, dictionary), stop in zip(parts, stops, strict=True) if parts else ():
            codes = self.narrow[i, start:stop]
            new = np.append(pc.index_in(dictionary, value_set=every).to_numpy(), NARROW_MISSING).astype(np.int32)
            codes[:] = new[np.where(codes == NARROW_MISSING, len(dictionary), codes)]
        return every


def _numbers(column: pa.Array, missing: int) -> NDArray[Any]:
    numbers: NDArray[Any] = (column.fill_null(missing) if column.null_count else column).to_numpy()
    return numbers


def _starts(first: pa.Array, ids: pa.Array, days: NDArray[np.int32]) -> tuple[NDArray[np.int64], bool]:
    """Where the rows of a new customer begin, and whether customers and their days go up.

    Parameters
    ----------
    first
        The customer of the row before, or nothing.
    ids
        Of the batch.
    days
        Of the row before, where there is one, and of the batch.
    """
    both = pa.concat_arrays([first, ids])
    starts, in_order = edges(*bytes_of(both), days[-len(both) :])
    return (starts - 1 if len(first) else np.append(0, starts)), bool(in_order)
