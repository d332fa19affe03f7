"""The Qini curve: how much of an action's effect the first of a ranking bring.

At share s of the customers, ranked by what a model promises, the curve is the outcome gained by contacting just these,
per customer of all. A ranking that knows nothing gives the straight line to the average effect; the area between the
two is the Qini coefficient (Radcliffe 2007, "Using control groups to target on predicted lift", Direct Marketing
Analytics Journal 1, 14-21). It is the rank-weighted average treatment effect with linear weights of Yadlowsky et al.
(2025), "Evaluating treatment prioritization rules via rank-weighted average treatment effects", Journal of the American
Statistical Association 120(549), whose doubly robust scores are used here.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hvc_ml.campaigns.policy import LEVEL, Interval, place_in_list

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

REPLICATES: Final = 400
CHUNK_CELLS: Final = 4_000_000
"""Weights held in memory at once: replicates times rows."""


def qini_curve(promised: npt.ArrayLike, scores: npt.ArrayLike, *, part: npt.ArrayLike | None = None) -> pd.DataFrame:
    """Gain by share of customers contacted.

    Parameters
    ----------
    promised
        What customers are ranked by, greatest first, shape (n,); not learned from their own outcome.
    scores
        Doubly robust score of each row's effect (contact minus no contact), shape (n,).
    part
        Which model promised it, shape (n,): rows are ranked within their part, and parts are laid side by side. By
        default one model promised all.

    Returns
    -------
    DataFrame
        ``share`` (of the customers, from 0 to 1), ``gain`` (outcome per customer of all) and ``straight`` (gain of a
        ranking that knows nothing). Customers with the same promise come together, as one straight piece.

    Examples
    --------
    >>> qini_curve([2, 1, 1, 0], [1.0, 0.4, 0.2, 0.0]).round(2)
       share  gain  straight
    0   0.00  0.00       0.0
    1   0.25  0.25       0.1
    2   0.75  0.40       0.3
    3   1.00  0.40       0.4
    """
    order, starts = _ranked(promised, part)
    ends, brought = np.r_[0, starts[1:], len(order)], np.cumsum(np.asarray(scores, dtype=np.float64)[order])
    share, gain = ends / len(order), np.r_[0.0, brought][ends] / len(order)
    return pd.DataFrame({"share": share, "gain": gain, "straight": share * gain[-1]})


def qini_coefficient(
    promised: npt.ArrayLike,
    scores: npt.ArrayLike,
    *,
    part: npt.ArrayLike | None = None,
    customer: npt.ArrayLike | None = None,
    replicates: int = REPLICATES,
    seed: int = 7,
) -> Interval:
    """Area between the Qini curve and the straight line, in outcome per customer; more is better, 0 is chance.

    Parameters
    ----------
    promised, scores, part
        As for `qini_curve`.
    customer
        Whose row it is, shape (n,): customers are drawn again with all their rows. By default every row is another's.
    replicates
        Bootstrap samples of the 95 % interval.
    seed
        Of their draws.

    Returns
    -------
    Interval
        The percentiles of the bootstrap; it needs no law of the scores, which are heavy-tailed for money.

    Examples
    --------
    >>> found = qini_coefficient([2, 1, 1, 0], [1.0, 0.4, 0.2, 0.0], replicates=50)
    >>> round(found.mid, 4), found.low <= found.mid <= found.high
    (0.0938, True)
    """
    order, starts = _ranked(promised, part)
    worth = np.asarray(scores, dtype=np.float64)[order]
    point = float(_areas(np.ones((1, len(worth))), worth, starts)[0])
    names = np.arange(len(worth)) if customer is None else np.asarray(customer).astype(str)
    who = np.unique(names, return_inverse=True)[1]
    drawn = np.concatenate([_areas(times, worth, starts) for times in _draws(who[order], replicates, seed)])
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), point, float(high), float(np.std(drawn)))


def _ranked(promised: npt.ArrayLike, part: npt.ArrayLike | None) -> tuple[Ints, Ints]:
    """The ranking, and where in it each block of tied rows begins."""
    promise = np.asarray(promised, dtype=np.float64) if part is None else 1 - place_in_list(promised, part)
    order = np.argsort(-promise, kind="stable")
    return order, np.flatnonzero(np.r_[True, np.diff(promise[order]) != 0])


def _areas(weight: Floats, worth: Floats, starts: Ints) -> Floats:
    """Coefficient of each replicate: ``sum of weight x worth x (1/2 - middle of its block's place) / n``.

    The curve's area is the mean over shares of what those contacted bring, so a row counts with the part of the shares
    at which it is contacted; the straight line's is half of everybody.
    """
    heads = np.add.reduceat(weight, starts, axis=1)
    money = np.add.reduceat(weight * worth, starts, axis=1)
    total = heads.sum(axis=1, keepdims=True)
    middle = (np.cumsum(heads, axis=1) - heads / 2) / total
    return np.asarray((money * (0.5 - middle)).sum(axis=1) / total[:, 0])


def _draws(who: Ints, replicates: int, seed: int) -> Iterator[Floats]:
    """How often each row counts when customers are drawn again, shape (some replicates, n)."""
    rng, customers = np.random.default_rng(seed), int(who.max()) + 1
    chunk = max(1, CHUNK_CELLS // len(who))
    for done in range(0, replicates, chunk):
        drawn = [
            np.bincount(rng.integers(customers, size=customers), minlength=customers)
            for _ in range(min(chunk, replicates - done))
        ]
        yield np.stack(drawn).astype(np.float64)[:, who]
