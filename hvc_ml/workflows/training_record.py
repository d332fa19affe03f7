"""What MLflow keeps of a training: settings, figures, charts, tables and words, and not one row of a customer."""

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from hvc_ml.config import Config
from hvc_ml.dataset.store import Partition
from hvc_ml.evaluation.deciles import decile_table
from hvc_ml.evaluation.gate import Decision
from hvc_ml.evaluation.grade import Grade
from hvc_ml.explanation.summary import summary_chart
from hvc_ml.features.feature import Feature
from hvc_ml.report.charts import calibration_chart, decile_chart, gain_chart, honesty_chart, learning_chart
from hvc_ml.tracking.run import Run
from hvc_ml.tracking.store import Store
from hvc_ml.workflows.backtest import Backtest
from hvc_ml.workflows.fitting import Fitted
from hvc_ml.workflows.shop import Shop

SHOWN_CUSTOMERS = 2000
HEADLINE = ("churn_auc", "value_gini", "value_captured_20", "value_spearman")


@dataclass(frozen=True)
class Trained:
    """Everything a training has made, before it is registered."""

    production: Fitted
    test: Backtest
    partitions: Mapping[date, Partition]
    features: tuple[Feature, ...]
    grade: Grade


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
        run.metrics(_comparable(trained.test.panel.metrics()))
        newest = trained.test.fitted[max(trained.test.fitted)].recipe
        run.curves(
            {f"churn_loss_{k}" if c == "churn" else f"value_loss_{k}": v for (c, k), v in _curves(newest).items()}
        )
        _charts(run, trained, config)
        _explained(run, trained)
        _tables(run, trained)
        _datasets(run, shop, trained)
        run.document("promotion.json", {"reason": decision.reason, "promoted": decision.promoted, **decision.details})
        run.document("recipe_notes.json", dict(newest.notes))
        for figures in trained.test.panel.cutoffs:
            with run.child(figures.cutoff) as child:
                child.metrics(_comparable({**figures.model, "baselines": figures.baselines, "rows": figures.n}))
        yield run


