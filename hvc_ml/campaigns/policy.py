"""What a rule about whom to contact would have earned: doubly robust values with intervals, from randomised rows.

Each row gets one score per arm, ``outcome of that arm's kind of row, corrected for chance``: its mean over any group of
customers is the mean outcome they would have had, had all of them been in that arm. The value of a policy is the mean
score of what it does with each customer; the difference of two policies is the mean difference, row by row, so that
what both do alike cancels out. Scores are those of Athey & Wager (2021), "Policy learning with observational data",
Econometrica 89(1), 133-161, with the known chances of an experiment in place of estimated ones.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student

Floats = npt.NDArray[np.float64]

LEVEL: Final = 0.95


class Interval(NamedTuple):
    """A figure with its 95 % interval.

    Attributes
    ----------
    low, mid, high
        In the unit of the outcomes.
    error
        Standard error of ``mid``.
    """

    low: float
    mid: float
    high: float
    error: float

    def as_list(self) -> list[float | None]:
        """``[low, mid, high]`` for JSON: undefined is None.

        Examples
        --------
        >>> Interval(float("nan"), 1.0, float("nan"), float("nan")).as_list()
        [None, 1.0, None]
        """
        return [x if np.isfinite(x) else None for x in (self.low, self.mid, self.high)]


def arm_scores(
    outcome: npt.ArrayLike, arm: npt.ArrayLike, propensity: npt.ArrayLike, expected: npt.ArrayLike
) -> Floats:
    """Doubly robust score of each row in each arm: ``1{in arm} / chance x (outcome - expected) + expected``.

    Parameters
    ----------
    outcome
        What came of each row, more is better, shape (n,).
    arm
        The arm that each row was drawn into, 0 to ``arms - 1``, shape (n,).
    propensity
        Known chances of the arms, shape (arms,) or (n, arms); above 0.
    expected
        Outcome that was to be expected, from a model that does not know the row: shape (n,), or (n, arms) for each arm.
        Whatever it says, the scores are unbiased; the better it is, the narrower the intervals.

    Returns
    -------
    ndarray, shape (n, arms)

    Examples
    --------
    Two rows, half of them contacted (arm 1); nothing was expected of anybody:

    >>> arm_scores([10.0, 4.0], [1, 0], [0.5, 0.5], [0.0, 0.0])
    array([[ 0., 20.],
           [ 8.,  0.]])
    """
    y, drawn = np.asarray(outcome, dtype=np.float64)[:, None], np.asarray(arm)[:, None]
    chance = np.atleast_2d(np.asarray(propensity, dtype=np.float64))
    said = np.asarray(expected, dtype=np.float64)
    said = said[:, None] if said.ndim == 1 else said
    if (chance <= 0).any():
        raise ValueError("every arm needs a chance above 0")
    inside = drawn == np.arange(chance.shape[1])
    return np.asarray(np.where(inside, (y - said) / chance, 0.0) + said)


def policy_value(
    scores: Floats, policy: npt.ArrayLike, *, cost: npt.ArrayLike = 0.0, customer: npt.ArrayLike | None = None
) -> Interval:
    """Mean outcome per row under a policy, after costs; more is better.

    Parameters
    ----------
    scores
        Of `arm_scores`, shape (n, arms).
    policy
        Which arm each row gets, shape (n,); or each arm's share in it, shape (n, arms). It must not have been learned
        from the row's own outcome.
    cost
        Of each arm, in the unit of the outcome: shape (arms,) or (n, arms).
    customer
        Whose row it is, shape (n,): rows of one customer are not independent. By default every row is another's.

    Examples
    --------
    >>> scores = arm_scores([1.0, 0.0, 1.0, 0.0], [1, 0, 1, 0], [0.5, 0.5], [0.5] * 4)
    >>> policy_value(scores, [1, 1, 1, 1], cost=[0.0, 0.25]).mid
    0.75
    """
    return mean_interval(_earned(scores, policy, cost), customer)


def policy_difference(
    scores: Floats,
    policy: npt.ArrayLike,
    other: npt.ArrayLike,
    *,
    cost: npt.ArrayLike = 0.0,
    customer: npt.ArrayLike | None = None,
) -> Interval:
    """By how much a policy is worth more than another, per row; above 0 is better.

    Parameters
    ----------
    scores, policy, cost, customer
        As for `policy_value`.
    other
        The policy to compare with, in the same form.

    Examples
    --------
    >>> scores = arm_scores([1.0, 0.0, 1.0, 0.0], [1, 0, 1, 0], [0.5, 0.5], [0.5] * 4)
    >>> policy_difference(scores, [1, 1, 1, 1], [1, 1, 1, 1]).as_list()
    [0.0, 0.0, 0.0]
    """
    return mean_interval(_earned(scores, policy, cost) - _earned(scores, other, cost), customer)


def mean_interval(values: npt.ArrayLike, customer: npt.ArrayLike | None = None) -> Interval:
    """Mean of the rows with Student's 95 % interval; rows of one customer count as one observation.

    Parameters
    ----------
    values
        Shape (n,).
    customer
        Whose row it is, shape (n,).

    Returns
    -------
    Interval
        Its ends are NaN with fewer than two customers.

    Examples
    --------
    >>> mean_interval([1.0, 3.0]).mid, mean_interval([1.0, 3.0], ["ann", "ann"]).low
    (2.0, nan)
    """
    values = np.asarray(values, dtype=np.float64)
    mean = float(values.mean())
    apart = values - mean if customer is None else np.bincount(_numbered(customer), weights=values - mean)
    n = len(apart)
    if n < 2:
        return Interval(float("nan"), mean, float("nan"), float("nan"))
    error = float(np.sqrt(n / (n - 1) * (apart @ apart))) / len(values)
    reach = float(student.ppf((1 + LEVEL) / 2, n - 1)) * error
    return Interval(mean - reach, mean, mean + reach, error)


def lengths_share(gain: npt.ArrayLike, campaign: npt.ArrayLike | None = None) -> Floats:
    """In which share of all lengths of a list each row is contacted, when the greatest gains come first.

    A ranking is a policy for each length of the list; this is their average, from a list of nobody to one of everybody.
    Rows without a gain are never contacted.

    Parameters
    ----------
    gain
        What a rule expects of each row, shape (n,).
    campaign
        Which list each row stands on, shape (n,): rows are ranked within their list. By default there is one list.

    Returns
    -------
    ndarray, shape (n,)
        In [0, 1): near 1 for the first of a list, near 0 for the last; ties share their places.

    Examples
    --------
    >>> lengths_share([5.0, 9.0, -1.0, 5.0]).tolist()
    [0.5, 0.875, 0.0, 0.5]
    """
    return np.where(np.asarray(gain) > 0, 1 - place_in_list(gain, campaign), 0.0)


def place_in_list(promised: npt.ArrayLike, campaign: npt.ArrayLike | None = None) -> Floats:
    """The share of a row's list that stands before it when the greatest promise comes first, in (0, 1).

    Parameters
    ----------
    promised, campaign
        As for `lengths_share`; ties share their places.

    Examples
    --------
    >>> place_in_list([5.0, 9.0, -1.0, 5.0]).tolist()
    [0.5, 0.125, 0.875, 0.5]
    """
    lists = "" if campaign is None else np.asarray(campaign).astype(str)
    by = pd.DataFrame({"promised": np.asarray(promised, dtype=np.float64), "list": lists}).groupby("list")["promised"]
    return np.asarray((by.rank(ascending=False) - 0.5) / by.transform("size"), dtype=np.float64)


def _earned(scores: Floats, policy: npt.ArrayLike, cost: npt.ArrayLike) -> Floats:
    net, chosen = scores - np.asarray(cost, dtype=np.float64), np.asarray(policy)
    if chosen.ndim == 2:
        return np.asarray((net * chosen).sum(axis=1))
    return np.asarray(net[np.arange(len(net)), chosen.astype(np.intp)])


def _numbered(names: npt.ArrayLike) -> npt.NDArray[np.int64]:
    return np.unique(np.asarray(names).astype(str), return_inverse=True)[1].astype(np.int64)
