"""Who is high-value: the rule of the configuration, applied to one value per customer."""

import numpy as np
import pandas as pd

from hvc_ml.segments.settings import HighValueRule


def high_value(value: pd.Series, customer_id: pd.Series, rule: HighValueRule) -> pd.Series:
    """Whether each customer is high-value.

    Customers are ranked by value, ties by id; the one whose money crosses the share belongs to it. A customer without
    positive value is never one.

    Parameters
    ----------
    value
        What customers are ranked by, in money, shape (n,); unknown (NaN) counts as none.
    customer_id
        Ids in the same order, each once.
    rule
        Which share, how many, or from how much on.

    Returns
    -------
    Series of bool
        With the index of ``value``.

    Examples
    --------
    >>> value, ids = pd.Series([60.0, 10.0, 25.0, 5.0]), pd.Series(["a", "b", "c", "d"])
    >>> high_value(value, ids, HighValueRule()).tolist()
    [True, False, True, False]
    >>> high_value(value, ids, HighValueRule(rule="customer_share", at=0.25)).tolist()
    [True, False, False, False]
    >>> high_value(value, ids, HighValueRule(rule="threshold", at=10)).tolist()
    [True, True, True, False]
    """
    money = np.maximum(value.fillna(0.0).to_numpy(np.float64), 0.0)
    if rule.rule == "threshold":
        chosen = money >= rule.at
    else:
        order = np.lexsort((customer_id.astype(str).to_numpy(dtype=str), -money))
        chosen = np.zeros(len(money), dtype=np.bool_)
        chosen[order] = _first(money[order], rule)
    return pd.Series(chosen & (money > 0), index=value.index, name="high_value")


def _first(money: np.ndarray, rule: HighValueRule) -> np.ndarray:
    """Who of the ranked customers comes before the rule is fulfilled."""
    if rule.rule == "customer_share":
        return np.asarray(np.arange(len(money)) < np.ceil(rule.at * len(money) - 1e-9))
    above = np.cumsum(money) - money
    return np.asarray(above < rule.at * money.sum())