def config_hash(config: Config) -> str:
    """Hash of every setting but where MLflow lies (its address may hold a password)."""
    settings = config.model_dump(mode="json", exclude={"tracking"})
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def _comparable(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Figures such that MLflow shows the model and every rule side by side, one section per metric."""
    own = {name: value for name, value in figures.items() if name != "baselines"}
    named = {"hvc_ml": own, **figures["baselines"]}
    return {**own, "honesty": {m: {name: found.get(m) for name, found in named.items()} for m in HEADLINE}}


def _params(shop: Shop, trained: Trained) -> dict[str, Any]:
    config, recipe = shop.project.config, trained.production.recipe
    split = trained.production.split
    return {
        **config.labels.model_dump(mode="json", exclude={"churn"}),
        "churn": config.labels.churn,
        **config.population.model_dump(mode="json"),
        **config.calendar.model_dump(mode="json"),
        **config.model.model_dump(mode="json"),
        "windows": config.features.windows,
        "features": len(trained.features),
        "rung": recipe.rung,
        "rows_fit": recipe.notes.get("fit_rows", 0),
        "rows_calibrate": recipe.notes.get("calibrate_rows", 0),
        "rows_test": trained.test.panel.n_rows,
        "customers": trained.production.n_customers,
        "first_day": shop.timeline.first,
        "end_day": shop.timeline.end,
        "fit_cutoffs": split.fit,
        "calibrate_cutoffs": split.calibrate,
        "test_cutoffs": tuple(sorted(trained.test.fitted)),
    }


def _curves(recipe: Any) -> dict[tuple[str, str], list[float]]:
    return {tuple(name.split("_", 1)): values for name, values in recipe.curves.items()}


def _charts(run: Run, trained: Trained, config: Config) -> None:
    test = trained.test
    churned = test.actual["churned"].to_numpy()
    value = test.actual["future_value"].to_numpy()
    rankings = {"model": test.predictions["future_value"].to_numpy()}
    for name, rule in test.rules.items():
        rankings["perfect foresight" if name == "perfect_foresight" else name.replace("_", " ")] = rule[
            "value"
        ].to_numpy()
    run.figure("calibration", calibration_chart(test.predictions["churn_risk"], churned))
    run.figure("gain", gain_chart(value, rankings))
    run.figure("deciles", decile_chart(test.predictions["future_value"], value, currency=config.currency))
    run.figure("honesty_panel", honesty_chart(_honesty(test)))
    for model in ("churn", "value"):
        rounds = {k: v for (m, k), v in _curves(test.fitted[max(test.fitted)].recipe).items() if m == model}
        if rounds:
            run.figure(f"learning_{model}", learning_chart(rounds, metric=f"loss of the {model} model"))


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


def _honesty(test: Backtest) -> pd.DataFrame:
    found = test.panel.metrics()
    rules = {name.replace("_", " "): row for name, row in found["baselines"].items() if name != "perfect_foresight"}
    rows = {"model": {m: found[m] for m in HEADLINE}, **{n: {m: r[m] for m in HEADLINE} for n, r in rules.items()}}
    frame = pd.DataFrame.from_dict(rows, orient="index").astype(float)
    return frame.dropna(axis=1, how="all")


def _tables(run: Run, trained: Trained) -> None:
    test = trained.test
    run.table("honesty_panel", test.panel.table())
    run.table("value_deciles", decile_table(test.actual["future_value"], test.predictions["future_value"]))
    run.table("churn_deciles", decile_table(test.actual["churned"], test.predictions["churn_risk"]))
    gains = trained.production.recipe.importance
    if gains:
        table = pd.DataFrame(gains).fillna(0.0).rename_axis("feature").reset_index()
        run.table("importance", table.sort_values("churn", ascending=False, ignore_index=True))


def _datasets(run: Run, shop: Shop, trained: Trained) -> None:
    kinds = {f.name: "string" if f.unit == "text" else "double" for f in trained.features}
    split = trained.production.split
    contexts = {"training": split.fit, "calibration": split.calibrate, "evaluation": tuple(sorted(trained.test.fitted))}
    for context, cutoffs in contexts.items():
        parts = [trained.partitions[c] for c in cutoffs]
        if parts:
            digest = hashlib.sha256("".join(p.key for p in parts).encode()).hexdigest()
            rows = sum(p.panel.num_rows for p in parts)
            run.dataset(f"panel_{context}", digest=digest, context=context, rows=rows, columns=kinds)
    for table, files in shop.sources.items():
        digest = hashlib.sha256("".join(f.sha256 for f in files).encode()).hexdigest()
        run.dataset(table, digest=digest, context="source", rows=shop.reports[table].rows)


def _description(shop: Shop, trained: Trained, decision: Decision) -> str:
    """What a reviewer reads first, in Markdown."""
    panel, recipe, line = trained.test.panel, trained.production.recipe, shop.timeline
    figures = panel.metrics()
    rows = "\n".join(
        f"| {name.replace('_', ' ')} | " + " | ".join(_shown(found.get(m)) for m in HEADLINE) + " |"
        for name, found in {"**hvc-ml**": figures, **figures["baselines"]}.items()
    )
    lift = f" To do better: {trained.grade.lift}" if trained.grade.lift else ""
    return f"""{panel.says}

**{decision.reason}**

Grade {trained.grade.letter}: {trained.grade.reason}{lift}

| | churn AUC | value Gini | value in the top 20 % | Spearman |
|---|---|---|---|---|
{rows}

Horizon {shop.project.config.labels.horizon} days; orders from {line.first} to {line.end}.
Rung `{recipe.rung}`: {recipe.why}.
Tested at {", ".join(map(str, sorted(trained.test.fitted)))}, each time refitted on what was mature then.
"""


def _shown(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.3f}"
