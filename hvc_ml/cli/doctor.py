"""``hvc-ml doctor``."""

from typing import TYPE_CHECKING, Annotated

import typer

from hvc_ml.cli.console import Console, console
from hvc_ml.cli.options import HERE, ConfigPath, Json, Quiet, Verbose
from hvc_ml.errors import GateFailed

if TYPE_CHECKING:
    from hvc_ml.workflows.doctor import DoctorResult


def doctor(
    *,
    config: ConfigPath = HERE,
    customers: Annotated[int, typer.Option(min=1, help="Check so many customers.")] = 2_000,
    cutoffs: Annotated[int, typer.Option(min=1, max=120, help="Check so many cutoffs.")] = 4,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Prove that no feature sees the future: change all that came after a cutoff, and not one bit may move.

    Rows after the cutoff are dropped, injected, scrambled, multiplied, moved onto the cutoff, or written too late.
    Exit code 7 if anything moves. `train` checks a smaller sample every time, and trains nothing without it.

    Examples:

      hvc-ml doctor

      hvc-ml doctor --customers 10000 --cutoffs 12 --json
    """
    from hvc_ml.config import load_config  # noqa: PLC0415
    from hvc_ml.workflows import doctor as workflow  # noqa: PLC0415

    with console(as_json=as_json, verbose=verbose, quiet=quiet) as out:
        result = workflow.doctor(load_config(config), customers=customers, cutoffs=cutoffs, stages=out.stages)
        out.result(result.as_json(), lambda: _show(out, result))
    if not result.certificate.passed:  # the result is shown all the same, so this is no error of the edge
        typer.echo(f"hvc-ml: {result.certificate.says}", err=True)
        raise typer.Exit(GateFailed.exit_code)


def _show(out: Console, result: "DoctorResult") -> None:
    found = result.certificate
    out.line(f"{found.n_customers:,} customers at {', '.join(c.isoformat() for c in found.cutoffs)}.")
    out.line()
    moved = found.perturbations
    rows = [(name, SAYS[name], f"{n:,}", f"{moved[name]:,}") for name, n in found.changed.items()]
    out.table(("", "what lies after a cutoff is", "rows changed", "differences"), rows, right=(2, 3))
    out.line()
    if found.findings:
        out.table(("cutoff", "perturbation", "table", "column", "differences"), _findings(result), right=(4,))
        out.line()
    out.line(found.says)
    for sentence in found.unchecked:
        out.line(f"Not to be seen here: {sentence}.")
    out.line(f"Receipt: {result.receipt}")


def _findings(result: "DoctorResult") -> list[tuple[str, str, str, str, str]]:
    found = result.certificate.findings
    return [(f.cutoff.isoformat(), f.perturbation, f.table, f.column, f"{f.n:,}") for f in found]


SAYS = {
    "dropped": "left out",
    "injected": "joined by more, of known customers and new ones",
    "scrambled": "given to others, with other words, larger and later",
    "multiplied": "there three times, three times as large",
    "ties": "moved onto the cutoff's first instant",
    "late": "joined by rows of the past that were written too late",
    "as_trained": "as it was (built again, beside the panel)",
}
"""Perturbations in words."""
