"""Gamma-gamma: how much a customer spends per purchase.

Fader & Hardie (2013), "The gamma-gamma model of monetary value": amounts are ``Gamma(p, nu)`` with
``nu ~ Gamma(q, gamma)`` over customers, independent of how often they buy.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, psi

from hvc_ml.estimators.likelihood import highest

Array = NDArray[np.float64]

STARTS = ((2.0, 3.0, 1.0), (6.0, 4.0, 0.5), (0.7, 1.5, 0.5), (20.0, 10.0, 0.5))
"""Where the fit begins: (p, q, gamma), money in units of the mean."""

LOWEST_Q = 1.02  # the expected spend of a customer, p gamma / (q - 1), exists only for q > 1
BOUND = 9.0


def log_likelihood(params: Array, frequency: Array, mean_spend: Array, n: Array) -> tuple[float, Array]:
    """Sum the log-likelihood over customers, with its gradient (higher is better).

    Parameters
    ----------
    params
        (p, q, gamma), all positive; gamma in the unit of money.
    frequency, mean_spend, n
        Purchases averaged, their mean amount (> 0), and the number of such customers.

    Returns
    -------
    float, Array
        Eq. 1a of Fader & Hardie (2013), and its derivatives by (p, q, gamma).
    """
    p, q, gamma = params
    x, z = frequency, mean_spend
    total = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma)
    total = total + (p * x - 1) * np.log(z) + p * x * np.log(x) - (p * x + q) * np.log(gamma + x * z)
    log_sum = np.log(gamma + x * z)
    d_p = x * (psi(p * x + q) - psi(p * x) + np.log(z) + np.log(x) - log_sum)
    d_q = psi(p * x + q) - psi(q) + np.log(gamma) - log_sum
    d_gamma = q / gamma - (p * x + q) / (gamma + x * z)
    return float(n @ total), np.array([n @ d_p, n @ d_q, n @ d_gamma])


def fit(frequency: Array, mean_spend: Array, n: Array, penalty: float) -> tuple[Array, float] | None:
    """Maximise the likelihood from several starts; the unit of money does not matter.

    Returns (p, q, gamma) with q > 1, and the unpenalised log-likelihood, or None if no start led anywhere.
    """
    unit = float(n @ mean_spend / n.sum())
    z = (mean_spend / unit).astype(np.float32).astype(np.float64)  # another currency must not differ by a rounding

    def likelihood(params: Array, part: slice) -> tuple[float, Array]:
        return log_likelihood(params, frequency[part], z[part], n[part])

    bounds = [(-BOUND, BOUND), (np.log(LOWEST_Q), BOUND), (-BOUND, BOUND)]
    found = highest(likelihood, n, STARTS, bounds, penalty)
    if found is None:
        return None
    params: Array = found * np.array([1.0, 1.0, unit])
    return params, float(log_likelihood(params, frequency, mean_spend, n)[0])


def expected_spend(params: Array, frequency: Array, mean_spend: Array) -> Array:
    """Expected amount of a purchase: the customer's own mean, pulled towards everyone's (eq. 5).

    Customers with ``frequency`` 0 get the mean of all, ``p gamma / (q - 1)``; their ``mean_spend`` may be NaN.

    Examples
    --------
    >>> expected_spend(np.array([6.25, 3.74, 15.44]), np.array([0.0, 2.0]), np.array([np.nan, 50.0])).round(2)
    array([35.22, 47.34])
    """
    p, q, gamma = params
    own = np.where(frequency > 0, np.nan_to_num(mean_spend, nan=0.0), 0.0)
    answer: Array = p * (gamma + frequency * own) / (p * frequency + q - 1)
    return answer
