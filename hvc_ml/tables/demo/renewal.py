"""Gaps between orders, exactly: Erlang renewal processes seen at a moment between two orders.

Time here is till time in units of the customer's mean gap. With shape k, a gap is the sum of k exponential steps of
mean 1/k; after ``since`` without an order, j of the k steps are done with a probability proportional to
``(k since)^j / j!``.
"""

import math
from typing import Final

import numpy as np

from hvc_ml.tables.demo.draws import Floats

_TINY: Final = 1e-300


def silence(shape: int, since: Floats, ahead: Floats) -> Floats:
    """P(no order in the next ``ahead`` | none for ``since``), while the customer stays.

    Parameters
    ----------
    shape
        k, at least 1.
    since, ahead
        In mean gaps, at least 0; broadcast against each other.

    Returns
    -------
    Floats
        Probabilities; ``exp(-ahead)`` when k is 1.

    Examples
    --------
    >>> silence(1, np.array([5.0]), np.array([0.0, 1.0])).round(4).tolist()
    [1.0, 0.3679]
    >>> silence(6, np.array([0.0, 0.9]), np.array([0.2])).round(3).tolist()  # an order is nearly due
    [0.998, 0.649]
    """
    now = _polynomial(shape, shape * since)
    then = _polynomial(shape, shape * (since + ahead))
    return np.asarray(np.exp(-shape * ahead) * then / now)


def expected_orders(shape: int, since: Floats, ahead: Floats) -> Floats:
    """Expected number of orders in the next ``ahead``, given none for ``since``, while the customer stays.

    With j steps done and N further steps (Poisson with mean ``k ahead``), ``floor((j + N) / k)`` orders are made; its
    mean is ``(j + k ahead - E[(j + N) mod k]) / k``, and the remainder's mean follows exactly from the generating
    function of the Poisson distribution at the k-th roots of unity.

    Parameters
    ----------
    since
        Shape (n,), in mean gaps.
    ahead
        Shape (n, m) or one that broadcasts with (n, 1), in mean gaps.

    Returns
    -------
    Floats
        Shape (n, m); equals ``ahead`` when k is 1.

    Examples
    --------
    >>> expected_orders(1, np.array([3.0]), np.array([[2.0]])).tolist()
    [[2.0]]
    >>> expected_orders(6, np.array([0.0]), np.array([[50.0]])).round(3).tolist()  # 5/12 lost at the end
    [[49.583]]
    """
    if shape == 1:
        return np.asarray(
            np.broadcast_to(ahead, np.broadcast_shapes(since[:, None].shape, ahead.shape)), dtype=np.float64
        )
    done = steps_done(shape, since)
    steps = np.arange(shape)
    mean_done = done @ steps
    rest = np.full(np.broadcast_shapes(mean_done[:, None].shape, ahead.shape), (shape - 1) / 2)
    for q in range(1, shape // 2 + 1):
        root = np.exp(2j * math.pi * q / shape)
        weight = (steps * root**-steps).sum() / shape * (done @ root**steps)
        twice = 1.0 if 2 * q == shape else 2.0  # a root and its conjugate give conjugate terms
        rest += twice * np.real(weight[:, None] * np.exp(shape * ahead * (root - 1)))
    return np.asarray((mean_done[:, None] + shape * ahead - rest) / shape)


def _polynomial(shape: int, x: Floats) -> Floats:
    """``sum of x^j / j!`` for j below ``shape``: the Erlang survival function without its exponential."""
    total = np.ones_like(x)
    for j in range(shape - 1, 0, -1):
        total = 1.0 + total * x / j
    return total


def steps_done(shape: int, since: Floats) -> Floats:
    """P(j of the k steps of a gap are done), after ``since`` mean gaps without an order; shape (n, k)."""
    steps = np.arange(shape)
    weight = (shape * since[:, None]) ** steps / np.array([math.factorial(j) for j in steps])
    return np.asarray(weight / np.maximum(weight.sum(axis=1, keepdims=True), _TINY))
