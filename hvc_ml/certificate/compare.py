"""Two tables compared bit for bit."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hvc_ml.tables.schema import CUSTOMER


def differences(before: pa.Table, after: pa.Table) -> dict[str, int]:
    """How many cells differ, column by column, among the customers that both tables have.

    Parameters
    ----------
    before, after
        One row per customer, in any order, with a ``customer_id``.

    Returns
    -------
    dict
        Column -> cells that differ in one bit or more: 0.0 is not -0.0, unknown is not NaN. For ``customer_id``: rows
        of customers that the other table does not have. A column that one table lacks differs everywhere.

    Examples
    --------
    >>> was = pa.table({"customer_id": ["ann", "bob"], "spend": [1.0, None]})
    >>> now = pa.table({"customer_id": ["bob", "cyd"], "spend": [0.0, 5.0]})
    >>> differences(was, now)
    {'customer_id': 2, 'spend': 1}
    """
    same = before.filter(pc.is_in(before[CUSTOMER], after[CUSTOMER].combine_chunks()))
    other = after.take(pc.index_in(same[CUSTOMER], after[CUSTOMER].combine_chunks()))
    found = {CUSTOMER: len(before) + len(after) - 2 * len(same)}
    for column in dict.fromkeys((*before.column_names, *after.column_names)):
        if column != CUSTOMER:
            found[column] = _differing(_column(same, column), _column(other, column), len(same))
    return found


def rows_in_one(before: pa.Table, after: pa.Table) -> int:
    """How many rows only one of two tables has; both have no row twice.

    Examples
    --------
    >>> rows_in_one(pa.table({"age": [1, 2], "n": [5, 5]}), pa.table({"age": [2, 1], "n": [5, 6]}))
    2
    """
    both = pa.concat_tables([before, after.select(before.column_names).cast(before.schema)]).to_pandas()
    return int((~both.duplicated(keep=False)).sum())


def _column(table: pa.Table, name: str) -> Any:
    return table[name].combine_chunks() if name in table.column_names else None


def _differing(a: Any, b: Any, rows: int) -> int:
    if a is None or b is None or a.type != b.type:
        return rows
    unequal = pc.fill_null(pc.not_equal(_bits(a), _bits(b)), False)
    return int(pc.sum(pc.or_(unequal, pc.xor(a.is_null(), b.is_null()))).as_py() or 0)


def _bits(column: pa.Array) -> pa.Array:
    return column.view(pa.int64()) if pa.types.is_float64(column.type) else column
