"""How members are mixed: non-negative weights that sum to one, learned on rows that no member has learned from."""

import itertools
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

STEPS = 8
"""Weights are eighths: what a calibrate cutoff can tell apart, and the same whatever the last bits of a sum."""

PULL = 10.0
"""A mix other than the usual one must earn its distance: PULL nats at distance 1."""


def best_mix(
    members: Mapping[str, Array], measure: Callable[[Array], float], rows: int, usual: Mapping[str, float]
) -> dict[str, float]:
    """Try every mix in eighths and keep the one with the least loss.

    Parameters
    ----------
    members
        Margins by name, shape (n,) each.
    measure
        Mean loss of mixed margins (lower is better).
    rows
        How many rows the mean is over: with more of them, an unusual mix is believed sooner.
    usual
        The mix to stay near where rows are few; only its members count.

    Returns
    -------
    dict
        A weight for each member; they sum to 1.

    Examples
    --------
    >>> truth = np.array([1.0, 2.0, 3.0])
    >>> loss = lambda mixed: float(((mixed - truth) ** 2).mean())
    >>> best_mix({"low": truth - 1, "high": truth + 3}, loss, 3000, {"low": 0.5, "high": 0.5})
    {'low': 0.75, 'high': 0.25}
    """
    names = list(members)
    table = np.column_stack([members[name] for name in names])
    centre = np.array([usual[name] for name in names])
    centre = centre / centre.sum() if centre.sum() else np.full(len(names), 1 / len(names))

    def cost(weights: Array) -> float:
        mixed = np.einsum("ij,j->i", table, weights)  # one order of adding, whatever the number of threads
        return rows * measure(mixed) + PULL * float(((weights - centre) ** 2).sum())

    best: Array = min(_simplex(len(names)), key=cost)
    return dict(zip(names, map(float, best), strict=True))


def _simplex(members: int) -> Iterator[Array]:
    """All weights in eighths that sum to one."""
    for parts in itertools.product(range(STEPS + 1), repeat=members - 1):
        if sum(parts) <= STEPS:
            yield np.array([STEPS - sum(parts), *parts]) / STEPS
