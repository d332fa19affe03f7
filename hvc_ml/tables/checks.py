# ruff: noqa: S608 # queries are built from quoted names and texts only (see sql.py)
"""The data contract: what every row must hold, and a count of each breach."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from hvc_ml.errors import DataError
from hvc_ml.tables.convert import REASONS, Conversion, asked_for
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.facts import EXAMPLES, NOTHING, Count, Earlier, added, counts_of, facts_of, warnings_of
from hvc_ml.tables.mapping import TableMapping
from hvc_ml.tables.schema import SCHEMAS, TableName
from hvc_ml.tables.sql import identifier
from hvc_ml.tables.staging import Staged


@dataclass(frozen=True)
class Breach:
    """One way in which rows break the contract.

    ``value`` is the share of the table's money (absolute, where known) that these rows hold; ``examples`` are positions
    with the shape of the value, never the value.
    """

    code: str
    says: str
    rows: int
    value: float | None = None
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableReport:
    """What became of a table's rows: ``rows == kept + rejected + deduplicated``."""

    name: TableName
    rows: int
    kept: int
    rejected: int
    deduplicated: int
    reasons: dict[str, int] = field(default_factory=dict)
    breaches: list[Breach] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    orders: int | None = None


_SAYS: Final[Mapping[str, tuple[str, str, str]]] = {
    "ragged": ("", "have too few or too many columns", "Check the delimiter and the quotes"),
    "filtered": ("", "are left out by the filter", ""),
    "anonymous": ("customer_id", "have no customer and are left out, as asked", ""),
    "no_customer": ("customer_id", "have no customer", "Fix the source, or set {mapping}.drop_anonymous: true"),
    "no_time": ("{time}", "have no time", "Fix the source, or leave them out with {mapping}.filter"),
    "ambiguous_time": (
        "{time}",
        "could be day/month or month/day",
        'Say which: {mapping}.date_format: "%d/%m/%Y" or "%m/%d/%Y" (with %H:%M:%S where there is a time)',
    ),
    "bad_time": ("{time}", "hold a time that cannot be read", "Give its format as {mapping}.date_format"),
    "sentinel_time": ("{time}", "lie in the year 9999 or later", "Leave them out with {mapping}.filter"),
    "future": ("{time}", "are later than today", "Check its clock and time zone, or set {mapping}.future_rows: drop"),
    "no_amount": ("amount", "have no amount", "Fix the source, or leave them out with {mapping}.filter"),
    "bad_amount": (
        "amount",
        "hold an amount that is not a number",
        "Check {mapping}.decimal; thousands separators and currency signs are refused",
    ),
    "not_finite": ("amount", "hold an amount that is missing or infinite", "Fix the source, or use {mapping}.filter"),
    "overflow": ("amount", "hold an amount of 900 billion or more", "Is it in another unit, or an id?"),
    "bad_number": ("", "hold an optional number that cannot be read", "Check {mapping}.decimal, or do not map it"),
    "other_currency": (
        "currency",
        "are in another currency than the config's, or in none",
        "Map {mapping}.columns.amount to money of one currency, or leave such rows out with {mapping}.filter",
    ),
    "no_text": ("{text}", "are empty", "Fix the source, or leave them out with {mapping}.filter"),
    "ends_early": ("ended_at", "end before they start", "Are started_at and ended_at exchanged?"),
    "refund": ("amount", "are refunds and are left out, as asked", ""),
    "repeated": ("customer_id", "repeat a customer with other values", "Give one row per customer, or map known_at"),
}


def report(
    engine: Engine,
    staged: Staged,
    conversion: Conversion,
    deduplicated: int,
    repeated: int = 0,
    earlier: Earlier = NOTHING,
) -> TableReport:
    """Count a staged table's rows by reason and describe each breach.

    Parameters
    ----------
    deduplicated, repeated
        Rows with reason ``kept`` that are not taken: equal to another one, or another version of the same customer.
    earlier
        What was read before, which is told as if it had been read now.
    """
    if conversion.mapping.duplicates == "drop":
        deduplicated += earlier.facts.equal
    facts = facts_of(engine, staged, conversion) + earlier.facts
    found = warnings_of(engine, staged, conversion, facts, deduplicated, earlier)
    counts = added([*counts_of(engine, staged), *earlier.counts])
    return summary(engine, staged, conversion, counts, deduplicated, repeated, warnings=found, earlier=earlier.rows)


