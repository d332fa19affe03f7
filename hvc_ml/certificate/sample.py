"""The rows of a few customers, in memory, and back in the engine after they were changed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final, TypeAlias

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hvc_ml.tables.engine import Engine
from hvc_ml.tables.frame import Frame
from hvc_ml.tables.load import Tables
from hvc_ml.tables.schema import CUSTOMER, DAY
from hvc_ml.timeline.days import day_number

READ: Final = ("orders", "items", "customers", "events", "contracts")
"""Tables that a population or a feature can be made of; touches are read by neither."""

PREFIX: Final = "certificate_"
MOST_ROWS: Final = 2_000_000
"""Rows that are held in memory, about: where customers have many each, fewer customers are drawn."""

Rows: TypeAlias = Mapping[str, pa.Table]
"""Canonical table -> rows."""


def sampled(engine: Engine, tables: Tables, customers: int) -> Rows:
    """All rows of at most so many customers, evenly spaced among the sorted ids: the same ones in every run.

    Customers of any time are drawn, those who come after a cutoff as well: they must stay unseen.
    """
    kept = f"{PREFIX}customers_drawn"
    ids = engine.arrow(_everyone(tables).unique().sort(CUSTOMER))
    rows = sum(engine.count(frame) for frame in _read(tables).values())
    most = max(1, min(customers, len(ids), MOST_ROWS * len(ids) // rows))
    places = np.unique(np.linspace(0, len(ids) - 1, most).astype(np.int64))
    _put(engine, kept, ids.take(pa.array(places)))
    found = {name: _of(engine, frame, engine.frame(kept)) for name, frame in _read(tables).items()}
    engine.drop(kept)
    return found


def loaded(engine: Engine, rows: Rows, like: Tables, cutoff: date) -> Tables:
    """Rows as tables of the engine, with the span that these orders have.

    Parameters
    ----------
    like
        The tables that the rows were taken from, in whatever engine.
    cutoff
        Where no order is left, the log ends here.
    """
    for name, table in rows.items():
        _put(engine, PREFIX + name, table)
    frames = {name: engine.frame(PREFIX + name) for name in rows}
    days = pc.min_max(rows["orders"][DAY]).as_py()
    now = day_number(cutoff)
    first, last = (now - 1, now - 1) if days["min"] is None else (days["min"], days["max"])
    return replace(like.exchanged(frames), first_day=first, end_day=last + 1)


def forgotten(engine: Engine, rows: Rows) -> None:
    """Drop what `loaded` has put into the engine."""
    for name in rows:
        engine.drop(PREFIX + name)


def _read(tables: Tables) -> dict[str, Frame]:
    found = {name: getattr(tables, name) for name in READ}
    return {name: frame for name, frame in found.items() if frame is not None}


def _everyone(tables: Tables) -> Frame:
    """Whoever a population can be made of."""
    made_of = [tables.orders] if tables.contracts is None else [tables.orders, tables.contracts]
    return nw.concat([table.select(CUSTOMER) for table in made_of])


def _of(engine: Engine, frame: Frame, customers: Frame) -> pa.Table:
    # in one order, whatever the engine's threads did: what is drawn later depends on it
    rows = frame.join(customers, on=CUSTOMER, how="semi")
    return engine.arrow(rows.sort(*rows.collect_schema().names()))


def _put(engine: Engine, name: str, rows: pa.Table) -> None:
    engine.land(name, rows.schema, rows.combine_chunks().to_batches())
