"""``hvc-ml evaluate``."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hvc_ml.cli.console import Console, console
from hvc_ml.cli.options import HERE, ConfigPath, Json, Quiet, Verbose

if TYPE_CHECKING:
    from hvc_ml.workflows.evaluate import EvaluateResult

SHOWN = {"churn_auc": "churn AUC", "value_gini": "value Gini", "value_captured_20": "in top 20 %"}


def evaluate(
    *,
    config: ConfigPath = HERE,
    cutoffs: Annotated[
        int | None, typer.Option(min=1, help="Test cutoffs; default three, or calendar.tests if more.")
    ] = None,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Refit at past cutoffs what would have been in production then, and measure it beside every simple rule.

    Nothing is registered and the champion stays. [low, high] holds 95 % of what other customers would have shown.

    Examples:

      hvc-ml evaluate

      hvc-ml evaluate --cutoffs 6 --json
    """
    from hvc_ml.config import load_config  # noqa: PLC0415
    from hvc_ml.workflows import evaluate as workflow  # noqa: PLC0415

    with console(as_json=as_json, verbose=verbose, quiet=quiet) as out:
        result = workflow.evaluate(load_config(config), cutoffs=cutoffs, stages=out.stages)
        out.result(result.as_json(), lambda: _show(out, result))


def _show(out: Console, result: "EvaluateResult") -> None:
    panel = result.panel
    times = f"{len(panel.cutoffs)} test cutoff{'s' * (len(panel.cutoffs) != 1)}"
    out.line(f"{panel.n_rows:,} rows of {panel.n_customers:,} customers at {times}, refitted at each.")
    out.line(f"Best baseline: {_words(panel.best_baseline)}; its figures stand after the slash.")
    out.line()
    _cutoffs(out, result)
    out.line()
    rows = [("hvc-ml", *_summary(panel.model))]
    rows += [(_words(name), *_summary(found)) for name, found in panel.baselines.items()]
    out.table(("mean over cutoffs", *SHOWN.values(), "profit per customer"), rows, right=(1, 2, 3, 4))
    out.line()
    _slices(out, result)
    out.line()
    out.line(result.says)


def _summary(figures: Mapping[str, Any]) -> tuple[str, ...]:
    profit = figures.get("profit_at_capacity")
    return *(_spread(figures[m]) for m in SHOWN), "" if profit is None else _spread(profit, form=".2f")


def _cutoffs(out: Console, result: "EvaluateResult") -> None:
    """The model at each test cutoff, with the best baseline after the slash."""
    best = result.panel.best_baseline
    rows = []
    for c in result.panel.cutoffs:
        rival = c.baselines.get(best or "", {})
        versus = [_versus(c.model[m], rival.get(m)) for m in SHOWN]
        rows.append((c.cutoff, f"{c.n:,}", result.rungs[c.cutoff], *versus, *_calibration(c.model)))
    out.table(
        ("cutoff", "customers", "rung", *SHOWN.values(), "ECE", "bias", "coverage"), rows, right=(1, *range(3, 9))
    )


def _slices(out: Console, result: "EvaluateResult") -> None:
    """Parts of the customers; the best baseline of each after the slash."""
    rows = []
    for s in result.slices:
        model = {m: e.mid for m, e in s.model.items()}
        versus = [_versus(model[m], s.baseline[m].mid if m in s.baseline else None) for m in SHOWN]
        above = _spread(s.difference_gini, form="+.3f")
        rows.append((f"{s.by}: {s.name}", f"{s.customers:,}", *versus, *_calibration(model), above))
    head = ("slice", "customers", *SHOWN.values(), "ECE", "bias", "coverage", "Gini above the baseline")
    out.table(head, rows, right=range(1, 9))
    for s in result.slices:
        if s.says:
            out.line(f"{s.by} {s.name}: {s.says}.")


def _calibration(model: Mapping[str, float]) -> tuple[str, str, str]:
    coverage = model.get("interval_coverage")
    return _figure(model["churn_ece"]), _figure(model["value_bias"], "+.1%"), _figure(coverage, ".1%")


def _versus(mine: float, rival: float | None) -> str:
    return f"{_figure(mine)} / {_figure(rival)}" if _figure(rival) else _figure(mine)


def _spread(estimate: Any, form: str = ".3f") -> str:
    low, mid, high = (_figure(x, form) for x in estimate.as_list())
    return f"{mid} [{low}, {high}]" if low and high else mid


def _figure(number: float | None, form: str = ".3f") -> str:
    return "" if number is None or math.isnan(number) else format(round(number, 3) + 0.0, form)


def _words(name: str | None) -> str:
    return (name or "none").replace("_", " ")
