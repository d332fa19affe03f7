# ruff: noqa: S608 # queries are built from quoted names and texts only (see sql.py)
"""Look at a user's own files and propose how they become canonical tables, with a reason for every choice."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hvc_ml.errors import DataError
from hvc_ml.tables.compile import text_of, value_sql
from hvc_ml.tables.engine import Engine, open_engine
from hvc_ml.tables.expression import parse
from hvc_ml.tables.mapping import TableMapping
from hvc_ml.tables.resources import Resources
from hvc_ml.tables.roles import (
    amount_score,
    best,
    customer_score,
    is_amount_like,
    named,
    order_score,
    time_score,
    tokens,
)
from hvc_ml.tables.schema import CURRENCY, TableName
from hvc_ml.tables.sniff import Facts, Sniffed, readable_formats, sniff

MOST_ATTRIBUTES = 60
MOST_CURRENCIES = 20


@dataclass(frozen=True)
class Choice:
    """One key of the configuration: its value, why, and whether a person should look again."""

    key: str
    value: str | bool | tuple[str, ...]
    why: str
    sure: bool = True


@dataclass(frozen=True)
class TableProposal:
    """One table of the configuration."""

    table: TableName
    path: Path
    columns: tuple[Choice, ...]
    settings: tuple[Choice, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """What to write into ``source`` and ``tables``."""

    tables: tuple[TableProposal, ...]
    currency: str | None = None  # of most orders, where a column tells

    @property
    def says(self) -> tuple[str, ...]:
        """Every choice in a line: table, key, value, why."""
        return tuple(
            f"{table.table}.{choice.key}: {choice.value} ({choice.why}{'' if choice.sure else '; please check'})"
            for table in self.tables
            for choice in (*table.columns, *table.settings)
        )

    def mapping(self, name: TableName) -> TableMapping:
        """Return the proposed mapping of one table, as `load_tables` takes it."""
        table = next(t for t in self.tables if t.table == name)
        values = {"columns": {c.key: c.value for c in table.columns}, **{c.key: c.value for c in table.settings}}
        return TableMapping.model_validate(values)


def propose(orders: Path, customers: Path | None = None, events: Path | None = None) -> Proposal:
    """Propose a mapping for a user's files.

    Parameters
    ----------
    orders, customers, events
        CSV (also gzipped) or Parquet files. A sample decides what each column is; dates, missing customers and refunds
        are looked at in every row.

    Raises
    ------
    DataError
        If a file cannot be read, or no column looks like the customer, the time or the amount.
    """
    given = [path for path in (orders, customers, events) if path is not None]
    for path in given:
        if not path.is_file() or path.stat().st_size == 0:
            found = "no such file" if not path.exists() else "an empty file or a folder; name one file"
            raise DataError(f"{path}: {found}.")
    with open_engine(Resources(), given) as engine:
        seen = sniff(engine, orders)
        codes = _currencies(engine, seen)
        first = _orders(engine, seen, codes)
        tables = [first]
        key = next(c.value for c in first.columns if c.key == "customer_id")
        if customers is not None:
            tables.append(_customers(sniff(engine, customers), str(key)))
        if events is not None:
            tables.append(_events(engine, sniff(engine, events), str(key)))
    return Proposal(tuple(tables), codes[0] if codes else None)


def _orders(engine: Engine, seen: Sniffed, codes: Sequence[str]) -> TableProposal:
    customer = _need(best(seen.columns, customer_score), seen, "customer")
    when = _need(best(_but(seen, customer), time_score), seen, "time")
    rest = _but(seen, customer, when)
    amount = _amount(rest, seen)
    taken = [c for c in rest if c.name not in _names(amount.value, rest)]
    order = best(taken, order_score)
    columns = [
        Choice("customer_id", customer.name, f"its name, and {_many(customer, seen)}"),
        Choice("ordered_at", when.name, "it holds dates" + (", and its name" if named(when, "date") else "")),
        amount,
    ]
    if order is not None:
        per_row = (
            "one per row"
            if order.distinct > 0.999
            else f"about {1 / max(order.distinct, 1e-9):.0f} rows each: line items"
        )
        columns.append(Choice("order_id", order.name, f"its name; {per_row}"))
        taken = [c for c in taken if c is not order]
    columns += _optional(taken, [str(amount.value)])
    dates, notes = _date_format(engine, seen, when)
    settings = [*_dialect(seen), *dates, *_policies(engine, seen, customer, str(amount.value))]
    if order is None:
        notes.append("no order id: a customer's rows of one moment are taken as one order")
    if codes and (currency := _currency(seen)) is not None:
        columns.append(Choice(CURRENCY, currency.name, f"rows must hold {codes[0]}", sure=len(codes) == 1))
    if len(codes) > 1:
        several = ", ".join(codes)
        notes.append(f"CHECK: money is in {several}: bring one currency, or keep the rows of one with filter")
    return TableProposal("orders", seen.path, tuple(columns), tuple(settings), tuple(notes))


def _currency(seen: Sniffed) -> Facts | None:
    return best([c for c in seen.columns if c.form == "text"], _whole_word(CURRENCY))


def _currencies(engine: Engine, seen: Sniffed) -> tuple[str, ...]:
    """Codes of the column of currencies, the most frequent first; none where it holds something else."""
    column = _currency(seen)
    if column is None or column.values > MOST_CURRENCIES:
        return ()
    code = f"upper(trim({text_of(seen.part.column(column.name))}))"
    found = engine.execute(
        f"SELECT code FROM (SELECT {code} AS code FROM ({seen.part.select})) WHERE code IS NOT NULL "
        "GROUP BY code ORDER BY count(*) DESC, code"
    )
    codes = tuple(str(code) for (code,) in found)
    return codes if all(re.fullmatch("[A-Z]{3}", code) for code in codes) else ()


def _amount(columns: Sequence[Facts], seen: Sniffed) -> Choice:
    quantity = best([c for c in columns if is_amount_like(c)], lambda c: named(c, "quantity"))
    price = best([c for c in columns if is_amount_like(c) and c is not quantity], lambda c: named(c, "price"))
    total = best([c for c in columns if c is not quantity], amount_score)
    if total is not None and (price is None or quantity is None or total is not price):
        return Choice("amount", total.name, "its name, and it holds numbers")
    if quantity is not None and price is not None:
        return Choice("amount", f"{_term(quantity.name)} * {_term(price.name)}", "units times the price of one")
    if price is not None:
        return Choice("amount", price.name, "the only price; is it what was paid in all?", sure=False)
    fractions = [c for c in columns if is_amount_like(c) and c.whole < 1 and named(c, "id") != 3]
    if len(fractions) == 1:
        return Choice("amount", fractions[0].name, "the only column of numbers with fractions", sure=False)
    raise _lost(seen, "amount")


def _optional(columns: Sequence[Facts], used: Sequence[str]) -> list[Choice]:
    found: list[Choice] = []
    texts = [c for c in columns if c.form not in {"date", "empty"}]
    for key, role in (("product_id", "product"), ("category", "category"), ("channel", "channel")):
        score = _product_score if key == "product_id" else _text_score(role)
        column = best([c for c in texts if c.name not in {f.value for f in found}], score)
        if column is not None:
            found.append(Choice(key, column.name, "its name"))
    numbers = [c for c in columns if is_amount_like(c) and c.name not in {*used, *(f.value for f in found)}]
    discounts = [c for c in numbers if named(c, "discount")]
    if discounts:
        found.append(
            Choice(
                "discount",
                " + ".join(_term(c.name) for c in discounts) if len(discounts) > 1 else discounts[0].name,
                "its name",
            )
        )
    for key in ("cost", "quantity"):
        column = best([c for c in numbers if c not in discounts], _whole_word(key))
        if column is not None:
            found.append(Choice(key, column.name, "its name"))
    return found


def _product_score(facts: Facts) -> float:
    strong = named(facts, "product") + (named(facts, "id") == 3)
    return strong if named(facts, "product") and not named(facts, "category") and facts.values > 1 else 0


def _whole_word(role: str) -> Callable[[Facts], float]:
    return lambda c: float(named(c, role) == 3)


def _text_score(role: str) -> Callable[[Facts], float]:
    return lambda c: float(named(c, role)) if 1 < c.values <= 5_000 else 0.0


def _customers(seen: Sniffed, key: str) -> TableProposal:
    same = next((c for c in seen.columns if c.name == key), None)
    customer = _need(
        same
        or best(seen.columns, customer_score)
        or best(seen.columns, lambda c: named(c, "id") == 3 and c.distinct > 0.99),
        seen,
        "customer",
    )
    columns = [Choice("customer_id", customer.name, "as in the orders" if same else "its name")]
    left_out = []
    for facts in _but(seen, customer):
        name = "_".join(tokens(facts.name)) or "attribute"
        free_text = facts.form == "text" and (facts.values > 1_000 or (facts.distinct > 0.9 and facts.values > 50))
        if facts.form in {"empty", "date"} or facts.values < 2 or free_text or named(facts, "personal") == 3:
            left_out.append(facts.name)
        elif len(columns) <= MOST_ATTRIBUTES:
            taken = {c.key for c in columns} | {"known_at", "known_day"}
            name = name if name not in taken and not name[0].isdigit() else f"attribute_{len(columns)}"
            columns.append(
                Choice(name, facts.name, "a number" if is_amount_like(facts) else f"{facts.values} different values")
            )
    notes = (
        (f"left out (dates, names, free text, or always the same): {', '.join(map(repr, left_out))}",)
        if left_out
        else ()
    )
    return TableProposal("customers", seen.path, tuple(columns), tuple(_dialect(seen)), notes)


def _events(engine: Engine, seen: Sniffed, key: str) -> TableProposal:
    same = next((c for c in seen.columns if c.name == key), None)
    customer = _need(same or best(seen.columns, customer_score), seen, "customer")
    when = _need(best(_but(seen, customer), time_score), seen, "time")
    rest = _but(seen, customer, when)
    texts = [c for c in rest if c.form == "text" and c.values <= 1_000]
    kind = best(texts, lambda c: named(c, "kind") + 0.1)
    columns = [
        Choice("customer_id", customer.name, "as in the orders" if same else "its name"),
        Choice("happened_at", when.name, "it holds dates"),
    ]
    if kind is None:
        columns.append(Choice("kind", "'event'", "no column tells events apart; all are of one kind", sure=False))
    else:
        columns.append(Choice("kind", kind.name, f"{kind.values} different values"))
    value = best([c for c in rest if is_amount_like(c) and named(c, "id") != 3], lambda c: named(c, "value"))
    if value is not None:
        columns.append(Choice("value", value.name, "its name, and it holds numbers"))
    dates, notes = _date_format(engine, seen, when)
    settings = [*_dialect(seen), *dates, *_anonymous(engine, seen, customer)]
    return TableProposal("events", seen.path, tuple(columns), tuple(settings), tuple(notes))


def _dialect(seen: Sniffed) -> list[Choice]:
    mapping = seen.mapping
    found = []
    if mapping.delimiter not in {None, ","}:
        found.append(Choice("delimiter", str(mapping.delimiter), "it splits every line alike"))
    if mapping.decimal == ",":
        found.append(Choice("decimal", ",", "numbers are written like 9,99"))
    if mapping.header is not None:
        found.append(
            Choice("header", mapping.header, "the first line holds values, not names; give better ones", sure=False)
        )
    return found


def _date_format(engine: Engine, seen: Sniffed, when: Facts) -> tuple[list[Choice], list[str]]:
    """Choose how times are written, or leave it open with a note: a guessed month is worse than a question."""
    if seen.part.column(when.name).type.startswith(("TIMESTAMP", "DATE")):
        return [], []
    formats = readable_formats(engine, seen.part, when.name)
    if not formats:
        return [], [f"CHECK: no one format reads every value of {when.name!r}; set date_format, or mend the file"]
    chosen = [f for f in formats if f is not None]
    if None in formats:
        return [], []
    if {f[:2] for f in chosen} >= {"%d", "%m"}:
        either = " or ".join(f'"{f}"' for f in chosen)
        return [], [f"CHECK: no day is above 12, so day and month cannot be told apart: set date_format to {either}"]
    why = "it reads every value"
    if chosen[0][2:3] == ".":
        why += "; points mean day.month.year"
    elif "b" not in chosen[0].lower() and chosen[0][:2] in {"%d", "%m"}:
        why += ", and days above 12 tell day from month"
    return [Choice("date_format", chosen[0], why)], []


def _policies(engine: Engine, seen: Sniffed, customer: Facts, amount: str) -> list[Choice]:
    value = value_sql(parse(amount, seen.part.names), seen.part, seen.mapping.decimal, "amount")
    rows, refunds = engine.execute(f"SELECT count(*), count(*) FILTER (({value}) < 0) FROM ({seen.part.select})")[0]
    found = _anonymous(engine, seen, customer)
    if refunds:
        found.append(
            Choice("refunds", "net", f"{refunds:,} of {rows:,} amounts are negative; they reduce what a customer spent")
        )
    return found


def _anonymous(engine: Engine, seen: Sniffed, customer: Facts) -> list[Choice]:
    text = text_of(seen.part.column(customer.name))
    rows, missing = engine.execute(f"SELECT count(*), count(*) FILTER (({text}) IS NULL) FROM ({seen.part.select})")[0]
    return [Choice("drop_anonymous", True, f"{missing:,} of {rows:,} rows have no customer")] if missing else []


def _but(seen: Sniffed, *taken: Facts) -> list[Facts]:
    return [c for c in seen.columns if c not in taken]


def _names(expression: object, columns: Sequence[Facts]) -> set[str]:
    # the parts of a product keep their own parts to play (quantity), a whole amount does not
    return {c.name for c in columns if c.name == expression}


def _term(name: str) -> str:
    return (
        name
        if re.fullmatch(r"[A-Za-z_]\w*", name) and name.lower() not in {"and", "or", "not", "in", "is", "null"}
        else "`" + name.replace("`", "``") + "`"
    )


def _many(facts: Facts, seen: Sniffed) -> str:
    return f"{facts.values:,} different values in {seen.rows:,} rows looked at"


def _need(facts: Facts | None, seen: Sniffed, role: str) -> Facts:
    if facts is None:
        raise _lost(seen, role)
    return facts


def _lost(seen: Sniffed, role: str) -> DataError:
    there = ", ".join(f"{c.name} ({c.form})" for c in seen.columns)
    return DataError(
        f"{seen.path.name}: no column looks like the {role}. There are: {there}. Write the mapping by hand."
    )
