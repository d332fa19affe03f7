"""Intervals where no past cutoff can teach them: what the prior itself says of the spread, by simulation."""

import numpy as np

from hvc_ml.estimators.intervals import Intervals, default_intervals, ratio_intervals
from hvc_ml.estimators.prior import BuyTillYouDie
from hvc_ml.estimators.prior_columns import Prior
from hvc_ml.estimators.settings import ModelSettings

CUSTOMERS = 20_000


def prior_intervals(prior: Prior | None, horizon: int, settings: ModelSettings, *, point_mass: bool) -> Intervals:
    """Simulate customers of the prior, predict them by the prior, and keep the spread of the outcome.

    Parameters
    ----------
    prior
        A buy-till-you-die prior; any other gets ``default_intervals``.
    horizon
        Days.
    settings
        Coverage and seed.
    point_mass
        See ``Intervals``.
    """
    if not isinstance(prior, BuyTillYouDie) or not point_mass:
        return default_intervals(settings.coverage, point_mass=point_mass)
    rng = np.random.default_rng(settings.seed)
    ages = rng.uniform(0.2, 1.8, CUSTOMERS) * max(prior.typical_age, 1.0)
    past, future = prior.simulate(ages, horizon, rng)
    said = prior.predict(past["frequency"], past["recency"], past["age"], past["repeat_spend_mean"], horizon)
    kept = future > 0
    value = said["prior_value_if_kept"].to_numpy(np.float64)
    return ratio_intervals(value[kept], future[kept], settings.coverage)
