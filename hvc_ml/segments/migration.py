"""Migration: who moves between tiers, and the money that a place in a tier takes."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.segments.settings import DEFAULT_TIERS, TierRule
from hvc_ml.segments.tiers import assign_tiers

MOVES = ("downgraded", "upgraded")


def moved(
    now: pd.Series,
    ahead: pd.Series,
    stayed: pd.Series,
    customer_id: pd.Series,
    rules: Sequence[TierRule] = DEFAULT_TIERS,
) -> pd.DataFrame:
    """Who has left their tier for a lower one, and who has come into the first, while still buying.

    At both moments tiers are told from the money of twelve months, by the same rule, among the same customers: so it
    does not matter whether the orders reach back a full year, nor whether everybody spends more than they did.

    Parameters
    ----------
    now, ahead
        Money of the year before the cutoff, and of the year before the end of the horizon, shape (n,).
    stayed
        Whether the customer was still one then, shape (n,).
    customer_id
        Ids in the same order.
    rules
        Tiers, best first.

    Returns
    -------
    DataFrame
        ``downgraded`` and ``upgraded``, 1 or 0, with the index of ``now``.

    Examples
    --------
    >>> now, ahead = pd.Series([60.0, 25.0, 10.0, 5.0]), pd.Series([10.0, 60.0, 25.0, 5.0])
    >>> found = moved(now, ahead, pd.Series([True] * 4), pd.Series(["a", "b", "c", "d"]))
    >>> found["downgraded"].tolist(), found["upgraded"].tolist()
    ([1, 0, 0, 0], [0, 1, 0, 0])
    """
    before, after = (_places(money, customer_id, rules) for money in (now, ahead))
    kept = stayed.to_numpy(np.bool_)
    found = (kept & (after > before), kept & (after == 0) & (before > 0))
    return pd.DataFrame({name: move.astype(np.int8) for name, move in zip(MOVES, found, strict=True)}, index=now.index)


def tier_floors(
    value_12m: pd.Series, customer_id: pd.Series, rules: Sequence[TierRule] = DEFAULT_TIERS
) -> tuple[float, ...]:
    """The least money of each tier but the last, best first; a tier that nobody is in takes as much as the one above.

    Examples
    --------
    >>> tier_floors(pd.Series([60.0, 10.0, 25.0, 5.0]), pd.Series(["a", "b", "c", "d"]))
    (60.0, 25.0)
    """
    place, floors = _places(value_12m, customer_id, rules), [float("inf")]
    for i in range(len(rules) - 1):
        money = value_12m.to_numpy(np.float64)[place == i]
        floors.append(float(money.min()) if len(money) else floors[-1])
    return tuple(floors[1:])


def _places(money: pd.Series, customer_id: pd.Series, rules: Sequence[TierRule]) -> NDArray[np.int64]:
    """0 for the best tier, 1 for the next."""
    place = {rule.name: i for i, rule in enumerate(rules)}
    return np.asarray(assign_tiers(money, customer_id, rules).map(place), dtype=np.int64)
