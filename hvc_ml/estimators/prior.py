"""The prior of a business without contracts: BG/NBD for purchases, gamma-gamma for amounts."""

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.errors import ModelRefused
from hvc_ml.estimators import bg_nbd, gamma_gamma
from hvc_ml.estimators.algebra import one_thread

Array = NDArray[np.float64]
PRIOR_COLUMNS = ("prior_active", "prior_purchases", "prior_value", "prior_value_if_kept")

log = logging.getLogger(__name__)

FEWEST_REPEATERS = 10
"""With fewer customers who came back, four parameters cannot be told apart."""


@dataclass(frozen=True)
class BuyTillYouDie:
    """A fitted prior. Times in days, money in the currency of the orders.

    Attributes
    ----------
    r, alpha, a, b
        BG/NBD: purchase rates ``Gamma(r, alpha)`` (alpha in days), leaving after a purchase ``Beta(a, b)``.
    p, q, gamma
        Gamma-gamma (gamma in the currency).
    log_likelihood, log_likelihood_spend
        Of the two models, at these parameters; NaN on a fallback.
    typical_age
        Mean days from the first purchase to the end of observation.
    n_customers, n_repeaters
        How many it was fitted on.
    fallback
        Why the likelihood was not used, or None.
    """

    r: float
    alpha: float
    a: float
    b: float
    p: float
    q: float
    gamma: float
    log_likelihood: float
    log_likelihood_spend: float
    typical_age: float
    n_customers: int
    n_repeaters: int
    fallback: str | None = None
    time_unit: str = "days"

    @property
    def buying(self) -> Array:
        """(r, alpha, a, b)."""
        return np.array([self.r, self.alpha, self.a, self.b])

    @property
    def spending(self) -> Array:
        """(p, q, gamma)."""
        return np.array([self.p, self.q, self.gamma])

    def predict(
        self,
        frequency: Any,
        recency: Any,
        age: Any,
        spend_mean: Any,
        horizon: float,
        *,
        spend_days: Any = None,
    ) -> pd.DataFrame:
        """What is expected of each customer in ``[cutoff, cutoff + horizon)``.

        Parameters
        ----------
        frequency
            Purchase days after the first one, >= 0.
        recency
            Days from the first to the last purchase day.
        age
            Days from the first purchase day to the last observed day, >= recency.
        spend_mean
            Mean spend per purchase day, over ``spend_days`` of them; NaN if there is none.
        horizon
            Days.
        spend_days
            How many purchase days ``spend_mean`` is over. By default ``frequency``, the first one excluded, as the
            model is fitted. With the first one included (``frequency + 1``) a single purchase already tells big
            spenders from small ones: normalised Gini .709 against .672 on the 39-week split of CDNOW
            (``benchmarks/first_purchase.py``).

        Returns
        -------
        DataFrame
            ``prior_active`` P(at least one purchase), ``prior_purchases`` expected purchase days, ``prior_value``
            expected money, ``prior_value_if_kept`` expected money given at least one purchase; one row per customer,
            in order.

        Examples
        --------
        >>> prior = BuyTillYouDie(.243, 30.9, .793, 2.426, 6.25, 3.74, 15.44, np.nan, np.nan, 230, 2357, 946)
        >>> prior.predict([2], [210], [270], [30.0], 273).round(2)
           prior_active  prior_purchases  prior_value  prior_value_if_kept
        0          0.55             1.23        38.01                68.63
        """
        x, t, end, spend = (np.asarray(v, dtype=np.float64) for v in (frequency, recency, age, spend_mean))
        x, end = np.maximum(x, 0.0), np.maximum(end, 0.0)
        t = np.clip(t, 0.0, end)
        alive = bg_nbd.alive(self.buying, x, t, end)
        buys = bg_nbd.buys_if_alive(self.buying, x, end, horizon)
        purchases = bg_nbd.purchases_if_alive(self.buying, x, end, horizon)
        days = x if spend_days is None else np.asarray(spend_days, dtype=np.float64)
        amount = gamma_gamma.expected_spend(self.spending, days, np.maximum(spend, 0.0))
        columns = (alive * buys, alive * purchases, alive * purchases * amount, purchases / buys * amount)
        return pd.DataFrame(dict(zip(PRIOR_COLUMNS, columns, strict=True)))

    def simulate(self, ages: Array, horizon: float, rng: np.random.Generator) -> tuple[pd.DataFrame, Array]:
        """Draw customers of the prior: what was seen of each up to an age, and what the horizon then brings.

        Parameters
        ----------
        ages
            Days from the first purchase to the end of observation, shape (n,).
        horizon
            Days after it.
        rng
            Draws everything.

        Returns
        -------
        DataFrame, ndarray
            ``frequency, recency, age, repeat_spend_mean`` (NaN without repeats), and the money spent within the
            horizon.
        """
        return simulate(self, np.asarray(ages, dtype=np.float64), horizon, rng)

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a file."""
        values = asdict(self)
        return {k: None if isinstance(v, float) and np.isnan(v) else v for k, v in values.items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` wrote; refuses parameters that are not positive numbers."""
        values = dict(values)
        for name in ("log_likelihood", "log_likelihood_spend"):
            values[name] = np.nan if values.get(name) is None else float(values[name])
        try:
            prior = cls(**values)
            valid = bool((np.r_[prior.buying, prior.spending] > 0).all()) and prior.q > 1
        except TypeError as error:
            raise ModelRefused(f"prior: {error}. Train again.") from None
        if not valid:
            raise ModelRefused("prior: parameters must be positive numbers, with q > 1. Train again.")
        return prior


