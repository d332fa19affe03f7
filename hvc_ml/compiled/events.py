"""Rows of the dated tables as compact arrays, sorted by customer and day: what the walk reads.

A column whose numbers fit 32 bits takes 32; texts become codes. The tables of `load_tables` lie in that order already,
so they are read batch by batch as they come; those of others are sorted by the engine first, which spills to disk.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hvc_ml.compiled.kernel import MISSING, NARROW_MISSING, Rows, edges
from hvc_ml.compiled.ranges import EVERYONE, Range
from hvc_ml.errors import DataError
from hvc_ml.features.catalog import source
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.frame import Frame
from hvc_ml.tables.load import Tables
from hvc_ml.tables.schema import CUSTOMER, DAY, KNOWN_DAY

BATCH: Final = 500_000
_NEVER: Final = np.iinfo(np.int32).max
_NARROW: Final = 2**31 - 2


@dataclass(frozen=True)
class EventTable:
    """Rows of one table.

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
    """

    begins: NDArray[np.int64]
    ends: NDArray[np.int64]
    days: NDArray[np.int32]
    known: NDArray[np.int32]
    narrow: NDArray[np.int32]
    wide: NDArray[np.int64]
    where: Mapping[str, tuple[int, int]]
    words: Mapping[str, pa.Array] = field(default_factory=dict)

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

    def rows(self, customers: slice) -> Rows:
        """The rows of some customers, as the walk takes them."""
        begins, ends = self.begins[customers], self.ends[customers]
        return Rows(begins, ends, self.days, self.known, self.narrow, self.wide)


@dataclass(frozen=True)
class Events:
    """Customers, sorted by id, and their rows of each table.

    Parameters
    ----------
    customers : Array of string
        Everyone with a row in the tables that customers are told by.
    tables
        Canonical table -> its rows.
    """

    customers: pa.Array
    tables: Mapping[str, EventTable]

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(len(t.days) for t in self.tables.values())


def read_events(
    engine: Engine,
    tables: Tables,
    columns: Mapping[str, Sequence[str]],
    customers: Range = EVERYONE,
) -> Events:
    """Read what aggregates need of the tables.

    Parameters
    ----------
    engine, tables
        Where the rows are.
    columns
        Canonical table -> columns beside the day and the arrival, as `hvc_ml.compiled.program.columns_of` gives them.
        Who has a row in orders or contracts is a customer; rows of others are left out.
    customers
        Only those whose id lies in this range.

    Raises
    ------
    ValueError
        If a table or a column is not there.
    """
    read = {name: _read(engine, customers.of(_frame(tables, name)), names) for name, names in columns.items()}
    told = [ids for name, (ids, _) in read.items() if name in {"orders", "contracts"}]
    everyone = _union(told or [ids for ids, _ in read.values()])
    return Events(everyone, {name: _placed(everyone, ids, table) for name, (ids, table) in read.items()})


def _frame(tables: Tables, name: str) -> Frame:
    frame = source(tables, name)
    if frame is None:
        raise ValueError(f"a feature asks for the table {name!r}, which is not there")
    return frame


def _union(ids: Sequence[pa.Array]) -> pa.Array:
    if len(ids) == 1:
        return ids[0]
    every = pc.unique(pa.concat_arrays(ids))
    return every.take(pc.array_sort_indices(every))


def _placed(customers: pa.Array, ids: pa.Array, table: EventTable) -> EventTable:
    """The table's rows by the place of their customer among all customers."""
    if ids is customers:
        return table
    at = pc.index_in(customers, value_set=ids).fill_null(-1).to_numpy(zero_copy_only=False)
    begins = np.where(at < 0, 0, table.begins[at] if len(ids) else 0)
    ends = np.where(at < 0, 0, table.ends[at] if len(ids) else 0)
    return EventTable(begins, ends, table.days, table.known, table.narrow, table.wide, table.where, table.words)


def _read(engine: Engine, frame: Frame, names: Sequence[str]) -> tuple[pa.Array, EventTable]:
    """Customers of a table, sorted, and its rows; sorted by the engine only where they do not lie in order."""
    layout = _layout(engine, frame, names)
    chosen = frame.select(CUSTOMER, DAY, *layout.extra)
    found = _filled(engine.batches(chosen, BATCH), layout)
    if found is None:
        found = _filled(engine.batches(chosen.sort(CUSTOMER, DAY), BATCH), layout)
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


def _filled(batches: Iterator[pa.RecordBatch], layout: _Layout) -> tuple[pa.Array, EventTable] | None:
    """The rows in arrays, or None where they are not in order."""
    made = _Filling(layout)
    for batch in batches:
        if not made.add(batch):
            return None
    return made.finished()


class _Filling:
    """Arrays of one table while batches come in."""

    def __init__(self, layout: _Layout) -> None:
        n = layout.rows
        self.layout, self.n = layout, 0
        self.days = np.empty(n, np.int32)
        self.known = np.empty(n if layout.known else 0, np.int32)
        self.narrow = np.empty((len(layout.texts) + len(layout.narrow), n), np.int32)
        self.wide = np.empty((len(layout.wide), n), np.int64)
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

    def finished(self) -> tuple[pa.Array, EventTable]:
        layout = self.layout
        ids = pa.concat_arrays(self.ids) if self.ids else pa.array([], pa.string())
        begins = np.concatenate([np.zeros(0, np.int64), *self.begins])
        ends = np.append(begins[1:], self.n) if len(begins) else begins
        if layout.largest * int((ends - begins).max(initial=0)) > np.iinfo(np.int64).max:
            raise DataError("the sum of a customer's rows may exceed 64 bits; are amounts in another unit?")
        words = {name: self._joined(i, name) for i, name in enumerate(layout.texts)}
        where = {c: (0, i) for i, c in enumerate((*layout.texts, *layout.narrow))}
        where |= {c: (1, i) for i, c in enumerate(layout.wide)}
        return ids, EventTable(begins, ends, self.days, self.known, self.narrow, self.wide, where, words)

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
    _, offsets, data = both.buffers()
    ends = np.frombuffer(offsets, np.int32)[both.offset : both.offset + len(both) + 1]
    text = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(0, np.uint8)
    starts, in_order = edges(ends, text, days[-len(both) :])
    return (starts - 1 if len(first) else np.append(0, starts)), bool(in_order)
