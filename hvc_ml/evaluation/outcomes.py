"""Several rankings of the same test customers, measured in money: intervals and paired differences by customer.

Every figure is computed within each test cutoff and averaged over cutoffs, in money per customer ranked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Self

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from hvc_ml.evaluation.bootstrap import REPLICATES, Estimate, difference, interval
from hvc_ml.evaluation.campaign import Campaign
from hvc_ml.evaluation.kernels import Kernel
from hvc_ml.evaluation.profit import CAPACITY, CURVE, at_capacity, curve, expected_maximum
from hvc_ml.evaluation.ranking import FloatArray
from hvc_ml.evaluation.scorecard import Rows

PROFIT: Final = "profit_at_capacity"
EMPC: Final = "empc"
FIGURES: Final = (PROFIT, EMPC)
"""The figures' names; both are money per customer ranked."""

STEPS: Final = tuple(step / 100 for step in range(101))
"""Shares contacted along a profit curve."""

YARDSTICK: Final = "value_if_kept"
"""The column of ``actual`` that says what a customer was worth keeping; see ``evaluation.profit``."""


@dataclass(frozen=True)
class Outcomes:
    """What contacting each test customer would have earned.

    Build it with `Outcomes.of`.

    Parameters
    ----------
    rows
        The test rows, sorted by cutoff and customer.
    stakes
        `Campaign.stakes` of each row and the number of its cutoff, shape (n, 3).
    campaign
        The numbers of the campaign.
    capacity
        Share of the customers that can be contacted at one cutoff.
    """

    rows: Rows
    stakes: FloatArray
    campaign: Campaign
    capacity: float = CAPACITY
    replicates: int = REPLICATES
    seed: int = 7

    @classmethod
    def of(
        cls,
        actual: pd.DataFrame,
        campaign: Campaign,
        *,
        capacity: float = CAPACITY,
        replicates: int = REPLICATES,
        seed: int = 7,
    ) -> Self:
        """Read ``customer_id``, ``churned``, ``future_value``, ``value_if_kept`` and, with several, ``cutoff``.

        Raises
        ------
        ModelRefused
            If the yardstick is not finite.
        ValueError
            If a customer stands twice at a cutoff, or nobody does.
        """
        rows = Rows.of(actual)
        cutoff = np.empty(len(rows.value))
        for number, at in enumerate(rows.cutoff.values()):
            cutoff[at] = number
        stakes = campaign.stakes(rows.churned, rows.align(actual, (YARDSTICK,))[YARDSTICK])
        return cls(rows, np.column_stack([stakes, cutoff]), campaign, capacity, replicates, seed)

    @property
    def foresight(self) -> FloatArray:
        """The ranking of someone who knows what came: each row's realised gain, shape (n,)."""
        return np.asarray(self.campaign.save_rate * self.stakes[:, 0] - self.stakes[:, 1])

    def expected_gain(self, predictions: pd.DataFrame) -> FloatArray | None:
        """The ranking of a model that says ``churn_risk`` and ``value_if_kept``; None where it says less."""
        said = self.rows.align(predictions, ("churn_risk", YARDSTICK))
        return self.campaign.expected_gain(said["churn_risk"], said[YARDSTICK]) if len(said) == 2 else None

    def of_rule(self, risk_order: FloatArray | None, value: FloatArray | None) -> FloatArray | None:
        """The ranking of a rule that orders customers only, read in its own favour.

        A rule knows no costs and contacts as many as it may. It can be read as a list of its most valuable customers,
        of its likeliest leavers, or by the product of both ranks; it is credited with the reading that earned most at
        capacity on these very rows.
        """
        ranks = [self._ranks(order) for order in (value, risk_order) if order is not None]
        readings = [*ranks, ranks[0] * ranks[1]] if len(ranks) == 2 else ranks
        return max(readings, key=self.profit, default=None)

    def figures(self, by: FloatArray, wanted: Sequence[str] = FIGURES) -> dict[str, Estimate]:
        """Profit at capacity (rows at 0 or below are not contacted) and EMPC of the ranking ``by``, shape (n,)."""
        ids, draws = self._ids, {"replicates": self.replicates, "seed": self.seed}
        return {name: interval(self._kernels[name], self.stakes, by, ids, **draws) for name in wanted}

    def by_cutoff(self, by: FloatArray, wanted: Sequence[str] = FIGURES) -> dict[str, dict[str, float]]:
        """The same figures in each cutoff alone."""
        return {
            cutoff: {name: _undrawn(self._kernels[name], self.stakes[at], by[at]) for name in wanted}
            for cutoff, at in self.rows.cutoff.items()
        }

    def curve(self, by: FloatArray, at: Sequence[float] = STEPS) -> pd.DataFrame:
        """The mean of the cutoffs' profit curves, as `profit_curve` gives each: ``share, realised, expected``."""
        shares, rate = np.asarray(at, dtype=np.float64), self.campaign.save_rate
        curves = [curve(self.stakes[rows], by[rows], shares, save_rate=rate) for rows in self.rows.cutoff.values()]
        return pd.DataFrame(np.mean(curves, axis=0), columns=list(CURVE))

    def profit(self, by: FloatArray) -> float:
        """Profit at capacity alone, without an interval."""
        return _undrawn(self._kernels[PROFIT], self.stakes, by)

    def difference(self, first: FloatArray, second: FloatArray) -> Estimate:
        """Profit at capacity of one ranking minus that of another, on the same drawn customers."""
        draws = {"replicates": self.replicates, "seed": self.seed}
        return difference(self._kernels[PROFIT], self.stakes, first, second, self._ids, **draws)

    @property
    def _ids(self) -> "pd.Series[str]":
        return self.rows.key["customer_id"].astype(str)

    @property
    def _kernels(self) -> dict[str, Kernel]:
        earned = partial(at_capacity, save_rate=self.campaign.save_rate, capacity=self.capacity)
        most = partial(expected_maximum, save_rates=self.campaign.save_rates())
        return {PROFIT: _mean_over_cutoffs(earned), EMPC: _mean_over_cutoffs(most)}

    def _ranks(self, order: FloatArray) -> FloatArray:
        """Ranks within each cutoff, in (0, 1]; the highest is the first to be contacted."""
        ranks = np.empty(len(order))
        for at in self.rows.cutoff.values():
            ranks[at] = rankdata(order[at]) / len(at)
        return ranks


def _undrawn(kernel: Kernel, stakes: FloatArray, by: FloatArray) -> float:
    return float(kernel(stakes, by, np.ones((1, len(by))))[0])


def _mean_over_cutoffs(kernel: Callable[[FloatArray, FloatArray, FloatArray], FloatArray]) -> Kernel:
    """The mean over cutoffs of a kernel's figure; the last column of ``actual`` numbers the cutoff."""

    def mean(actual: FloatArray, predicted: FloatArray, weights: FloatArray) -> FloatArray:
        total, drawn = np.zeros(len(weights)), np.zeros(len(weights))
        for cutoff in np.unique(actual[:, -1]):
            at = np.flatnonzero(actual[:, -1] == cutoff)
            figure = kernel(actual[at, :-1], predicted[at], weights[:, at])
            there = np.isfinite(figure)  # a replicate may draw nobody of a cutoff
            total, drawn = total + np.where(there, figure, 0.0), drawn + there
        return np.asarray(total / np.maximum(drawn, 1))

    return mean
