"""The open tools beside us, each as its own documentation shows it; nothing outside ``benchmarks`` imports them."""

import importlib
import io
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.logs import History

Array = NDArray[np.float64]

WEEK: Final = 7.0
"""Peers count time in weeks: the default priors of pymc-marketing expect small numbers; lifetimes does not mind."""

PENALTIES: Final = (0.0, 0.001, 0.01, 0.1)
"""Of lifetimes: without one first; where that does not converge, its message asks for a larger one."""


@dataclass(frozen=True)
class Past:
    """Customers to be scored, each array of shape (n,).

    Attributes
    ----------
    frequency
        Purchase days after the first.
    recency, age
        Days from the first purchase to the last one, and to the last observed day.
    spend
        Mean per repeat purchase day, in the currency; 0 where there is none.
    """

    frequency: Array
    recency: Array
    age: Array
    spend: Array


@dataclass(frozen=True)
class Peer:
    """A fitted peer.

    Attributes
    ----------
    params
        ``r, alpha`` (weeks), ``a, b, p, q, gamma`` (currency).
    buys
        From customers to P(at least one purchase within so many weeks).
    purchases
        From customers to expected purchases within so many weeks.
    amount
        From customers to expected money per purchase.
    remark
        What a reader should know of this fit.
    """

    params: Mapping[str, float]
    buys: Callable[[Past, float], Array]
    purchases: Callable[[Past, float], Array]
    amount: Callable[[Past], Array]
    remark: str = ""

    def predict(self, past: Past, horizon: int) -> pd.DataFrame:
        """``churn_risk`` and ``value`` (currency) over a horizon in days."""
        with quiet():
            risk = 1 - self.buys(past, horizon / WEEK)
            return pd.DataFrame({"churn_risk": risk, "value": self.purchases(past, horizon / WEEK) * self.amount(past)})


def past_of(frame: pd.DataFrame) -> Past:
    """The customers of a modelling frame."""
    first = frame["days_since_first_order"].to_numpy(np.float64)
    last = frame["days_since_last_order"].to_numpy(np.float64)
    repeats = frame["purchase_days"].to_numpy(np.float64) - 1
    spend = frame["repeat_spend_mean"].to_numpy(np.float64, na_value=np.nan)
    return Past(repeats, np.maximum(first - last, 0.0), first - 1, np.maximum(np.nan_to_num(spend), 0.0))


def lifetimes(history: History) -> Peer:
    """BetaGeoFitter and GammaGammaFitter, one row per customer.

    It has no P(a purchase within the horizon) of a customer; that is its P(alive) times the probability that a customer
    who is alive buys, at its parameters.
    """
    package = _imported("lifetimes")
    buying, spend = history.buying, history.spend[history.spend["mean_spend"] > 0]
    past = buying["frequency"], buying["recency"] / WEEK, buying["age"] / WEEK
    with quiet():
        counts, first = converged(package.BetaGeoFitter, *past)
        money, second = converged(package.GammaGammaFitter, spend["frequency"], spend["mean_spend"])
    r, alpha, a, b = (float(v) for v in counts.params_[["r", "alpha", "a", "b"]])
    p, q, gamma = (float(v) for v in money.params_[["p", "q", "v"]])

    def buys(past: Past, weeks: float) -> Array:
        alive = counts.conditional_probability_alive(past.frequency, past.recency / WEEK, past.age / WEEK)
        start = alpha + past.age / WEEK
        answer: Array = alive * (1 - (start / (start + weeks)) ** (r + past.frequency))
        return answer

    def purchases(past: Past, weeks: float) -> Array:
        when = past.recency / WEEK, past.age / WEEK
        found: Array = counts.conditional_expected_number_of_purchases_up_to_time(weeks, past.frequency, *when)
        return found

    return Peer(
        {"r": r, "alpha": alpha, "a": a, "b": b, "p": p, "q": q, "gamma": gamma},
        buys,
        purchases,
        lambda past: money.conditional_expected_average_profit(past.frequency, past.spend),
        "; ".join(x for x in (first, second) if x),
    )


def pymc_marketing(history: History) -> Peer:
    """BetaGeoModel and GammaGammaModel with their default priors, at the maximum of the posterior (``method="map"``).

    P(no purchase within the horizon) is its own; it counts customers who never came back as possibly gone, which the
    BG/NBD of the paper rules out.
    """
    clv = _imported("pymc_marketing.clv")
    buying, spend = history.buying, history.spend[history.spend["mean_spend"] > 0]
    paid = spend.rename(columns={"mean_spend": "monetary_value"})
    with quiet():
        counts, money = clv.BetaGeoModel(), clv.GammaGammaModel()
        counts.fit(data=_weeks(buying["frequency"], buying["recency"], buying["age"]), method="map", progressbar=False)
        money.fit(data=_numbered(paid), method="map", progressbar=False)
        params = {name: float(counts.fit_result[name].item()) for name in ("r", "alpha", "a", "b")}
        params |= {ours: float(money.fit_result[theirs].item()) for ours, theirs in _SPENDING.items()}

    def of(past: Past) -> pd.DataFrame:
        return _weeks(past.frequency, past.recency, past.age)

    def amount(past: Past) -> Array:
        who = pd.DataFrame({"frequency": past.frequency, "monetary_value": past.spend})
        return _flat(money.expected_customer_spend(_numbered(who)))

    return Peer(
        params,
        lambda past, weeks: 1 - _flat(counts.expected_probability_no_purchase(weeks, of(past))),
        lambda past, weeks: _flat(counts.expected_purchases(of(past), future_t=weeks)),
        amount,
    )


PEERS: Final[dict[str, Callable[[History], Peer]]] = {"lifetimes": lifetimes, "pymc-marketing": pymc_marketing}

_SPENDING: Final = {"p": "p", "q": "q", "gamma": "v"}


def installed(name: str) -> bool:
    """Whether a peer can be imported here."""
    return find_spec(name.replace("-", "_")) is not None


@contextmanager
def quiet() -> Iterator[None]:
    """Peers print, log and warn a lot."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


def _imported(module: str) -> Any:
    with quiet():
        return importlib.import_module(module)


def converged(fitter: Any, *columns: Any) -> tuple[Any, str]:
    """The first penalty that converges, and a remark where that is not the first one.

    Raises
    ------
    ConvergenceError
        Of lifetimes, if none does.
    """
    trouble = _imported("lifetimes.utils").ConvergenceError
    for penalty in PENALTIES[:-1]:
        try:
            return fitter(penalizer_coef=penalty).fit(*columns), _remark(fitter, penalty)
        except trouble:
            continue
    return fitter(penalizer_coef=PENALTIES[-1]).fit(*columns), _remark(fitter, PENALTIES[-1])


def _remark(fitter: Any, penalty: float) -> str:
    return f"{fitter.__name__} converges only with a penalty ({penalty:g})" if penalty else ""


def _weeks(frequency: Any, recency: Any, age: Any) -> pd.DataFrame:
    return _numbered(pd.DataFrame({"frequency": frequency, "recency": recency / WEEK, "T": age / WEEK}))


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.reset_index(drop=True).rename_axis("customer_id").reset_index()


def _flat(answer: Any) -> Array:
    """The one draw of a posterior's maximum."""
    values: Array = np.asarray(answer, dtype=np.float64).reshape(-1)
    return values
