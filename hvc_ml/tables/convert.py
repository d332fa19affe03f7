# ruff: noqa: S608 # queries are built from quoted names and texts only (see sql.py)
"""One part of a source to canonical columns, with the reason why a row is not taken, in a single query."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from hvc_ml.errors import ConfigError
from hvc_ml.tables.compile import FLOATS, condition_sql, is_number, number_of, text_of, value_sql
from hvc_ml.tables.expression import parse
from hvc_ml.tables.mapping import TableMapping
from hvc_ml.tables.parts import Part, RawColumn
from hvc_ml.tables.pseudonyms import MACRO
from hvc_ml.tables.schema import CURRENCY, CUSTOMER, KNOWN_DAY, SCHEMAS, TICKS, Column, TableName
from hvc_ml.tables.sql import identifier, literal
from hvc_ml.tables.tree import Name, Node, Text, check_names, is_condition, names

LIMIT = 2**53
"""Ticks from here on are refused: a float64 source could not have held them exactly."""

Reason = Literal[
    "kept", "ragged", "filtered", "anonymous", "no_customer", "no_time", "ambiguous_time", "bad_time", "sentinel_time",
    "future", "bad_amount", "no_amount", "not_finite", "overflow", "bad_number", "other_currency", "no_text",
    "ends_early", "refund", "repeated",
]  # fmt: skip
"""What becomes of a row; of several reasons the first in this order is given."""

REASONS: Final[tuple[Reason, ...]] = get_args(Reason)


def asked_for(mapping: TableMapping) -> frozenset[str]:
    """Reasons that the user chose in the mapping; they do not count towards ``max_rejected``."""
    return frozenset({"filtered", "anonymous", "refund", *(("future",) if mapping.future_rows == "drop" else ())})


@dataclass(frozen=True)
class Conversion:
    """What the tables of one mapping have in common: where times are local, and what is later than today."""

    table: TableName
    mapping: TableMapping
    timezone: str
    today: int | None = None  # days since 1970-01-01
    currency: str | None = None  # ISO code of all money; None: rows may hold any
    pseudonyms: bool = False  # whether the engine knows the function of `pseudonyms.macro`, and customers go by it


@dataclass(frozen=True)
class _Field:
    """One canonical column on its way: how it is parsed, how it is kept, and what may be wrong with it."""

    target: str
    parsed: str
    kept: str
    faults: tuple[tuple[Reason, str], ...]
    shape: str = "NULL"


def attribute_kinds(conversion: Conversion, parts: Sequence[Part]) -> dict[str, str]:
    """Decide for each attribute of a customer whether every part holds numbers (``DOUBLE``) or not (``VARCHAR``)."""
    schema = SCHEMAS[conversion.table]
    kinds = {}
    for target, text in conversion.mapping.columns.items():
        if schema.column(target) is None:
            numeric = all(_is_numeric(_node(conversion, target, text, part), part) for part in parts)
            kinds[target] = "DOUBLE" if numeric else "VARCHAR"
    return kinds


def conversion_sql(conversion: Conversion, part: Part, attributes: dict[str, str]) -> str:
    """Write the query that converts one part.

    Returns
    -------
    str
        A query whose rows are the part's rows, in their order: the canonical columns, then ``reason`` (a position in
        `REASONS`; 0 is kept), ``shape`` (of the value at fault: digits 9, letters a), ``content`` (a hash of the whole
        source row), ``sentinel`` (a date that stands for "unknown"), ``row`` (where the format numbers its rows) and
        ``source_row`` (the whole row as texts, only where it is at fault).
    """
    fields = [_field(conversion, part, target, text, attributes) for target, text in conversion.mapping.columns.items()]
    parsed = ", ".join(f"{f.parsed} AS {identifier('p_' + f.target)}" for f in fields)
    every = ", ".join(c.sql for c in part.columns)
    inner = f"SELECT *, {parsed} FROM ({part.select})"
    rules = _rules(conversion, part, fields)
    cases = " ".join(f"WHEN {condition} THEN {REASONS.index(reason)}" for reason, condition, _ in rules)
    reasoned = f"SELECT *, CAST(CASE {cases} ELSE 0 END AS UTINYINT) AS reason FROM ({inner})"
    shapes = " ".join(f"WHEN {i} THEN {s}" for i, s in _shapes(rules).items())
    shape = f"CASE reason {shapes} END" if shapes else "NULL"
    outputs = ", ".join(f.kept for f in _outputs(conversion, fields))
    unasked = ", ".join(str(REASONS.index(r)) for r in ("kept", *sorted(asked_for(conversion.mapping))))
    # a row at fault may hold its customer in any column
    texts = "" if conversion.pseudonyms else ", ".join(f"CAST({c.sql} AS VARCHAR)" for c in part.columns)
    return (
        f"SELECT {outputs}, reason, CAST({shape} AS VARCHAR) AS shape, hash({every}) AS content, "
        f"{_sentinel(conversion)} AS sentinel, CAST({part.row} AS BIGINT) AS row, "
        f"CASE WHEN reason NOT IN ({unasked}) THEN CAST([{texts}] AS VARCHAR[]) END AS source_row FROM ({reasoned})"
    )


def canonical_columns(conversion: Conversion) -> tuple[str, ...]:
    """Names of the canonical columns that the mapping yields, in order."""
    time = SCHEMAS[conversion.table].time
    out = [_day_name(target, time) for target in conversion.mapping.columns if not _is_checked_only(conversion, target)]
    if conversion.table == "orders" and "order_id" not in out:
        out.append("order_id")
    return tuple(out)


def _is_checked_only(conversion: Conversion, target: str) -> bool:
    """Whether a column only tells which rows to take."""
    return target == CURRENCY and SCHEMAS[conversion.table].column(target) is not None


def _day_name(target: str, time: str | None) -> str:
    return {time: "day", "known_at": KNOWN_DAY, "ended_at": "end_day"}.get(target, target)


def _node(conversion: Conversion, target: str, text: str, part: Part) -> Node:
    where = f"tables.{conversion.table}.columns.{target}"
    try:
        node = parse(text, part.names)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}. There are: {', '.join(part.names)}.") from None
    _check_columns(node, part, where)
    if is_condition(node):
        raise ConfigError(f"{where}: expected a column or arithmetic, found a condition.")
    return node


def _check_columns(node: Node, part: Part, where: str) -> None:
    check_names(node, part.names, where)
    twice = [n for n in names(node) if part.names.count(n) > 1]
    if twice:
        raise ConfigError(
            f"{where}: {part.label} has {part.names.count(twice[0])} columns named {twice[0]!r}; rename one."
        )


def _is_numeric(node: Node, part: Part) -> bool:
    if isinstance(node, Name):
        kind = part.column(node.name).type
        return is_number(kind) and kind != "BOOLEAN"
    return not isinstance(node, Text)


def _field(conversion: Conversion, part: Part, target: str, text: str, attributes: dict[str, str]) -> _Field:
    where = f"tables.{conversion.table}.columns.{target}"
    node = _node(conversion, target, text, part)
    column = SCHEMAS[conversion.table].column(target)
    if column is None:
        return _attribute(node, part, conversion, target, attributes[target])
    if column.kind in {"money", "number"}:
        return _number_field(node, part, conversion, column, where)
    if column.kind == "text" and isinstance(node, Text):
        parsed = identifier(f"p_{target}")
        return _Field(target, literal(node.value), parsed, _foreign(parsed, conversion, column))
    if not isinstance(node, Name):
        raise ConfigError(f"{where}: expected one column, found an expression.")
    raw = part.column(node.name)
    if column.kind == "time":
        return _time_field(raw, conversion, column)
    return _text_field(raw, conversion, column)


def _attribute(node: Node, part: Part, conversion: Conversion, target: str, kind: str) -> _Field:
    where = f"tables.{conversion.table}.columns.{target}"
    parsed = identifier(f"p_{target}")
    if kind == "DOUBLE":
        value = value_sql(node, part, conversion.mapping.decimal, where)
        return _Field(target, value, f"CASE WHEN isfinite({parsed}) THEN {parsed} END", ())
    if isinstance(node, Name):
        return _Field(target, text_of(part.column(node.name)), parsed, ())
    if isinstance(node, Text):
        return _Field(target, literal(node.value), parsed, ())
    raise ConfigError(f"{where}: a number in one file and a text in another.")


def _text_field(raw: RawColumn, conversion: Conversion, column: Column) -> _Field:
    parsed = identifier(f"p_{column.name}")
    faults: tuple[tuple[Reason, str], ...] = ()
    if column.name == "customer_id":
        faults = (("anonymous" if conversion.mapping.drop_anonymous else "no_customer", f"{parsed} IS NULL"),)
    elif column.name == CURRENCY:
        faults = _foreign(parsed, conversion, column)
    elif column.required:
        faults = (("no_text", f"{parsed} IS NULL"),)
    kept = f"{MACRO}({parsed})" if conversion.pseudonyms and column.name == CUSTOMER else parsed
    return _Field(column.name, text_of(raw), kept, faults)


def _foreign(parsed: str, conversion: Conversion, column: Column) -> tuple[tuple[Reason, str], ...]:
    """Money of another currency than the business's, or of none, cannot be added to the rest."""
    if column.name != CURRENCY or conversion.currency is None:
        return ()
    return (("other_currency", f"upper(trim({parsed})) IS DISTINCT FROM {literal(conversion.currency)}"),)


