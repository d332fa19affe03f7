"""Which share of leavers an action keeps, as its campaigns show: a posterior per tier instead of a belief."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import digamma, expit, logit, polygamma

from hvc_ml.campaigns.outcomes import CONTACT

Floats = NDArray[np.float64]

BETWEEN: Final = 0.5
"""Share of the prior's variance (of the logit) that lies between tiers; the rest is the action's own."""

CALIBRATION: Final = 0.5
"""Standard deviation of the log-odds by which all risks of an action and tier may be wrong together."""

FEWEST: Final = 10
"""Customers that an action must have in each group before it has a posterior."""

_BINS: Final = 200  # of risk: half a per cent each
_REACH: Final = 6.0  # standard deviations that the grid of logit save rates spans to each side
_SHIFTS: Final = np.linspace(-4.0, 4.0, 33) * CALIBRATION
_RATES, _MEANS = 161, 81  # points of the grids


@dataclass(frozen=True)
class Posterior:
    """The save rate of an action in a tier.

    Parameters
    ----------
    tier
        The tier.
    mean, deviation
        Of the posterior.
    low, high
        Its 95 % interval.
    low_80, high_80
        Its 80 % interval.
    n_contact, n_holdout
        Customers as drawn.

    Examples
    --------
    >>> found = Posterior("Gold", 0.3, 0.1, 0.12, 0.51, 0.17, 0.43, n_contact=90, n_holdout=10)
    >>> tuple(round(x, 3) for x in found.beta)
    (6.0, 14.0)
    """

    tier: str
    mean: float
    deviation: float
    low: float
    high: float
    low_80: float
    high_80: float
    n_contact: int
    n_holdout: int

    @property
    def beta(self) -> tuple[float, float]:
        """Alpha and beta of the Beta distribution with the same mean and deviation."""
        strength = max(self.mean * (1.0 - self.mean) / self.deviation**2 - 1.0, 1e-6)
        return self.mean * strength, (1.0 - self.mean) * strength


def save_rates(
    rows: pd.DataFrame, prior: tuple[float, float], tiers: Sequence[str], *, between: float = BETWEEN
) -> tuple[Posterior, ...]:
    """Learn the save rates of one action from its measured campaigns.

    A customer held out leaves with probability ``q``: the list's risk, its log-odds shifted by an unknown error of
    calibration that everyone of that tier shares. One drawn for contact leaves with ``q (1 - g)``. The logit of ``g``
    is normal around the action's own mean, which is normal as well; both together have the mean and variance that the
    logit of the prior Beta has. So tiers with few customers learn from the others. Shift and mean are summed out on
    grids.

    Parameters
    ----------
    rows : DataFrame
        One action's rows of all its campaigns: ``tier``, ``group``, ``churn_risk``, ``churned``.
    prior : tuple of float
        Beta(alpha, beta): the playbook's belief.
    tiers : sequence of str
        Every tier that a list may hold; one without rows gets what the others say.
    between : float
        Share of the prior's variance between tiers, in (0, 1).

    Returns
    -------
    tuple of Posterior
        One per tier, in their order; empty where a group has fewer than ten customers.

    References
    ----------
    Gelman et al. (2013), "Bayesian Data Analysis", 3rd edition, chapter 5 (partial pooling).

    Examples
    --------
    Of 500 risky customers left alone half leave; of 500 contacted a third:

    >>> rows = pd.DataFrame({"tier": "Gold", "churn_risk": 0.5, "group": ["holdout"] * 500 + ["contact"] * 500,
    ...     "churned": [1] * 250 + [0] * 250 + [1] * 165 + [0] * 335})
    >>> (found,) = save_rates(rows, (6, 14), ["Gold"])
    >>> round(found.mean, 2), round(found.low, 2), round(found.high, 2)
    (0.33, 0.23, 0.42)
    """
    drawn = rows["group"].to_numpy() == CONTACT
    if min(drawn.sum(), (~drawn).sum()) < FEWEST:
        return ()
    centre, variance = _logit_moments(prior)
    rates = centre + np.linspace(-_REACH, _REACH, _RATES) * np.sqrt(variance)
    means = centre + np.linspace(-4.0, 4.0, _MEANS) * np.sqrt((1.0 - between) * variance)
    around = _normal(rates[None, :], means[:, None], between * variance)
    counts = [_counts(rows[rows["tier"] == tier]) for tier in tiers]
    likelihoods = np.array([_likelihood(seen, rates) for seen in counts])
    told = np.log(np.maximum(likelihoods @ around.T, 1e-300))  # (tiers, means): what each tier says of the mean
    believed = np.log(_normal(means, centre, (1.0 - between) * variance))
    posteriors = []
    for i, tier in enumerate(tiers):
        others = _normed(np.exp(_from_top(believed + told.sum(axis=0) - told[i])))
        density = _normed(likelihoods[i] * (others @ around))
        size = counts[i].sum(axis=(1, 2))
        posteriors.append(_summary(tier, expit(rates), density, int(size[1]), int(size[0])))
    return tuple(posteriors)


def _logit_moments(prior: tuple[float, float]) -> tuple[float, float]:
    """Mean and variance of the logit of a Beta variable."""
    a, b = prior
    return float(digamma(a) - digamma(b)), float(polygamma(1, a) + polygamma(1, b))


def _counts(rows: pd.DataFrame) -> Floats:
    """How many (group: holdout, contact; who: stayed, left) there are in each bin of risk; shape (2, 2, bins)."""
    risk = np.clip(rows["churn_risk"].to_numpy(np.float64), 0.0, 1.0 - 1e-9)
    cell = 2 * (rows["group"].to_numpy() == CONTACT) + (rows["churned"].to_numpy() > 0.5)
    flat = np.bincount(cell * _BINS + (risk * _BINS).astype(np.int64), minlength=4 * _BINS)
    return np.asarray(flat.reshape(2, 2, _BINS), np.float64)


def _likelihood(counts: Floats, rates: Floats) -> Floats:
    """Likelihood of each logit save rate, calibration summed out; 1 at its highest. Shape (rates,)."""
    seen = np.flatnonzero(counts.sum(axis=(0, 1)))
    (held_stayed, held_left), (stayed, left) = counts[:, :, seen]
    risk = expit(logit((seen + 0.5) / _BINS)[None, :] + _SHIFTS[:, None])  # (shifts, bins)
    alone = (held_left + left) * np.log(risk) + held_stayed * np.log1p(-risk)
    kept = (stayed * np.log1p(-risk[:, None, :] * expit(-rates)[None, :, None])).sum(axis=2)  # 1 - g = expit(-rate)
    log = alone.sum(axis=1)[:, None] + kept + left.sum() * np.log(expit(-rates))
    log += np.log(_normal(_SHIFTS, 0.0, CALIBRATION**2))[:, None]
    return np.asarray(np.exp(_from_top(log)).sum(axis=0))


def _summary(tier: str, rate: Floats, density: Floats, n_contact: int, n_holdout: int) -> Posterior:
    mean = float((density * rate).sum())
    low, low_80, high_80, high = np.interp((0.025, 0.1, 0.9, 0.975), density.cumsum() - density / 2.0, rate)
    deviation = float(np.sqrt((density * (rate - mean) ** 2).sum()))
    return Posterior(
        tier, mean, deviation, float(low), float(high), float(low_80), float(high_80), n_contact, n_holdout
    )


def _normal(x: Floats, mean: Floats | float, variance: float) -> Floats:
    """A normal density, up to its constant."""
    return np.asarray(np.exp(-0.5 * (x - mean) ** 2 / variance))


def _from_top(log: Floats) -> Floats:
    return np.asarray(log - log.max())


def _normed(density: Floats) -> Floats:
    return np.asarray(density / density.sum())
