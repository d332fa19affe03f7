"""``hvc-ml train``."""

from typing import TYPE_CHECKING, Annotated

import typer

from hvc_ml.cli.console import Console, console
from hvc_ml.cli.options import HERE, ConfigPath, Json, Quiet, Verbose

if TYPE_CHECKING:
    from hvc_ml.workflows.train import TrainResult


def train(
    *,
    config: ConfigPath = HERE,
    no_promote: Annotated[bool, typer.Option("--no-promote", help="Register, but leave the champion alone.")] = False,
    search: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=1_000,
            metavar="N",
            help="Try N settings of the models at earlier moments, the configured ones first; "
            "others are used only where they are better beyond chance.",
        ),
    ] = None,
    minutes: Annotated[float | None, typer.Option(min=0.01, help="Begin no trial after so many minutes.")] = None,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Train, test out of time beside the simple rules, register, and promote what earns it. Safe to run nightly.

    Examples:

      hvc-ml train

      hvc-ml train --no-promote --json

      hvc-ml train --search 20 --minutes 10
    """
    from hvc_ml.config import load_config  # noqa: PLC0415
    from hvc_ml.workflows import train as workflow  # noqa: PLC0415
    from hvc_ml.workflows.search import searching  # noqa: PLC0415

    with console(as_json=as_json, verbose=verbose, quiet=quiet) as out:
        project = searching(load_config(config), search, minutes)
        result = workflow.train(project, promote=not no_promote, stages=out.stages)
        out.result(result.as_json(), lambda: _show(out, result))


def _show(out: Console, result: "TrainResult") -> None:
    out.line(
        f"Version {result.model_version}, rung `{result.rung}`, grade {result.grade.letter}: {result.grade.reason}"
    )
    out.line(
        f"{result.n_rows:,} rows of {result.n_customers:,} customers; tested at {', '.join(result.cutoffs['test'])}."
    )
    out.line()
    names = ("churn_auc", "value_gini", "value_captured_20", "value_spearman")
    rows = [("hvc-ml", *(_figure(result.metrics.get(n)) for n in names))]
    rows += [(rule, *(_figure(found.get(n)) for n in names)) for rule, found in result.baselines.items()]
    out.table(("", "churn AUC", "value Gini", "value in top 20 %", "Spearman"), rows, right=(1, 2, 3, 4))
    out.line()
    if result.search.asked:
        out.line(f"Settings: {result.search.reason}.")
    if result.sample.says:
        out.line(f"For speed, {result.sample.says}.")
    out.line(result.promotion_reason)
    if result.grade.lift:
        out.line(f"To do better: {result.grade.lift}")


def _figure(number: float | None) -> str:
    return "" if number is None else f"{number:.3f}"
