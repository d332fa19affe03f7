"""Labels by the compiled walk: the numbers of `hvc_ml.labels`, to the last bit.

A window of the future is one of negative age: ``[cutoff, cutoff + days)`` is ``-days < age <= 0``. It is looked at in
all rows, as `hvc_ml.timeline.future` does; only this module asks for that.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hvc_ml.compiled.events import Events
from hvc_ml.compiled.features import deal
from hvc_ml.compiled.walk import Walk
from hvc_ml.features.algebra import Aggregate
from hvc_ml.labels import YEAR, LabelSettings
from hvc_ml.tables.schema import CUSTOMER, TICKS
from hvc_ml.timeline.days import day_number

NAMES: Final = ("churned", "future_value", "future_orders", "days_to_event", "spend_ahead")


def labelled_columns(columns: Iterable[str]) -> tuple[str, ...]:
    """Columns of orders that labels are made of, of those that are there."""
    there = frozenset(columns)
    return tuple(c for c in ("amount", "cost") if c in there)


def labels_of(
    events: Events, members: Mapping[date, NDArray[np.bool_]], settings: LabelSettings, *, threads: int | None = None
) -> dict[date, pa.Table]:
    """What each customer did in ``[cutoff, cutoff + horizon)``, where leaving is to order nothing in it.

    Parameters
    ----------
    events
        With the orders' `labelled_columns`.
    members
        Who is asked for at each cutoff, of ``events.customers``.
    settings
        Horizon and margin.
    threads
        As in `hvc_ml.compiled.features.features_of`.

    Returns
    -------
    dict
        Cutoff -> the table of `hvc_ml.labels.labels_at`, sorted by ``customer_id``.
    """
    cutoffs = sorted(members)
    asked = np.array([members[c] for c in cutoffs], np.bool_).reshape(len(cutoffs), len(events.customers))
    moments = [day_number(c) for c in cutoffs]
    ahead = _ahead(settings, costs="cost" in events.tables["orders"].where)
    before = Aggregate("total", "orders", "amount", within=max(YEAR - settings.horizon, 0))
    future = Walk(events, moments, ahead.values(), future=True, ticks=True)
    past = Walk(events, moments, [before], ticks=True)
    made = {(k, name): np.zeros(int(row.sum())) for k, row in enumerate(asked) for name in (*ahead, "before")}

    def work(customers: slice, starts: NDArray[np.int64], places: NDArray[np.int64], size: int) -> None:
        seen, known = future.over(customers, places, size), past.over(customers, places, size)
        found = {name: seen[a] for name, a in ahead.items()} | {"before": known[before]}
        for k, row in enumerate(places):
            n = int((row >= 0).sum())
            for name, values in found.items():
                made[k, name][starts[k] : starts[k] + n] = values[k, :n]

    deal(asked, work, threads)
    names = (*ahead, "before")
    return {
        cutoff: _table(events.customers.filter(pa.array(asked[k])), {n: made[k, n] for n in names}, settings)
        for k, cutoff in enumerate(cutoffs)
    }


def _ahead(settings: LabelSettings, *, costs: bool) -> dict[str, Aggregate]:
    """Aggregates of the future."""
    horizon = settings.horizon
    year = max(horizon - YEAR, 0)
    return {
        "orders": Aggregate("count", "purchases", None, within=0, after=-horizon),
        "first": Aggregate("largest", "purchases", "age", within=0, after=-horizon),
        "amount": Aggregate("total", "orders", "amount", within=0, after=-horizon),
        "year": Aggregate("total", "orders", "amount", within=-year, after=-horizon),
        **({"cost": Aggregate("total", "orders", "cost", within=0, after=-horizon)} if costs else {}),
    }


def _table(customers: pa.Array, found: Mapping[str, NDArray[np.float64]], settings: LabelSettings) -> pa.Table:
    value = found["amount"] / float(TICKS) * settings.margin
    if "cost" in found:
        value = value - found["cost"] / float(TICKS)
    spend = (found["year"].astype(np.int64) + found["before"].astype(np.int64)).astype(np.float64) / float(TICKS)
    arrays = (
        pa.array((found["orders"] == 0).astype(np.int8)),
        pa.array(value),
        pa.array(found["orders"].astype(np.int64)),
        pa.array(-found["first"], from_pandas=True).cast(pa.int64()),
        pa.array(spend),
    )
    return pa.table([customers, *arrays], [CUSTOMER, *NAMES])
