"""What MLflow keeps of a training: settings, figures, charts, tables and words, and not one row of a customer."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from hvc_ml.evaluation.gate import Decision
from hvc_ml.evaluation.metrics import capture_curve
from hvc_ml.evaluation.slices import Slice, slice_table
from hvc_ml.explanation.summary import dependence_chart, summary_chart
from hvc_ml.report.card import card_html, card_markdown
from hvc_ml.report.charts import learning_chart
from hvc_ml.report.difference_chart import difference_chart
from hvc_ml.tracking.run import Run
from hvc_ml.tracking.store import Store
from hvc_ml.workflows.backtest_record import (
    backtest_charts,
    config_hash,
    headline_table,
    record_backtest,
    record_datasets,
    settings_of,
)
from hvc_ml.workflows.model_card import model_card
from hvc_ml.workflows.model_card_tables import against, figures_table
from hvc_ml.workflows.search_record import record_search, search_params
from hvc_ml.workflows.shop import Shop
from hvc_ml.workflows.slicing import numbered, spread
from hvc_ml.workflows.trained import Trained
from hvc_ml.workflows.yardstick import earned_along

SHOWN_CUSTOMERS = 2000


@dataclass(frozen=True)
class Record:
    """A training as MLflow keeps it: its open run, and the model card in Markdown."""

    run: Run
    card: str


@contextlib.contextmanager
def recorded_run(
    shop: Shop, store: Store, trained: Trained, decision: Decision, measured: Sequence[Slice]
) -> Iterator[Record]:
    """One parent run with everything a reviewer asks for; the version is registered inside.

    Of an attribute's values (``slices.by``) the record holds numbers in place of their names.
    """
    config, test = shop.project.config, trained.test
    decided = "promoted" if decision.promoted else "not promoted"
    name = f"{shop.now.isoformat()} {decided}, {trained.production.recipe.rung}"  # what a narrow column shows first
    words = run_description(shop, trained, decision)
    with store.training_run(
        name, params=_params(shop, trained), tags=run_tags(shop, trained, decision), description=words
    ) as run:
        record_backtest(run, test, config)
        found = numbered(measured, config.slices.by)
        _figures_of_groups(run, trained, decision, found)
        run.metrics({"parts": spread(found, config.slices.by)})
        _curves(run, shop, trained)
        figures = _figures(run, trained, decision)
        record_datasets(run, shop, trained.partitions, trained.features, _contexts(trained))
        run.document("promotion.json", {"reason": decision.reason, "promoted": decision.promoted, **decision.details})
        run.document("leakage_certificate.json", trained.certificate.as_json())
        run.document("recipe_notes.json", dict(test.fitted[trained.newest].recipe.notes))
        record_search(run, trained.search)
        card = model_card(shop, trained, decision, found, {**backtest_charts(test, config), **figures})
        run.text("model_card.html", card_html(card))
        run.text("model_card.md", card_markdown(card))
        yield Record(run, card_markdown(card))


def run_tags(shop: Shop, trained: Trained, decision: Decision) -> dict[str, Any]:
    """Tags of a training's run: hashes of config and data, grade, rung, the decision."""
    return {
        "config_hash": config_hash(shop.project.config),
        "data_hash": shop.sources_hash,
        "grade": trained.grade.letter,
        "grade_reason": trained.grade.reason,
        "rung": trained.production.recipe.rung,
        "promoted": decision.promoted,
        "promotion_reason": decision.reason,
        "kind": shop.project.config.labels.churn,
        "leakage_certificate": trained.certificate.verdict,
    }


def _figures_of_groups(run: Run, trained: Trained, decision: Decision, found: Sequence[Slice]) -> None:
    """Differences to the rivals and figures of parts, as numbers for comparing runs and as tables for reading."""
    mids = {
        "over_best_rule": decision.details.get("against_baseline", {}),
        "over_champion": decision.details.get("against_champion", {}),
    }
    run.metrics({where: {m: interval[1] for m, interval in gaps.items()} for where, gaps in mids.items()})
    run.metrics({"slices": {f"{s.by} {s.name}": {m: e.mid for m, e in s.model.items()} for s in found}})
    run.table("headline", figures_table(trained.test.panel))
    run.table("slices", slice_table(found))
    gains = trained.production.recipe.importance
    if gains:
        table = pd.DataFrame(gains).fillna(0.0).rename_axis("feature").reset_index()
        run.table("importance", table.sort_values("churn", ascending=False, ignore_index=True))


