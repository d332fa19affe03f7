"""How many customers of a large business the models have to learn from.

python -m benchmarks.sample_size --shop 50000 --learn 10000 20000
python -m benchmarks.sample_size --data shop/data --learn 25000 50000 100000 200000

The recipe of the newest test cutoff, learned from samples of the customers, drawn by a hash of their ids as
``model.sample_customers`` draws them, so that each holds the smaller ones. Priors are fitted on everybody's counts, and
everybody is measured. Differences are to the largest sample, with an interval over customers drawn anew. The seconds
are those of the processor, all threads, for the fit, the test on everybody and the figures.
"""

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from benchmarks import plain_script
from benchmarks.end_to_end import made_shop, shop_config
from benchmarks.meter import Meter, processor
from benchmarks.tables import gap, machine, number, table
from hvc_ml.config import load_config
from hvc_ml.evaluation.bootstrap import difference
from hvc_ml.evaluation.kernels import Kernel
from hvc_ml.evaluation.metrics import CHURN_KERNELS, VALUE_KERNELS
from hvc_ml.progress import Stages
from hvc_ml.workflows.backtest import Backtest, backtest, needed
from hvc_ml.workflows.fitting import frames_of
from hvc_ml.workflows.sampling import SAMPLED, Sample
from hvc_ml.workflows.shop import Shop, open_shop

Frames = Mapping[date, pd.DataFrame]
FIGURES: Final[dict[str, tuple[str, str, Kernel]]] = {
    "churn AUC": ("churned", "churn_risk", CHURN_KERNELS["churn_auc"]),
    "Brier skill": ("churned", "churn_risk", CHURN_KERNELS["churn_brier_skill"]),
    "value Gini": ("future_value", "future_value", VALUE_KERNELS["value_gini"]),
    "value in top 20 %": ("future_value", "future_value", VALUE_KERNELS["value_captured_20"]),
}
"""What is compared: what happened, what was said of it, the figure."""


@dataclass(frozen=True)
class Learned:
    """From one sample: how large it was, what it cost, and the test."""

    customers: int
    rows: int
    cpu: float
    test: Backtest


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--shop", type=int, default=50_000, help="customers of a shop to make up (default: %(default)s)"
    )
    parser.add_argument("--data", type=Path, help="data/ of a made-up shop that is there already")
    parser.add_argument("--learn", type=int, nargs="+", default=[5_000, 10_000, 20_000], help="customers to learn from")
    parser.add_argument("--active", type=int, default=plain_script.ACTIVE, help="days (default: %(default)s)")
    parser.add_argument("--memory", default="4GB", help="of the engine (default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "hvc-ml-benchmark")
    asked = parser.parse_args()
    print(machine("lightgbm", "numpy", "pandas"), flush=True)
    asked.folder.mkdir(parents=True, exist_ok=True)
    data = asked.data or made_shop(asked.folder, asked.shop)
    with tempfile.TemporaryDirectory(dir=asked.folder) as there:
        project = load_config(shop_config(Path(there), data.resolve(), asked.memory, asked.active))
        with open_shop(project, Stages(Meter())) as shop:
            print(told(learned(shop, sorted(asked.learn))))


def learned(shop: Shop, sizes: Sequence[int]) -> list[Learned]:
    """The newest test, learned from so many customers each, smallest first."""
    config, line = shop.project.config, shop.timeline
    tests = line.tests()[-1:]
    partitions, largest = shop.sampled(needed(line, tests, production=False), sizes[-1], tests)
    frames = frames_of(partitions, config, largest, tests)
    features, found = shop.plan().features, []
    for size in sizes:
        fewer = smaller(frames, Sample(min(1.0, largest.share, size / largest.of), largest.of))
        start = processor()
        test = backtest(line, tests, fewer, partitions, features, config, shop.stages)
        [fit] = test.fitted.values()
        found.append(Learned(fit.n_customers, fit.n_rows, processor() - start, test))
    return found


def smaller(frames: Frames, sample: Sample) -> dict[date, pd.DataFrame]:
    """The same frames with fewer customers to learn from, and everybody where everybody is.

    Examples
    --------
    >>> ids = [f"c{i}" for i in range(100)]
    >>> whole = pd.DataFrame({"customer_id": ids, SAMPLED: True})
    >>> part = whole.drop(columns=SAMPLED)
    >>> some = smaller({date(2025, 1, 1): part, date(2025, 6, 1): whole}, Sample(0.5, 100))
    >>> [len(frame) for frame in some.values()], int(some[date(2025, 6, 1)][SAMPLED].sum())
    ([54, 100], 54)
    """
    made = {}
    for cutoff, frame in frames.items():
        chosen = sample.has(frame["customer_id"])
        made[cutoff] = frame.assign(**{SAMPLED: chosen}) if SAMPLED in frame else frame[chosen].reset_index(drop=True)
    return made


def told(found: Sequence[Learned]) -> str:
    """The table, smallest sample first."""
    largest = found[-1].test
    head = ["customers", "rows", "CPU-s", *(cell for name in FIGURES for cell in (name, "difference"))]
    rows = [[f"{f.customers:,}", f"{f.rows:,}", f"{f.cpu:.1f}", *_cells(f.test, largest)] for f in found]
    title = f"### {largest.panel.n_customers:,} customers tested at {', '.join(map(str, largest.fitted))}"
    return f"\n{title}\n\n{table(head, rows)}"


def _cells(test: Backtest, largest: Backtest) -> list[str]:
    cells = []
    for happened, said, kernel in FIGURES.values():
        actual = test.actual[happened].to_numpy(np.float64)
        ours, theirs = (t.predictions[said].to_numpy(np.float64) for t in (test, largest))
        value = float(kernel(actual, ours, np.ones((1, len(actual))))[0])
        beside = difference(kernel, actual, ours, theirs, test.actual["customer_id"])
        cells += [number(value, 4), "" if test is largest else gap(beside, 4)]
    return cells


if __name__ == "__main__":
    main()