def summary(
    engine: Engine,
    staged: Staged,
    conversion: Conversion,
    counts: Sequence[Count],
    deduplicated: int,
    repeated: int,
    *,
    warnings: Sequence[str],
    earlier: int = 0,
) -> TableReport:
    """Describe each breach of a table whose rows were counted by reason, ``earlier`` ones among them."""
    money = sum(c.ticks for c in counts)
    total = staged.rows + earlier
    kept = next((c.rows for c in counts if c.code == "kept"), 0) - deduplicated - repeated
    reasons = {c.code: c.rows for c in counts if c.code != "kept"}
    if staged.broken:
        reasons["ragged"] = reasons.get("ragged", 0) + staged.broken
    if repeated:
        reasons["repeated"] = repeated
    by_code = {c.code: c for c in counts}
    breaches = [
        _breach(engine, staged, conversion, by_code.get(code, Count(code, 0, 0, ())), rows, total=total, money=money)
        for code, rows in sorted(reasons.items(), key=lambda item: REASONS.index(item[0]))
    ]
    return TableReport(
        name=conversion.table,
        rows=total,
        kept=kept,
        rejected=sum(reasons.values()),
        deduplicated=deduplicated,
        reasons={b.code: b.rows for b in breaches},
        breaches=breaches,
        warnings=[*staged.warnings, *warnings],
    )


def refusals(found: TableReport, mapping: TableMapping) -> list[str]:
    """List the sentences for which a table is refused; none where its breaches are few enough, or asked for."""
    faults = [b for b in found.breaches if b.code not in asked_for(mapping)]
    share = sum(b.rows for b in faults) / found.rows if found.rows else 0.0
    if share > mapping.max_rejected:
        limit = (
            f" ({share:.2%} of rows rejected; max_rejected is {mapping.max_rejected:.2%})"
            if mapping.max_rejected
            else ""
        )
        return [f"{b.says}{limit}" for b in faults]
    return [b.says for b in faults if b.code == "ambiguous_time"]


def refuse(sentences: Iterable[str]) -> None:
    """Raise all refusals at once, if there are any.

    Raises
    ------
    DataError
    """
    if found := list(sentences):
        raise DataError(" ".join(found))


def _breach(
    engine: Engine, staged: Staged, conversion: Conversion, count: Count, rows: int, *, total: int, money: int
) -> Breach:
    column, what, remedy = _SAYS[count.code]
    schema = SCHEMAS[conversion.table]
    required_text = next((c.name for c in schema.columns if c.kind == "text" and c.required), "")
    where = column.format(time=schema.time, text=required_text)
    asked = count.code in asked_for(conversion.mapping)  # nobody has to look for what is left out on purpose
    examples = () if asked else _examples(engine, staged, count.rowids)
    if count.code == "ragged":
        lines = [f"{p.part.label} line {line}" for p in staged.parts for line in p.broken[:EXAMPLES]]
        examples = (*lines, *examples)[:EXAMPLES]
    value = count.ticks / money if money and count.ticks else None
    worth = f" ({_percent(value)} of the money)" if value is not None else ""
    first = f" (first: {', '.join(examples)})" if examples else ""
    place = f"{conversion.table}.{where}" if where else conversion.table
    advice = f" {remedy.format(mapping=f'tables.{conversion.table}')}." if remedy else ""
    return Breach(
        count.code, f"{place}: {rows:,} of {total:,} rows{worth} {what}{first}.{advice}", rows, value, examples
    )


def _percent(share: float) -> str:
    return f"{share:.1%}" if share >= 0.0005 else "under 0.1%"


def _examples(engine: Engine, staged: Staged, rowids: tuple[int, ...]) -> tuple[str, ...]:
    if not rowids:
        return ()
    found = engine.execute(
        f"SELECT rowid, row, shape FROM {identifier(staged.name)} "
        f"WHERE rowid IN ({', '.join(map(str, rowids))}) ORDER BY rowid"
    )
    return tuple(staged.position(i, row) + (f" like {shape!r}" if shape else "") for i, row, shape in found)
