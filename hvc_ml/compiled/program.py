"""Aggregates of one table as arrays of numbers that the walk reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa

from hvc_ml.compiled import kernel
from hvc_ml.compiled.table import EventTable
from hvc_ml.features.algebra import Aggregate, Is
from hvc_ml.features.compute import IN_TICKS
from hvc_ml.tables.schema import TICKS
from hvc_ml.timeline.history import AGE

HISTORY, PURCHASE_DAYS, FUTURE = range(3)
"""How rows are looked at: see `hvc_ml.compiled.kernel.walk`."""
END: Final = "end_day"
DAYS_COLUMNS: Final = ("amount", "gap")

_HOW: Final = {
    "count": kernel.COUNT,
    "total": kernel.TOTAL,
    "mean": kernel.MEAN,
    "least": kernel.SMALLEST,
    "largest": kernel.BIGGEST,
    "spread": kernel.SPREAD,
    "distinct": kernel.DISTINCT,
    "latest": kernel.LATEST,
}
_OF_AGE: Final = {"least": kernel.YOUNGEST, "largest": kernel.OLDEST, "latest": kernel.NEWEST}
_SUMMED: Final = {
    "total": (kernel.SUM,),
    "mean": (kernel.SUM,),
    "least": (kernel.LEAST,),
    "largest": (kernel.LARGEST,),
    "spread": (kernel.SQUARES, kernel.SUM),
    "distinct": (kernel.LINKS,),
}
_PURCHASE: Final = Is("amount", ">", 0)


def physical(aggregate: Aggregate) -> str:
    """The table whose rows are walked: purchases are orders with a test, purchase days are made of orders."""
    return "orders" if aggregate.table in {"purchases", "purchase_days"} else aggregate.table


def columns_of(wanted: Iterable[Aggregate]) -> dict[str, tuple[str, ...]]:
    """Columns that aggregates read, by the table they lie in.

    Examples
    --------
    >>> from hvc_ml.features.algebra import count, mean, since_last
    >>> columns_of([mean("gap", "purchase_days"), since_last("events", Is("kind", "in", ("visit",))), count("items")])
    {'orders': ('amount',), 'events': ('kind',), 'items': ()}
    """
    found: dict[str, dict[str, None]] = {}
    for aggregate in wanted:
        columns = found.setdefault(physical(aggregate), {})
        columns |= {"amount": None} if aggregate.table in {"purchases", "purchase_days"} else {}
        if aggregate.table != "purchase_days":
            named = (aggregate.column, *(t.column for t in aggregate.where))
            columns |= {c: None for c in named if c is not None and c != AGE}
    return {table: tuple(columns) for table, columns in found.items()}


@dataclass
class _Draft:
    """A program while it is written down: every distinct thing once, in the order it was first asked for."""

    table: EventTable
    cutoffs: Sequence[int]
    columns: dict[str, int] = field(default_factory=dict)
    tests: list[tuple[int, int, int]] = field(default_factory=list)
    sets: list[frozenset[int]] = field(default_factory=list)
    selections: dict[tuple[Is, ...], int] = field(default_factory=dict)
    begins: list[int] = field(default_factory=lambda: [0])
    measures: dict[tuple[int, int, int], int] = field(default_factory=dict)

    def column(self, name: str) -> int:
        return self.columns.setdefault(name, len(self.columns))

    def selection(self, where: tuple[Is, ...]) -> int:
        if where not in self.selections:
            self.selections[where] = len(self.selections)
            self.tests += [self.test(t) for t in where]
            self.begins.append(len(self.tests))
        return self.selections[where]

    def test(self, test: Is) -> tuple[int, int, int]:
        column = self.column(test.column)
        words = self.table.words.get(test.column)
        if test.test == "known":
            return column, kernel.KNOWN, 0
        if test.test == "in" and isinstance(test.value, tuple) and words is not None:
            self.sets.append(_codes(words, test.value))
            return column, kernel.ONE_OF, len(self.sets) - 1
        if words is not None or not isinstance(test.value, int):
            raise ValueError(f"{test}: a number is compared with a number, and a text is one of some texts")
        return column, kernel.ABOVE if test.test == ">" else kernel.EQUAL, test.value

    def measure(self, what: int, selection: int, column: int) -> int:
        return self.measures.setdefault((what, selection, column), len(self.measures))

    def row(self, aggregate: Aggregate) -> tuple[int, int, int, int, int]:
        """How, selection, column, and the one or two measures of an aggregate."""
        where = (*aggregate.where, _PURCHASE) if aggregate.table == "purchases" else aggregate.where
        selection = self.selection(where)
        if aggregate.how == "count":
            return kernel.COUNT, selection, 0, 0, 0
        if aggregate.column == AGE and aggregate.how in _OF_AGE:
            return _OF_AGE[aggregate.how], selection, 0, 0, 0
        name = aggregate.column or ""
        if name in self.table.words and aggregate.how != "distinct":
            raise ValueError(f"{aggregate}: the column is a text, which only has distinct values")
        column = self.column(name)
        made = [self.measure(what, selection, column) for what in _SUMMED.get(aggregate.how, ())]
        first, second = (*made, 0, 0)[:2]
        return _HOW[aggregate.how], selection, column, first, second


def _codes(words: pa.Array, asked: tuple[str, ...]) -> frozenset[int]:
    index = words.to_pylist()
    return frozenset(i for i, word in enumerate(index) if word in asked)


def compile_plan(table: EventTable, kind: int, wanted: Sequence[Aggregate], cutoffs: Sequence[int]) -> kernel.Plan:
    """Write down what the walk does with one table.

    Parameters
    ----------
    table
        Its rows.
    kind
        `HISTORY`, `PURCHASE_DAYS` or `FUTURE`.
    wanted
        Aggregates of that kind of rows. Windows of `FUTURE` are of negative age: ``[cutoff, cutoff + days)`` is
        ``within=0, after=-days``.
    cutoffs
        Day numbers.

    Raises
    ------
    ValueError
        If an aggregate makes no sense of its column.
    """
    draft = _Draft(table, cutoffs)
    for name in DAYS_COLUMNS if kind == PURCHASE_DAYS else ():
        draft.column(name)
    rows = [draft.row(a) for a in wanted]
    bounds = [_bounds(a, kind) for a in wanted]
    moments = sorted({c - days for c in cutoffs for pair in bounds for days in pair if days is not None})
    index = {moment: i for i, moment in enumerate(moments)} | {None: len(moments)}
    at = [[tuple(index[None if d is None else c - d] for d in pair) for pair in bounds] for c in cutoffs]
    ends = np.array(at, np.int64).reshape(len(cutoffs), len(wanted), 2)
    return kernel.Plan(
        cutoffs=np.array(cutoffs, np.int64),
        thresholds=np.array(moments, np.int64),
        lower=np.ascontiguousarray(ends[:, :, 0]),
        upper=np.ascontiguousarray(ends[:, :, 1]),
        places=_places(draft, kind),
        special=np.array([draft.columns.get(AGE, -1), draft.columns.get(END, -1), kind], np.int64),
        tests=_table(draft.tests, 3),
        sets=_sets(draft),
        selections=np.array(draft.begins, np.int64),
        measures=_table(list(draft.measures), 3),
        wanted=_table(rows, 5),
        units=np.array([_unit(a) for a in wanted]),
    )


def _bounds(aggregate: Aggregate, kind: int) -> tuple[int | None, int]:
    """Days before the cutoff at which a window begins (None: never) and ends."""
    return aggregate.within, aggregate.after if kind == FUTURE else max(aggregate.after, 0)


def _unit(aggregate: Aggregate) -> float:
    return float(TICKS) if aggregate.column in IN_TICKS and aggregate.how != "distinct" else 1.0


def _places(draft: _Draft, kind: int) -> Any:
    """Where each column lies; those that the view makes lie nowhere."""
    made = {AGE, "gap"} if kind == PURCHASE_DAYS else {AGE}
    return _table([(0, 0) if c in made else draft.table.place(c) for c in draft.columns], 2)


def _sets(draft: _Draft) -> Any:
    size = max((len(w) for w in draft.table.words.values()), default=0) + 1
    sets = np.zeros((len(draft.sets), size), np.bool_)
    for found, codes in zip(sets, draft.sets, strict=True):
        found[list(codes)] = True
    return sets


def _table(rows: Sequence[tuple[int, ...]], width: int) -> Any:
    return np.array(rows, np.int64).reshape(len(rows), width)
