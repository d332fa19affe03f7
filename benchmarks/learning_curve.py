"""How much data does what need? The prior, LightGBM alone and the recipe, fitted on few and on many customers.

python -m benchmarks.learning_curve demo-retail cdnow

A business of n customers is a sample of those who bought before the newest test cutoff, dormant ones included; the
prior of each cutoff is fitted on that sample too. Samples of one size share no customer. All are measured on every
active customer of the test cutoff, so that figures of small and large samples can be compared. The claim that is
checked: the recipe is never below the prior. In brackets, the least and the greatest difference over samples.
"""

import argparse
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.contestants import Predict, Task, fit_prior, lightgbm_alone, prior_alone, recipe
from benchmarks.logs import History, Log, open_log, plain_rows
from benchmarks.tables import gap, machine, number, signed, table
from hvc_ml.errors import NotEnoughData
from hvc_ml.estimators.prior import BuyTillYouDie
from hvc_ml.estimators.prior_columns import prior_columns
from hvc_ml.evaluation.bootstrap import Estimate
from hvc_ml.evaluation.metrics import churn_auc, value_gini

SIZES: Final = (1_000, 3_000, 10_000, 30_000)
SAMPLES: Final = {1_000: 5, 3_000: 3}
"""How many samples of a size; one of the others."""
DEMO_CUSTOMERS: Final = 36_000
"""Of whom a little more than 30,000 have bought before the newest test cutoff."""
PRIOR, TREES, RECIPE = "prior alone", "LightGBM alone", "hvc-ml"


@dataclass(frozen=True)
class Figures:
    """Of one contestant on one sample, averaged over test cutoffs."""

    auc: float
    gini: float


def main() -> None:
    """Print one table per log."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="*", default=("demo-retail", "cdnow"), help="demo-retail, cdnow or another shop")
    parser.add_argument("--customers", type=int, default=DEMO_CUSTOMERS, help="of a demo (default: %(default)s)")
    parser.add_argument("--tests", type=int, default=1, help="test cutoffs, the newest ones (default: %(default)s)")
    asked = parser.parse_args()
    print(machine("lightgbm", "numpy", "pandas"))
    for name in asked.logs:
        print(learning_curve(open_log(name, customers=asked.customers, everyone=True), asked.tests), flush=True)


def learning_curve(log: Log, tests: int) -> str:
    """Fit everyone on samples of every size."""
    frames = {c: plain_rows(p) for c, p in log.partitions.items()}
    everyone = frames[log.tests[-1]]["customer_id"].to_numpy(dtype=str)
    sizes = sorted({*(size for size in SIZES if size < len(everyone)), min(max(SIZES), len(everyone))})
    cutoffs = log.tests[-tests:]
    lines: list[list[str]] = []
    for size in sizes:
        found = [on_sample(log, frames, kept, cutoffs) for kept in samples(everyone, size)]
        lines += _lines(size, found)
    head = ["customers", "samples", "", "churn AUC", "value Gini", "AUC above the prior", "Gini above the prior"]
    title = f"\n### {log.name}, {log.config.labels.horizon} days, test {', '.join(map(str, cutoffs))}\n"
    return f"{title}\n{table(head, lines)}"


def samples(everyone: NDArray[np.str_], size: int) -> Iterator[NDArray[np.str_]]:
    """Customers drawn by a hash of their id: disjoint samples, the same on every machine.

    Examples
    --------
    >>> [drawn] = samples(np.array(list("abcdefgh")), 3)
    >>> drawn.size
    3
    """
    hashes = pd.util.hash_array(everyone.astype(object), categorize=False)
    shuffled = everyone[np.argsort(hashes, kind="stable")]
    for i in range(min(SAMPLES.get(size, 1), len(everyone) // size)):
        yield np.sort(shuffled[i * size : (i + 1) * size])


def on_sample(
    log: Log, frames: Mapping[date, pd.DataFrame], kept: NDArray[np.str_], tests: tuple[date, ...]
) -> dict[str, Figures]:
    """Everyone's figures when only these customers are known."""
    found: dict[str, list[Figures]] = {}
    for test in tests:
        split = log.timeline.split(test)
        known = {c: frames[c][frames[c]["customer_id"].isin(kept)] for c in {*split.fit, *split.calibrate, test}}
        priors = {c: prior_of_rows(rows) for c, rows in known.items()}
        rows = {c: _active(_with_prior(r, priors[c], log), log, c) for c, r in known.items()}
        task = Task(log.config, split, rows, log.features)
        everyone = _active(frames[test], log, test)
        for name, predict in _contestants(task, priors[test]):
            found.setdefault(name, []).append(_figures(everyone, predict))
    return {name: Figures(*np.mean([(f.auc, f.gini) for f in fs], axis=0)) for name, fs in found.items()}


def prior_of_rows(rows: pd.DataFrame) -> BuyTillYouDie:
    """The prior of the customers in a frame, from its own columns.

    Parameters
    ----------
    rows
        A panel of one cutoff in which nobody is missing for being dormant.
    """
    first, last = (rows[f"days_since_{end}_order"].to_numpy(np.float64) for end in ("first", "last"))
    repeats = rows["purchase_days"].to_numpy(np.float64) - 1
    buying = pd.DataFrame({"frequency": repeats, "recency": first - last, "age": first - 1})
    spend = pd.DataFrame({"frequency": repeats, "mean_spend": rows["repeat_spend_mean"].to_numpy(np.float64)})
    return fit_prior(History(buying, spend[spend["mean_spend"] > 0]), float(rows["mean_order"].mean()))


def _contestants(task: Task, prior: BuyTillYouDie) -> Iterator[tuple[str, Predict]]:
    yield PRIOR, prior_alone(prior, task.config.labels.horizon)
    with contextlib.suppress(NotEnoughData, ValueError):  # one class only among few rows: no figure
        yield TREES, lightgbm_alone(task)
    yield RECIPE, recipe(task, prior)


def _with_prior(rows: pd.DataFrame, prior: BuyTillYouDie, log: Log) -> pd.DataFrame:
    return pd.concat([rows, prior_columns(rows, prior, log.config.labels.horizon)], axis=1)


def _active(rows: pd.DataFrame, log: Log, cutoff: date) -> pd.DataFrame:
    """Those who are scored: without the dormant."""
    limit = log.active_days[cutoff]
    kept = rows if limit is None else rows[rows["days_since_last_order"] <= limit]
    return kept.reset_index(drop=True)


def _figures(frame: pd.DataFrame, predict: Predict) -> Figures:
    said = predict(frame)
    return Figures(
        churn_auc(frame["churned"], said["churn_risk"]),
        value_gini(frame["future_value"], said["value"]),
    )


def _lines(size: int, found: list[dict[str, Figures]]) -> list[list[str]]:
    lines = []
    for name in (PRIOR, TREES, RECIPE):
        pairs = [(f[name], f[PRIOR]) for f in found if name in f]
        auc, gini = ([getattr(mine, m) for mine, _ in pairs] for m in ("auc", "gini"))
        above = [[getattr(mine, m) - getattr(prior, m) for mine, prior in pairs] for m in ("auc", "gini")]
        spans = ["", ""] if name == PRIOR else [_span(differences) for differences in above]
        lines.append([f"{size:,}", str(len(pairs)), name, number(_mean(auc)), number(_mean(gini)), *spans])
    return lines


def _span(gaps: list[float]) -> str:
    """The mean difference and, over several samples, the least and the greatest."""
    if len(gaps) < 2:
        return signed(_mean(gaps))
    return gap(Estimate(min(gaps), _mean(gaps), max(gaps)))


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


if __name__ == "__main__":
    main()
