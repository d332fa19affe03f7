"""Build the feature panel: one partition per cutoff, only what is missing or changed."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from hvc_ml.config import Project
from hvc_ml.dataset.build import build_many
from hvc_ml.dataset.profile import Profile, StageProfile
from hvc_ml.dataset.store import PanelStore
from hvc_ml.errors import UsageError
from hvc_ml.features.compute import features_at
from hvc_ml.population import population_at
from hvc_ml.progress import Stages
from hvc_ml.publish import RunLock
from hvc_ml.workflows.shop import Shop, open_shop


@dataclass(frozen=True)
class PartitionBuilt:
    """One partition: where it lies, and whether it was built now."""

    cutoff: date
    rows: int
    labelled: bool
    built: bool
    path: str


@dataclass(frozen=True)
class FeaturesResult:
    """What `features` did."""

    features: tuple[str, ...]
    partitions: tuple[PartitionBuilt, ...]
    seconds: dict[str, float]
    profile: tuple[StageProfile, ...] = ()
    sql: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The result as plain values."""
        return {
            "features": list(self.features),
            "partitions": [{**vars(p), "cutoff": p.cutoff.isoformat()} for p in self.partitions],
            "seconds": self.seconds,
            "profile": [{**vars(s), "cpu_seconds": round(s.cpu_seconds, 3)} for s in self.profile],
            **({"sql": self.sql} if self.sql else {}),
        }


def features(project: Project, *, cutoff: date | None, show_sql: bool, stages: Stages) -> FeaturesResult:
    """Build the partitions a training run and a list of today need, or the one of ``cutoff``."""
    with RunLock(project.state / "run.lock"), open_shop(project, stages) as shop:
        cutoffs = (shop.cutoff(cutoff),) if cutoff else _all(shop)
        plan, store, profile = shop.plan(), PanelStore(project.features), Profile()
        with stages.stage("features") as stage:
            found = build_many(shop.engine, shop.tables, cutoffs, plan, store, profile=profile)
            made = [PartitionBuilt(c, b.rows, b.labelled, b.new, str(store.path(c))) for c, b in found.items()]
            stage.rows = sum(p.rows for p in made)
        sql = _sql(shop, cutoffs[-1]) if show_sql else None
    names = tuple(f.name for f in plan.features)
    return FeaturesResult(names, tuple(made), stages.seconds, tuple(profile.stages), sql)


def _all(shop: Shop) -> tuple[date, ...]:
    """Every cutoff on the grid with enough history, as far as the calendar goes, and today's."""
    line = shop.timeline
    mature = line.mature(line.end)[-(line.settings.cutoffs + line.settings.tests) :]
    return (*mature, shop.now)


def _sql(shop: Shop, cutoff: date) -> str:
    """The engine's own query for one cutoff."""
    if shop.project.config.source.kind == "spark":
        raise UsageError("--show-sql: Spark plans the declared features without SQL; its own pages show the plan.")
    customers = population_at(shop.tables, cutoff, None)
    query: str = features_at(customers, shop.tables, cutoff, shop.plan().features).to_native().sql_query()
    return query
