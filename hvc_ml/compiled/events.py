"""Everyone's rows of the dated tables in compact arrays, from the engine or from what was kept: what the walk reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hvc_ml.compiled.filling import Read, read_rows
from hvc_ml.compiled.kept import kept_rows
from hvc_ml.compiled.merging import merged, places_of
from hvc_ml.compiled.ranges import EVERYONE, Range
from hvc_ml.compiled.table import EventTable
from hvc_ml.features.catalog import source
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.layers import Layers, layers_of
from hvc_ml.tables.load import Tables
from hvc_ml.tables.schema import KNOWN_DAY


@dataclass(frozen=True)
class Events:
    """Customers, sorted by id, and their rows of each table.

    Parameters
    ----------
    customers : Array of string
        Everyone with a row in the tables that customers are told by.
    tables
        Canonical table -> its rows.
    """

    customers: pa.Array
    tables: Mapping[str, EventTable]

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(len(t.days) for t in self.tables.values())


def read_events(
    engine: Engine,
    tables: Tables,
    columns: Mapping[str, Sequence[str]],
    customers: Range = EVERYONE,
) -> Events:
    """Read what aggregates need of the tables.

    Parameters
    ----------
    engine, tables
        Where the rows are.
    columns
        Canonical table -> columns beside the day and the arrival, as `hvc_ml.compiled.program.columns_of` gives them.
        Who has a row in orders or contracts is a customer; rows of others are left out.
    customers
        Only those whose id lies in this range.

    Raises
    ------
    ValueError
        If a table or a column is not there.
    """
    read = {name: _read(engine, tables, name, names, customers) for name, names in columns.items()}
    told = [ids for name, (ids, _) in read.items() if name in {"orders", "contracts"}]
    everyone = _union(told or [ids for ids, _ in read.values()])
    return Events(everyone, {name: _placed(everyone, ids, table) for name, (ids, table) in read.items()})


def _read(engine: Engine, tables: Tables, name: str, names: Sequence[str], customers: Range) -> Read:
    """Customers of a table, sorted, and its rows: those kept as they were kept, and only the others from the engine."""
    frame = source(tables, name)
    if frame is None:
        raise ValueError(f"a feature asks for the table {name!r}, which is not there")
    layers = layers_of(tables, name)
    if layers is None or not _alike(layers, names):
        ids, table = read_rows(engine, customers.of(frame), names)
    else:
        fresh = read_rows(engine, customers.of(layers.fresh), names)
        ids, table = merged(kept_rows(engine, layers, name, names, customers), fresh, names)
    return ids, table.checked()


def _alike(layers: Layers, names: Sequence[str]) -> bool:
    """Whether both layers have these columns, numbers or texts."""
    kept, fresh = ({c: t == nw.String for c, t in f.collect_schema().items()} for f in (layers.kept, layers.fresh))
    return all(c in kept and kept[c] == fresh.get(c) for c in names) and (KNOWN_DAY in kept) == (KNOWN_DAY in fresh)


def _union(ids: Sequence[pa.Array]) -> pa.Array:
    if len(ids) == 1:
        return ids[0]
    every = pc.unique(pa.concat_arrays(ids))
    return every.take(pc.array_sort_indices(every))


def _placed(customers: pa.Array, ids: pa.Array, table: EventTable) -> EventTable:
    """The table's rows by the place of their customer among all customers."""
    if ids is customers or ids.equals(customers):
        return table
    places = places_of(customers, ids)
    at = places[1, places[0] >= 0]
    begins = np.where(at < 0, 0, table.begins[at] if len(ids) else 0)
    ends = np.where(at < 0, 0, table.ends[at] if len(ids) else 0)
    return replace(table, begins=begins, ends=ends)
