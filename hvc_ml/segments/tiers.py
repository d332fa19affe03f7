"""Tiers: who brings the first half of the money, who the next 30 %, and the many others."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from hvc_ml.segments.settings import DEFAULT_TIERS, TierRule

Places = npt.NDArray[np.int64]
Money = npt.NDArray[np.float64]


def assign_tiers(
    value_12m: pd.Series,
    customer_id: pd.Series,
    rules: Sequence[TierRule] = DEFAULT_TIERS,
    *,
    before: pd.Series | None = None,
    margin: float = 0.0,
) -> pd.Series:
    """The tier of each customer, by the cumulative share of positive 12-month value.

    Customers are ranked by value, ties by id. A customer whose money crosses a boundary belongs to the upper tier; a
    customer without positive value belongs to the last. Who was in a tier before stays in it until the share of those
    above is more than the margin beyond its boundaries (hysteresis), so that nobody is moved to and fro by noise.

    Parameters
    ----------
    value_12m
        Money of the last 12 months, net of refunds, shape (n,); unknown (NaN) counts as none.
    customer_id
        Ids in the same order, shape (n,).
    rules
        Tiers, best first, with rising cumulative shares of which the last is 1.
    before
        Tier at an earlier cutoff, indexed by customer id; who is not in it has no tier to stay in.
    margin
        In cumulative share, from 0 (tiers have no memory).

    Returns
    -------
    Series
        Tier names, with the index of ``value_12m``.

    Raises
    ------
    ValueError
        If the two differ in length, an id stands twice, or the shares do not rise to 1.

    Examples
    --------
    >>> assign_tiers(pd.Series([60.0, 10.0, 25.0, 5.0]), pd.Series(["a", "b", "c", "d"])).tolist()
    ['Priority', 'Mass', 'Gold', 'Mass']
    >>> money, ids = pd.Series([49.0, 51.0]), pd.Series(["a", "b"])
    >>> assign_tiers(money, ids, before=pd.Series({"a": "Priority", "b": "Gold"}), margin=0.02).tolist()
    ['Priority', 'Priority']
    """
    shares = [rule.share for rule in rules]
    if not shares or sorted(set(shares)) != shares or shares[-1] != 1.0:
        raise ValueError(f"tiers need rising cumulative shares that end at 1; found {shares}")
    if len(value_12m) != len(customer_id) or customer_id.duplicated().any():
        raise ValueError(
            f"one id per customer, each once; found {len(value_12m):,} values, {customer_id.nunique():,} ids"
        )
    money = np.maximum(value_12m.fillna(0.0).to_numpy(np.float64), 0.0)
    order = np.lexsort((customer_id.astype(str).to_numpy(dtype=str), -money))
    above = np.concatenate([[0.0], np.cumsum(money[order])[:-1]]) if len(order) else money
    bounds = np.array(shares) * float(money.sum())
    place = np.minimum(np.searchsorted(bounds, above, side="right"), len(shares) - 1)
    if before is not None and margin > 0:
        place = _stayed(place, above, bounds, margin, _places(customer_id.iloc[order], before, rules))
    place = np.where(money[order] > 0, place, len(shares) - 1)
    tier = np.empty(len(order), dtype=object)
    tier[order] = np.array([rule.name for rule in rules], dtype=object)[place]
    return pd.Series(tier, index=value_12m.index, name="tier", dtype="str")


def _places(customer_id: pd.Series, before: pd.Series, rules: Sequence[TierRule]) -> Places:
    """0 for the best tier, 1 for the next; -1 for who had none."""
    names = pd.Index([rule.name for rule in rules])
    return names.get_indexer(pd.Index(customer_id.map(before))).astype(np.int64)


def _stayed(place: Places, above: Money, bounds: Money, margin: float, was: Places) -> Places:
    """Where who is not far enough beyond the boundaries of the tier before remains in it."""
    slack = margin * bounds[-1]
    lower, upper = np.concatenate([[-np.inf], bounds[:-1] - slack]), bounds + slack
    stays = (was >= 0) & (above >= lower[was]) & (above < upper[was])
    return np.where(stays, was, place)


def concentration(values: npt.ArrayLike) -> dict[str, float]:
    """How much of the money few customers bring.

    Parameters
    ----------
    values
        Net money of **every** customer, those with none or less included, shape (n,).

    Returns
    -------
    dict
        ``customers``; ``total``; ``share_for_80`` (the smallest share of customers, best first, who reach 80 %
        of the net total); ``gini`` (0 all alike, 1 one has all; customers below zero counted as zero);
        ``top_1``, ``top_5``, ``top_10``, ``top_20`` (share of the net total that the best 1, 5, 10, 20 % bring).
        Undefined figures (no customer, no money) are NaN.

    Examples
    --------
    >>> found = concentration([80.0, 10.0, 5.0, 5.0])
    >>> found["share_for_80"], found["gini"]
    (0.25, 0.575)
    """
    money = np.sort(np.asarray(values, dtype=np.float64))[::-1]
    n, total = len(money), float(money.sum())
    found = {"customers": float(n), "total": total}
    if not n or total <= 0:
        names = ("share_for_80", "gini", "top_1", "top_5", "top_10", "top_20")
        return {**found, **dict.fromkeys(names, float("nan"))}
    running = np.cumsum(money)
    enough = int(np.argmax(running >= 0.8 * total - 1e-9 * total)) + 1
    tops = {f"top_{p}": float(running[max(1, round(n * p / 100)) - 1] / total) for p in (1, 5, 10, 20)}
    return {**found, "share_for_80": enough / n, "gini": _gini(np.maximum(money, 0.0)), **tops}


def _gini(descending: npt.NDArray[np.float64]) -> float:
    n = len(descending)
    rank = np.arange(n, 0, -1)
    return float(2 * (rank * descending).sum() / (n * descending.sum()) - (n + 1) / n)
