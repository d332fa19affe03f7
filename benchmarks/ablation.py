"""What does each part of the recipe bring? The prior, trees without it, trees on top of it, and the blend.

python -m benchmarks.ablation cdnow online-retail complete-journey demo-retail demo-subscription

Every variant is refitted at each test cutoff on the same rows. Differences are to the full recipe, on the same drawn
customers (95 % intervals of a bootstrap by customer): below 0 the variant is worse.
"""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit

from benchmarks.contestants import Predict, Task, lightgbm_alone, prior_alone, recipe
from benchmarks.logs import Log, open_log
from benchmarks.tables import gap, machine, number, table
from hvc_ml.estimators.calibration import FOLDS, fit_calibrator
from hvc_ml.estimators.prior_columns import Prior
from hvc_ml.evaluation.scorecard import Rows, Scorecard
from hvc_ml.workflows.fitting import prior_of, rows_of

Array = NDArray[np.float64]

LOGS: Final = ("cdnow", "online-retail", "complete-journey", "demo-retail", "demo-subscription")
METRICS: Final = {
    "churn AUC": "churn_auc",
    "value Gini": "value_gini",
    "value in top 20 %": "value_captured_20",
    "ECE": "churn_ece",
    "total bias": "value_bias",
}
COMPARED: Final = ("churn AUC", "value Gini", "value in top 20 %")
BLEND: Final = "**blend (the recipe)**"
SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "prior alone, calibrated": {"members": ("prior",)},
    "boosted from the prior (hurdle)": {"members": ("hurdle",)},
    "boosted from the prior (Tweedie)": {"members": ("tweedie",)},
    "blend without trees alone": {"members": ("prior", "hurdle", "tweedie", "rule")},
    "blend without past spend": {"members": ("prior", "hurdle", "tweedie", "trees")},
    "blend, monotone": {"monotone": True},
    "blend, every column for each tree": {"feature_fraction": 1.0},
}
"""What differs from the recipe. Members are those of the blend of value; those with trees correct the risk, too."""
NEARLY_NOTHING: Final = 1e-6


def main() -> None:
    """Print one table per log."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="*", default=LOGS, help=f"any of {', '.join(LOGS)}")
    parser.add_argument("--customers", type=int, default=20_000, help="of a demo (default: %(default)s)")
    asked = parser.parse_args()
    print(machine("lightgbm", "numpy", "pandas"))
    for name in asked.logs:
        print(ablation(open_log(name, customers=asked.customers)), flush=True)


def ablation(log: Log) -> str:
    """Refit every variant at every test cutoff of a log."""
    frames = {c: rows_of(p, log.config) for c, p in log.partitions.items()}
    said: dict[str, list[pd.DataFrame]] = {}
    for cutoff in log.tests:
        frame, split = frames[cutoff], log.timeline.split(cutoff)
        prior = prior_of(log.partitions[cutoff], frame, log.config)
        for name, predict in variants(Task(log.config, split, frames, log.features), prior):
            keyed = pd.concat([frame[["customer_id", "cutoff"]], predict(frame)], axis=1)
            said.setdefault(name, []).append(keyed)
    rows = Rows.of(pd.concat([frames[c] for c in log.tests], ignore_index=True))
    return _report(log, rows, {name: pd.concat(parts, ignore_index=True) for name, parts in said.items()})


def variants(task: Task, prior: Prior) -> Iterator[tuple[str, Predict]]:
    """Every variant, fitted."""
    yield "prior alone", prior_alone(prior, task.config.labels.horizon)
    trees, late = lightgbm_alone(task), pd.concat([task.frames[c] for c in task.split.calibrate], ignore_index=True)
    yield "trees alone", trees
    yield "trees alone, calibrated", calibrated(trees, late)
    for name, changed in SETTINGS.items():
        yield name, recipe(_with(task, changed), prior)
    yield BLEND, recipe(task, prior)


def calibrated(predict: Predict, late: pd.DataFrame) -> Predict:
    """A forecast with its risks and its total set right on later rows, as the recipe does with its own."""
    said = predict(late)
    fold = pd.util.hash_array(late["customer_id"].to_numpy(dtype=object), categorize=False) % FOLDS
    calibrator, _ = fit_calibrator(_margin(said), late["churned"].to_numpy() == 1, fold.astype(int))

    def mended(said: pd.DataFrame) -> pd.DataFrame:
        risk = calibrator(_margin(said))
        kept = said["value"] / (1 - said["churn_risk"]).clip(lower=NEARLY_NOTHING)
        return said.assign(churn_risk=risk, value=(1 - risk) * kept)

    scale = float(late["future_value"].sum() / mended(said)["value"].sum())
    return lambda frame: mended(predict(frame)).assign(value=lambda m: scale * m["value"])


def _margin(said: pd.DataFrame) -> Array:
    margin: Array = logit(np.clip(said["churn_risk"].to_numpy(np.float64), NEARLY_NOTHING, 1 - NEARLY_NOTHING))
    return margin


def _with(task: Task, changed: Mapping[str, Any]) -> Task:
    model = task.config.model.model_copy(update=changed)
    return replace(task, config=task.config.model_copy(update={"model": model}))


def _report(log: Log, rows: Rows, said: dict[str, pd.DataFrame]) -> str:
    aligned = {name: rows.align(frame, ("churn_risk", "value")) for name, frame in said.items()}
    predictions = {name: (found["churn_risk"], found["value"]) for name, found in aligned.items()}
    card = Scorecard.of(rows, predictions, dict.fromkeys(predictions, tuple(METRICS.values())))
    tests = ", ".join(map(str, log.tests))
    title = f"\n### {log.name}, {log.config.labels.horizon} days, test {tests}, {len(rows.value):,} rows\n"
    head = ["", *METRICS, *(f"{name}, difference" for name in COMPARED)]
    return f"{title}\n{table(head, (_row(name, card) for name in said))}"


def _row(name: str, card: Scorecard) -> list[str]:
    figures = [number(card.points[name, metric]) for metric in METRICS.values()]
    return [name, *figures, *("" if name == BLEND else gap(card.difference(name, BLEND, METRICS[c])) for c in COMPARED)]


if __name__ == "__main__":
    main()
