"""``hvc-ml forget``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hvc_ml.cli.console import Console, console
from hvc_ml.cli.options import HERE, ConfigPath, Json, Quiet, Verbose

if TYPE_CHECKING:
    from hvc_ml.workflows.forget import ForgetResult


def forget(
    *,
    customer: Annotated[
        list[str] | None, typer.Option("--id", metavar="ID", help="A customer; may be repeated.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--id-file", metavar="FILE", help="Customers, one id per line; no shell keeps these.")
    ] = None,
    config: ConfigPath = HERE,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Remove customers from every list, campaign and panel, keep them out of later ones, and write a receipt.

    Your source is yours: the receipt, which names nobody, counts what remains there. It cannot be undone.

    Examples:

      hvc-ml forget --id C0001234

      hvc-ml forget --id-file erase.txt --json
    """
    from hvc_ml.config import load_config  # noqa: PLC0415
    from hvc_ml.workflows import forget as workflow  # noqa: PLC0415

    with console(as_json=as_json, verbose=verbose, quiet=quiet) as out:
        ids = workflow.customers(customer or [], file)
        result = workflow.forget(load_config(config), ids, stages=out.stages)
        out.result(result.as_json(), lambda: _show(out, result))


def _show(out: Console, result: "ForgetResult") -> None:
    rows, files = sum(result.removed.values()), len(result.removed)
    whom = f"{result.customers:,} customer{'s' * (result.customers != 1)}"
    out.line(f"{whom}: {rows:,} rows removed from {files:,} files, and {len(result.panels):,} panels to be made anew.")
    out.table(("file", "rows"), [(name, f"{n:,}") for name, n in result.removed.items()], right=(1,))
    out.line()
    if result.source is None:
        out.line(f"Your source could not be read: {result.source_says}")
    elif result.source:
        told = ", ".join(f"{name} {n:,}" for name, n in result.source.items())
        out.line(f"Your source still has rows of them ({told}); no run takes them in. Delete them there.")
    if result.objecting:
        out.line(f"list.suppress names {result.objecting:,} of them: the file is yours, and not needed for them now.")
    if result.unsearched:
        out.line(f"Look yourself, we cannot read these: {', '.join(result.unsearched)}")
    out.line(f"The newest book: {result.book}.")
    out.line(f"Receipt: {result.receipt}")
