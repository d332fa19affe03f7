"""From the tree of an expression to SQL over the positional columns of one part."""

from hvc_ml.errors import ConfigError
from hvc_ml.tables.parts import Part, RawColumn
from hvc_ml.tables.sql import literal
from hvc_ml.tables.tree import (
    Arithmetic,
    Comparison,
    Junction,
    Missing,
    Name,
    Negative,
    Node,
    Not,
    Number,
    Text,
    Within,
    is_condition,
)

FLOATS = ("FLOAT", "DOUBLE", "REAL")
WHOLE = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
)


def is_number(kind: str) -> bool:
    """Whether an engine type is a number."""
    return kind in FLOATS or kind in WHOLE or kind.startswith("DECIMAL") or kind == "BOOLEAN"


def text_of(column: RawColumn) -> str:
    """SQL of a column as text: text byte by byte, whole numbers without a point, blank or missing as NULL."""
    x = column.sql
    if column.type == "VARCHAR":
        return f"CASE WHEN trim({x}) <> '' THEN {x} END"
    if column.type in FLOATS or column.type.startswith("DECIMAL"):
        whole = f"CAST(CAST({x} AS HUGEINT) AS VARCHAR)"
        plain = f"CASE WHEN {x} = trunc({x}) AND abs({x}) < 9007199254740992 THEN {whole} ELSE CAST({x} AS VARCHAR) END"
        return f"CASE WHEN NOT isnan(CAST({x} AS DOUBLE)) THEN {plain} END"
    return f"CAST({x} AS VARCHAR)"


def number_of(column: RawColumn, decimal: str, where: str) -> str:
    """SQL of a column as float64; NULL where a text is not a number."""
    x = column.sql
    if column.type == "VARCHAR":
        # the engine reads 1_000 as a number; a point beside a decimal comma separates thousands: both are refused
        if decimal == ",":
            return f"CASE WHEN NOT regexp_matches({x}, '[._]') THEN TRY_CAST(replace({x}, ',', '.') AS DOUBLE) END"
        return f"CASE WHEN NOT contains({x}, '_') THEN TRY_CAST({x} AS DOUBLE) END"
    if is_number(column.type):
        return f"CAST({x} AS DOUBLE)"
    raise ConfigError(f"{where}: the column {column.name!r} is {column.type}, not a number.")


def value_sql(node: Node, part: Part, decimal: str, where: str) -> str:
    """Compile a value to SQL of type DOUBLE."""
    if isinstance(node, Number):
        return f"CAST({node.value!r} AS DOUBLE)"
    if isinstance(node, Name):
        return number_of(part.column(node.name), decimal, where)
    if isinstance(node, Negative):
        return f"(-({value_sql(node.of, part, decimal, where)}))"
    if isinstance(node, Arithmetic):
        left, right = (value_sql(n, part, decimal, where) for n in (node.left, node.right))
        return f"(({left}) {node.operator} ({right}))"
    raise ConfigError(f"{where}: expected a number, found a {'condition' if is_condition(node) else 'text'}.")


def condition_sql(node: Node, part: Part, decimal: str, where: str) -> str:
    """Compile a filter to SQL of type BOOLEAN (NULL where a value is missing)."""
    if isinstance(node, Junction):
        return f" {node.operator.upper()} ".join(f"({condition_sql(n, part, decimal, where)})" for n in node.of)
    if isinstance(node, Not):
        return f"NOT ({condition_sql(node.of, part, decimal, where)})"
    if isinstance(node, Missing):
        return f"({_any(node.of, part, decimal, where)}) IS {'NOT ' if node.negated else ''}NULL"
    if isinstance(node, Within):
        return _within(node, part, decimal, where)
    if isinstance(node, Comparison):
        return _comparison(node, part, decimal, where)
    raise ConfigError(f"{where}: expected a condition such as `amount > 0`, found a value.")


def _comparison(node: Comparison, part: Part, decimal: str, where: str) -> str:
    sides = (node.left, node.right)
    operator = "<>" if node.operator == "!=" else node.operator
    names_only = all(isinstance(s, Name) for s in sides)
    as_text = any(isinstance(s, Text) for s in sides) or (names_only and operator in {"=", "<>"})
    left, right = (_text(s, part, where) if as_text else _finite(s, part, decimal, where) for s in sides)
    return f"({left}) {operator} ({right})"


def _within(node: Within, part: Part, decimal: str, where: str) -> str:
    as_text = any(isinstance(o, Text) for o in node.options)
    compiled = [
        _text(n, part, where) if as_text else _finite(n, part, decimal, where) for n in (node.of, *node.options)
    ]
    return f"({compiled[0]}) {'NOT IN' if node.negated else 'IN'} ({', '.join(compiled[1:])})"


def _any(node: Node, part: Part, decimal: str, where: str) -> str:
    return text_of(part.column(node.name)) if isinstance(node, Name) else _finite(node, part, decimal, where)


def _finite(node: Node, part: Part, decimal: str, where: str) -> str:
    # the engine sorts NaN above every number; here a value that is not a number is missing
    return f"nullif({value_sql(node, part, decimal, where)}, 'nan'::DOUBLE)"


def _text(node: Node, part: Part, where: str) -> str:
    if isinstance(node, Text):
        return literal(node.value)
    if isinstance(node, Number):
        return literal(f"{node.value:.0f}" if node.value.is_integer() else repr(node.value))
    if isinstance(node, Name):
        return text_of(part.column(node.name))
    raise ConfigError(f"{where}: arithmetic cannot be compared with a text.")
