"""``hvc-ml check``."""

from typing import TYPE_CHECKING, Annotated

import typer

from hvc_ml.cli.console import Console, console
from hvc_ml.cli.options import HERE, ConfigPath, Json, Quiet, Verbose

if TYPE_CHECKING:
    from hvc_ml.workflows.check import CheckResult


def check(
    *,
    config: ConfigPath = HERE,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings are errors (exit 4).")] = False,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Validate config and data; say what was kept, what was rejected and why, and what can be trained.

    Examples:

      hvc-ml check

      hvc-ml check -c shop/hvc.yaml --json
    """
    from hvc_ml.config import load_config  # noqa: PLC0415
    from hvc_ml.workflows import check as workflow  # noqa: PLC0415

    with console(as_json=as_json, verbose=verbose, quiet=quiet) as out:
        result = workflow.check(load_config(config), strict=strict, stages=out.stages)
        out.result(result.as_json(), lambda: _show(out, result))


def _show(out: Console, result: "CheckResult") -> None:
    out.line(f"Orders from {result.first} to {result.end} ({(result.end - result.first).days:,} days).")
    out.line()
    rows = [
        (name, f"{r.rows:,}", f"{r.kept:,}", f"{r.rejected:,}", f"{r.orders:,}" if r.orders is not None else "")
        for name, r in result.reports.items()
    ]
    out.table(("table", "rows", "kept", "rejected", "orders"), rows, right=(1, 2, 3, 4))
    for problem in result.problems:
        out.line(f"  {problem}")
    out.line()
    out.line(f"Grade {result.grade.letter}: {result.grade.reason}")
    if result.grade.lift:
        out.line(f"To do better: {result.grade.lift}")
