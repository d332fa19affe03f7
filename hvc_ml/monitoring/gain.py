"""Why one list promises more or less than the list before: its customers, their figures, or the model."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class GainChange:
    """The change of expected gain between two lists, in the currency of the orders.

    ``now - before = customers + resting + figures + (model or 0)``, to the cent.

    Parameters
    ----------
    before, now
        Expected gain of the lists.
    customers
        From those who came, and those who are no longer counted as customers.
    resting
        From those who may not be contacted now, most of them because they just were: at most 0, and no bad news.
    figures
        From what the same customers did, and whom the plan chose among them.
    model
        From another model, for the same figures; None where it is not known, and then a part of ``figures``.
    came, left
        How many customers could be contacted on one day only.

    Examples
    --------
    >>> change = GainChange(100.0, 72.0, -10.0, -10.0, -10.0, model=2.0, came=1, left=3)
    >>> change.share, change.share_beside_rest
    (-0.28, -0.18)
    """

    before: float
    now: float
    customers: float
    resting: float
    figures: float
    model: float | None
    came: int
    left: int

    @property
    def share(self) -> float:
        """The change as a share of what the list before promised; 0 where that was nothing."""
        return self._share(self.now - self.before)

    @property
    def share_beside_rest(self) -> float:
        """The same without those who rest: a list that was worked is followed by a shorter one."""
        return self._share(self.now - self.before - self.resting)

    def _share(self, change: float) -> float:
        return round(change / self.before, 6) if self.before > 0.0 else 0.0


def gain_change(
    before: pd.Series, now: pd.Series, *, eligible: pd.Index, under_old_model: pd.Series | None
) -> GainChange:
    """Split the change of expected gain between two lists.

    Parameters
    ----------
    before, now : Series
        Expected gain of everyone scored, by customer id; 0 where not listed.
    eligible : Index
        Ids of all customers now, whether they may be contacted or not.
    under_old_model : Series, optional
        What each customer of ``now`` would promise had the old model made the list (`regained`). None where the model
        is the same, or the old one is not known.

    Returns
    -------
    GainChange

    Examples
    --------
    >>> before, now = pd.Series({"ann": 50.0, "bob": 30.0, "cyd": 20.0}), pd.Series({"cyd": 25.0, "dan": 5.0})
    >>> found = gain_change(before, now, eligible=pd.Index(["ann", "cyd", "dan"]), under_old_model=None)
    >>> found.customers, found.resting, found.figures, found.model
    (-25.0, -50.0, 5.0, None)
    """
    came, left = now.index.difference(before.index), before.index.difference(now.index)
    rests = left.intersection(eligible)
    resting = -_sum(before.loc[rests])
    customers = round(_sum(now.loc[came]) - _sum(before.loc[left.difference(rests)]), 2)
    stayed = now.drop(came)
    model = None if under_old_model is None else round(_sum(stayed) - _sum(under_old_model.reindex(stayed.index)), 2)
    total = round(_sum(now) - _sum(before), 2)
    return GainChange(
        before=_sum(before),
        now=_sum(now),
        customers=customers + 0.0,
        resting=resting + 0.0,
        figures=round(total - customers - resting - (model or 0.0), 2) + 0.0,
        model=model,
        came=len(came),
        left=len(left),
    )


def regained(gain: Floats, old: tuple[Floats, Floats], new: tuple[Floats, Floats], costs: tuple[Floats, ...]) -> Floats:
    """The gain of the same action on the same customers, with another model's risk and value.

    The share of leavers that the action was counted on to keep follows from the gain (``planning.economics``:
    ``risk * save_rate * (value - offer) - (1 - risk) * take_up * offer - contact``) and is kept.

    Parameters
    ----------
    gain : ndarray, shape (n,)
        As planned with ``new``.
    old, new : tuple of ndarray
        Churn risk and value if kept, of the other model and of the one the list was planned with.
    costs : tuple of ndarray
        Offer cost, take-up and contact cost of each row's action.

    Returns
    -------
    ndarray, shape (n,)
        ``gain`` itself where no share can be told: nobody leaves, or the offer is all that is at stake.

    Examples
    --------
    >>> costs = tuple(np.array([x]) for x in (15.0, 0.5, 3.0))
    >>> half, fifth, worth = np.array([0.5]), np.array([0.2]), np.array([1000.0])
    >>> regained(np.array([141.0]), (fifth, worth), (half, worth), costs)
    array([50.1])
    """
    offer, take_up, contact = costs
    (old_risk, old_value), (risk, value) = old, new
    stake = risk * (value - offer)
    wasted, wasted_old = ((1.0 - r) * take_up * offer + contact for r in (risk, old_risk))
    rate = np.divide(gain + wasted, stake, out=np.full_like(gain, np.nan), where=stake > 0.0)
    found = old_risk * rate * (old_value - offer) - wasted_old
    return np.where(np.isfinite(rate), found, gain)


def _sum(gain: pd.Series) -> float:
    return round(float(gain.sum()), 2)
