"""The numbers of one campaign, and what contacting a customer would have earned once it is known who left."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaincinv

from hvc_ml.evaluation.ranking import FloatArray

SLICES: Final = 50
"""Equally likely slices that the save rate's distribution is cut into."""


@dataclass(frozen=True)
class Campaign:
    """What one contact costs and how often it keeps a leaver: numbers only, handed in by whoever knows the playbook.

    Parameters
    ----------
    save_rate_prior
        Beta(alpha, beta) of the share of leavers that a contact keeps; both above 0.
    offer_cost
        Cost ``d`` of the offer to a customer who takes it up, in the currency of the values.
    take_up
        Share ``t`` of those who would have stayed anyway that take the offer up as well, in [0, 1].
    contact_cost
        Cost ``f`` of the contact itself, paid for everyone.

    Examples
    --------
    >>> Campaign(offer_cost=10.0, contact_cost=1.0).save_rate
    0.3
    """

    save_rate_prior: tuple[float, float] = (6.0, 14.0)
    offer_cost: float = 0.0
    take_up: float = 1.0
    contact_cost: float = 0.0

    @property
    def save_rate(self) -> float:
        """Mean ``g`` of the prior, in (0, 1)."""
        alpha, beta = self.save_rate_prior
        return alpha / (alpha + beta)

    def expected_gain(self, churn_risk: npt.ArrayLike, value_if_kept: npt.ArrayLike) -> FloatArray:
        """Profit expected of contacting each customer: ``p g (V - d) - (1 - p) t d - f``, shape (n,).

        Parameters
        ----------
        churn_risk, value_if_kept
            A model's risk ``p`` and its money ``V`` given that the customer stays, shape (n,).

        Examples
        --------
        >>> Campaign(offer_cost=15, take_up=0.5, contact_cost=3).expected_gain([0.5, 0.9], [1000, 60])
        array([141. ,   8.4])
        """
        risk, value = np.asarray(churn_risk, dtype=np.float64), np.asarray(value_if_kept, dtype=np.float64)
        kept = risk * self.save_rate * (value - self.offer_cost)
        return np.asarray(kept - (1.0 - risk) * self.take_up * self.offer_cost - self.contact_cost)

    def realised_gain(self, churned: npt.ArrayLike, value_if_kept: npt.ArrayLike) -> FloatArray:
        """Profit of contacting each customer, now that it is known who left; shape (n,).

        ``g (V - d) - f`` of a leaver, ``-t d - f`` of a stayer. What a leaver would have brought is seen by nobody, so
        ``value_if_kept`` must be a yardstick that no ranking under comparison has made or may bend.

        Examples
        --------
        >>> Campaign(offer_cost=10, contact_cost=1).realised_gain([1, 0], [110, 110])
        array([ 29., -11.])
        """
        at_stake, cost = self.stakes(churned, value_if_kept).T
        return np.asarray(self.save_rate * at_stake - cost)

    def stakes(self, churned: npt.ArrayLike, value_if_kept: npt.ArrayLike) -> FloatArray:
        """Realised gain as a straight line in the save rate: ``rate * first column - second column``, shape (n, 2)."""
        gone, value = np.asarray(churned, dtype=np.float64), np.asarray(value_if_kept, dtype=np.float64)
        cost = (1.0 - gone) * self.take_up * self.offer_cost + self.contact_cost
        return np.column_stack([gone * (value - self.offer_cost), cost])

    def save_rates(self, slices: int = SLICES) -> FloatArray:
        """Means of equally likely slices of the prior, rising; their mean is the prior's own. Shape (slices,).

        Examples
        --------
        >>> Campaign().save_rates(2).round(3)
        array([0.22, 0.38])
        """
        alpha, beta = self.save_rate_prior
        edges = betaincinv(alpha, beta, np.linspace(0.0, 1.0, slices + 1))
        return np.asarray(slices * self.save_rate * np.diff(betainc(alpha + 1.0, beta, edges)))
