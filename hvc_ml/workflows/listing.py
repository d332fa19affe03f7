"""A drafted list, published: its files, its manifest, its page."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from hvc_ml.errors import OutputError
from hvc_ml.explanation.formatting import money
from hvc_ml.planning.holdout import detectable_effect, sample_ratio
from hvc_ml.publish import MANIFEST, Staging, point_latest, publish_directory, verify_directory
from hvc_ml.publish.files import sha256
from hvc_ml.report.book import write_book
from hvc_ml.report.columns import as_listed
from hvc_ml.report.retention_list import write_list, write_scores
from hvc_ml.report.workbook import Beside
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.workflows.book import BOOK, WORDS, about_of, book_of
from hvc_ml.workflows.champions import LoadedChampion
from hvc_ml.workflows.drafting import Draft
from hvc_ml.workflows.list_figures import KNOWN, list_figures
from hvc_ml.workflows.old_lists import remove_old_lists, removed_in_words
from hvc_ml.workflows.scores import content_hash
from hvc_ml.workflows.shop import Shop


@dataclass(frozen=True)
class ScoreResult:
    """A published list."""

    list_dir: Path
    cutoff: date
    n_scored: int
    n_listed: int
    n_holdout: int
    suppressed: Mapping[str, int]
    stage: str
    stage_says: str
    total_expected_gain: float
    total_expected_gain_interval: tuple[float, float]
    marginal_gain: float | None
    total_future_value: tuple[float, float, float]
    detectable_effect: float | None
    sample_ratio_p: float
    model_version: str
    currency: str
    identical: bool
    seconds: dict[str, float]
    plan: pd.DataFrame = field(repr=False)
    lists_removed: tuple[str, ...] = ()
    keep_days: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The contract's fields."""
        return {
            "list_dir": str(self.list_dir),
            "cutoff": self.cutoff.isoformat(),
            "n_scored": self.n_scored,
            "n_listed": self.n_listed,
            "n_holdout": self.n_holdout,
            "n_suppressed": sum(self.suppressed.values()),
            "suppressed": dict(self.suppressed),
            "stage": self.stage,
            "total_expected_gain": self.total_expected_gain,
            "total_expected_gain_interval": list(self.total_expected_gain_interval),
            "marginal_gain": self.marginal_gain,
            "total_future_value": list(self.total_future_value),
            "detectable_effect": self.detectable_effect,
            "sample_ratio_p": self.sample_ratio_p,
            "model_version": self.model_version,
            "already_published": self.identical,
            "lists_removed": list(self.lists_removed),
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

    @property
    def left_out(self) -> str:
        """Who is not contacted and why, in words; empty where nobody is left out."""
        return left_out(self.suppressed)

    @property
    def old_lists(self) -> str:
        """What became of old lists, in words; empty where nothing did."""
        return removed_in_words(self.lists_removed, self.keep_days)

    @property
    def next_unit(self) -> str:
        """What more budget would earn, in words; empty where the budget does not bind."""
        return next_unit(self.marginal_gain, self.currency)


def left_out(suppressed: Mapping[str, int]) -> str:
    """How many are not contacted and why.

    Examples
    --------
    >>> left_out({"objection": 2, "no consent": 0, "complaint": 0, "cool-down": 1_200})
    '1,202 customers are left out: objection 2, cool-down 1,200.'
    """
    counts = ", ".join(f"{reason} {n:,}" for reason, n in suppressed.items() if n)
    total = sum(suppressed.values())
    return f"{total:,} customer{'s are' if total > 1 else ' is'} left out: {counts}." if total else ""


def next_unit(marginal_gain: float | None, currency: str) -> str:
    """What more budget would earn.

    Examples
    --------
    >>> next_unit(3.2, "EUR"), next_unit(None, "EUR")
    ('The next 100 EUR of budget would earn about 320 EUR.', '')
    """
    if marginal_gain is None:
        return ""
    return f"The next {money(100, currency)} of budget would earn about {money(100 * marginal_gain, currency)}."


def published(shop: Shop, champion: LoadedChampion, draft: Draft) -> ScoreResult:
    """Write the list, whole or not at all, and point ``lists/latest`` to it."""
    project, stages = shop.project, shop.stages
    meta = _meta(shop, champion, draft)
    run = hashlib.sha256(json.dumps(meta, sort_keys=True).encode()).hexdigest()[:8]
    target = project.lists / f"{draft.moment.isoformat()}_{run}"
    with stages.stage("publish") as stage, publish_directory(target, meta=meta, replace=True) as staging:
        _write(staging, draft, meta)
        if not _stands(target, staging):
            book = book_of(shop, meta, draft.rows, draft.scores.table)
            write_book(book, staging / BOOK, money=partial(money, currency=project.config.currency))
        stage.rows = len(draft.rows)
    point_latest(project.lists / "latest", target)
    removed = remove_old_lists(shop, target)
    low, high = draft.outlook.gain_interval
    copied = ("n_scored", "n_listed", "n_holdout", "stage", "total_expected_gain", "marginal_gain")
    return ScoreResult(
        list_dir=target,
        cutoff=draft.moment,
        **{name: meta[name] for name in (*copied, "detectable_effect", "sample_ratio_p")},
        suppressed=draft.suppressed,
        stage_says=draft.plan.learned.says,
        total_expected_gain_interval=(low, high),
        total_future_value=_total(champion, draft.everyone, project.config.model.coverage),
        model_version=champion.version,
        currency=project.config.currency,
        identical=staging.identical,
        seconds=stages.seconds,
        plan=as_listed(draft.rows),
        lists_removed=removed,
        keep_days=project.config.list.keep_days,
    )


def _total(champion: LoadedChampion, everyone: pd.DataFrame, coverage: float) -> tuple[float, float, float]:
    """Everyone's future value together: low, expected, high; a season moves all of it."""
    low, expected, high = (round(v, 2) for v in champion.model.recipe.total(everyone, coverage))
    return low, expected, high


def _write(staging: Staging, draft: Draft, meta: Mapping[str, Any]) -> None:
    about = about_of(meta)
    beside = Beside(list_figures(draft.rows, draft.scores.figures((CUSTOMER, *KNOWN)), draft.scores.table), WORDS)
    for kind in draft.plan.settings.formats:
        write_list(draft.rows, staging / f"retention_list.{kind}", kind, about, beside)
    write_scores(draft.scores.table, staging / "scores.parquet")


def _stands(target: Path, staging: Staging) -> bool:
    """Whether this list was published before: then its page, which `report` may have made anew since, comes along."""
    try:
        files = verify_directory(target)["files"]
    except OutputError:
        return False
    made = {path.name: sha256(path) for path in staging.path.iterdir()}
    if any(files.get(name, {}).get("sha256") != content for name, content in made.items()) or BOOK not in files:
        return False
    shutil.copytree(target, staging.path, dirs_exist_ok=True, ignore=lambda *_: {MANIFEST, *made})
    return True


def _facts(draft: Draft, currency: str) -> dict[str, str]:
    """What the workbook and the page say about the list beside its rows."""
    low, high = (money(amount, currency) for amount in draft.outlook.gain_interval)
    total = money(float(draft.rows["expected_gain"].sum()), currency)
    facts = {
        "Stage": draft.plan.learned.says,
        "Expected gain": f"{total}, most likely between {low} and {high}, were every row contacted.",
        "Budget": next_unit(draft.outlook.marginal_gain, currency),
        "Left out": left_out(draft.suppressed),
    }
    return {name: text for name, text in facts.items() if text}


def _curve(draft: Draft) -> list[list[float]]:
    """Budgets and what each would earn, to the cent."""
    curve = draft.outlook.budget_curve()
    return [[round(float(b), 2), round(float(g), 2)] for b, g in zip(curve["budget"], curve["gain"], strict=True)]


def _meta(shop: Shop, champion: LoadedChampion, draft: Draft) -> dict[str, Any]:
    """What the manifest says: what the list follows from, and its totals; no clock, so that a rerun is identical."""
    config, plan, rows = shop.project.config, draft.plan, draft.rows
    held = int((rows["group"] == "holdout").sum())
    return {
        "name": config.name,
        "cutoff": draft.moment.isoformat(),
        "horizon": config.labels.horizon,
        "currency": config.currency,
        "model_version": champion.version,
        "model_sha256": champion.digest,
        "data_sha256": shop.sources_hash,
        "rows": {table: report.rows for table, report in shop.reports.items()},
        "scores_sha256": content_hash(draft.scores.table),
        "playbook": plan.playbook.model_dump(mode="json"),
        "list": plan.settings.model_dump(mode="json", exclude={"keep_days"}),  # says nothing of this list
        "stage": plan.learned.stage,
        "learned": plan.learned.as_json(),
        "n_scored": len(draft.scores.table),
        "n_listed": len(rows),
        "n_holdout": held,
        "n_suppressed": sum(draft.suppressed.values()),
        "suppressed": draft.suppressed,
        "total_expected_gain": round(float(rows["expected_gain"].sum()), 2),
        "total_expected_gain_interval": list(draft.outlook.gain_interval),
        "marginal_gain": draft.outlook.marginal_gain,
        "budget_curve": _curve(draft),
        "facts": [[name, text] for name, text in _facts(draft, config.currency).items()],  # a manifest sorts its keys
        "quality": champion.model.meta.get("quality"),
        "detectable_effect": _effect(rows, held),
        "sample_ratio_p": round(sample_ratio(len(rows) - held, held, plan.settings.holdout), 6),
    }


def _effect(rows: pd.DataFrame, held: int) -> float | None:
    """The smallest difference in the share who stay that the holdout can show; None without one."""
    if not 0 < held < len(rows):
        return None
    return round(detectable_effect(len(rows) - held, held, float(rows["churn_risk"].mean())), 6)
