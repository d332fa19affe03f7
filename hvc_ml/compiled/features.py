"""Declared features by the compiled walk: the numbers of `hvc_ml.features.compute`, to the last bit."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import pairwise
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hvc_ml.compiled.events import Events
from hvc_ml.compiled.walk import Floats, Walk
from hvc_ml.features.algebra import Aggregate, Attribute, Minus, Ratio, Value, aggregates
from hvc_ml.features.feature import Feature
from hvc_ml.tables.engine import usable_cores
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.timeline.days import day_number

CHUNK: Final = 4000
"""Customers that a thread takes at a time: no power of two, so that their columns do not share lines of the cache."""


def has_attribute(value: Value) -> bool:
    """Whether a value is made of an attribute: those stay with the engine, in whose table they lie.

    Examples
    --------
    >>> from hvc_ml.features.algebra import count
    >>> has_attribute(Ratio(Attribute("score"), count())), has_attribute(count())
    (True, False)
    """
    match value:
        case Attribute():
            return True
        case Ratio(top, bottom):
            return has_attribute(top) or has_attribute(bottom)
        case Minus(left, right):
            return has_attribute(left) or has_attribute(right)
        case _:
            return False


def features_of(
    events: Events,
    members: Mapping[date, NDArray[np.bool_]],
    features: Sequence[Feature],
    *,
    threads: int | None = None,
) -> dict[date, pa.Table]:
    """What is known of each customer at several cutoffs, in one walk.

    Parameters
    ----------
    events
        The rows.
    members : mapping of date to ndarray of bool, shape (customers,)
        Who is asked for at each cutoff, of ``events.customers``.
    features
        What to compute; none of them may be made of an attribute.
    threads
        Customers are dealt out to so many threads; by default all processors. The result does not depend on it.

    Returns
    -------
    dict
        Cutoff -> ``customer_id`` and one float64 column per feature, null where unknown, sorted by ``customer_id``.
    """
    cutoffs = sorted(members)
    walk = Walk(events, [day_number(c) for c in cutoffs], (a for f in features for a in aggregates(f.value)))
    asked = np.array([members[c] for c in cutoffs], np.bool_).reshape(len(cutoffs), len(events.customers))
    made = [np.empty((len(features), int(row.sum()))) for row in asked]

    def work(customers: slice, starts: NDArray[np.int64], places: NDArray[np.int64], size: int) -> None:
        found = walk.over(customers, places, size)
        with np.errstate(divide="ignore", invalid="ignore"):
            for k, (start, row) in enumerate(zip(starts, places, strict=True)):
                n = int((row >= 0).sum())
                figures = {a: values[k, :n] for a, values in found.items()}
                for out, feature in zip(made[k], features, strict=True):
                    out[start : start + n] = _finished(feature, figures)

    deal(asked, work, threads)
    return {
        cutoff: _as_table(events.customers.filter(pa.array(row)), features, columns)
        for cutoff, row, columns in zip(cutoffs, asked, made, strict=True)
    }


Work = Callable[[slice, NDArray[np.int64], NDArray[np.int64], int], None]


def deal(asked: NDArray[np.bool_], work: Work, threads: int | None = None) -> None:
    """Deal customers out to threads, chunk by chunk.

    Parameters
    ----------
    asked : ndarray of bool, shape (cutoffs, customers)
        Who is asked for.
    work
        Is given the customers of a chunk; how many were asked for before them, by cutoff; each one's place among those
        of the chunk, by cutoff, -1 for none; the most places of a cutoff.
    threads
        By default all processors.
    """
    with ThreadPoolExecutor(max_workers=threads or usable_cores()) as pool:
        for done in [pool.submit(work, *chunk) for chunk in _chunks(asked)]:
            done.result()


def _chunks(asked: NDArray[np.bool_]) -> Iterator[tuple[slice, NDArray[np.int64], NDArray[np.int64], int]]:
    starts = np.zeros(len(asked), np.int64)
    bounds = [*range(0, asked.shape[1], CHUNK), asked.shape[1]]
    for begin, end in pairwise(bounds):
        here = asked[:, begin:end]
        places = np.where(here, np.cumsum(here, axis=1) - 1, -1)
        sizes = here.sum(axis=1)
        if sizes.any():
            yield slice(begin, end), starts, places, int(sizes.max())
        starts = starts + sizes


def _finished(feature: Feature, found: Mapping[Aggregate, Floats]) -> Floats:
    value = _evaluated(feature.value, found)
    return value if feature.empty is None else np.where(np.isnan(value), feature.empty, value)


def _evaluated(value: Value, found: Mapping[Aggregate, Floats]) -> Floats:
    """A value from its aggregates; unknown is NaN throughout, which no aggregate of known rows can be."""
    match value:
        case Aggregate():
            return found[value]
        case Ratio(top, bottom):
            below = _evaluated(bottom, found)
            return np.where(below != 0.0, _evaluated(top, found) / below, np.nan)
        case Minus(left, right):
            return _evaluated(left, found) - _evaluated(right, found)
        case Attribute(column):
            raise ValueError(f"the attribute {column!r} lies with the engine: see features_at")


def _as_table(customers: pa.Array, features: Sequence[Feature], columns: Floats) -> pa.Table:
    arrays = [pa.array(column, from_pandas=True) for column in columns]
    return pa.table([customers, *arrays], [CUSTOMER, *(f.name for f in features)])
