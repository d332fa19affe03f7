"""Should the gamma-gamma estimate count the first purchase? Value Gini and value captured with and without it.

python -m benchmarks.first_purchase online-retail cdnow cdnow-39-weeks complete-journey
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.real_logs import LOGS, project_of
from hvc_ml.estimators import gamma_gamma
from hvc_ml.evaluation.metrics import value_captured, value_gini
from hvc_ml.progress import Stages
from hvc_ml.workflows.fitting import prior_of, rows_of
from hvc_ml.workflows.shop import open_shop

CUTOFFS = 4


def main() -> None:
    """Print one row per log, cutoff and estimate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="*", default=LOGS)
    print("| log | cutoff | spend per order | value Gini | value in top 20 % |\n|---|---|---|---|---|")
    for name in parser.parse_args().logs:
        with tempfile.TemporaryDirectory() as folder:
            _print_log(name, Path(folder))


def _print_log(name: str, folder: Path) -> None:
    project = project_of(name, folder)
    with open_shop(project, Stages()) as shop:
        partitions = shop.partitions(shop.timeline.mature(shop.now)[-CUTOFFS:])
    for cutoff, partition in partitions.items():
        frame = rows_of(partition, project.config)
        prior = prior_of(partition, frame, project.config)
        for estimate, spend in _estimates(frame, prior.spending).items():
            value = frame["prior_purchases"].to_numpy() * spend
            gini = value_gini(frame["future_value"], value)
            captured = value_captured(frame["future_value"], value)
            print(f"| {name} | {cutoff} | {estimate} | {gini:.4f} | {captured:.4f} |")


def _estimates(frame: pd.DataFrame, spending: np.ndarray) -> dict[str, np.ndarray]:
    days, mean = frame["purchase_days"].to_numpy(), frame["purchase_day_spend"].to_numpy()
    repeat = np.nan_to_num(frame["repeat_spend_mean"].to_numpy())
    return {
        "gamma-gamma, first purchase left out": gamma_gamma.expected_spend(spending, days - 1, repeat),
        "gamma-gamma, first purchase counted": gamma_gamma.expected_spend(spending, days, mean),
        "own mean": mean,
    }


if __name__ == "__main__":
    main()
