"""Rows ordered by a prediction, ties kept together: the sums every ranking metric is made of.

Everything takes a matrix of weights, one row per bootstrap replicate, so one sort serves all replicates. Customers with
equal predictions are one group, and a figure is its expected value when ties are broken at random: no metric depends on
the order of the rows.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Ranking:
    """Rows from the highest prediction to the lowest; equal predictions form one group.

    Parameters
    ----------
    order
        Row numbers from the highest prediction to the lowest, shape (n,).
    starts
        Where each group begins in ``order``, shape (g,).
    group
        The group of each row, in the rows' own order, shape (n,).

    Examples
    --------
    >>> ranking = Ranking.of(np.array([0.1, 0.9, 0.1]))
    >>> ranking.sums(np.ones((1, 3)))
    array([[1., 2.]])
    """

    order: IntArray
    starts: IntArray
    group: IntArray

    @classmethod
    def of(cls, predicted: FloatArray) -> "Ranking":
        """Rank rows by ``predicted``, highest first."""
        order = np.argsort(-predicted, kind="stable")
        ordered = predicted[order]
        begins = np.concatenate([[True], ordered[1:] != ordered[:-1]])
        group = np.empty(len(order), dtype=np.intp)
        group[order] = np.cumsum(begins) - 1
        return cls(order, np.flatnonzero(begins), group)

    def sums(self, weighted: FloatArray) -> FloatArray:
        """Sum ``weighted`` (replicates, n) within each group, highest prediction first: (replicates, g)."""
        ordered = weighted[:, self.order]
        if len(self.starts) == len(self.order):
            return ordered
        summed: FloatArray = np.add.reduceat(ordered, self.starts, axis=1)
        return summed

    def mid_ranks(self, weights: FloatArray) -> FloatArray:
        """Weight ranked above each group plus half its own: (replicates, g)."""
        mass = self.sums(weights)
        middle: FloatArray = np.cumsum(mass, axis=1) - mass / 2
        return middle

    def share_in_top(self, weights: FloatArray, share: float) -> FloatArray:
        """Probability that each row is among the top ``share`` of the weight: (replicates, n)."""
        mass = self.sums(weights)
        above = np.cumsum(mass, axis=1) - mass
        room = share * mass.sum(axis=1, keepdims=True) - above
        inside = np.clip(divide(room, mass), 0.0, 1.0)
        taken: FloatArray = inside[:, self.group]
        return taken

    def captured(self, weights: FloatArray, values: FloatArray, at: FloatArray) -> FloatArray:
        """Sum of ``weights * values`` in the top shares ``at`` (k,) of the weight: (replicates, k)."""
        mass = np.cumsum(self.sums(weights), axis=1)
        money = np.cumsum(self.sums(weights * values), axis=1)
        zero = np.zeros((len(weights), 1))
        mass, money = np.hstack([zero, mass]), np.hstack([zero, money])
        return np.stack([np.interp(at * m[-1], m, v) for m, v in zip(mass, money, strict=True)])


def divide(above: FloatArray, below: FloatArray) -> FloatArray:
    """Divide, with NaN where there is nothing to divide by."""
    out = np.full(np.broadcast_shapes(above.shape, below.shape), np.nan)
    np.divide(above, below, out=out, where=below != 0)
    return out
