"""Ranges of customers: as many parts as it takes for one of them to fit the memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import narwhals as nw
import numpy as np

from hvc_ml.features.catalog import source
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.frame import Frame
from hvc_ml.tables.layers import layers_of
from hvc_ml.tables.load import Tables
from hvc_ml.tables.schema import CUSTOMER

CELL: Final = 4
"""Bytes of a cell, since nearly all columns fit 32 bits."""
DRAWN: Final = 200_000
"""Rows that are drawn to tell where ranges end."""


@dataclass(frozen=True)
class Range:
    """Customers with ``low <= customer_id < high``; None is no limit."""

    low: str | None = None
    high: str | None = None

    def of(self, frame: Frame) -> Frame:
        """The rows of these customers."""
        kept = [] if self.low is None else [nw.col(CUSTOMER) >= self.low]
        kept += [] if self.high is None else [nw.col(CUSTOMER) < self.high]
        return frame.filter(*kept) if kept else frame


EVERYONE: Final = Range()


def ranges_of(
    engine: Engine, tables: Tables, columns: Mapping[str, Sequence[str]], per_customer: int, budget: int
) -> tuple[Range, ...]:
    """Cut customers into ranges, in order, whose rows and figures take about the budget or less.

    The tables lie in the order of customers, so a range is read without looking at the rest of them.

    Parameters
    ----------
    engine, tables, columns
        As for `hvc_ml.compiled.events.read_events`.
    per_customer
        Bytes of a customer's figures.
    budget
        Bytes of a part.
    """
    rows = {name: _count(engine, tables, name) for name in columns if source(tables, name) is not None}
    held = sum(n * CELL * (len(columns[name]) + 2) for name, n in rows.items())
    orders = rows.get("orders", 0)
    if held + orders * per_customer <= budget or not orders:  # as if every order were another customer's
        return (EVERYONE,)
    one_in = max(1, orders // DRAWN)
    drawn = engine.drawn(tables.orders, CUSTOMER, one_in)
    weights = drawn["rows"].to_numpy() * (held / orders) + per_customer
    parts = int(np.ceil(float(weights.sum()) * one_in / budget))
    if parts <= 1:
        return (EVERYONE,)
    ends = np.searchsorted(np.cumsum(weights), weights.sum() * np.arange(1, parts) / parts)
    cuts = list(dict.fromkeys(drawn["value"].take(ends).to_pylist()))
    return tuple(Range(low, high) for low, high in zip([None, *cuts], [*cuts, None], strict=True))


def _count(engine: Engine, tables: Tables, name: str) -> int:
    """Rows of a table; a file that was kept says how many it has."""
    layers = layers_of(tables, name)
    frames = (source(tables, name),) if layers is None else (layers.kept, layers.fresh)
    return sum(engine.count(frame) for frame in frames if frame is not None)