def fit_buy_till_you_die(
    statistics: pd.DataFrame, spend: pd.DataFrame, *, penalty: float = 0.05, default_spend: float = 1.0
) -> BuyTillYouDie:
    """Fit both models from compressed sufficient statistics; never stops the pipeline.

    Parameters
    ----------
    statistics
        Columns ``frequency, recency, age, n``: unique triples (days) and the number of customers of each.
    spend
        Columns ``frequency, mean_spend, n``: repeat purchase days and their mean spend (currency), customers with at
        least one repeat purchase; rows without positive spend are left out.
    penalty
        Pull of the parameters' logarithms towards 0 (times in mean ages, money in mean amounts), which only matters
        where the data say nothing; 0 reproduces published maximum-likelihood answers.
    default_spend
        Spend per purchase where nobody came back (for instance the mean first spend).

    Returns
    -------
    BuyTillYouDie
        With ``fallback`` set, and a warning logged, where the data could not carry a fit: then purchase rates are
        ``Gamma(0.5, .)`` with the observed mean rate, leaving is ``Beta(0.5, 2)``, and amounts vary by ``p = q = 4``
        around their mean.

    Examples
    --------
    >>> statistics = pd.DataFrame({"frequency": [0], "recency": [0], "age": [30], "n": [3]})
    >>> prior = fit_buy_till_you_die(statistics, pd.DataFrame({"frequency": [], "mean_spend": [], "n": []}))
    >>> prior.fallback
    'purchases: 0 customers came back, 10 are needed; spend: 0 customers came back, 10 are needed'
    """
    with one_thread():
        return _fitted(statistics, spend, penalty, default_spend)


def _fitted(statistics: pd.DataFrame, spend: pd.DataFrame, penalty: float, default_spend: float) -> BuyTillYouDie:
    counts = bg_nbd.Counts(*(statistics[c].to_numpy(np.float64) for c in ("frequency", "recency", "age", "n")))
    usable = spend[(spend["mean_spend"] > 0) & (spend["frequency"] > 0)]
    x, z, n = (usable[c].to_numpy(np.float64) for c in ("frequency", "mean_spend", "n"))
    buying, ll, why = _fit_buying(counts, penalty)
    spending, ll_spend, why_spend = _fit_spending(x, z, n, penalty, default_spend)
    reasons = [f"{what}: {reason}" for what, reason in (("purchases", why), ("spend", why_spend)) if reason]
    fallback = "; ".join(reasons) or None
    if fallback:
        log.warning("prior: simple rates instead of a fit (%s)", fallback)
    total = float(counts.n.sum())
    names = ("r", "alpha", "a", "b", "p", "q", "gamma")
    params = dict(zip(names, map(float, (*buying, *spending)), strict=True))
    return BuyTillYouDie(
        r=params["r"],
        alpha=params["alpha"],
        a=params["a"],
        b=params["b"],
        p=params["p"],
        q=params["q"],
        gamma=params["gamma"],
        log_likelihood=ll,
        log_likelihood_spend=ll_spend,
        typical_age=float(counts.n @ counts.age / total) if total else 0.0,
        n_customers=int(total),
        n_repeaters=int(counts.n[counts.frequency > 0].sum()),
        fallback=fallback,
    )


