"""The prior of a business with contracts: how long contracts last, by age."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.errors import ModelRefused

Array = NDArray[np.float64]

MONTH = 30.0
"""Days per month of contract age."""

OWN_DAYS = 15.0
"""A customer's own spend counts fully once it covers many times this many days; before, it is pulled to everyone's."""

OLDEST = 3
"""Months at the old end whose mean hazard goes on for ever."""


@dataclass(frozen=True)
class ContractPrior:
    """Discrete-time survival by contract age.

    Attributes
    ----------
    hazards
        P(the contract ends within this month of its age | it lived to see it), from month 0 on; the last one goes on
        for ever.
    daily_spend
        Mean spend per customer and day, in the currency.
    n_contracts
        How many it was fitted on.
    fallback
        Why a plain rate was used, or None.
    """

    hazards: tuple[float, ...]
    daily_spend: float
    n_contracts: int
    fallback: str | None = None

    def predict(self, age_days: Any, horizon: float) -> Array:
        """P(the contract ends within ``[cutoff, cutoff + horizon)`` | its age in days), between 0 and 1.

        Examples
        --------
        >>> ContractPrior((0.5, 0.1), 1.0, 100).predict([0, 30, 45], 30).round(3)
        array([0.5, 0.1, 0.1])
        """
        age = np.nan_to_num(np.maximum(np.asarray(age_days, dtype=np.float64), 0.0), nan=0.0)
        answer: Array = -np.expm1(self._log_survival(age + horizon) - self._log_survival(age))
        return answer

    def _log_survival(self, age: Array) -> Array:
        logs = np.log1p(-np.asarray(self.hazards))
        months = age / MONTH
        whole = np.minimum(months.astype(int), len(logs) - 1)
        before = np.concatenate([[0.0], np.cumsum(logs)])
        answer: Array = before[whole] + (months - whole) * logs[whole]
        return answer

    def value_if_kept(self, spend: Any, observed_days: Any, horizon: float) -> Array:
        """Expected spend within the horizon of who stays: the own daily rate, pulled towards everyone's.

        Parameters
        ----------
        spend
            Currency, over the last ``observed_days`` days (at most one horizon is wanted: prices change).
        observed_days
            Days, >= 0.
        horizon
            Days.
        """
        own = np.nan_to_num(np.maximum(np.asarray(spend, dtype=np.float64), 0.0), nan=0.0)
        days = np.nan_to_num(np.maximum(np.asarray(observed_days, dtype=np.float64), 0.0), nan=0.0)
        answer: Array = horizon * (own + OWN_DAYS * self.daily_spend) / (days + OWN_DAYS)
        return answer

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a file."""
        return {**asdict(self), "hazards": list(self.hazards)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` wrote."""
        hazards = tuple(float(h) for h in values["hazards"])
        if not hazards or not all(0 < h < 1 for h in hazards):
            raise ModelRefused("contract prior: hazards must lie strictly between 0 and 1. Train again.")
        return cls(hazards, float(values["daily_spend"]), int(values["n_contracts"]), values["fallback"])


def fit_contract_prior(counts: pd.DataFrame, *, daily_spend: float) -> ContractPrior:
    """Fit survival from compressed counts; never stops the pipeline.

    Parameters
    ----------
    counts
        ``age_months, at_risk, ended``: contracts that lived to see each month of their age, and ended within it. Or
        ``age_months, ended, n`` as ``at_risk_counts`` takes it.
    daily_spend
        Mean spend per customer and day, in the currency.

    Returns
    -------
    ContractPrior
        Each month's hazard pulled towards the mean of all, by the beta-binomial weight that the spread between months
        asks for (method of moments, Kleinman 1973).

    Examples
    --------
    >>> counts = pd.DataFrame({"age_months": [0, 1], "at_risk": [1000, 500], "ended": [500, 50]})
    >>> [round(h, 2) for h in fit_contract_prior(counts, daily_spend=1.0).hazards]
    [0.5, 0.1, 0.37]
    """
    if "at_risk" not in counts.columns:
        counts = at_risk_counts(counts)
    counts = counts.sort_values("age_months")
    n, ended = counts["at_risk"].to_numpy(np.float64), counts["ended"].to_numpy(np.float64)
    contracts = int(n.max()) if len(n) else 0
    pooled = float((ended.sum() + 0.5) / (n.sum() + 10.0))
    if ended.sum() < 1 or n.sum() < 1:
        return ContractPrior((pooled,), daily_spend, contracts, "no contract has ended yet")
    strength = _strength(n, ended, pooled)
    hazards = np.clip((ended + strength * pooled) / (n + strength), 1e-5, 1 - 1e-5)
    months = counts["age_months"].to_numpy(int)
    every = np.full(months.max() + 2, pooled)
    every[months] = hazards
    every[-1] = np.average(hazards[-OLDEST:], weights=n[-OLDEST:] + strength)  # ages nobody has reached yet
    return ContractPrior(tuple(map(float, every)), daily_spend, contracts)


def at_risk_counts(ends: pd.DataFrame) -> pd.DataFrame:
    """Turn ends into a life table.

    Parameters
    ----------
    ends
        ``age_months`` completed at the end or at the cutoff, ``ended`` 1 or 0, ``n`` contracts.

    Returns
    -------
    DataFrame
        ``age_months, at_risk, ended``; who is seen for a part of a month only counts half there (the actuarial method).

    Examples
    --------
    >>> at_risk_counts(pd.DataFrame({"age_months": [0, 1, 1], "ended": [1, 1, 0], "n": [3, 2, 4]}))
       age_months  at_risk  ended
    0           0      9.0    3.0
    1           1      4.0    2.0
    """
    if ends.empty:
        return pd.DataFrame({"age_months": [], "at_risk": [], "ended": []})
    month, n = ends["age_months"].to_numpy(int), ends["n"].to_numpy(np.float64)
    gone = ends["ended"].to_numpy(int) == 1
    size = month.max() + 1
    ended = np.bincount(month[gone], weights=n[gone], minlength=size)
    censored = np.bincount(month[~gone], weights=n[~gone], minlength=size)
    reached = np.cumsum((ended + censored)[::-1])[::-1]
    return pd.DataFrame({"age_months": np.arange(size), "at_risk": reached - censored / 2, "ended": ended})


def _strength(n: Array, ended: Array, mean: float) -> float:
    """How many pseudo-contracts of the mean hazard each month gets."""
    total = n.sum()
    spread = n @ (np.divide(ended, n, out=np.full_like(n, mean), where=n > 0) - mean) ** 2
    noise = (len(n) - 1) * mean * (1 - mean)
    between = (spread - noise) / max(total - n @ n / total, 1e-9)
    if between <= 0:
        return 1e4
    return float(np.clip(mean * (1 - mean) / between - 1, 1.0, 1e4))
