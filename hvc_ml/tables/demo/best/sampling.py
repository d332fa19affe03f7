"""Even draws and a likelihood that shop and club share."""

from typing import Final

import numpy as np
from scipy.special import log_ndtr, ndtri

from hvc_ml.tables.demo.draws import Floats, Ints

_FAR: Final = 40.0
"""So many standard deviations off is as good as infinity."""


def systematic(rng: np.random.Generator, log: Floats, draws: int) -> Ints:
    """So many positions of each row by their weights, at even steps from one random start.

    Parameters
    ----------
    log
        Log-weights up to a constant by row, shape (n, cells).

    Returns
    -------
    Ints
        Shape (n, draws), ascending.

    Examples
    --------
    >>> systematic(np.random.default_rng(0), np.log([[0.5, 0.25, 0.25]]), 4).tolist()
    [[0, 0, 1, 2]]
    """
    upto = np.cumsum(np.exp(log - log.max(axis=1, keepdims=True)), axis=1)
    upto /= upto[:, -1:]
    n, cells = log.shape
    row = np.arange(n)[:, None]
    wanted = row + (np.arange(draws) + rng.random((n, 1))) / draws * (1 - 1e-9)  # never the next row's
    found = np.searchsorted((upto + row).reshape(-1), wanted.reshape(-1), side="right").reshape(n, draws)
    return np.asarray(np.minimum(found - row * cells, cells - 1))


def normals(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Standard normals in any order, one from each of as many equally likely parts as a row is long.

    Examples
    --------
    >>> found = normals(np.random.default_rng(0), (1, 1000))
    >>> bool(abs(found.mean()) < 0.01), bool(abs(found.std() - 1) < 0.01)
    (True, True)
    """
    part = rng.permuted(np.broadcast_to(np.arange(shape[1]), shape), axis=1)
    return np.asarray(ndtri((part + rng.random(shape)) / shape[1]))


def log_rounded(answer: Floats, mean: Floats, spread: float) -> Floats:
    """Log-likelihood of normal answers that were rounded and kept within 0 to 10.

    Examples
    --------
    >>> likelihood = np.exp(log_rounded(np.arange(11.0), np.array(9.0), 1.1))
    >>> round(float(likelihood.sum()), 6), round(float(likelihood[10]), 3)
    (1.0, 0.325)
    """
    low = np.where(answer <= 0, -_FAR, (answer - 0.5 - mean) / spread)
    high = np.where(answer >= 10, _FAR, (answer + 0.5 - mean) / spread)
    near, far = np.where(low > 0, -low, high), np.where(low > 0, -high, low)  # the tail in which digits are kept
    large, small = log_ndtr(near), log_ndtr(far)
    return np.asarray(large + np.log(-np.expm1(np.minimum(small - large, -1e-12))))
