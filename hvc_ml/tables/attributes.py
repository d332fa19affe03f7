# ruff: noqa: S608 # queries are built from quoted names and texts only (see sql.py)
"""Attributes of customers: which of them are numbers, whatever the file format says."""

from hvc_ml.tables.engine import Engine
from hvc_ml.tables.schema import SCHEMAS
from hvc_ml.tables.sql import identifier, literal
from hvc_ml.tables.staging import Staged

# a leading zero marks a code (postcodes, branch numbers), which is text
_NUMBER = r"[+-]?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?"


def numbers_as_numbers(engine: Engine, staged: Staged, decimal: str) -> str:
    """Write the select list of a staged table of customers, text attributes as float64 where all are numbers.

    A CSV holds only text and a Parquet file may hold numbers as text; the rule makes them the same table: an attribute
    is a number where every value that is not empty is written as one, without leading zeros.
    """
    schema = SCHEMAS["customers"]
    described = dict(engine.execute(f"SELECT column_name, column_type FROM (DESCRIBE {identifier(staged.name)})"))
    texts = [c for c in staged.columns if schema.column(c) is None and described[c] == "VARCHAR"]
    if not texts:
        return ", ".join(identifier(c) for c in staged.columns)
    tests = ", ".join(
        f"coalesce(bool_and(regexp_full_match({_plain(c, decimal)}, {literal(_NUMBER)})), false)" for c in texts
    )
    found = engine.execute(f"SELECT {tests} FROM {identifier(staged.name)} WHERE reason = 0")[0]
    numeric = {c for c, yes in zip(texts, found, strict=True) if yes}
    return ", ".join(
        f"CAST({_plain(c, decimal)} AS DOUBLE) AS {identifier(c)}" if c in numeric else identifier(c)
        for c in staged.columns
    )


def _plain(column: str, decimal: str) -> str:
    trimmed = f"trim({identifier(column)})"
    # a point beside a decimal comma is no number
    return f"replace(replace({trimmed}, '.', '?'), ',', '.')" if decimal == "," else trimmed
