"""Data without signal must not be promoted: train, test and decide on labels dealt out at random, seed after seed.

At every cutoff the customers swap what came of them, whole (who left, with what they brought), so that nothing known
before the cutoff tells anything about it; fitting, calibrating and testing all see the swapped labels. The features and
the prior, which know the past alone, stay.

python -m benchmarks.permuted --seeds 20
python -m benchmarks.permuted --seeds 20 --log online-retail
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.real_logs import LOGS, project_of
from hvc_ml.config import Config, Project, load_config
from hvc_ml.dataset.store import Partition
from hvc_ml.evaluation.gate import Decision, promotion
from hvc_ml.features.feature import Feature
from hvc_ml.progress import Stages
from hvc_ml.timeline.calendar import Timeline
from hvc_ml.workflows import demo
from hvc_ml.workflows.backtest import Backtest, backtest, needed
from hvc_ml.workflows.fitting import LABELS, rows_of
from hvc_ml.workflows.shop import open_shop
from hvc_ml.workflows.yardstick import campaign_of

ALLOWED: Final = 1 / 20
"""Share of seeds that may be promoted by chance."""


@dataclass(frozen=True)
class Business:
    """A log opened once: what every seed starts from."""

    config: Config
    timeline: Timeline
    tests: tuple[date, ...]
    partitions: Mapping[date, Partition]
    features: tuple[Feature, ...]
    frames: Mapping[date, pd.DataFrame]


def main() -> None:
    """Print one row per seed, and exit with 1 if more than one in twenty was promoted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--log", choices=("demo", *LOGS), default="demo")
    parser.add_argument("--customers", type=int, default=2_000, help="of the made-up business")
    parser.add_argument("--tests", type=int, default=2, help="test cutoffs, each with a refit of its own")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        business = _opened(_project(asked.log, asked.customers, Path(folder)), asked.tests)
    sys.exit(_print_table(business, asked.seeds) > max(1, round(ALLOWED * asked.seeds)))


def permuted(frames: Mapping[date, pd.DataFrame], seed: int) -> dict[date, pd.DataFrame]:
    """The same frames, in which the customers of each cutoff have swapped their labels, each customer's as a whole."""
    found = {}
    for cutoff, frame in frames.items():
        order = np.random.default_rng([seed, cutoff.toordinal()]).permutation(len(frame))
        swapped = {name: frame[name].to_numpy()[order] for name in LABELS if name in frame}
        found[cutoff] = frame.assign(**swapped)
    return found


def decided(business: Business, frames: Mapping[date, pd.DataFrame]) -> tuple[Backtest, Decision]:
    """Test out of time on ``frames`` and ask the gate, as training does for a first version."""
    config = business.config
    test = backtest(business.timeline, business.tests, frames, business.partitions, business.features, config, Stages())
    decision = promotion(
        test.panel,
        test.actual,
        test.predictions,
        campaign=campaign_of(config.playbook),
        coverage=config.model.coverage,
        seed=config.model.seed,
    )
    return test, decision


def _print_table(business: Business, seeds: int) -> int:
    """One row for the labels as they are, one per seed; how many of the seeds were promoted."""
    started, promotions = time.perf_counter(), 0
    print("| labels | rows | rung | churn AUC | value Gini | profit at capacity | decision |")
    print("|---|---|---|---|---|---|---|")
    print(_row("as they are", *decided(business, business.frames)))
    for seed in range(seeds):
        test, decision = decided(business, permuted(business.frames, seed))
        promotions += decision.promoted
        print(_row(f"permuted, seed {seed}", test, decision), flush=True)
    seconds = time.perf_counter() - started
    print(f"\nPromoted without signal: {promotions} of {seeds} seeds ({seconds:.0f} s).")
    return promotions


def _row(labels: str, test: Backtest, decision: Decision) -> str:
    panel, rung = test.panel, test.fitted[max(test.fitted)].recipe.rung
    figures = [
        f"{e.mid:.3f} [{e.low:.3f}, {e.high:.3f}]"
        for e in (panel.model[m] for m in ("churn_auc", "value_gini", "profit_at_capacity"))
    ]
    verdict = ":".join(decision.reason.split(":")[:2])
    return f"| {labels} | {panel.n_rows:,} | {rung} | {' | '.join(figures)} | {verdict} |"


def _project(log: str, customers: int, folder: Path) -> Project:
    if log != "demo":
        return project_of(log, folder)
    return load_config(demo.make(folder, kind="retail", customers=customers, seed=1, stages=Stages()).config)


def _opened(project: Project, tests: int) -> Business:
    """Read the log and build the panel at every cutoff that the tests ask for."""
    config = project.config.model_copy(update={"model": project.config.model.model_copy(update={"threads": 1})})
    with open_shop(project, Stages()) as shop:
        line, features = shop.timeline, shop.plan().features
        partitions = shop.partitions(needed(line, line.tests(tests)))
    frames = {cutoff: rows_of(partition, config) for cutoff, partition in partitions.items()}
    return Business(config, line, line.tests(tests), partitions, features, frames)


if __name__ == "__main__":
    main()
