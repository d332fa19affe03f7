"""What a made-up shop's own files show at a cutoff: nothing of the truth, nothing of the future."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hvc_ml.tables.demo.draws import MICROSECONDS_PER_DAY, Flags, Floats, Ints
from hvc_ml.tables.demo.laws import CHANNELS, PROFESSIONS
from hvc_ml.tables.demo.lives import Points
from hvc_ml.tables.demo.orders import Till

NOON: Final = 0.5
"""Hours in the log are opening hours, not the moments by which lives are drawn: everything happened at noon."""
UNKNOWN: Final = -1
SPAN: Final = 1e6
"""Wider than any date, so that one sorted key holds row and time."""


@dataclass(frozen=True)
class SeenLog:
    """What was seen of customers (rows, by id) before ``cutoff``; moments are days since 1970-01-01, local.

    ``till`` are orders by customer and time, with the refunds seen so far; ``discounted`` and ``channel`` stand beside
    them, ``answers`` beside ``surveys``. Complaints are among the tickets, as in the log. ``first`` and ``last`` are
    each one's first and last order, ``sign`` the last sign of life: an order or an answered survey.
    """

    cutoff: int
    ids: Any
    profession: Ints
    loyal: Flags
    till: Till
    discounted: Flags
    channel: Ints
    visits: Points
    opens: Points
    tickets: Points
    complaints: Points
    surveys: Points
    answers: Floats

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def orders(self) -> Ints:
        """How many orders each customer has."""
        return np.bincount(self.till.row, minlength=len(self))

    @property
    def first(self) -> Floats:
        """Each customer's first order."""
        return np.asarray(self.till.at[np.searchsorted(self.till.row, np.arange(len(self)))])

    @property
    def last(self) -> Floats:
        """Each customer's last order."""
        return np.asarray(self.till.at[np.searchsorted(self.till.row, np.arange(len(self)), side="right") - 1])

    @property
    def answered(self) -> Floats:
        """Each customer's last survey, -inf where there is none."""
        last = np.full(len(self), -np.inf)
        np.maximum.at(last, self.surveys.row, self.surveys.at)
        return last


def read_log(data: Path, cutoff: int) -> SeenLog:
    """Read ``orders``, ``customers`` and ``events`` of a made-up shop, as far as they were known at ``cutoff``.

    Parameters
    ----------
    data
        The folder ``data`` that ``write_demo`` wrote for ``kind="retail"``.
    cutoff
        Day since 1970-01-01; customers who ordered before it are the rows.
    """
    lines = before(pq.read_table(data / "orders.parquet"), "ordered_at", cutoff)
    events = before(pq.read_table(data / "events.parquet"), "happened_at", cutoff)
    ids = pc.unique(lines["customer_id"]).sort()
    people = pq.read_table(data / "customers.parquet")
    people = people.take(pc.index_in(ids, people["customer_id"].combine_chunks()))
    till, discounted, channel = _till(lines, ids)
    kinds = {name: _points(events, name, ids) for name in ("visit", "email_open", "ticket", "complaint", "nps")}
    return SeenLog(
        cutoff=cutoff,
        ids=ids,
        profession=codes(people["profession"], PROFESSIONS),
        loyal=codes(people["loyalty_member"], ("no", "yes")) == 1,
        till=till,
        discounted=discounted,
        channel=channel,
        visits=kinds["visit"][0],
        opens=kinds["email_open"][0],
        tickets=kinds["ticket"][0],
        complaints=kinds["complaint"][0],
        surveys=kinds["nps"][0],
        answers=kinds["nps"][1],
    )


def upto(points: Points, rows: Ints, at: Floats) -> tuple[Floats, Floats]:
    """How many points each of these rows has before its moments, and the sum of their times.

    Parameters
    ----------
    points
        By row and time.
    rows
        Shape (n,).
    at
        Shape (n, m).

    Returns
    -------
    tuple
        Two arrays of shape (n, m).
    """
    key = points.row * SPAN + points.at
    total = np.concatenate([[0.0], np.cumsum(points.at)])
    first = np.searchsorted(key, rows * SPAN)[:, None]
    here = np.searchsorted(key, rows[:, None] * SPAN + np.maximum(at, 0.0))
    return (here - first).astype(np.float64), total[here] - total[first]


def counted(points: Points, rows: Ints) -> Floats:
    """How many points each of these rows has."""
    return (np.searchsorted(points.row, rows, side="right") - np.searchsorted(points.row, rows)).astype(np.float64)


def before(table: Any, column: str, cutoff: int) -> Any:
    """Rows of days before the cutoff, and the day of each as a column ``day``."""
    days = table[column].cast(pa.int64()).to_numpy() // MICROSECONDS_PER_DAY
    kept = days < cutoff
    return table.filter(pa.array(kept)).append_column("day", pa.array(days[kept]))


def codes(column: Any, names: tuple[str, ...]) -> Ints:
    """Positions among ``names``; ``UNKNOWN`` where empty."""
    found = pc.fill_null(pc.index_in(column, pa.array(names)), UNKNOWN)
    return np.asarray(found.to_numpy(), dtype=np.int64)


def _till(lines: Any, ids: Any) -> tuple[Till, Flags, Ints]:
    """Orders from their lines: amounts and refunds in cents; whether at a discount; the channel."""
    order = pc.dictionary_encode(lines["order_id"]).combine_chunks()
    code, n = order.indices.to_numpy().astype(np.int64), len(order.dictionary)
    cents = np.rint(lines["amount"].to_numpy() * 100).astype(np.int64)
    day, bought = lines["day"].to_numpy(), cents > 0
    at = np.full(n, np.inf)
    np.minimum.at(at, code, day + NOON)
    owner, channel, refund_day = (np.full(n, UNKNOWN) for _ in range(3))
    owner[code] = pc.index_in(lines["customer_id"], ids).to_numpy()
    channel[code] = codes(lines["channel"], CHANNELS)
    refund_day[code[~bought]] = day[~bought]
    amount, refund = (np.bincount(code, np.maximum(side * cents, 0), n).astype(np.int64) for side in (1, -1))
    discounted = np.bincount(code, lines["discount"].to_numpy(), n) > 0
    by = np.lexsort((at, owner))
    return Till(owner[by], at[by], amount[by], refund[by], refund_day[by]), discounted[by], channel[by]


def _points(events: Any, kind: str, ids: Any) -> tuple[Points, Floats]:
    """Moments of one kind of event, by customer and time, and their values."""
    some = events.filter(pc.equal(events["kind"], kind))
    row = pc.index_in(some["customer_id"], ids).to_numpy().astype(np.int64)
    at, value = some["day"].to_numpy() + NOON, some["value"].to_numpy()
    by = np.lexsort((at, row))
    return Points(row[by], at[by]), value[by]