def _number_field(node: Node, part: Part, conversion: Conversion, column: Column, where: str) -> _Field:
    decimal = conversion.mapping.decimal
    parsed = identifier(f"p_{column.name}")
    leaves = [part.column(n) for n in names(node)]
    unreadable = " OR ".join(
        f"({text_of(c)} IS NOT NULL AND {number_of(c, decimal, where)} IS NULL)" for c in leaves if c.type == "VARCHAR"
    )
    value = value_sql(node, part, decimal, where)
    faults: list[tuple[Reason, str]] = []
    if unreadable:
        faults.append(("bad_amount" if column.required else "bad_number", f"{parsed} IS NULL AND ({unreadable})"))
    if column.required:
        faults += [("no_amount", f"{parsed} IS NULL"), ("not_finite", f"NOT isfinite({parsed})")]
    elif all(c.type in FLOATS for c in leaves):
        value = f"nullif({value}, 'nan'::DOUBLE)"  # how data frames write "missing"
    faults.append(("overflow" if column.required else "bad_number", f"abs({parsed}) >= {LIMIT / TICKS!r}"))
    ticks = f"CASE WHEN abs({parsed}) < {LIMIT / TICKS!r} THEN CAST(round({parsed} * {TICKS}) AS BIGINT) END"
    return _Field(column.name, value, ticks, tuple(faults), " || ' | ' || ".join(_shape(c) for c in leaves) or "NULL")


