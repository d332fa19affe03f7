"""``hvc-ml forget``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hvc_ml.cli.console import Console, console
from hvc_ml.cli.options import HERE, ConfigPath, Json, Quiet, Verbose

if TYPE_CHECKING:
    from hvc_ml.workflows.allow_again import AllowResult
    from hvc_ml.workflows.forget import ForgetResult


def forget(
    *,
    customer: Annotated[
        list[str] | None, typer.Option("--id", metavar="ID", help="A customer; may be repeated.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--id-file", metavar="FILE", help="Customers, one id per line; no shell keeps these.")
    ] = None,
    allow_again: Annotated[
        bool, typer.Option("--allow-again", help="Take in again those who were forgotten, buy again, and agree.")
    ] = False,
    config: ConfigPath = HERE,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Remove customers from every list, campaign and panel, keep them out of later ones, and write a receipt.

    Your source is yours: the receipt, which names nobody, counts what remains there. What was removed does not come
    back. --allow-again only lets later runs take in what your source has of a customer, with a receipt of its own.

    Examples:

      hvc-ml forget --id C0001234

      hvc-ml forget --id-file erase.txt --json

      hvc-ml forget --id C0001234 --allow-again
    """
    from hvc_ml.config import load_config  # noqa: PLC0415
    from hvc_ml.workflows import forget as workflow  # noqa: PLC0415

    with console(as_json=as_json, verbose=verbose, quiet=quiet) as out:
        ids = workflow.customers(customer or [], file)
        if allow_again:
            from hvc_ml.workflows import allow_again as way_back  # noqa: PLC0415

            allowed = way_back.allow_again(load_config(config), ids, stages=out.stages)
            out.result(allowed.as_json(), lambda: _show_allowed(out, allowed))
            return
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


def _show_allowed(out: Console, result: "AllowResult") -> None:
    out.line(
        f"{result.allowed:,} of {result.customers:,} had been forgotten; the next run takes in what your source has."
    )
    if result.objecting:
        out.line(f"list.suppress still names {result.objecting:,} of them: they come into no list.")
    out.line(f"Receipt: {result.receipt}")
