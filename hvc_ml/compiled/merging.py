"""Rows of a table in two layers put together: as if they had been read in one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hvc_ml.compiled.filling import Read
from hvc_ml.compiled.kernel import MISSING, NARROW_MISSING, interleave, meet, splice
from hvc_ml.compiled.table import NARROW, WIDE, EventTable, bytes_of

Ints = NDArray[np.int64]
Column = NDArray[np.int32] | NDArray[np.int64]


def merged(kept: Read, fresh: Read, names: Sequence[str]) -> Read:
    """Put kept rows and fresh ones together, customer by customer and day by day, in one pass.

    Parameters
    ----------
    kept, fresh
        Customers, sorted, and their rows, side by side in that order.
    names
        Columns that both of them have.
    """
    (ids, one), (more_ids, other) = kept, fresh
    if not len(more_ids) and one.narrow.flags.c_contiguous and one.wide.flags.c_contiguous:
        return kept
    places = places_of(ids, more_ids)
    runs, starts = interleave(places, one.begins, one.ends, one.days, other.begins, other.ends, other.days)
    words = {n: _words(one.words[n], other.words[n]) for n in names if n in one.words}
    wide = [n for n in names if WIDE in (one.place(n)[0], other.place(n)[0])]
    narrow = [n for n in names if n not in wide]
    where = {n: (NARROW, i) for i, n in enumerate(narrow)} | {n: (WIDE, i) for i, n in enumerate(wide)}
    table = EventTable(
        starts[:-1],
        starts[1:],
        days=_spliced(runs, [(one.days, other.days)], np.int32)[0],
        known=_spliced(runs, [(one.known, other.known)], np.int32)[0] if len(one.known) else other.known,
        narrow=_spliced(runs, [(one.column(n), _coded(other, n, words)) for n in narrow], np.int32),
        wide=_spliced(runs, [(_widened(one.column(n)), _widened(other.column(n))) for n in wide], np.int64),
        where=where,
        words=words,
        largest=max(one.largest, other.largest),
    )
    return together(ids, more_ids, places), table


def places_of(ids: pa.Array, more: pa.Array) -> Ints:
    """Where everyone of two sorted lists lies in the one and the other; -1 where they do not.

    Examples
    --------
    >>> places_of(pa.array(["ann", "bob"]), pa.array(["bob", "cyd"])).tolist()
    [[0, 1, -1], [-1, 0, 1]]
    """
    found: Ints = meet(*bytes_of(ids), *bytes_of(more))
    return found


def together(ids: pa.Array, more: pa.Array, places: Ints) -> pa.Array:
    """Everyone of two sorted lists, sorted.

    Parameters
    ----------
    ids, more
        The lists.
    places
        As of `places_of`.
    """
    if places.shape[1] == len(ids):
        return ids
    return pa.concat_arrays([ids, more]).take(pa.array(np.where(places[0] < 0, places[1] + len(ids), places[0])))


def _spliced(runs: Ints, columns: Sequence[tuple[Column, Column]], kind: type[Any]) -> NDArray[Any]:
    out = np.empty((len(columns), int(runs.sum())), kind)
    for (one, other), row in zip(columns, out, strict=True):
        splice(runs, one, other, row)
    return out


def _words(one: pa.Array, other: pa.Array) -> pa.Array:
    """The texts of both; those of the first keep their code."""
    new = pc.invert(pc.is_in(other, value_set=one))
    return pa.concat_arrays([one, other.filter(new)])


def _coded(table: EventTable, name: str, words: dict[str, pa.Array]) -> Column:
    """A narrow column, its texts by their code among the texts of both layers."""
    column = table.column(name)
    if name not in words:
        return column
    new = np.append(pc.index_in(table.words[name], value_set=words[name]).to_numpy(), NARROW_MISSING).astype(np.int32)
    coded: Column = new[np.where(column == NARROW_MISSING, len(new) - 1, column)]
    return coded


def _widened(column: Column) -> Ints:
    if column.dtype == np.int64:
        return column.astype(np.int64, copy=False)
    wide = column.astype(np.int64)
    wide[column == NARROW_MISSING] = MISSING
    return wide
