"""What came of a worked list: one row per listed customer, as drawn, with what happened and what it cost."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

CONTACT: Final = "contact"
HOLDOUT: Final = "holdout"

LISTED: Final = ("customer_id", "tier", "action", "group", "churn_risk", "value_if_kept")
"""Columns of the retention list that are carried over."""


@dataclass(frozen=True)
class Costs:
    """What one action costs, in the currency of the orders.

    Parameters
    ----------
    contact
        Spent on everyone who is contacted.
    offer
        Spent on everyone who takes the offer up.
    take_up
        Share of those who would have stayed anyway that take it up as well, in [0, 1].
    """

    contact: float = 0.0
    offer: float = 0.0
    take_up: float = 1.0


def outcomes(
    listed: pd.DataFrame, labels: pd.DataFrame, contacted: Collection[str], costs: Mapping[str, Costs]
) -> pd.DataFrame:
    """Put a list beside what happened within its horizon.

    Parameters
    ----------
    listed : DataFrame
        The retention list: the columns ``LISTED`` and ``future_value``, one row per customer.
    labels : DataFrame
        ``customer_id``, ``churned`` (1 left, 0 stayed) and ``future_value`` (money of the horizon), for every listed
        customer.
    contacted : collection of str
        Ids of those who were in fact contacted, from whatever group.
    costs : mapping of str to Costs
        By action; an action that is not there costs nothing.

    Returns
    -------
    DataFrame
        The columns ``LISTED``; ``forecast`` (the list's own future value); ``contacted`` (bool); ``churned``,
        ``stayed`` (0 or 1), ``future_value`` (what was in fact spent); and ``net``: money after costs, made so that the
        *difference* of its means between the groups is the incremental profit. Contact and offers to those who would
        have stayed anyway are paid by the contacted only; the rest of the offer is taken from everyone who stayed,
        which cancels between the groups but for those whom the contact kept.

    Raises
    ------
    ValueError
        If a customer stands twice, or one has no label.

    Examples
    --------
    >>> listed = pd.DataFrame({"customer_id": ["ann", "bob"], "tier": "Gold", "action": "call", "churn_risk": 0.5,
    ...     "group": ["contact", "holdout"], "value_if_kept": 90.0, "future_value": 45.0})
    >>> labels = pd.DataFrame({"customer_id": ["bob", "ann"], "churned": [1, 0], "future_value": [0.0, 80.0]})
    >>> found = outcomes(listed, labels, {"ann"}, {"call": Costs(contact=7.0, offer=10.0, take_up=0.5)})
    >>> found[["customer_id", "contacted", "stayed", "future_value", "net"]].to_dict("list")
    {'customer_id': ['ann', 'bob'], 'contacted': [True, False], 'stayed': [1.0, 0.0], 'future_value': [80.0, 0.0],
     'net': [63.0, 0.0]}
    """
    if listed["customer_id"].duplicated().any():
        raise ValueError("a customer stands twice on the list")
    came = labels.set_index("customer_id").reindex(listed["customer_id"])
    if came["churned"].isna().any():
        raise ValueError(f"{int(came['churned'].isna().sum()):,} listed customers have no label")
    found = listed[list(LISTED)].reset_index(drop=True)
    found["forecast"] = listed["future_value"].to_numpy(np.float64)
    found["contacted"] = found["customer_id"].isin(set(contacted))
    for name in ("churned", "future_value"):
        found[name] = came[name].to_numpy(np.float64)
    found["stayed"] = 1.0 - found["churned"]
    return found.assign(net=found["future_value"] - _costs(found, costs))


def _costs(found: pd.DataFrame, costs: Mapping[str, Costs]) -> pd.Series:
    """What is taken from each customer's money."""
    codes, actions = pd.factorize(found["action"])
    asked = [costs.get(action, Costs()) for action in actions]
    each = np.array([(c.contact, c.offer * c.take_up, c.offer * (1.0 - c.take_up)) for c in asked]).reshape(-1, 3)
    contact, anyway, kept = each[codes].T
    cost: pd.Series = found["contacted"] * (contact + anyway * found["stayed"]) + kept * found["stayed"]
    return cost
