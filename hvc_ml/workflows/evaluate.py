"""Rolling-origin backtest: the model as it would have stood at several past moments, beside every simple rule."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import pandas as pd

from hvc_ml.config import Config, Project
from hvc_ml.dataset.store import Partition
from hvc_ml.errors import UsageError
from hvc_ml.evaluation.grade import MANY_TESTS
from hvc_ml.evaluation.honesty import Panel
from hvc_ml.evaluation.slices import Slice, slice_table, slices
from hvc_ml.progress import Stages
from hvc_ml.publish import RunLock
from hvc_ml.tracking.run import Run
from hvc_ml.tracking.store import Store, open_store
from hvc_ml.workflows.backtest import Backtest, backtest, needed
from hvc_ml.workflows.backtest_record import config_hash, headline_table, record_backtest, record_datasets, settings_of
from hvc_ml.workflows.fitting import frames_of
from hvc_ml.workflows.shop import Shop, open_shop


@dataclass(frozen=True)
class Evaluated:
    """What an evaluation has measured, before it is recorded."""

    test: Backtest
    slices: tuple[Slice, ...]
    partitions: Mapping[date, Partition]
    says: str


@dataclass(frozen=True)
class EvaluateResult:
    """A recorded evaluation.

    Attributes
    ----------
    run_id
        Of the parent run; each test cutoff is a child of it.
    panel
        The model beside every baseline, at each test cutoff and on average.
    rungs
        By test cutoff, what could be fitted then: ``boosted``, ``prior``, ...
    slices
        The same figures for parts of the customers.
    says
        The verdict in words, and what the history did not allow.
    """

    run_id: str
    panel: Panel
    rungs: Mapping[str, str]
    slices: tuple[Slice, ...]
    says: str
    seconds: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        """The contract's fields, and ``intervals``, ``rungs``, ``slices``, ``says``."""
        named = {"model": self.panel.model, **self.panel.baselines}
        intervals = {name: {m: e.as_list() for m, e in figures.items()} for name, figures in named.items()}
        return {
            "run_id": self.run_id,
            **self.panel.evaluation(),
            "intervals": intervals,
            "rungs": dict(self.rungs),
            "slices": [s.as_json() for s in self.slices],
            "says": self.says,
            "seconds": self.seconds,
        }


def evaluate(project: Project, *, cutoffs: int | None, stages: Stages) -> EvaluateResult:
    """Refit at each test cutoff what would have been in production then, and measure what came after.

    Nothing is registered and no alias moves: the panel's partitions and one MLflow run are all that is written.

    Parameters
    ----------
    cutoffs
        How many test cutoffs; None for three, or ``calendar.tests`` where that is more. Where the history allows fewer,
        those are taken, and the result says so.

    Raises
    ------
    UsageError
        If ``cutoffs`` is less than 1.
    ServiceError
        If MLflow cannot be reached; nothing is fitted then.
    NotEnoughData
        If no cutoff has both its history and its horizon inside the orders.
    """
    config = project.config
    asked = max(MANY_TESTS, config.calendar.tests) if cutoffs is None else cutoffs
    if asked < 1:
        raise UsageError(f"--cutoffs {asked}: expected 1 or more.")
    with RunLock(project.state / "run.lock"):
        with stages.stage("open the registry"):
            store = open_store(config.tracking, project.folder, config.name)
        with open_shop(project, stages) as shop:
            found = _evaluated(shop, asked)
            with stages.stage("record"), _recorded(shop, store, found) as run:
                run_id = run.id
    fitted = found.test.fitted.items()
    rungs = {cutoff.isoformat(): f.recipe.rung for cutoff, f in fitted}
    return EvaluateResult(run_id, found.test.panel, rungs, found.slices, found.says, stages.seconds)


def _evaluated(shop: Shop, asked: int) -> Evaluated:
    config, line = shop.project.config, shop.timeline
    tests = line.tests(asked)
    most = config.model.sample_customers
    partitions, sample = shop.sampled(needed(line, tests, production=False), most, whole=tests)
    with shop.stages.stage("priors") as stage:
        frames = frames_of(partitions, config, sample, whole=tests)
        stage.rows = sum(len(f) for f in frames.values())
    test = backtest(line, tests, frames, partitions, shop.plan().features, config, shop.stages)
    with shop.stages.stage("slices") as stage:
        labels = slice_labels(test, config)
        found = slices(test.actual, test.predictions, test.rules, labels, seed=config.model.seed)
        stage.rows = len(labels)
    words = (test.panel.says, _weak(found), _short(asked, len(tests), config.calendar.every))
    return Evaluated(test, found, partitions, " ".join(w for w in words if w))