def _time_field(raw: RawColumn, conversion: Conversion, column: Column) -> _Field:
    parsed = identifier(f"p_{column.name}")
    faults: list[tuple[Reason, str]] = []
    if column.required and column.name != "ended_at":
        faults.append(("no_time", f"{parsed} IS NULL AND {text_of(raw)} IS NULL"))
    if raw.type == "VARCHAR" and conversion.mapping.date_format is None:
        day_or_month = f"regexp_matches({raw.sql}, '^ *[0-9]{{1,2}}[-/. ][0-9]{{1,2}}[-/. ][0-9]{{2,4}}')"
        faults.append(("ambiguous_time", f"{parsed} IS NULL AND {day_or_month}"))
    faults.append(("bad_time", f"{parsed} IS NULL AND {text_of(raw)} IS NOT NULL"))
    time = SCHEMAS[conversion.table].time
    if column.name == time:
        faults.append(("sentinel_time", f"{parsed} >= TIMESTAMP '9999-01-01'"))
        if conversion.today is not None:
            faults.append(("future", f"{_day(parsed)} > {conversion.today}"))
    kept = _day(parsed)
    if column.name == "ended_at":  # 9999-12-31 is how databases write "open"
        kept = f"CASE WHEN {parsed} < TIMESTAMP '9999-01-01' THEN {kept} END"
        faults.append(("ends_early", f"{parsed} < {identifier('p_started_at')}"))
    if column.name == "known_at":
        kept = f"coalesce({kept}, {_day(identifier(f'p_{time}'))})" if time else kept
    return _Field(column.name, _local_time(raw, conversion), kept, tuple(faults), _shape(raw))


def _day(timestamp: str) -> str:
    return f"CAST(CAST({timestamp} AS DATE) - DATE '1970-01-01' AS INTEGER)"


