"""Six ways to change what nobody could know at a cutoff, and nothing that was known.

Later than a cutoff are rows that lie at it or after it, rows that lie before it but were written at it or after it
(``known_day``), and the ends of contracts that lie at it or after it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hvc_ml.certificate.sample import Rows
from hvc_ml.tables.schema import CUSTOMER, DAY, KNOWN_DAY

END_DAY: Final = "end_day"
TIMES: Final = frozenset({DAY, KNOWN_DAY, END_DAY})
NEWCOMER: Final = "newcomer "
MULTIPLE: Final = 3  # more would leave 64 bits sooner, and shows no more
NOISE: Final = 1_000_000
AHEAD: Final = 200
"""Days over which new rows are spread."""

Change: TypeAlias = Callable[[pa.Table, int, np.random.Generator], tuple[pa.Table, int]]
"""``(table, day number of the cutoff, draws) -> (changed table, how many rows were changed)``."""


def perturbed(rows: Rows, change: Change, now: int) -> tuple[Rows, Mapping[str, int]]:
    """Every table changed in one way, and how many rows of each were; the same draws in every run."""
    draws = np.random.default_rng(now)
    made = {name: change(table, now, draws) for name, table in rows.items()}
    return {name: table for name, (table, _) in made.items()}, {name: n for name, (_, n) in made.items()}


def dropped(table: pa.Table, now: int, _draws: np.random.Generator) -> tuple[pa.Table, int]:
    """Without later rows; contracts that end later have no end."""
    gone, ends = _later(table, now), _ends_later(table, now)
    open_ended = _set(table, ends, {END_DAY: pa.scalar(None, pa.int32())})
    return open_ended.filter(pc.invert(gone)), _count(pc.or_(gone, ends))


def injected(table: pa.Table, now: int, draws: np.random.Generator) -> tuple[pa.Table, int]:
    """With every row once more at some later day, of the same customer and of one nobody has seen before."""
    days = now + draws.integers(0, AHEAD, len(table))
    again = _moved(table, days)
    strangers = pc.binary_join_element_wise(NEWCOMER, again[CUSTOMER], "")
    others = again.set_column(again.column_names.index(CUSTOMER), again.schema.field(CUSTOMER), strangers)
    more = [again, others] if _is_dated(table) else [others]
    return pa.concat_tables([table, *more]), len(table) * len(more)


def scrambled(table: pa.Table, now: int, draws: np.random.Generator) -> tuple[pa.Table, int]:
    """Later rows with other customers, other words, greater numbers, later days."""
    rows, ends = _later(table, now), _ends_later(table, now)
    order = pa.array(draws.permutation(len(table)))
    texts = {c: table[c].take(order) for c in table.column_names if not _is_number(table, c)}
    numbers = {c: _plus(table[c], draws, NOISE) for c in table.column_names if _is_number(table, c)}
    if DAY not in table.column_names:
        del texts[CUSTOMER]  # facts about a customer stay facts about that customer
    changed = _set(table, rows, {**texts, **numbers})
    for column in (DAY, KNOWN_DAY):
        if column in table.column_names:
            ahead = _reached(table, column, now)
            changed = _set(changed, ahead, {column: _plus(table[column], draws, AHEAD)})
    if END_DAY in table.column_names:
        changed = _set(changed, pc.or_(ends, rows), {END_DAY: _plus(table[END_DAY], draws, AHEAD)})
    return changed, _count(pc.or_(rows, ends))


def multiplied(table: pa.Table, now: int, _draws: np.random.Generator) -> tuple[pa.Table, int]:
    """Later rows thrice, each with three times its numbers; contracts that end later end a long time after."""
    rows, ends = _later(table, now), _ends_later(table, now)
    larger = _set(table, rows, _larger(table))
    if END_DAY in table.column_names:
        larger = _set(larger, ends, {END_DAY: pc.add(table[END_DAY], AHEAD)})
    more = larger.filter(rows)
    return pa.concat_tables([larger, more, more]), _count(pc.or_(rows, ends))


def ties(table: pa.Table, now: int, _draws: np.random.Generator) -> tuple[pa.Table, int]:
    """What is later moved onto the cutoff's first instant, and every row once more there."""
    moved = table
    for column in (DAY, KNOWN_DAY, END_DAY):
        moved = _set(moved, _reached(table, column, now), {column: pa.scalar(now, pa.int32())})
    more = _moved(table, np.full(len(table), now)) if _is_dated(table) else table.slice(0, 0)
    reached = _count(_later(table, now)) + _count(_ends_later(table, now))
    return pa.concat_tables([moved, more]), reached + len(more)