def slice_labels(test: Backtest, config: Config) -> pd.DataFrame:
    """How customers are told apart: by tier at the cutoff, by tenure, and by whether the model ever learned from them.

    A customer is new whose first order lies within one horizon before the cutoff, or is yet to come (a contract may
    start without one).

    Returns
    -------
    DataFrame
        ``tier``, ``tenure`` and ``training``, categorical, one row per test row.
    """
    new = test.frames["days_since_first_order"].fillna(0) <= config.labels.horizon
    return pd.DataFrame(
        {
            "tier": pd.Categorical(test.actual["tier"], [t.name for t in config.tiers]),
            "tenure": _either(new, "new", "long-standing"),
            "training": _either(~test.seen, "never seen", "seen"),
        },
        index=test.actual.index,
    )


def _either(first: "pd.Series[bool]", name: str, other: str) -> "pd.Categorical[str]":
    return pd.Categorical([name if f else other for f in first], [name, other])


def _weak(found: tuple[Slice, ...]) -> str:
    worse = [f"{s.by} {s.name} ({s.best_baseline})".replace("_", " ") for s in found if s.worse]
    return f"A simple rule is better beyond chance for: {', '.join(worse)}." if worse else ""


def _short(asked: int, found: int, every: int | Literal["month"]) -> str:
    """What a longer history would add."""
    more = asked - found
    if more <= 0:
        return ""
    months = f"{more} month{'s' * (more != 1)}"
    wait = months if every == "month" else f"{more * every:,} days"
    return (
        f"{asked} test cutoffs were asked for, the history allows {found}: each needs its history before it, its "
        f"horizon after it, and as much to learn from as the newest one has. About {wait} more of orders would do."
    )


@contextmanager
def _recorded(shop: Shop, store: Store, found: Evaluated) -> Iterator[Run]:
    """One parent run with everything that was measured, and a child per test cutoff."""
    config, test = shop.project.config, found.test
    name = f"evaluation of {config.name} {shop.now.isoformat()}"
    tags = {
        "config_hash": config_hash(config),
        "data_hash": shop.sources_hash,
        "rung": test.fitted[max(test.fitted)].recipe.rung,
        "kind": config.labels.churn,
    }
    words = _description(shop, found)
    with store.training_run(name, params=_params(shop, test), tags=tags, description=words, verb="evaluate") as run:
        record_backtest(run, test, config)
        run.table("cutoffs", _by_cutoff(test.panel))
        run.table("slices", slice_table(found.slices))
        run.metrics({"slices": {f"{s.by} {s.name}": {m: e.mid for m, e in s.model.items()} for s in found.slices}})
        run.document("evaluation.json", {**test.panel.evaluation(), "slices": [s.as_json() for s in found.slices]})
        record_datasets(run, shop, found.partitions, shop.plan().features, {"evaluation": tuple(test.fitted)})
        yield run


def _params(shop: Shop, test: Backtest) -> dict[str, Any]:
    return {
        **settings_of(shop),
        "tests": len(test.fitted),
        "features": len(shop.plan().features),
        "rows_test": test.panel.n_rows,
        "customers": test.panel.n_customers,
        "test_cutoffs": tuple(test.fitted),
    }


def _by_cutoff(panel: Panel) -> pd.DataFrame:
    """One row per cutoff, prediction and figure."""
    return pd.DataFrame(
        [
            {"cutoff": c.cutoff, "rows": c.n, "name": name, "metric": metric, "figure": figure}
            for c in panel.cutoffs
            for name, figures in {"model": c.model, **c.baselines}.items()
            for metric, figure in figures.items()
        ]
    )


def _description(shop: Shop, found: Evaluated) -> str:
    """What a reviewer reads first, in Markdown."""
    line, panel = shop.timeline, found.test.panel
    return f"""{found.says}

{headline_table(panel)}

Horizon {shop.project.config.labels.horizon} days; orders from {line.first} to {line.end}.
Tested at {", ".join(map(str, found.test.fitted))}, each time refitted on what was mature then; nothing was registered.
"""
