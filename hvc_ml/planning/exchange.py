"""The last rows of a list: exchanges of one or two choices, as long as they help."""

import numpy as np
from numpy.typing import NDArray

from hvc_ml.planning.prices import Floats, Limits, usage

Integers = NDArray[np.int64]

_CORE = 100
_ROUNDS = 100


def exchange(choice: Integers, gain: Floats, cost: Floats, limits: Limits, *, hardest: Floats) -> Integers:
    """Change one or two customers' actions at a time while the total gain rises and every limit holds.

    Parameters
    ----------
    choice : ndarray of int64, shape (n,)
        A choice within the limits; -1 leaves a customer alone.
    gain, cost : ndarray, shape (n, k)
        Expected gains (minus infinity where not allowed) and spending.
    limits : Limits
        What the list may use.
    hardest : ndarray, shape (n,)
        How sure each choice is; only the hundred least sure are looked at.

    Returns
    -------
    ndarray of int64, shape (n,)
        A choice at least as good, within the limits.
    """
    core = np.sort(np.argsort(hardest, kind="stable")[:_CORE])
    k = gain.shape[1]
    options = np.tile(np.arange(-1, k), len(core))  # every choice of every customer of the core, nothing first
    who = np.repeat(core, k + 1)
    worth = np.where(options < 0, 0.0, gain[who, options])
    uses = np.column_stack(
        [np.eye(k + 1)[options + 1][:, 1:], np.where(options < 0, 0.0, cost[who, options]), options >= 0]
    )
    possible = np.isfinite(worth)
    who, options, worth, uses = who[possible], options[possible], worth[possible], uses[possible]
    best = choice.copy()
    for _ in range(_ROUNDS):
        now = (who * (k + 1) + best[who] + 1)[:, None] == (who * (k + 1) + options + 1)
        standing = now.argmax(axis=1)  # each option's customer's present choice, as a position among the options
        rise, more = worth - worth[standing], uses - uses[standing]
        left = limits.as_array() - usage(best, cost)
        pair = _best_pair(who, rise, more, left)
        if pair is None:
            break
        for move in pair:
            best[who[move]] = options[move]
    return best


def _best_pair(who: Integers, rise: Floats, more: Floats, left: Floats) -> tuple[int, int] | None:
    """The two changes (one of them may be no change) that together gain most and fit; None when nothing helps."""
    together = rise[:, None] + rise
    together[(who[:, None] == who) & (rise[:, None] != 0.0) & (rise != 0.0)] = -np.inf
    helps = together > 1e-9 * (1.0 + np.abs(rise).max())
    for limit in np.flatnonzero(np.isfinite(left)):
        use = more[:, limit]
        helps &= use[:, None] + use <= left[limit]
    if not helps.any():
        return None
    first, second = np.unravel_index(int(np.where(helps, together, -np.inf).argmax()), together.shape)
    return int(first), int(second)
