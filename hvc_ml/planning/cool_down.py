"""Who is left in peace for a while because they were contacted, or drawn to be compared with those who were."""

from collections.abc import Mapping
from datetime import date
from typing import Final

import pandas as pd

REST: Final = 30
"""Days of rest after an action that the playbook does not know."""


def resting(touches: pd.DataFrame, cool_downs: Mapping[str, int], cutoff: date) -> pd.Series:
    """Ids of customers who rest at a cutoff: their last touch lies less than its action's cool-down ago.

    Parameters
    ----------
    touches : DataFrame
        ``customer_id``, ``since`` (date on which the rest begins) and ``action``, one row per touch. Of a list that
        was worked both groups rest, each from the list's cutoff on, so that they stay comparable.
    cool_downs : mapping
        Action -> days; ``REST`` for an action that is not there.
    cutoff : date
        A touch that begins later is not known yet; on the day on which a rest ends the customer may be contacted.

    Returns
    -------
    Series of str
        Each id once, sorted.

    Examples
    --------
    >>> touches = pd.DataFrame({"customer_id": ["ann", "bob"], "since": [date(2026, 1, 1)] * 2, "action": "call"})
    >>> resting(touches, {"call": 30}, date(2026, 1, 30)).tolist()
    ['ann', 'bob']
    >>> resting(touches, {"call": 29}, date(2026, 1, 30)).tolist()
    []
    """
    since, now = pd.to_datetime(touches["since"]), pd.Timestamp(cutoff)
    rest = pd.to_timedelta(touches["action"].map(cool_downs).fillna(REST).astype("int64"), unit="D")
    asleep = touches["customer_id"][(since <= now) & (now < since + rest)]
    return asleep.drop_duplicates().sort_values(ignore_index=True)
