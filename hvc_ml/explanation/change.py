"""Why a value moved between two lists: time, the customer's own behaviour, the model, its calibration; to the cent."""

from itertools import permutations
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Cents = NDArray[np.int64]

TIME, BEHAVIOUR, MODEL, CALIBRATION = 0, 1, 2, 3
PARTS: Final = ("time_passing", "own_behaviour", "model", "calibration")
"""What a change is made of, in this order."""

STATES: Final = (3, 2, 2)
"""Figures (then; had nothing happened since; now) x model (old, new) x calibration (old, new)."""

_AXIS: Final = {TIME: 0, BEHAVIOUR: 0, MODEL: 1, CALIBRATION: 2}
_ORDERS: Final = tuple(o for o in permutations(range(4)) if o.index(TIME) < o.index(BEHAVIOUR))
"""The twelve orders in which the four may have come: nobody does anything before the time for it has passed."""


def change_parts(states: ArrayLike) -> Cents:
    """Split each customer's change exactly into what passing time, behaviour, model and calibration did.

    The split is the Shapley value under a precedence constraint: each part gets what it changes, averaged over all
    orders in which time passes before the customer does anything in it. No part is favoured by being taken first, and
    what did not change gets nothing.

    Parameters
    ----------
    states : array_like of int, shape (3, 2, 2, n)
        Value at risk in cents in every state, as in ``STATES``. The first axis is a path: the figures at the old
        cutoff, those that the same history shows at the new cutoff (silence since), and those at the new cutoff.

    Returns
    -------
    ndarray of int, shape (4, n)
        Cents per part, in the order of ``PARTS``. Their sum is exactly ``states[2, 1, 1] - states[0, 0, 0]``.

    Raises
    ------
    ValueError
        If the states are of another shape, or not whole cents.

    References
    ----------
    Faigle & Kern (1992), "The Shapley value for cooperative games under precedence constraints", International Journal
    of Game Theory 21, 249-266.

    Examples
    --------
    Silence alone would have added 30; an order took 50 back; the model is the same, its calibration adds a tenth:

    >>> figures = np.array([100, 130, 80])
    >>> states = np.stack([figures, 1.1 * figures], axis=-1).round().astype(int)
    >>> parts = change_parts(np.stack([states, states], axis=1)[..., None])
    >>> dict(zip(PARTS, parts[:, 0].tolist())), int(parts.sum())
    ({'time_passing': 31, 'own_behaviour': -53, 'model': 0, 'calibration': 10}, -12)
    """
    values = np.asarray(states)
    if values.shape[:3] != STATES or values.ndim != 4 or not np.issubdtype(values.dtype, np.integer):
        raise ValueError(f"states of shape {values.shape} and type {values.dtype}: expected whole cents, (3, 2, 2, n)")
    twelfths = np.zeros((len(PARTS), values.shape[3]), dtype=np.int64)
    for order in _ORDERS:
        at = [0, 0, 0]
        for part in order:
            before = values[tuple(at)]
            at[_AXIS[part]] += 1
            twelfths[part] += values[tuple(at)] - before
    return _whole(twelfths)


def _whole(twelfths: Cents) -> Cents:
    """Whole cents with the same sum: round down, then give the missing cents to the largest rests."""
    n = len(_ORDERS)
    cents, rest = twelfths // n, twelfths % n
    missing = rest.sum(axis=0) // n  # less than the number of rests that are not 0: what is 0 stays 0
    order = np.argsort(-rest, axis=0, kind="stable")
    place = np.argsort(order, axis=0, kind="stable")
    whole: Cents = cents + (place < missing)
    return whole
