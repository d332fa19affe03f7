# ruff: noqa: S608 # queries are built from quoted names and texts only (see sql.py)
"""What is counted of a table's rows, now or by an earlier run, and the warnings that follow from it."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from typing import Final, Self

from hvc_ml.tables.convert import REASONS, Conversion
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.schema import TICKS
from hvc_ml.tables.sql import identifier
from hvc_ml.tables.staging import Staged

EXAMPLES = 3


@dataclass(frozen=True)
class Count:
    """Rows of a staged table with one reason: how many, the absolute money in them, and some of their places."""

    code: str
    rows: int
    ticks: int
    rowids: tuple[int, ...]


@dataclass(frozen=True)
class Facts:
    """What is counted of the kept rows of a table; where no day lies in both, two tables' facts add up.

    ``sentinel`` rows of a day that stands for "unknown"; ``equal`` rows beside one with the same content; ``refunds``,
    and what was paid ``back`` and ``paid`` in ticks; ``nameless`` rows whose order has no id.
    """

    sentinel: int = 0
    equal: int = 0
    refunds: int = 0
    back: int = 0
    paid: int = 0
    nameless: int = 0

    def __add__(self, other: Self) -> "Facts":
        return Facts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class Earlier:
    """What an earlier run found in rows of a table that are not read again: none of them at fault.

    ``ids`` is a query of their customers.
    """

    rows: int = 0
    counts: tuple[Count, ...] = ()
    facts: Facts = field(default_factory=Facts)
    ids: str = ""


NOTHING: Final = Earlier()


def added(counts: Iterable[Count]) -> list[Count]:
    """Counts of several tables, reason by reason; examples are of the first that has the reason."""
    found: dict[str, Count] = {}
    for c in counts:
        was = found.get(c.code)
        found[c.code] = c if was is None else Count(c.code, was.rows + c.rows, was.ticks + c.ticks, was.rowids)
    return sorted(found.values(), key=lambda c: REASONS.index(c.code))


def counts_of(engine: Engine, staged: Staged) -> list[Count]:
    """Rows of a staged table by reason."""
    ticks = "sum(abs(amount))" if "amount" in staged.columns else "NULL"
    rows = engine.execute(
        f"SELECT reason, count(*), {ticks}, min(rowid, {EXAMPLES}) FROM {identifier(staged.name)} "
        "GROUP BY reason ORDER BY reason"
    )
    return [Count(REASONS[r], int(n), int(t or 0), tuple(sorted(ids))) for r, n, t, ids in rows]


def facts_of(engine: Engine, staged: Staged, conversion: Conversion, where: str = "true") -> Facts:
    """Count what warnings tell of the kept rows of a staged table.

    Parameters
    ----------
    where
        SQL of ours: which of them.
    """
    money = "count(*) FILTER (amount < 0), -sum(amount) FILTER (amount < 0), sum(amount) FILTER (amount > 0)"
    named = "order_id" in conversion.mapping.columns
    nameless = "count(*) FILTER (order_id LIKE 'at ____-__-__ __:__:__%')" if named else "0"
    found = engine.execute(
        "SELECT count(*) FILTER (sentinel), count(*) - count(DISTINCT content), "
        f"{money if conversion.table == 'orders' else '0, 0, 0'}, {nameless} "
        f"FROM {identifier(staged.name)} WHERE reason = 0 AND {where}"
    )[0]
    return Facts(*(int(n or 0) for n in found))


def warnings_of(
    engine: Engine, staged: Staged, conversion: Conversion, facts: Facts, deduplicated: int, earlier: Earlier
) -> list[str]:
    """Say what is strange in a table, and no fault."""
    name = conversion.table
    out = []
    if facts.sentinel:
        rows = f"{facts.sentinel:,} rows"
        out.append(f"{name}: {rows} are dated 1900-01-01 or 1970-01-01, which often stands for 'unknown'.")
    if facts.equal > deduplicated:
        rows = f"{facts.equal:,} rows"
        out.append(f"{name}: {rows} equal another row in every column; kept (duplicates: drop removes them).")
    if deduplicated:
        out.append(f"{name}: {deduplicated:,} rows equal another row and were dropped.")
    out += _id_warnings(engine, staged, name, earlier)
    if facts.refunds:
        share = f" ({facts.back / facts.paid:.1%} of what was paid)" if facts.paid else ""
        out.append(f"orders.amount: {facts.refunds:,} rows are refunds, {facts.back / TICKS:,.2f} in all{share}.")
    if facts.nameless:
        out.append(f"orders.order_id: {facts.nameless:,} rows have none; each moment of a customer is one order.")
    return out


def _id_warnings(engine: Engine, staged: Staged, name: str, earlier: Earlier) -> list[str]:
    every = f"SELECT customer_id FROM {identifier(staged.name)} WHERE reason = 0"
    every += f" UNION ALL {earlier.ids}" if earlier.ids else ""
    ids, alike, pointed = engine.execute(
        "SELECT count(*), count(*) - count(DISTINCT ltrim(lower(trim(customer_id)), '0')), "
        f"count(*) FILTER (customer_id LIKE '%.0') FROM (SELECT DISTINCT customer_id FROM ({every}))"
    )[0]
    out = []
    if alike:
        out.append(
            f"{name}.customer_id: {alike:,} of {ids:,} ids differ from another only in leading zeros, upper case or"
            " blanks; they are kept apart."
        )
    if ids and pointed == ids:
        out.append(
            f"{name}.customer_id: all {ids:,} ids end in '.0', as if numbers had been exported; they are kept so."
        )
    return out
