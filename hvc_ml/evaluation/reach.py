"""Whom a list by value at risk would reach: the share of a part of the customers, and of those of it who left."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from hvc_ml.evaluation.ranking import FloatArray, IntArray

FIRST: Final = 0.2
"""Share of a cutoff's customers, the highest value at risk first, that such a list is taken to hold."""

Mask = npt.NDArray[np.bool_]


def first_by_value_at_risk(columns: Mapping[str, FloatArray], cutoffs: Sequence[IntArray]) -> Mask | None:
    """Whether each row is among the ``FIRST`` of its cutoff by churn risk times value if kept.

    Parameters
    ----------
    columns
        ``churn_risk`` and ``value_if_kept`` of each row.
    cutoffs
        Places of the rows of each cutoff.

    Returns
    -------
    ndarray of bool or None
        None without these columns; equal values in the order of the rows.

    Examples
    --------
    >>> columns = {"churn_risk": np.array([0.9, 0.5, 0.1, 0.2, 0.3]), "value_if_kept": np.array([1.0, 9, 9, 9, 9])}
    >>> first_by_value_at_risk(columns, [np.arange(5)]).tolist()
    [False, True, False, False, False]
    """
    if not {"churn_risk", "value_if_kept"} <= columns.keys():
        return None
    at_risk = columns["churn_risk"] * columns["value_if_kept"]
    first = np.zeros(len(at_risk), dtype=np.bool_)
    for at in cutoffs:
        first[at[np.argsort(-at_risk[at], kind="stable")[: math.ceil(FIRST * len(at))]]] = True
    return first


def chosen_and_reached(
    first: Mask | None, left: Mask, cutoffs: Sequence[IntArray], *, least: int
) -> tuple[float, float]:
    """Share of a part that is among the first, and the share of those of it who left; averaged over cutoffs.

    The first is the part's selection rate, the second its true positive rate, which equal opportunity asks to be alike
    in all parts.

    Parameters
    ----------
    first, left
        Of each row: whether it is among the first, whether its customer left.
    cutoffs
        Places of the part's rows of each cutoff.
    least
        Leavers of a cutoff with fewer of whom the second share is unknown.

    Returns
    -------
    tuple of float
        NaN where unknown.

    References
    ----------
    Hardt, Price & Srebro (2016), "Equality of Opportunity in Supervised Learning", arXiv:1610.02413.

    Examples
    --------
    >>> first, left = np.array([True, False, False, True]), np.array([True, True, False, False])
    >>> chosen_and_reached(first, left, [np.array([0, 1, 2])], least=2)
    (0.3333333333333333, 0.5)
    """
    if first is None:
        return math.nan, math.nan
    leavers = [at[left[at]] for at in cutoffs]
    chosen = float(np.mean([first[at].mean() for at in cutoffs]))
    if min(len(at) for at in leavers) < least:
        return chosen, math.nan
    return chosen, float(np.mean([first[at].mean() for at in leavers]))