def _fit_buying(counts: bg_nbd.Counts, penalty: float) -> tuple[Array, float, str | None]:
    repeaters = counts.n[counts.frequency > 0].sum()
    if repeaters < FEWEST_REPEATERS:
        return _simple_rates(counts), np.nan, f"{repeaters:.0f} customers came back, {FEWEST_REPEATERS} are needed"
    found = bg_nbd.fit(counts, penalty)
    if found is None:
        return _simple_rates(counts), np.nan, "the likelihood has no maximum"
    return *found, None


def _simple_rates(counts: bg_nbd.Counts) -> Array:
    """Rates around the observed mean; half a purchase is added so that nobody is expected never to return."""
    exposure = max(float(counts.n @ counts.age), 1.0)
    rate = (float(counts.n @ counts.frequency) + 0.5) / exposure
    return np.array([0.5, 0.5 / rate, 0.5, 2.0])


def _fit_spending(x: Array, z: Array, n: Array, penalty: float, default: float) -> tuple[Array, float, str | None]:
    if n.sum() < FEWEST_REPEATERS:
        return (
            _simple_amounts(x, z, n, default),
            np.nan,
            f"{n.sum():.0f} customers came back, {FEWEST_REPEATERS} are needed",
        )
    if np.ptp(z) <= 1e-9 * z.max():
        return _simple_amounts(x, z, n, default), np.nan, "every customer spends the same"
    found = gamma_gamma.fit(x, z, n, penalty)
    if found is None:
        return _simple_amounts(x, z, n, default), np.nan, "the likelihood has no maximum"
    return *found, None


def _simple_amounts(x: Array, z: Array, n: Array, default: float) -> Array:
    purchases = float(n @ x)
    mean = float((n * x) @ z) / purchases if purchases else max(default, 1e-6)
    return np.array([4.0, 4.0, mean * 3.0 / 4.0])


MOST_PURCHASES = 2_000  # drawn per customer; a rate that calls for more is cut off


def simulate(prior: BuyTillYouDie, ages: Array, horizon: float, rng: np.random.Generator) -> tuple[pd.DataFrame, Array]:
    """See ``BuyTillYouDie.simulate``."""
    n = len(ages)
    rate = rng.gamma(prior.r, 1 / prior.alpha, n)
    leaving = rng.beta(prior.a, prior.b, n)
    amount_rate = rng.gamma(prior.q, 1 / prior.gamma, n)
    time, last = np.zeros(n), np.zeros(n)
    repeats, spend, future = np.zeros(n), np.zeros(n), np.zeros(n)
    going = np.arange(n)
    for _ in range(MOST_PURCHASES):
        time[going] += rng.exponential(1.0, len(going)) / np.maximum(rate[going], 1e-12)
        going = going[time[going] <= ages[going] + horizon]
        if not len(going):
            break
        amount = rng.gamma(prior.p, 1.0, len(going)) / amount_rate[going]
        seen = time[going] <= ages[going]
        past = going[seen]
        repeats[past] += 1
        spend[past] += amount[seen]
        last[past] = time[past]
        future[going[~seen]] += amount[~seen]
        going = going[rng.random(len(going)) >= leaving[going]]
    mean = np.divide(spend, repeats, out=np.full(n, np.nan), where=repeats > 0)
    past_frame = {"frequency": repeats, "recency": last, "age": ages, "repeat_spend_mean": mean}
    return pd.DataFrame(past_frame), future
