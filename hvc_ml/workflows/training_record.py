"""What MLflow keeps of a training: settings, figures, charts, tables and words, and not one row of a customer."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from hvc_ml.dataset.store import Partition
from hvc_ml.evaluation.gate import Decision
from hvc_ml.evaluation.grade import Grade
from hvc_ml.explanation.summary import summary_chart
from hvc_ml.features.feature import Feature
from hvc_ml.report.charts import learning_chart
from hvc_ml.tracking.run import Run
from hvc_ml.tracking.store import Store
from hvc_ml.workflows.backtest import Backtest
from hvc_ml.workflows.backtest_record import config_hash, headline_table, record_backtest, record_datasets, settings_of
from hvc_ml.workflows.fitting import Fitted
from hvc_ml.workflows.search_record import record_search, search_params
from hvc_ml.workflows.searched import Search
from hvc_ml.workflows.shop import Shop

SHOWN_CUSTOMERS = 2000


@dataclass(frozen=True)
class Trained:
    """Everything a training has made, before it is registered."""

    production: Fitted
    test: Backtest
    partitions: Mapping[date, Partition]
    features: tuple[Feature, ...]
    grade: Grade
    search: Search


@contextlib.contextmanager
def recorded_run(shop: Shop, store: Store, trained: Trained, decision: Decision) -> Iterator[Run]:
    """One parent run with everything a reviewer asks for; the version is registered inside."""
    config = shop.project.config
    name = f"{config.name} {shop.now.isoformat()} {trained.production.recipe.rung}"
    tags = {
        "config_hash": config_hash(config),
        "data_hash": shop.sources_hash,
        "grade": trained.grade.letter,
        "grade_reason": trained.grade.reason,
        "rung": trained.production.recipe.rung,
        "promoted": decision.promoted,
        "promotion_reason": decision.reason,
        "kind": config.labels.churn,
    }
    words = _description(shop, trained, decision)
    with store.training_run(name, params=_params(shop, trained), tags=tags, description=words) as run:
        record_backtest(run, trained.test, config)
        newest = trained.test.fitted[max(trained.test.fitted)].recipe
        run.curves({f"{model}_loss_{rows}": losses for (model, rows), losses in _curves(newest).items()})
        _learning(run, trained)
        _explained(run, trained)
        _importance(run, trained)
        record_datasets(run, shop, trained.partitions, trained.features, _contexts(trained))
        run.document("promotion.json", {"reason": decision.reason, "promoted": decision.promoted, **decision.details})
        run.document("recipe_notes.json", dict(newest.notes))
        record_search(run, trained.search)
        yield run


def _params(shop: Shop, trained: Trained) -> dict[str, Any]:
    recipe, split = trained.production.recipe, trained.production.split
    return {
        **settings_of(shop),
        **search_params(trained.search),
        "features": len(trained.features),
        "rung": recipe.rung,
        "rows_fit": recipe.notes.get("fit_rows", 0),
        "rows_calibrate": recipe.notes.get("calibrate_rows", 0),
        "rows_test": trained.test.panel.n_rows,
        "customers": trained.production.n_customers,
        "fit_cutoffs": split.fit,
        "calibrate_cutoffs": split.calibrate,
        "test_cutoffs": tuple(sorted(trained.test.fitted)),
    }


def _curves(recipe: Any) -> dict[tuple[str, str], list[float]]:
    return {tuple(name.rsplit("_", 1)): values for name, values in recipe.curves.items()}


def _learning(run: Run, trained: Trained) -> None:
    recipe = trained.test.fitted[max(trained.test.fitted)].recipe
    curves = _curves(recipe)
    for model in dict.fromkeys(model for model, _ in curves):
        rounds = {rows: losses for (m, rows), losses in curves.items() if m == model}
        run.figure(f"learning_{model}", learning_chart(rounds, metric=f"loss of {model.replace('_', ' ')}"))


def _explained(run: Run, trained: Trained) -> None:
    """SHAP's summary of both models, on an even sample of the newest test cutoff."""
    newest = max(trained.test.fitted)
    recipe = trained.test.fitted[newest].recipe
    rows = trained.test.frames[trained.test.frames["cutoff"] == newest.isoformat()]
    rows = rows.iloc[:: max(1, len(rows) // SHOWN_CUSTOMERS)].reset_index(drop=True)
    explained = recipe.contributions(rows)
    says = {"churn risk": 1.0 - rows["prior_active"], "value if kept": rows["prior_value_if_kept"]}
    for name, found in {"churn risk": explained.churn, "value if kept": explained.value}.items():
        figures = rows.assign(prior=says[name]).reindex(columns=list(found.phi.columns))
        chart = summary_chart(found.phi, figures, title=f"What moves {name}")
        run.figure(f"shap_{name.replace(' ', '_')}", chart)


def _importance(run: Run, trained: Trained) -> None:
    gains = trained.production.recipe.importance
    if gains:
        table = pd.DataFrame(gains).fillna(0.0).rename_axis("feature").reset_index()
        run.table("importance", table.sort_values("churn", ascending=False, ignore_index=True))


def _contexts(trained: Trained) -> dict[str, tuple[date, ...]]:
    split = trained.production.split
    return {"training": split.fit, "calibration": split.calibrate, "evaluation": tuple(sorted(trained.test.fitted))}


def _description(shop: Shop, trained: Trained, decision: Decision) -> str:
    """What a reviewer reads first, in Markdown."""
    panel, recipe, line = trained.test.panel, trained.production.recipe, shop.timeline
    lift = f" To do better: {trained.grade.lift}" if trained.grade.lift else ""
    searched = f"\nSettings: {trained.search.reason}.\n" if trained.search.asked else ""
    return f"""{panel.says}

**{decision.reason}**

Grade {trained.grade.letter}: {trained.grade.reason}{lift}
{searched}
{headline_table(panel)}

Horizon {shop.project.config.labels.horizon} days; orders from {line.first} to {line.end}.
Rung `{recipe.rung}`: {recipe.why}.
Tested at {", ".join(map(str, sorted(trained.test.fitted)))}, each time refitted on what was mature then.
"""
