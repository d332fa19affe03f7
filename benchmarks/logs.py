"""A log opened once: its calendar, its features, and the panel at every cutoff that its tests ask for."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final, Literal

import pandas as pd

from benchmarks.real_logs import CONFIGS, project_of
from hvc_ml.config import Config, Project, load_config
from hvc_ml.dataset.store import Partition
from hvc_ml.features.feature import Feature
from hvc_ml.population import PopulationSettings, active_within
from hvc_ml.progress import Stages
from hvc_ml.tables.schema import TICKS
from hvc_ml.timeline.calendar import Timeline
from hvc_ml.workflows import demo
from hvc_ml.workflows.backtest import needed
from hvc_ml.workflows.shop import open_shop

DATA: Final = CONFIGS.parents[1] / "shared" / "data"
TESTS: Final = 3
DEMO_SEED: Final = 7


@dataclass(frozen=True)
class Log:
    """A log, its panel in memory.

    Attributes
    ----------
    name
        As in ``configs/``, or ``demo-retail``, ``demo-subscription``.
    config
        Its config, set to one thread.
    tests
        The newest cutoffs with a known future, oldest first.
    partitions
        The panel at these and at every cutoff their models learn from.
    active_days
        By cutoff, the days since the last purchase within which a customer is scored; None for no limit. The panel
        itself goes further where the log was opened with ``everyone``.
    """

    name: str
    config: Config
    timeline: Timeline
    features: tuple[Feature, ...]
    tests: tuple[date, ...]
    partitions: Mapping[date, Partition]
    active_days: Mapping[date, int | None]


@dataclass(frozen=True)
class History:
    """What buy-till-you-die models learn from: everyone who ever bought before a cutoff, one row per customer.

    Attributes
    ----------
    buying
        ``frequency`` (purchase days after the first), ``recency`` (days from first to last), ``age`` (days from the
        first to the last observed one).
    spend
        ``frequency`` (at least 1) and ``mean_spend`` (currency per purchase day, the first one left out).
    """

    buying: pd.DataFrame
    spend: pd.DataFrame


def open_log(name: str, *, customers: int = 20_000, everyone: bool = False) -> Log:
    """Read a real log, or make up a demo of so many customers; nothing stays on disk.

    Parameters
    ----------
    name
        Of a config in ``configs/``, ``demo-retail`` or ``demo-subscription``.
    customers
        Of a demo.
    everyone
        Keep the dormant in the panel, so that a sample of it is a whole business.
    """
    with tempfile.TemporaryDirectory() as folder:
        project = _demo(name, Path(folder), customers) if name.startswith("demo-") else project_of(name, Path(folder))
        return _opened(name, project, everyone=everyone)


def history_of(partition: Partition) -> History:
    """The statistics of a partition, one row per customer again."""
    buying, spend = partition.repeat_buying.to_pandas(), partition.repeat_spend.to_pandas()
    spend["mean_spend"] = spend["repeat_spend"] / TICKS / spend["frequency"]
    return History(
        _repeated(buying)[["frequency", "recency", "age"]],
        _repeated(spend)[["frequency", "mean_spend"]],
    )


def plain_rows(partition: Partition) -> pd.DataFrame:
    """Features and, where they are mature, what `lightgbm_alone` learns of the future; nothing of the prior."""
    frame: pd.DataFrame = partition.panel.to_pandas()
    frame.insert(1, "cutoff", partition.cutoff.isoformat())
    if partition.labels is not None:
        frame = pd.concat([frame, partition.labels.to_pandas()[["churned", "future_value"]]], axis=1)
    return frame


def _demo(name: str, folder: Path, customers: int) -> Project:
    kind: Literal["retail", "subscription"] = "subscription" if name == "demo-subscription" else "retail"
    made = demo.make(folder, kind=kind, customers=customers, seed=DEMO_SEED, stages=Stages())
    return load_config(made.config)


def _opened(name: str, project: Project, *, everyone: bool) -> Log:
    config = project.config.model_copy(update={"model": project.config.model.model_copy(update={"threads": 1})})
    wide = config.model_copy(update={"population": PopulationSettings(active_within="all")}) if everyone else config
    with open_shop(replace(project, config=wide), Stages()) as shop:
        line = shop.timeline
        tests = line.tests(TESTS)
        partitions = shop.partitions(needed(line, tests))
        horizon = config.labels.horizon
        limits = {c: active_within(shop.tables, c, config.population, horizon) for c in partitions}
        return Log(name, config, line, shop.plan().features, tests, partitions, limits)


def _repeated(counts: pd.DataFrame) -> pd.DataFrame:
    return counts.loc[counts.index.repeat(counts["n"])].reset_index(drop=True)