def late(table: pa.Table, now: int, draws: np.random.Generator) -> tuple[pa.Table, int]:
    """Rows of the past that were written too late to be known, with greater numbers; every known row once more so."""
    if KNOWN_DAY not in table.column_names:
        return table, 0
    past = pc.invert(_reached(table, DAY, now)) if DAY in table.column_names else _everywhere(table)
    unseen = pc.and_(past, _reached(table, KNOWN_DAY, now))
    larger = _set(table, unseen, _larger(table))
    more = larger.filter(past)
    days = pa.array(now + draws.integers(0, AHEAD, len(more)), pa.int32())
    more = _set(more, _everywhere(more), {KNOWN_DAY: days, **_larger(more)})
    return pa.concat_tables([larger, more]), _count(unseen) + len(more)


PERTURBATIONS: Final[Mapping[str, Change]] = {
    "dropped": dropped,
    "injected": injected,
    "scrambled": scrambled,
    "multiplied": multiplied,
    "ties": ties,
    "late": late,
}
"""Name in the receipt -> what is done to each table."""


def _is_dated(table: pa.Table) -> bool:
    """Whether its rows can be later at all: facts without any time are taken as always known."""
    return DAY in table.column_names or KNOWN_DAY in table.column_names


def _is_number(table: pa.Table, column: str) -> bool:
    kind = table.schema.field(column).type
    return column not in TIMES and (pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _later(table: pa.Table, now: int) -> pa.ChunkedArray:
    return pc.or_(_reached(table, DAY, now), _reached(table, KNOWN_DAY, now))


def _ends_later(table: pa.Table, now: int) -> pa.ChunkedArray:
    return _reached(table, END_DAY, now)


def _reached(table: pa.Table, column: str, now: int) -> pa.ChunkedArray:
    """Where a day lies at the cutoff or after it; nowhere if there is no such column."""
    if column not in table.column_names:
        return pc.invert(_everywhere(table))
    return pc.fill_null(pc.greater_equal(table[column], now), False)


def _everywhere(table: pa.Table) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(np.full(len(table), True))])


def _count(mask: pa.ChunkedArray) -> int:
    return int(pc.sum(mask).as_py() or 0)


def _set(table: pa.Table, where: pa.ChunkedArray, columns: Mapping[str, Any]) -> pa.Table:
    """The table with new values in the rows where a mask is true; columns it does not have stay absent."""
    for name, values in columns.items():
        if name not in table.column_names:
            continue
        field = table.schema.field(name)
        made = pc.if_else(where, values, table[name]).cast(field.type)
        table = table.set_column(table.column_names.index(name), field, made)
    return table


def _plus(column: pa.ChunkedArray, draws: np.random.Generator, most: int) -> pa.ChunkedArray:
    """Each number greater than before, so that a change can never be none."""
    return pc.add(column, pa.array(draws.integers(1, most, len(column)), column.type))


def _larger(table: pa.Table) -> dict[str, pa.ChunkedArray]:
    return {c: pc.multiply(table[c], MULTIPLE) for c in table.column_names if _is_number(table, c)}


def _moved(table: pa.Table, days: np.ndarray[Any, Any]) -> pa.Table:
    """The rows at other days, known on the day itself; contracts keep their length."""
    to = pa.array(days, pa.int32())
    new: dict[str, Any] = {DAY: to, KNOWN_DAY: to}
    if END_DAY in table.column_names:
        new[END_DAY] = pc.add(table[END_DAY], pc.subtract(to, table[DAY]))
    return _set(table, _everywhere(table), new)
