"""Where a likelihood is highest, looked for from several starts."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Array = NDArray[np.float64]
LogLikelihood = Callable[[Array, slice], tuple[float, Array]]
"""Of parameters and a part of the patterns: summed over their customers, and its gradient."""

ENOUGH: Final = 20_000
"""A fit to so many patterns is close to that of all of them, be they a million."""


def highest(
    log_likelihood: LogLikelihood,
    n: Array,
    starts: Sequence[Sequence[float]],
    bounds: Sequence[tuple[float, float]],
    penalty: float,
) -> Array | None:
    """The positive parameters of the highest likelihood, or None if no start led anywhere.

    Of very many patterns a part, evenly spread over them, tells which start leads highest; from where it led, all of
    them are fitted.

    Parameters
    ----------
    log_likelihood
        What is made as high as it can be.
    n
        Customers of each pattern, shape (patterns,).
    starts
        Parameters to begin with, shape (starts, parameters).
    bounds
        Of the parameters' logarithms, shape (parameters, 2).
    penalty
        Strength of ``-penalty * sum(log(param) ** 2)``.

    Examples
    --------
    >>> waits = np.linspace(0.5, 99.5, 100_000)
    >>> def exponential(rate, part):
    ...     seen = waits[part]
    ...     return len(seen) * np.log(rate[0]) - rate[0] * seen.sum(), len(seen) / rate - seen.sum()
    >>> 1 / highest(exponential, np.ones(100_000), [[1.0], [0.1]], [(-9.0, 9.0)], 0.0).round(6)
    array([50.])
    """
    step = max(1, len(n) // ENOUGH)
    begin = [np.log(start) for start in starts]
    if step > 1:
        near = _best(_loss(log_likelihood, n, slice(None, None, step), penalty), begin, bounds)
        begin = begin if near is None else [near]
    found = _best(_loss(log_likelihood, n, slice(None), penalty), begin, bounds)
    return None if found is None else np.exp(found)


def _loss(
    log_likelihood: LogLikelihood, n: Array, part: slice, penalty: float
) -> Callable[[Array], tuple[float, Array]]:
    """What is minimised: per customer, by the parameters' logarithms."""
    size = float(n[part].sum())

    def loss(theta: Array) -> tuple[float, Array]:
        params = np.exp(theta)
        value, gradient = log_likelihood(params, part)
        return float(penalty * theta @ theta - value) / size, (2 * penalty * theta - gradient * params) / size

    return loss


def _best(
    loss: Callable[[Array], tuple[float, Array]], begin: Sequence[Array], bounds: Sequence[tuple[float, float]]
) -> Array | None:
    best: tuple[Array, float] | None = None
    for theta in begin:
        found = minimize(
            loss,
            theta,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"ftol": 1e-13, "gtol": 1e-8, "maxiter": 500},
        )
        if np.isfinite(found.fun) and (best is None or found.fun < best[1] - 1e-9):
            best = (np.asarray(found.x, dtype=np.float64), float(found.fun))
    return None if best is None else best[0]
