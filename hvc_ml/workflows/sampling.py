"""Which customers the models learn from, where there are more than they need: a part told by a hash of the id.

The same customers at every cutoff and on every machine. Everybody is tested and scored all the same, and priors are
fitted on everybody's counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hvc_ml.tables.schema import CUSTOMER

SAMPLED: Final = "sampled"
"""Column of a modelling frame with everybody in it: who is learned from."""

_KEY: Final = "customers sample"  # sixteen characters; another hash than the one that holds customers back
_HASHES: Final = 2.0**64


@dataclass(frozen=True)
class Sample:
    """A part of the customers.

    Attributes
    ----------
    share
        Of all customers; 1 is everybody.
    of
        How many customers there are.

    Examples
    --------
    >>> ids = pd.Series([f"c{i}" for i in range(10_000)])
    >>> half = Sample(0.5, 10_000)
    >>> int(half.has(ids).sum()), bool(half.has(ids)[7] == half.has(ids[7:8])[0])
    (5085, True)
    """

    share: float
    of: int

    def has(self, customers: "pd.Series[str]") -> NDArray[np.bool_]:
        """Whether each customer belongs to it, shape (n,)."""
        if self.share >= 1:
            return np.ones(len(customers), dtype=bool)
        ids = customers.astype(str).to_numpy(dtype=object)
        return pd.util.hash_array(ids, hash_key=_KEY, categorize=False) < self.share * _HASHES

    def chosen(self, ids: pa.Array) -> NDArray[np.bool_]:
        """Whether each of these ids is of one of them, shape (n,)."""
        return self.has(ids.to_pandas())

    @property
    def says(self) -> str:
        """In words; empty where it is everybody."""
        return f"models learned from a sample of {self.share:.1%} of {self.of:,} customers" if self.share < 1 else ""

    def as_json(self) -> dict[str, float]:
        """The ``sample`` of ``train --json``."""
        return {"share": self.share, "of": self.of}


def sample_of(ids: Sequence[pa.ChunkedArray], most: int | Literal["all"], share: float = 1.0) -> Sample:
    """The part of the customers that comes to ``most`` of them, or everybody.

    Parameters
    ----------
    ids
        Customers of each labelled cutoff.
    share
        Of all customers, those who are among the ids: they were drawn by the same hash.
    """
    rows = sum(len(column) for column in ids)
    if most == "all" or (share >= 1 and rows <= most):
        return Sample(1.0, _distinct(ids))
    of = _distinct(ids)
    return Sample(share * min(1.0, most / of), round(of / share))


def _distinct(ids: Sequence[pa.ChunkedArray]) -> int:
    chunks = [chunk.cast(pa.large_string()) for column in ids for chunk in column.chunks]
    return int(pc.count_distinct(pa.chunked_array(chunks, pa.large_string())).as_py())


def sampled(frame: pd.DataFrame, sample: Sample, *, whole: bool) -> pd.DataFrame:
    """A modelling frame with the sample's customers only; or, where everybody is needed, with a mark on them."""
    if sample.share >= 1:
        return frame
    chosen = sample.has(frame[CUSTOMER])
    return frame.assign(**{SAMPLED: chosen}) if whole else frame[chosen].reset_index(drop=True)


def learned(frame: pd.DataFrame) -> pd.DataFrame:
    """Those of its rows that the models learn from."""
    return frame[frame[SAMPLED]].drop(columns=SAMPLED).reset_index(drop=True) if SAMPLED in frame.columns else frame
