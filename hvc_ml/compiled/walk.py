"""Aggregates of some customers at several cutoffs, table by table."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hvc_ml.compiled import kernel
from hvc_ml.compiled.events import Events
from hvc_ml.compiled.program import FUTURE, HISTORY, PURCHASE_DAYS, compile_plan, physical
from hvc_ml.features.algebra import Aggregate

Floats = NDArray[np.float64]


class Walk:
    """A compiled pass over the rows of all tables.

    Parameters
    ----------
    events
        The rows.
    cutoffs
        Day numbers.
    wanted
        What to compute.
    future
        Look at all rows instead of history: for labels alone.
    ticks
        Give money and other decimals in ticks.
    """

    def __init__(
        self,
        events: Events,
        cutoffs: Sequence[int],
        wanted: Iterable[Aggregate],
        *,
        future: bool = False,
        ticks: bool = False,
    ) -> None:
        self._events = events
        groups: dict[tuple[str, int], list[Aggregate]] = {}
        for aggregate in dict.fromkeys(wanted):
            kind = FUTURE if future else PURCHASE_DAYS if aggregate.table == "purchase_days" else HISTORY
            groups.setdefault((physical(aggregate), kind), []).append(aggregate)
        plans = [
            (table, compile_plan(events.tables[table], kind, group, cutoffs)) for (table, kind), group in groups.items()
        ]
        self._steps = [(t, p._replace(units=np.ones(len(p.units))) if ticks else p) for t, p in plans]
        self.wanted = tuple(a for group in groups.values() for a in group)

    def over(self, customers: slice, places: NDArray[np.int64], size: int) -> dict[Aggregate, Floats]:
        """Walk over some customers.

        Parameters
        ----------
        customers
            Which of ``events.customers``.
        places : ndarray of int64, shape (cutoffs, customers)
            Where each customer's figures go; -1 where they are not asked for.
        size
            How many places there are.

        Returns
        -------
        dict
            Aggregate -> ndarray of shape (cutoffs, size); NaN is unknown.
        """
        found: list[Any] = []
        for table, plan in self._steps:
            out = np.full((len(places), len(plan.wanted), size), np.nan)
            kernel.walk(self._events.tables[table].rows(customers), plan, places, out)
            found += [out[:, i] for i in range(len(plan.wanted))]
        return dict(zip(self.wanted, found, strict=True))
