"""Intervals by drawing customers again: rows of one customer stay together, because they are not independent.

A replicate draws as many customers as there are, with replacement, and counts each customer's rows as often as it was
drawn. With more than ``MOST_CUSTOMERS`` a random subset of them is drawn from, and deviations are scaled by the square
root of the share (the m-out-of-n bootstrap: Bickel, Goetze & van Zwet, Statistica Sinica 7, 1997).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from hvc_ml.evaluation.kernels import Kernel
from hvc_ml.evaluation.ranking import FloatArray, IntArray

REPLICATES: Final = 250
MOST_CUSTOMERS: Final = 6_000
LEVEL: Final = 0.95
CHUNK_CELLS: Final = 2_000_000
"""Weights held in memory at once: replicates times rows."""


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval: 95 % of such intervals hold the figure of all customers there could have been.

    Examples
    --------
    >>> Estimate(0.01, 0.02, 0.03, error=0.005).as_list()
    [0.01, 0.02, 0.03]
    """

    low: float
    mid: float
    high: float
    error: float = float("nan")
    """Standard error."""

    def as_list(self) -> list[float | None]:
        """``[low, mid, high]`` for JSON: undefined is None."""
        return [float(x) if np.isfinite(x) else None for x in (self.low, self.mid, self.high)]


def interval(
    kernel: Kernel,
    actual: FloatArray,
    predicted: FloatArray,
    customer_id: npt.ArrayLike,
    *,
    replicates: int = REPLICATES,
    seed: int = 7,
) -> Estimate:
    """A metric with its customer-bootstrap interval.

    Parameters
    ----------
    kernel
        A formula of ``evaluation.kernels``.
    actual, predicted
        Shape (n,).
    customer_id
        Whose row it is, shape (n,); rows of one customer are drawn together.

    Examples
    --------
    >>> from hvc_ml.evaluation import kernels
    >>> found = interval(kernels.brier, np.array([1.0, 0.0]), np.array([0.5, 0.5]), ["a", "b"])
    >>> found.as_list()
    [0.25, 0.25, 0.25]
    """
    drawn = Draw.of(customer_id, replicates=replicates, seed=seed)
    rows = drawn.rows
    values = [kernel(actual[rows], predicted[rows], w) for w in drawn.weights()]
    point = float(kernel(actual, predicted, np.ones((1, len(actual))))[0])
    return drawn.estimate(point, np.concatenate(values))


def difference(
    kernel: Kernel,
    actual: FloatArray,
    first: FloatArray,
    second: FloatArray,
    customer_id: npt.ArrayLike,
    *,
    replicates: int = REPLICATES,
    seed: int = 7,
) -> Estimate:
    """``first`` minus ``second`` in a metric, both measured on the same drawn customers.

    Examples
    --------
    >>> from hvc_ml.evaluation import kernels
    >>> y, p = np.array([1.0, 0.0]), np.array([0.9, 0.2])
    >>> difference(kernels.brier, y, p, p, ["a", "b"]).as_list()
    [0.0, 0.0, 0.0]
    """

    def gap(actual: FloatArray, predicted: FloatArray, weights: FloatArray) -> FloatArray:
        return kernel(actual, predicted[:, 0], weights) - kernel(actual, predicted[:, 1], weights)

    return interval(gap, actual, np.column_stack([first, second]), customer_id, replicates=replicates, seed=seed)


@dataclass(frozen=True)
class Draw:
    """How often each row counts in each replicate; the first replicate counts every row once.

    Parameters
    ----------
    rows
        The rows that are drawn from (all, or those of a subset of customers).
    customer
        The number of each such row's customer.
    scale
        What deviations are multiplied by.
    """

    rows: IntArray
    customer: IntArray
    scale: float
    replicates: int
    seed: int

    @classmethod
    def of(cls, customer_id: npt.ArrayLike, *, replicates: int = REPLICATES, seed: int = 7) -> "Draw":
        """Draw whole customers; the same ids and seed give the same draws whatever the order of the rows."""
        names, customer = np.unique(np.asarray(customer_id, dtype=str), return_inverse=True)
        if len(names) <= MOST_CUSTOMERS:
            return cls(np.arange(len(customer)), customer, 1.0, replicates, seed)
        chosen = np.random.default_rng([seed, 1]).choice(len(names), MOST_CUSTOMERS, replace=False)
        code = np.full(len(names), -1, dtype=np.intp)
        code[np.sort(chosen)] = np.arange(MOST_CUSTOMERS)
        rows = np.flatnonzero(code[customer] >= 0)
        return cls(rows, code[customer[rows]], float(np.sqrt(MOST_CUSTOMERS / len(names))), replicates, seed)

    def weights(self) -> Iterator[FloatArray]:
        """Weights (some replicates, rows), in chunks; the very first row is all ones."""
        rng, customers = np.random.default_rng([self.seed, 2]), int(self.customer.max()) + 1
        yield np.ones((1, len(self.rows)))
        chunk = max(1, CHUNK_CELLS // len(self.rows))
        for start in range(0, self.replicates, chunk):
            drawn = [
                np.bincount(rng.integers(customers, size=customers), minlength=customers)
                for _ in range(min(chunk, self.replicates - start))
            ]
            yield np.stack(drawn).astype(np.float64)[:, self.customer]

    def estimate(self, point: float, values: FloatArray) -> Estimate:
        """Turn a point and its replicates (the first of them undrawn) into an interval around the point."""
        drawn = (values[1:] - values[0]) * self.scale + point
        drawn = drawn[np.isfinite(drawn)]
        if not len(drawn) or not np.isfinite(point):
            return Estimate(float("nan"), point, float("nan"))
        low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return Estimate(float(min(low, point)), point, float(max(high, point)), float(np.std(drawn)))
