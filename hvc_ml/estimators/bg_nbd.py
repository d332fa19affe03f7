"""BG/NBD: how often a customer buys, and whether they are still a customer.

Fader, Hardie & Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2), 275-284. While active, a
customer buys at rate ``lambda ~ Gamma(r, alpha)``; after each purchase they leave with probability ``p ~ Beta(a, b)``.

Everything takes (frequency, recency, age): the number of repeat purchase days, the time from the first to the last
purchase, and the time from the first purchase to the end of observation, in one unit of time.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, expit, gammaln, hyp2f1, psi

from hvc_ml.estimators.likelihood import highest

Array = NDArray[np.float64]

STARTS = ((0.3, 1.0, 0.8, 2.5), (1.0, 1.0, 0.2, 4.0), (0.1, 0.1, 1.0, 1.0), (3.0, 3.0, 0.5, 10.0))
"""Where the fit begins: (r, alpha, a, b), times in units of the mean age."""

BOUND = 9.0  # of a parameter's logarithm: beyond exp(9) the distribution is a point


@dataclass(frozen=True)
class Counts:
    """Unique (frequency, recency, age) with the number of customers of each."""

    frequency: Array
    recency: Array
    age: Array
    n: Array


def log_likelihood(params: Array, counts: Counts) -> tuple[float, Array]:
    """Sum the log-likelihood over customers, with its gradient (higher is better).

    Parameters
    ----------
    params
        (r, alpha, a, b), all positive; alpha in the unit of time of ``counts``.
    counts
        Sufficient statistics.

    Returns
    -------
    float, Array
        Eq. 6 of Fader, Hardie & Lee (2005), and its derivatives by (r, alpha, a, b).

    Examples
    --------
    >>> one = Counts(*(np.array([v]) for v in (0.0, 0.0, 10.0, 1.0)))
    >>> round(log_likelihood(np.array([1.0, 5.0, 1.0, 1.0]), one)[0], 4)  # log(5 / 15)
    -1.0986
    """
    r, alpha, a, b = params
    x, t, age, n = counts.frequency, counts.recency, counts.age, counts.n
    repeat = x > 0
    buying = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    staying = betaln(a, b + x) - betaln(a, b)  # the part that does not depend on the times
    alive = -(r + x) * np.log(alpha + age)
    safe = np.where(repeat, b + x - 1, 1.0)
    gone = np.where(repeat, np.log(a) - np.log(safe) - (r + x) * np.log(alpha + t), -np.inf)
    # eq. 6 writes B(a+1, b+x-1) / B(a, b): relative to B(a, b+x) that is a / (b + x - 1)
    either = np.logaddexp(alive, gone)
    total = float(n @ (buying + staying + either))
    w = np.where(repeat, np.exp(gone - either), 0.0)  # P(gone | data)
    d_r = psi(r + x) - psi(r) + np.log(alpha) - (1 - w) * np.log(alpha + age) - w * np.log(alpha + t)
    d_alpha = r / alpha - (r + x) * ((1 - w) / (alpha + age) + w / (alpha + t))
    shared = psi(a + b) - psi(a + b + x)
    d_a = shared + w / a
    d_b = shared + psi(b + x) - psi(b) - w / safe
    return total, np.array([n @ d_r, n @ d_alpha, n @ d_a, n @ d_b])


def fit(counts: Counts, penalty: float) -> tuple[Array, float] | None:
    """Maximise the likelihood over the logarithms of the parameters, from several starts.

    Parameters
    ----------
    counts
        Sufficient statistics in any unit of time; the answer does not depend on it.
    penalty
        Strength of ``-penalty * sum(log(param) ** 2)`` with times in units of the mean age; 0 is maximum likelihood.

    Returns
    -------
    (r, alpha, a, b) and the unpenalised log-likelihood, or None if no start led anywhere.
    """
    unit = float(counts.n @ counts.age / counts.n.sum())
    columns = (counts.frequency, counts.recency / unit, counts.age / unit, counts.n)

    def likelihood(params: Array, part: slice) -> tuple[float, Array]:
        return log_likelihood(params, Counts(*(column[part] for column in columns)))

    found = highest(likelihood, counts.n, STARTS, [(-BOUND, BOUND)] * 4, penalty)
    if found is None:
        return None
    params: Array = found * np.array([1.0, unit, 1.0, 1.0])
    return params, float(log_likelihood(params, counts)[0])


def alive(params: Array, frequency: Array, recency: Array, age: Array) -> Array:
    """P(still a customer at the end of observation), between 0 and 1; 1 for who never came back yet.

    Fader, Hardie & Lee (2008), "Computing P(alive) using the BG/NBD model", eq. 1.
    """
    r, alpha, a, b = params
    repeat = frequency > 0
    odds_gone = (
        np.log(a)
        - np.log(np.where(repeat, b + frequency - 1, 1.0))
        + (r + frequency) * (np.log(alpha + age) - np.log(alpha + recency))
    )
    return np.where(repeat, expit(-odds_gone), 1.0)


def buys_if_alive(params: Array, frequency: Array, age: Array, horizon: float) -> Array:
    """P(at least one purchase within the horizon | alive at its start), between 0 and 1."""
    r, alpha, _, _ = params
    answer: Array = -np.expm1((r + frequency) * (np.log(alpha + age) - np.log(alpha + age + horizon)))
    return answer


def purchases_if_alive(params: Array, frequency: Array, age: Array, horizon: float) -> Array:
    """Expected purchases within the horizon, given that the customer is alive at its start.

    Eq. 10 of Fader, Hardie & Lee (2005) without its denominator, after Euler's transformation of 2F1, which keeps its
    arguments small however often the customer bought.
    """
    r, alpha, a, b = params
    a = _away_from(a, 1.0)
    c = a + b + frequency - 1
    c = np.where(np.abs(c) < 1e-6, 1e-6, c)
    z = horizon / (alpha + age + horizon)
    # 2F1(r+x, b+x; c; z) (1-z)^(r+x) = (1-z)^(a-1) 2F1(a+b-1-r, a-1; c; z)
    inner = np.exp((a - 1) * np.log1p(-z)) * _hyp2f1(a + b - 1 - r, a - 1, c, z)
    answer: Array = np.maximum(c / (a - 1) * (1 - inner), buys_if_alive(params, frequency, age, horizon))
    return answer


def _hyp2f1(a: float, b: float, c: Array, z: Array) -> Array:
    """Gauss's function; SciPy's overflows at z above 0.9 where c - a - b is a large whole number, but not beside it."""
    found = np.asarray(hyp2f1(a, b, c, z), np.float64)
    return np.where(np.isfinite(found), found, hyp2f1(a, b, c * (1.0 + 1e-8), z))


def _away_from(value: float, pole: float) -> float:
    return value if abs(value - pole) > 1e-6 else pole + 1e-6
