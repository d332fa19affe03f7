"""What a cutoff needs to know of everyone who ever bought, by the compiled walk: who is active, and the prior's counts.

The figures are those of `hvc_ml.population` and `hvc_ml.dataset.repeat_buying`, whose queries remain for other engines.
"""

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hvc_ml.compiled import kernel
from hvc_ml.compiled.events import Events
from hvc_ml.compiled.features import deal
from hvc_ml.compiled.program import PURCHASE_DAYS, compile_plan
from hvc_ml.compiled.walk import Walk
from hvc_ml.features.algebra import Is, count, since_first, since_last, total
from hvc_ml.population import MIN_GAPS, PopulationSettings
from hvc_ml.timeline.days import day_number

Ints = NDArray[np.int64]

FIGURES: Final = (
    count("purchase_days"),
    since_first("purchase_days"),
    since_last("purchase_days"),
    total("amount", "purchase_days", Is("gap", "known")),
)
"""Days with a purchase, days since the first and the last of them, ticks spent on all but the first."""
_BITS: Final = 20
"""Days and numbers of days below a million are packed side by side, so that one sort does for three."""


@dataclass(frozen=True)
class Purchases:
    """Days with a purchase of each customer at one cutoff.

    Parameters
    ----------
    days : ndarray of int64, shape (customers,)
        How many; 0 of who had not bought yet.
    first, last : ndarray of int64, shape (customers,)
        Days since the first and the last; 0 of who had not bought yet.
    repeat_spend : ndarray of int64, shape (customers,)
        Ticks spent on all days but the first.
    gaps : ndarray of int64
        How many gaps between them there were of 0, 1, 2, ... days.
    """

    days: Ints
    first: Ints
    last: Ints
    repeat_spend: Ints
    gaps: Ints

    def active(self, days: int | None) -> NDArray[np.bool_]:
        """Who bought within so many days, or ever: `hvc_ml.population.population_at`."""
        return (self.days > 0) & (self.last <= days) if days is not None else self.days > 0

    def repeat_buying(self) -> pa.Table:
        """The table of `hvc_ml.dataset.repeat_buying.repeat_buying_at`."""
        bought = self.days > 0
        frequency, recency = self.days[bought] - 1, (self.first - self.last)[bought]
        packed = (frequency << 2 * _BITS) | (recency << _BITS) | (self.first[bought] - 1)
        values, n = np.unique(packed, return_counts=True)
        mask = (1 << _BITS) - 1
        columns = (values >> 2 * _BITS, (values >> _BITS) & mask, values & mask, n)
        return pa.table([pa.array(c, pa.int64()) for c in columns], ["frequency", "recency", "age", "n"])

    def repeat_spenders(self) -> pa.Table:
        """The table of `hvc_ml.dataset.repeat_buying.repeat_spend_at`."""
        again = self.days > 1
        frequency, spend = self.days[again] - 1, self.repeat_spend[again]
        order = np.lexsort((spend, frequency))
        frequency, spend = frequency[order], spend[order]
        new = np.ones(len(order), np.bool_)
        new[1:] = (frequency[1:] != frequency[:-1]) | (spend[1:] != spend[:-1])
        starts = np.flatnonzero(new)
        n = np.diff(np.append(starts, len(order)))
        columns = (frequency[starts], spend[starts], n)
        return pa.table([pa.array(c, pa.int64()) for c in columns], ["frequency", "repeat_spend", "n"])


def purchases_of(events: Events, cutoffs: Sequence[date], *, threads: int | None = None) -> dict[date, Purchases]:
    """Walk over the purchases of all customers, for several cutoffs."""
    moments = [day_number(c) for c in cutoffs]
    walk = Walk(events, moments, FIGURES, ticks=True)
    orders = events.tables["orders"]
    plan = compile_plan(orders, PURCHASE_DAYS, FIGURES, moments)
    span = int(np.ptp(orders.days)) if len(orders.days) else 0
    everyone = np.ones((len(cutoffs), len(events.customers)), np.bool_)
    figures = np.zeros((len(FIGURES), *everyone.shape), np.int64)
    gaps, lock = np.zeros((len(cutoffs), span + 1), np.int64), threading.Lock()

    def work(customers: slice, _starts: Ints, places: Ints, size: int) -> None:
        found = walk.over(customers, places, size)
        for out, aggregate in zip(figures, FIGURES, strict=True):
            out[:, customers] = np.nan_to_num(found[aggregate])
        own = np.zeros_like(gaps)
        kernel.count_gaps(orders.rows(customers), plan, own)
        with lock:  # sums of integers are the same in any order
            np.add(gaps, own, out=gaps)

    deal(everyone, work, threads)
    days, first, last, spend = figures
    return {c: Purchases(days[k], first[k], last[k], spend[k], gaps[k]) for k, c in enumerate(cutoffs)}


def window_of(gaps: Ints, settings: PopulationSettings, horizon: int) -> int | None:
    """Days since the last purchase within which a customer is active: `hvc_ml.population.active_within`.

    Parameters
    ----------
    gaps : ndarray of int64
        How many gaps between days with a purchase there were of 0, 1, 2, ... days.
    settings, horizon
        The rule.

    Examples
    --------
    >>> window_of(np.array([0, 0, 40]), PopulationSettings(), 30), window_of(np.array([0]), PopulationSettings(), 30)
    (30, None)
    """
    if settings.active_within == "all":
        return None
    if settings.active_within != "auto":
        return settings.active_within
    return None if int(gaps.sum()) < MIN_GAPS else max(horizon, math.ceil(_quantile(gaps, 0.95)))


def added(one: Ints, other: Ints) -> Ints:
    """Two counts of gaps together.

    Examples
    --------
    >>> added(np.array([1, 2]), np.array([1, 0, 5])).tolist()
    [2, 2, 5]
    """
    both = np.zeros(max(len(one), len(other)), np.int64)
    both[: len(one)] += one
    both[: len(other)] += other
    return both


def _quantile(counts: Ints, share: float) -> float:
    """The quantile of whole numbers from how often each occurs, rounded as DuckDB rounds: one product is fused."""
    at = (int(counts.sum()) - 1) * share
    low, high = np.searchsorted(np.cumsum(counts), [math.floor(at), math.ceil(at)], side="right")
    part = at - math.floor(at)
    return float(low) if part == 0.0 else float(int(low) * Fraction(1.0 - part) + Fraction(float(high) * part))