def _curves(run: Run, shop: Shop, trained: Trained) -> None:
    """Lines that MLflow draws, and lays over those of other runs: losses by round, gain and profit by per cent."""
    test = trained.test
    members = test.fitted[trained.newest].recipe.curves
    run.curves({f"loss/{'/'.join(name.rsplit('_', 1))}": losses for name, losses in members.items()})
    value = test.actual["future_value"]
    run.curves({"by_percent/value_captured": capture_curve(value, test.predictions["future_value"])[:, 1].tolist()})
    profit = earned_along(test.actual, test.predictions, shop.project.config)
    run.curves({f"by_percent/profit_{kind}": profit[kind].tolist() for kind in ("realised", "expected") if len(profit)})


def _figures(run: Run, trained: Trained, decision: Decision) -> dict[str, Figure]:
    """Record the figures of a training, and return them for the card."""
    figures = {"differences": difference_chart(against(decision)), **_learning(trained), **_explained(trained)}
    for name, figure in figures.items():
        run.figure(name, figure)
    return figures


def _params(shop: Shop, trained: Trained) -> dict[str, Any]:
    recipe, split = trained.production.recipe, trained.production.split
    return {
        **settings_of(shop),
        **search_params(trained.search),
        "sample_share": trained.sample.share,
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


def _learning(trained: Trained) -> dict[str, Figure]:
    """The loss by round of every member with trees, on the rows it was fitted on and those that stopped it."""
    members: dict[str, dict[str, list[float]]] = {}
    for name, losses in trained.test.fitted[trained.newest].recipe.curves.items():
        member, rows = name.rsplit("_", 1)
        members.setdefault(member, {})[rows] = losses
    return {f"learning_{m}": learning_chart(c, metric=f"loss of {m.replace('_', ' ')}") for m, c in members.items()}


def _explained(trained: Trained) -> dict[str, Figure]:
    """SHAP's summary and curves of both models, on an even sample of the newest test cutoff."""
    newest, test = trained.newest, trained.test
    rows = test.frames[test.frames["cutoff"] == newest.isoformat()]
    rows = rows.iloc[:: max(1, len(rows) // SHOWN_CUSTOMERS)].reset_index(drop=True)
    explained = test.fitted[newest].recipe.contributions(rows)
    prior = {"churn risk": 1.0 - rows["prior_active"], "value if kept": rows["prior_value_if_kept"]}
    charts: dict[str, Figure] = {}
    for says, found in (("churn risk", explained.churn), ("value if kept", explained.value)):
        values, name = rows.assign(prior=prior[says]).reindex(columns=list(found.phi.columns)), says.replace(" ", "_")
        charts[f"shap_{name}"] = summary_chart(found.phi, values, title=f"What moves {says}")
        charts[f"shap_curves_{name}"] = dependence_chart(found.phi, values, title=f"How {says} moves with each figure")
    return charts


def _contexts(trained: Trained) -> dict[str, tuple[date, ...]]:
    split = trained.production.split
    return {"training": split.fit, "calibration": split.calibrate, "evaluation": tuple(sorted(trained.test.fitted))}


def run_description(shop: Shop, trained: Trained, decision: Decision) -> str:
    """What a reviewer reads first, in Markdown: the verdict, then how good, then what was trained on what."""
    panel, recipe, line = trained.test.panel, trained.production.recipe, shop.timeline
    grade, split = trained.grade, trained.production.split
    says = "" if panel.says in decision.reason else f"{panel.says}\n\n"
    lift = f" To do better: {grade.lift}" if grade.lift else ""
    sampled = f"- For speed, {trained.sample.says}.\n" if trained.sample.says else ""
    searched = f"- Settings: {trained.search.reason}.\n" if trained.search.asked else ""
    return f"""**{decision.reason}**

{says}{headline_table(panel)}

- Horizon {shop.project.config.labels.horizon} days; orders from {line.first} to {line.end}.
- Rung `{recipe.rung}`: {recipe.why}; fitted at {len(split.fit)} cutoffs, calibrated at {len(split.calibrate)}.
- Tested at {", ".join(map(str, sorted(trained.test.fitted)))}, each time refitted on what was mature then.
- {trained.certificate.says}
{sampled}{searched}- Grade {grade.letter}: {grade.reason}{lift}

More among the artifacts: `model_card.html` (figures, slices, limits, use), `promotion.json` (every bound), `tables/`.
"""
