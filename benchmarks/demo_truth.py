"""Hold the list of a made-up business against its known truth, and against the best that its log allows.

Four observers look at the same customers on the day of the list:

- the **model**, trained and scored as `hvc-ml demo` does it;
- the **best possible**: Bayes' rule over all customers that could have left such a log (``hvc_ml.tables.demo.best``).
  It knows the laws of the population, but of no customer more than the log shows. A model is better by chance only;
- the **onlooker**, who knows every customer's own parameters, and infers from the log who has left;
- the **oracle**, who also knows who has left.

python -m benchmarks.demo_truth
python -m benchmarks.demo_truth --kind subscription --customers 5000
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.tables import machine, number, table
from hvc_ml.config import Config, Project, load_config
from hvc_ml.evaluation import metrics
from hvc_ml.evaluation.profit import regret
from hvc_ml.planning.allocation import NOTHING, allocate
from hvc_ml.planning.prices import Limits as Capacities
from hvc_ml.planning.priority import retention_list
from hvc_ml.planning.triggers import allowed_actions
from hvc_ml.progress import Stages
from hvc_ml.tables.demo import DemoSettings
from hvc_ml.tables.demo.best import best_outlook
from hvc_ml.workflows import demo
from hvc_ml.workflows.listing import ScoreResult
from hvc_ml.workflows.score import Limits, score
from hvc_ml.workflows.train import train

Kind = Literal["retail", "subscription"]

OBSERVERS: Final = {"model": "", "best possible": "_best", "onlooker": "_seen", "oracle": "_true"}
"""Who looks, and the end of their columns' names."""
LENGTHS: Final = (100, 500, 2_000, None)
"""Lengths of the list; None: everyone with a gain."""
_FIGURES: Final = ("churn_risk", "future_value", "value_if_kept")


def main() -> None:
    """Print two Markdown tables, and where they were measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--kind", choices=get_args(Kind), default="retail")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    print(machine("lightgbm", "numpy"), "\n")
    with tempfile.TemporaryDirectory() as folder:
        settings = DemoSettings(kind=asked.kind, customers=asked.customers, seed=asked.seed)
        project, result = listed(Path(folder), settings)
        known = observed(project.folder, settings, result)
        print(f"{asked.kind}, {asked.customers:,} customers, {len(known):,} of them on the day of the list\n")
        print(table(["", "AUC", "slope", "ECE", "Gini", "top 20 %", "total bias"], accuracy(known)), "\n")
        gains = true_gains(project.folder, known["customer_id"], project.config)
        print(
            table(
                ["list of", "true gain", "regret to best possible", "to oracle"], regrets(known, gains, project.config)
            )
        )


def listed(folder: Path, settings: DemoSettings) -> tuple[Project, ScoreResult]:
    """Make up the business, train, and score the day after its log ends."""
    made = demo.make(folder, kind=settings.kind, customers=settings.customers, seed=settings.seed, stages=Stages())
    project = load_config(made.config)
    train(project, promote=True, stages=Stages())
    return project, score(project, cutoff=None, limits=Limits(), stages=Stages())


def observed(folder: Path, settings: DemoSettings, result: ScoreResult) -> pd.DataFrame:
    """One row per scored customer: the scores, what came true, and the figures of every observer."""
    scores = pd.read_parquet(result.list_dir / "scores.parquet")
    outlook = pd.read_parquet(folder / "truth" / "outlook.parquet")
    outlook = outlook[outlook["cutoff"] == result.cutoff].drop(columns="cutoff")
    best = best_outlook(folder, settings, result.cutoff, scores["customer_id"].tolist()).to_pandas()
    known = scores.merge(outlook, on="customer_id", suffixes=("", "_true"), validate="1:1")
    return known.merge(best, on="customer_id", validate="1:1").assign(cutoff=result.cutoff.isoformat())


def accuracy(known: pd.DataFrame) -> Iterator[list[str]]:
    """How well each observer foresees what came true."""
    churned, value = (known[c].to_numpy(np.float64) for c in ("churned", "realised_value"))
    for name, end in OBSERVERS.items():
        risk, money = (known[f"{c}{end}"].to_numpy(np.float64) for c in ("churn_risk", "future_value"))
        figures = (
            metrics.churn_auc(churned, risk),
            metrics.calibration_slope(churned, risk),
            metrics.ece(churned, risk),
            metrics.value_gini(value, money),
            metrics.value_captured(value, money),
            metrics.value_bias(value, money),
        )
        yield [name, *map(number, figures)]


def regrets(known: pd.DataFrame, gains: pd.DataFrame, config: Config) -> Iterator[list[str]]:
    """What the model's list lets go, by its length."""
    for top in LENGTHS:
        ours, best = (earned(planned(known, end, top, config), gains) for end in ("", "_best"))
        oracle = foreseen(known, gains, top, config)
        name = "all with a gain" if top is None else f"{top:,}"
        yield [name, f"{ours.sum():,.0f}", f"{regret(ours, best):.1%}", f"{regret(ours, oracle):.1%}"]


def true_gains(folder: Path, customers: pd.Series, config: Config) -> pd.DataFrame:
    """True expected gain of each action of the playbook (columns) on each of these customers (rows)."""
    actions = pd.read_parquet(folder / "truth" / "actions.parquet")
    gains = actions.pivot_table(index="customer_id", columns="action", values="expected_gain")
    return gains.loc[customers, [action.name for action in config.playbook.actions]]


def planned(known: pd.DataFrame, end: str, top: int | None, config: Config) -> pd.DataFrame:
    """The list that the playbook makes of an observer's risks and values."""
    told = known.assign(**{name: known[f"{name}{end}"] for name in _FIGURES})
    told["value_at_risk"] = told["churn_risk"] * told["value_if_kept"]
    settings = config.list.model_copy(update={"top": top})
    return retention_list(
        told, config.playbook, settings, cutoff=known["cutoff"].iloc[0], horizon=config.labels.horizon
    )


def earned(plan: pd.DataFrame, gains: pd.DataFrame) -> NDArray[np.float64]:
    """True expected gain of each row of a list."""
    row, column = gains.index.get_indexer(plan["customer_id"].array), gains.columns.get_indexer(plan["action"].array)
    return np.asarray(gains.to_numpy(np.float64)[row, column])


def foreseen(known: pd.DataFrame, gains: pd.DataFrame, top: int | None, config: Config) -> NDArray[np.float64]:
    """True expected gain of each row of the list of someone who knows it beforehand, by the same rules."""
    playbook, money = config.playbook, gains.to_numpy(np.float64)
    limits = Capacities(tuple(action.capacity for action in playbook.actions), None, top)
    choice = allocate(money, np.zeros_like(money), allowed_actions(known["tier"], playbook), limits)
    rows = np.flatnonzero(choice != NOTHING)
    return np.asarray(money[rows, choice[rows]])


if __name__ == "__main__":
    main()
