"""What MLflow keeps of a test out of time, whether a training or an evaluation made it: figures, and no customer."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from hvc_ml.config import Config
from hvc_ml.dataset.store import Partition
from hvc_ml.evaluation.deciles import decile_table
from hvc_ml.evaluation.honesty import CutoffFigures, Panel
from hvc_ml.evaluation.outcomes import PROFIT
from hvc_ml.features.feature import Feature
from hvc_ml.report.charts import calibration_chart, decile_chart, gain_chart, honesty_chart
from hvc_ml.tracking.run import Run
from hvc_ml.workflows.backtest import Backtest
from hvc_ml.workflows.further import further_metrics
from hvc_ml.workflows.shop import Shop
from hvc_ml.workflows.yardstick import earned_along

HEADLINE = ("churn_auc", "value_gini", "value_captured_20", "value_spearman")


def config_hash(config: Config) -> str:
    """Hash of every setting but where MLflow lies (its address may hold a password)."""
    settings = config.model_dump(mode="json", exclude={"tracking"})
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def settings_of(shop: Shop) -> dict[str, Any]:
    """The settings of the question, as MLflow's parameters."""
    config = shop.project.config
    return {
        **config.labels.model_dump(mode="json", exclude={"churn"}),
        "churn": config.labels.churn,
        **config.population.model_dump(mode="json"),
        **config.calendar.model_dump(mode="json"),
        **config.model.model_dump(mode="json"),
        "windows": config.features.windows,
        "first_day": shop.timeline.first,
        "end_day": shop.timeline.end,
    }


def record_backtest(run: Run, test: Backtest, config: Config) -> None:
    """Figures, charts, tables, and one child run per test cutoff."""
    run.metrics(_comparable(test.panel.metrics()))
    run.metrics(further_metrics(test.frames, test.predictions, config))
    for name, figure in backtest_charts(test, config).items():
        run.figure(name, figure)
    run.table("honesty_panel", test.panel.table())
    run.table("value_deciles", decile_table(test.actual["future_value"], test.predictions["future_value"]))
    run.table("churn_deciles", decile_table(test.actual["churned"], test.predictions["churn_risk"]))
    run.table("profit_curve", earned_along(test.actual, test.predictions, config))
    for figures in test.panel.cutoffs:
        _child(run, test, figures)


def record_datasets(
    run: Run,
    shop: Shop,
    partitions: Mapping[date, Partition],
    features: Iterable[Feature],
    contexts: Mapping[str, Iterable[date]],
) -> None:
    """What went in, by digest: the panel's cutoffs by what they served for, and the source files.

    Parameters
    ----------
    contexts
        ``training``, ``calibration`` or ``evaluation`` -> its cutoffs.
    """
    kinds = {f.name: "string" if f.unit == "text" else "double" for f in features}
    for context, cutoffs in contexts.items():
        parts = [partitions[c] for c in cutoffs]
        if parts:
            digest = hashlib.sha256("".join(p.key for p in parts).encode()).hexdigest()
            rows = sum(p.panel.num_rows for p in parts)
            run.dataset(f"panel_{context}", digest=digest, context=context, rows=rows, columns=kinds)
    for table, files in shop.sources.items():
        digest = hashlib.sha256("".join(f.sha256 for f in files).encode()).hexdigest()
        run.dataset(table, digest=digest, context="source", rows=shop.reports[table].rows)


def headline_table(panel: Panel) -> str:
    """The model above every simple rule, in Markdown."""
    found, names = panel.metrics(), ("churn AUC", "value Gini", "value in the top 20 %", "Spearman")
    rows = (
        _row(name.replace("_", " "), *(_shown(figures.get(m)) for m in HEADLINE))
        for name, figures in {"**hvc-ml**": found, **found["baselines"]}.items()
    )
    return "\n".join((_row("", *names), "|---|---|---|---|---|", *rows))


def _row(name: str, *cells: str) -> str:
    """A line of a table; MLflow's page sets columns without a space between them."""
    return f"| {name} |" + "".join(f" &emsp;{cell} |" for cell in cells)


def _child(run: Run, test: Backtest, figures: CutoffFigures) -> None:
    """One test cutoff: what was fitted then, on what, and how it did."""
    fitted = test.fitted[date.fromisoformat(figures.cutoff)]
    with run.child(figures.cutoff) as child:
        child.params(
            {
                "rung": fitted.recipe.rung,
                "customers": fitted.n_customers,
                "rows_test": figures.n,
                "fit_cutoffs": fitted.split.fit,
                "calibrate_cutoffs": fitted.split.calibrate,
            }
        )
        child.metrics(_comparable({**figures.model, "baselines": figures.baselines, "rows": figures.n}))


def _comparable(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Figures such that MLflow shows the model and every rule side by side, one section per metric."""
    own = {name: value for name, value in figures.items() if name != "baselines"}
    named = {"hvc_ml": own, **figures["baselines"]}
    return {**own, "honesty": {m: {name: found.get(m) for name, found in named.items()} for m in (*HEADLINE, PROFIT)}}


def backtest_charts(test: Backtest, config: Config) -> dict[str, Figure]:
    """The figures of a test, by the name they are kept under."""
    churned = test.actual["churned"].to_numpy()
    value = test.actual["future_value"].to_numpy()
    rankings = {"model": test.predictions["future_value"].to_numpy()}
    for name, rule in test.rules.items():
        rankings["perfect foresight" if name == "perfect_foresight" else name.replace("_", " ")] = rule[
            "value"
        ].to_numpy()
    return {
        "calibration": calibration_chart(test.predictions["churn_risk"], churned),
        "gain": gain_chart(value, rankings),
        "deciles": decile_chart(test.predictions["future_value"], value, currency=config.currency),
        "honesty_panel": honesty_chart(_honesty(test.panel)),
    }


def _honesty(panel: Panel) -> pd.DataFrame:
    found = panel.metrics()
    rules = {name.replace("_", " "): row for name, row in found["baselines"].items() if name != "perfect_foresight"}
    rows = {"model": {m: found[m] for m in HEADLINE}, **{n: {m: r[m] for m in HEADLINE} for n, r in rules.items()}}
    frame = pd.DataFrame.from_dict(rows, orient="index").astype(float)
    return frame.dropna(axis=1, how="all")


def _shown(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.3f}"
