"""The published answers of the CDNOW 1/10 sample, and what each tool finds on the same rows.

Fader, Hardie & Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2), 275-284; Fader & Hardie
(2013), "The gamma-gamma model of monetary value".
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.contestants import counted
from benchmarks.logs import DATA, History
from benchmarks.peers import PEERS, WEEK, installed
from benchmarks.tables import number, signed, table
from hvc_ml.estimators import bg_nbd
from hvc_ml.estimators.prior import fit_buy_till_you_die

PUBLISHED: Final = {
    "r": 0.243,
    "alpha": 4.414,
    "a": 0.793,
    "b": 2.426,
    "p": 6.25,
    "q": 3.74,
    "gamma": 15.44,
    "log-likelihood": -9582.4,
}
DIGITS: Final = {"p": 2, "q": 2, "gamma": 2, "log-likelihood": 1}
NOTE: Final = """
hvc-ml without a penalty and lifetimes maximise the likelihood, as the papers do; pymc-marketing the posterior of its
default priors. The log-likelihood is that of the paper, at each tool's parameters."""
END: Final = pd.Timestamp("1997-09-30")
"""The last day of 39 weeks of calibration."""


def published_answers() -> str:
    """One column per tool: what it finds, and in brackets how far that is from the published figure."""
    history = sample()
    found = {"hvc-ml": ours(history)} | {name: fit(history).params for name, fit in PEERS.items() if installed(name)}
    answers = {name: {**params, "log-likelihood": _likelihood(params, history)} for name, params in found.items()}
    rows = [
        [
            name,
            number(value, DIGITS.get(name, 3)),
            *(_beside(a[name], value, DIGITS.get(name, 3)) for a in answers.values()),
        ]
        for name, value in PUBLISHED.items()
    ]
    return f"{table(['', 'published', *answers], rows)}\n{NOTE if 'pymc-marketing' in answers else ''}"


def ours(history: History) -> Mapping[str, float]:
    """Maximum likelihood of our own (no penalty), alpha in weeks."""
    prior = fit_buy_till_you_die(counted(history.buying), counted(history.spend), penalty=0.0)
    names = ("r", "alpha", "a", "b", "p", "q", "gamma")
    return {name: getattr(prior, name) / (WEEK if name == "alpha" else 1.0) for name in names}


def sample(folder: Path = DATA) -> History:
    """The 2,357 customers of the 1/10 sample to 1997-09-30; purchases of one day are one."""
    names = ["master", "customer", "date", "cds", "spend"]
    log = pd.read_csv(folder / "cdnow" / "CDNOW_sample.txt", sep=r"\s+", header=None, names=names)
    days = log.groupby(["customer", "date"], as_index=False)["spend"].sum()
    days["date"] = pd.to_datetime(days["date"].astype(str))
    return _history(days[days["date"] <= END])


def _history(days: pd.DataFrame) -> History:
    by = days.groupby("customer")["date"]
    first, last, repeats = by.min(), by.max(), by.size() - 1
    later = days[days["date"] > days["customer"].map(first)]
    mean = later.groupby("customer")["spend"].mean()
    buying = pd.DataFrame({"frequency": repeats, "recency": (last - first).dt.days, "age": (END - first).dt.days})
    spend = pd.DataFrame({"frequency": repeats, "mean_spend": mean})
    return History(buying.reset_index(drop=True), spend[spend["frequency"] > 0].reset_index(drop=True))


def _likelihood(params: Mapping[str, float], history: History) -> float:
    """Eq. 6 of the paper at a tool's parameters, in weeks."""
    x, recency, age = (history.buying[c].to_numpy(np.float64) for c in ("frequency", "recency", "age"))
    counts = bg_nbd.Counts(x, recency / WEEK, age / WEEK, np.ones(len(x)))
    return bg_nbd.log_likelihood(np.array([params[name] for name in ("r", "alpha", "a", "b")]), counts)[0]


def _beside(found: float, published: float, digits: int) -> str:
    return f"{found:.{digits}f} ({signed(round(found, digits) - published, digits)})"
