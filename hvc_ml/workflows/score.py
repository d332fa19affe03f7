"""Score every eligible customer with the champion and publish the retention list."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from hvc_ml.config import Config, Project
from hvc_ml.dataset.build import build
from hvc_ml.dataset.store import PanelStore
from hvc_ml.errors import ModelRefused, NotEnoughData, UsageError
from hvc_ml.explanation.formatting import formatter
from hvc_ml.explanation.reasons import reasons
from hvc_ml.planning.holdout import detectable_effect
from hvc_ml.planning.playbook import ListSettings, Playbook
from hvc_ml.planning.priority import retention_list
from hvc_ml.planning.suppression import read_suppressed
from hvc_ml.progress import Stages
from hvc_ml.publish import RunLock, point_latest, publish_directory
from hvc_ml.report.columns import as_listed
from hvc_ml.report.retention_list import write_list, write_scores
from hvc_ml.report.workbook import About
from hvc_ml.scoring.bundle import bundle_digest
from hvc_ml.scoring.model import CustomerModel
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.tracking.copies import Champion
from hvc_ml.tracking.registry import champion as find_champion
from hvc_ml.tracking.store import open_store
from hvc_ml.workflows.features import checked
from hvc_ml.workflows.scores import Scores, declared, families_of, feature_amounts, scores_of
from hvc_ml.workflows.shop import Shop, open_shop


@dataclass(frozen=True)
class Limits:
    """What the command line says beside the config: None leaves the config's own."""

    top: int | None = None
    budget: float | None = None
    capacity: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ScoreResult:
    """A published list."""

    list_dir: Path
    cutoff: date
    n_scored: int
    n_listed: int
    n_holdout: int
    total_expected_gain: float
    detectable_effect: float | None
    model_version: str
    currency: str
    identical: bool
    seconds: dict[str, float]
    plan: pd.DataFrame = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """The contract's fields."""
        return {
            "list_dir": str(self.list_dir),
            "cutoff": self.cutoff.isoformat(),
            "n_scored": self.n_scored,
            "n_listed": self.n_listed,
            "n_holdout": self.n_holdout,
            "total_expected_gain": self.total_expected_gain,
            "detectable_effect": self.detectable_effect,
            "model_version": self.model_version,
            "already_published": self.identical,
            "seconds": self.seconds,
        }

    def head(self, rows: int) -> list[Any]:
        """The first rows of the list."""
        return list(self.plan.head(rows).itertuples(index=False))

    def money(self, amount: float) -> str:
        """An amount in the currency of the orders."""
        return formatter("money", self.currency)(amount)

    @property
    def experiment(self) -> str:
        """What the holdout can show, in words."""
        if self.detectable_effect is None:
            return "No holdout: what contacting earns cannot be measured."
        return (
            f"The holdout of {self.n_holdout:,} can show an effect on the share who stay of "
            f"{self.detectable_effect:.1%} or more."
        )


def capacities(given: Sequence[str]) -> dict[str, int]:
    """Read ``ACTION=N`` options.

    Examples
    --------
    >>> capacities(["personal call=50"])
    {'personal call': 50}
    """
    found: dict[str, int] = {}
    for text in given:
        name, _, number = text.rpartition("=")
        if not name or not number.isdecimal():
            raise UsageError(f"--capacity: expected ACTION=N with a whole number, such as 'personal call=50'; found {text!r}")
        found[name] = int(number)
    return found


def score(project: Project, *, cutoff: date | None, limits: Limits, stages: Stages) -> ScoreResult:
    """Score, explain, plan, and publish ``lists/<cutoff>_<run>/``.

    Raises
    ------
    ModelRefused
        If there is no champion, or it is damaged, or made for other features.
    NotEnoughData
        If nobody is eligible at the cutoff.
    """
    config = project.config
    playbook = _playbook(config.playbook, limits)
    settings = _settings(config.list, limits)
    suppressed = read_suppressed(project.folder / settings.suppress) if settings.suppress else frozenset()
    with RunLock(project.state / "run.lock"):
        with stages.stage("load the champion"):
            champion = find_champion(open_store(config.tracking, project.folder, config.name))
            if champion is None:
                raise ModelRefused(f"{config.name}: no champion yet. Run `hvc-ml train -c {project.path}` first.")
            model = CustomerModel.load(champion.folder)
            _made_for(model, config)
        with open_shop(project, stages) as shop:
            moment = checked(shop, cutoff) if cutoff else shop.now
            scores = _scored(shop, moment, model)
            plan = _planned(scores, model, playbook, settings, suppressed, moment, shop, str(champion.version))
            return _published(project, plan, scores, champion, moment, settings, playbook, suppressed, stages)


def _made_for(model: CustomerModel, config: Config) -> None:
    """A model answers the question it was trained on, and no other."""
    asked = {"labels": config.labels.model_dump(mode="json"), "population": config.population.model_dump(mode="json")}
    trained = {name: model.info.settings.get(name) for name in asked}
    changed = [name for name in asked if asked[name] != trained[name]]
    if changed:
        raise ModelRefused(
            f"the champion was trained with other settings of {' and '.join(changed)} than the config has now. "
            "Run `hvc-ml train`, or restore them."
        )


