"""From scores to a published list: who, with what, until when, and why."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from hvc_ml.explanation.formatting import money
from hvc_ml.explanation.reasons import reasons
from hvc_ml.planning.holdout import detectable_effect
from hvc_ml.planning.playbook import ListSettings, Playbook
from hvc_ml.planning.priority import retention_list
from hvc_ml.publish import Staging, point_latest, publish_directory
from hvc_ml.report.book import Book, write_book
from hvc_ml.report.columns import as_listed
from hvc_ml.report.retention_list import write_list, write_scores
from hvc_ml.report.workbook import About
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.workflows.champions import LoadedChampion
from hvc_ml.workflows.scores import Scores, declared, families_of, feature_amounts, medians, with_prior_figure
from hvc_ml.workflows.shop import Shop


@dataclass(frozen=True)
class Plan:
    """What the team can do, how long the list may be, and who never comes on it."""

    playbook: Playbook
    settings: ListSettings
    suppressed: frozenset[str]


@dataclass(frozen=True)
class ScoreResult:
    """A published list."""

    list_dir: Path
    cutoff: date
    n_scored: int
    n_listed: int
    n_holdout: int
    total_expected_gain: float
    total_future_value: tuple[float, float, float]
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
            "total_future_value": list(self.total_future_value),
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
        return money(amount, self.currency)

    @property
    def experiment(self) -> str:
        """What the holdout can show, in words."""
        if self.detectable_effect is None:
            return "No holdout: what contacting earns cannot be measured."
        return (
            f"The holdout of {self.n_holdout:,} can show an effect on the share who stay of "
            f"{self.detectable_effect:.1%} or more."
        )


def listed(shop: Shop, champion: LoadedChampion, scores: Scores, plan: Plan, moment: date) -> pd.DataFrame:
    """The rows of the list with their reasons, in the order in which to begin."""
    config, model = shop.project.config, champion.model
    rows = retention_list(
        scores.table,
        plan.playbook,
        plan.settings,
        cutoff=moment.isoformat(),
        horizon=config.labels.horizon,
        family_amounts=scores.families,
        suppressed=plan.suppressed,
    )
    features = scores.features.loc[rows.index]
    told = reasons(
        scores.family_cents.loc[rows.index],
        feature_amounts(model, features),
        with_prior_figure(features),
        declared(shop.plan().features),
        families=families_of(model),
        peers=medians(with_prior_figure(scores.features)),
        currency=config.currency,
    )
    return pd.concat([rows, told], axis=1).assign(model_version=champion.version)


def published(
    shop: Shop, champion: LoadedChampion, scores: Scores, plan: Plan, moment: date, rows: pd.DataFrame
) -> ScoreResult:
    """Write the list, whole or not at all, and point ``lists/latest`` to it."""
    project, stages = shop.project, shop.stages
    meta = _meta(shop, champion, scores, plan, moment, rows)
    run = hashlib.sha256(json.dumps(meta, sort_keys=True).encode()).hexdigest()[:8]
    target = project.lists / f"{moment.isoformat()}_{run}"
    with stages.stage("publish") as stage, publish_directory(target, meta=meta, replace=True) as staging:
        _write(staging, shop, champion, scores, plan, moment, rows)
        stage.rows = len(rows)
    point_latest(project.lists / "latest", target)
    return ScoreResult(
        list_dir=target,
        cutoff=moment,
        **{name: meta[name] for name in ("n_scored", "n_listed", "n_holdout")},
        total_expected_gain=meta["total_expected_gain"],
        total_future_value=_total(champion, scores, project.config.model.coverage),
        detectable_effect=meta["detectable_effect"],
        model_version=champion.version,
        currency=project.config.currency,
        identical=staging.identical,
        seconds=stages.seconds,
        plan=as_listed(rows),
    )


def _total(champion: LoadedChampion, scores: Scores, coverage: float) -> tuple[float, float, float]:
    """Everyone's future value together: low, expected, high; a season moves all of it."""
    low, expected, high = (round(v, 2) for v in champion.model.recipe.total(scores.table, coverage))
    return low, expected, high


def _write(
    staging: Staging,
    shop: Shop,
    champion: LoadedChampion,
    scores: Scores,
    plan: Plan,
    moment: date,
    rows: pd.DataFrame,
) -> None:
    config = shop.project.config
    about = About(config.name, moment.isoformat(), champion.version, config.currency, config.labels.horizon)
    for kind in plan.settings.formats:
        write_list(rows, staging / f"retention_list.{kind}", kind, about)
    write_scores(scores.table, staging / "scores.parquet")
    says = {action.name: action.says for action in plan.playbook.actions}
    write_book(Book(rows, about, says), staging / "book.html", money=partial(money, currency=config.currency))


def _meta(
    shop: Shop, champion: LoadedChampion, scores: Scores, plan: Plan, moment: date, rows: pd.DataFrame
) -> dict[str, Any]:
    """What the manifest says: what the list follows from, and its totals; no clock, so that a rerun is identical."""
    config, held = shop.project.config, int((rows["group"] == "holdout").sum())
    return {
        "name": config.name,
        "cutoff": moment.isoformat(),
        "horizon": config.labels.horizon,
        "currency": config.currency,
        "model_version": champion.version,
        "model_sha256": champion.digest,
        "data_sha256": shop.sources_hash,
        "scores_sha256": hashlib.sha256(scores.table.to_csv(index=False).encode()).hexdigest(),
        "playbook": plan.playbook.model_dump(mode="json"),
        "list": plan.settings.model_dump(mode="json"),
        "n_scored": len(scores.table),
        "n_listed": len(rows),
        "n_holdout": held,
        "n_suppressed": int(scores.table[CUSTOMER].isin(plan.suppressed).sum()),
        "total_expected_gain": round(float(rows["expected_gain"].sum()), 2),
        "detectable_effect": _effect(rows, held),
    }


def _effect(rows: pd.DataFrame, held: int) -> float | None:
    """The smallest difference in the share who stay that the holdout can show; None without one."""
    if not 0 < held < len(rows):
        return None
    return round(detectable_effect(len(rows) - held, held, float(rows["churn_risk"].mean())), 6)