def _local_time(raw: RawColumn, conversion: Conversion) -> str:
    """SQL of a column as a TIMESTAMP of the business's time zone; naive times are local already."""
    x, zone = raw.sql, literal(conversion.timezone)
    form = conversion.mapping.date_format
    if raw.type in {"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}:
        moment = f"CAST({x} AS TIMESTAMP)"
    elif raw.type == "TIMESTAMP WITH TIME ZONE":
        moment = f"timezone({zone}, {x})"
    elif form is not None:
        text = f"trim({text_of(raw)})"
        moment = f"try_strptime({text}, {literal(form)})"
        moment = f"timezone({zone}, {moment})" if "%z" in form or "%Z" in form else moment
    elif raw.type == "VARCHAR":
        moment = _iso_time(x, zone)
    else:
        moment = "CAST(NULL AS TIMESTAMP)"  # a number is no time unless a format says so
    return f"CASE WHEN isfinite({moment}) THEN {moment} END" if "try" in moment.lower() else moment


def _iso_time(x: str, zone: str) -> str:
    aware = (
        f"length({x}) > 16 AND regexp_matches({x}, ':[0-9]{{2}}([.][0-9]+)? ?(Z|z|[+-][0-9]{{2}}(:?[0-9]{{2}})?) *$')"
    )
    return (
        f"CASE WHEN {aware} THEN timezone({zone}, TRY_CAST(trim({x}) AS TIMESTAMPTZ)) "
        f"WHEN {x} SIMILAR TO ' *[0-9]{{4}}[-/].*' THEN TRY_CAST(trim({x}) AS TIMESTAMP) END"
    )


def _rules(conversion: Conversion, part: Part, fields: list[_Field]) -> list[tuple[Reason, str, str]]:
    """Every (reason, condition, shape of the value at fault), the first that holds being the row's reason."""
    mapping = conversion.mapping
    rules: list[tuple[Reason, str, str]] = []
    if part.ragged != "false":
        rules.append(("ragged", part.ragged, "NULL"))
    if mapping.filter is not None:
        rules.append(("filtered", f"({_filter(conversion, part, mapping.filter)}) IS NOT TRUE", "NULL"))
    found = [(reason, condition, f.shape) for f in fields for reason, condition in f.faults]
    rules += sorted(found, key=lambda rule: REASONS.index(rule[0]))
    if conversion.table == "orders" and mapping.refunds == "drop":
        rules.append(("refund", f"{identifier('p_amount')} < 0", "NULL"))
    return rules or [("ragged", "false", "NULL")]


def _filter(conversion: Conversion, part: Part, text: str) -> str:
    where = f"tables.{conversion.table}.filter"
    try:
        node = parse(text)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}.") from None
    _check_columns(node, part, where)
    return condition_sql(node, part, conversion.mapping.decimal, where)


def _shapes(rules: list[tuple[Reason, str, str]]) -> dict[int, str]:
    out: dict[int, list[str]] = {}
    for reason, condition, shape in rules:
        if shape != "NULL":
            out.setdefault(REASONS.index(reason), []).append(f"WHEN {condition} THEN {shape}")
    return {i: f"CASE {' '.join(cases)} END" for i, cases in out.items()}


def _shape(raw: RawColumn) -> str:
    short = f"left(CAST({raw.sql} AS VARCHAR), 24)"
    digits = f"regexp_replace({short}, '\\p{{N}}', '9', 'g')"
    letters = f"regexp_replace({digits}, '\\p{{L}}', 'a', 'g')"
    # whatever is left is punctuation; control characters would disturb a terminal
    return f"coalesce(regexp_replace({letters}, '[^ -~]', '?', 'g'), '')"


def _outputs(conversion: Conversion, fields: list[_Field]) -> list[_Field]:
    time = SCHEMAS[conversion.table].time
    wanted = [f for f in fields if not _is_checked_only(conversion, f.target)]
    out = [_Field(f.target, "", f"{f.kept} AS {identifier(_day_name(f.target, time))}", ()) for f in wanted]
    if conversion.table == "orders":
        moment = _moment(identifier("p_ordered_at"))
        given = "order_id" in conversion.mapping.columns
        order = f"coalesce({identifier('p_order_id')}, {moment})" if given else moment
        out = [f for f in out if f.target != "order_id"]
        position = list(canonical_columns(conversion)).index("order_id")
        out.insert(position, _Field("order_id", "", f"{order} AS order_id", ()))
    return out


def _moment(timestamp: str) -> str:
    """SQL of an order id where the source has none: a customer's rows of one moment are one order."""
    return f"CASE WHEN {timestamp} IS NOT NULL THEN 'at ' || CAST({timestamp} AS VARCHAR) END"


def _sentinel(conversion: Conversion) -> str:
    time = SCHEMAS[conversion.table].time
    if time is None:
        return "false"
    return f"coalesce(CAST({identifier(f'p_{time}')} AS DATE) IN (DATE '1900-01-01', DATE '1970-01-01'), false)"