def _scored(shop: Shop, moment: date, model: CustomerModel) -> Scores:
    with shop.stages.stage("features") as stage:
        partition, _ = build(shop.engine, shop.tables, moment, shop.plan(), PanelStore(shop.project.features))
        stage.rows = partition.panel.num_rows
    if not partition.panel.num_rows:
        raise NotEnoughData(
            f"no customer is eligible at {moment}: nobody bought within population.active_within. "
            "Choose another --cutoff, or widen the population."
        )
    with shop.stages.stage("score and explain") as stage:
        scores = scores_of(model, partition.panel.to_pandas(), shop.project.config)
        stage.rows = len(scores.table)
    return scores


def _planned(
    scores: Scores,
    model: CustomerModel,
    playbook: Playbook,
    settings: ListSettings,
    suppressed: frozenset[str],
    moment: date,
    shop: Shop,
    version: str,
) -> pd.DataFrame:
    """The list: who, with what, until when, and why."""
    config = shop.project.config
    with shop.stages.stage("plan and reasons") as stage:
        rhythm = [c for c in ("days_since_last_order", "mean_gap_days") if c in scores.features]
        known = pd.concat([scores.table, scores.features[rhythm]], axis=1)
        plan = retention_list(
            known,
            playbook,
            settings,
            cutoff=moment.isoformat(),
            horizon=config.labels.horizon,
            family_amounts=scores.families,
            suppressed=suppressed,
        )
        rows = scores.features.loc[plan.index]
        rounded = scores.table.loc[plan.index].filter(like="amount_").rename(columns=lambda c: c.removeprefix("amount_"))
        numbers = scores.features.select_dtypes("number")
        told = reasons(
            rounded.drop(columns="base_amount", errors="ignore"),
            feature_amounts(model, rows),
            rows,
            declared(shop.plan().features),
            families=families_of(model),
            peers=numbers.median().to_dict(),
            currency=config.currency,
        )
        plan = pd.concat([plan, told], axis=1)
        plan["model_version"] = version
        stage.rows = len(plan)
    return plan


def _published(
    project: Project,
    plan: pd.DataFrame,
    scores: Scores,
    champion: Champion,
    moment: date,
    settings: ListSettings,
    playbook: Playbook,
    suppressed: frozenset[str],
    stages: Stages,
) -> ScoreResult:
    config = project.config
    held = int((plan["group"] == "holdout").sum())
    effect = _effect(plan, held)
    counts = {"n_scored": len(scores.table), "n_listed": len(plan), "n_holdout": held}
    meta: dict[str, Any] = {
        "name": config.name,
        "cutoff": moment.isoformat(),
        "horizon": config.labels.horizon,
        "currency": config.currency,
        "model_version": str(champion.version),
        "model": bundle_digest(champion.folder),
        "scores": _digest(scores.table),
        "playbook": playbook.model_dump(mode="json"),
        "list": settings.model_dump(mode="json"),
        "n_suppressed": int(scores.table[CUSTOMER].isin(suppressed).sum()),
        **counts,
        "total_expected_gain": round(float(plan["expected_gain"].sum()), 2),
        "detectable_effect": effect,
    }
    run = hashlib.sha256(json.dumps(meta, sort_keys=True).encode()).hexdigest()[:8]
    target = project.lists / f"{moment.isoformat()}_{run}"
    with stages.stage("publish") as stage, publish_directory(target, meta=meta, replace=True) as staging:
        about = About(config.name, moment.isoformat(), str(champion.version), config.currency, config.labels.horizon)
        for kind in settings.formats:
            write_list(plan, staging / f"retention_list.{kind}", kind, about)
        write_scores(scores.table, staging / "scores.parquet")
        stage.rows = len(plan)
    point_latest(project.lists / "latest", target)
    return ScoreResult(
        list_dir=target,
        cutoff=moment,
        **counts,
        total_expected_gain=meta["total_expected_gain"],
        detectable_effect=effect,
        model_version=str(champion.version),
        currency=config.currency,
        identical=staging.identical,
        seconds=stages.seconds,
        plan=as_listed(plan),
    )


def _effect(plan: pd.DataFrame, held: int) -> float | None:
    """The smallest difference in the share who stay that the holdout can show; None without one."""
    if not 0 < held < len(plan):
        return None
    return round(detectable_effect(len(plan) - held, held, float(plan["churn_risk"].mean())), 6)


def _digest(table: pd.DataFrame) -> str:
    return hashlib.sha256(table.to_csv(index=False).encode()).hexdigest()


def _playbook(playbook: Playbook, limits: Limits) -> Playbook:
    names = [action.name for action in playbook.actions]
    unknown = sorted(set(limits.capacity) - set(names))
    if unknown:
        raise UsageError(f"--capacity: no such action: {', '.join(unknown)}; the playbook has {', '.join(names)}")
    actions = tuple(
        action.model_copy(update={"capacity": limits.capacity[action.name]}) if action.name in limits.capacity else action
        for action in playbook.actions
    )
    return playbook.model_copy(update={"actions": actions})


def _settings(settings: ListSettings, limits: Limits) -> ListSettings:
    given = {name: value for name, value in (("top", limits.top), ("budget", limits.budget)) if value is not None}
    return settings.model_copy(update=given)
