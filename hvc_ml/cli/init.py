"""``hvc-ml init``."""

from pathlib import Path
from typing import Annotated

import typer

from hvc_ml.cli.console import console
from hvc_ml.cli.options import Json, Quiet, Verbose

_File = typer.Option(help="A CSV (gz too) or Parquet file.", show_default=False)


def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where hvc.yaml is written.")] = Path(),
    *,
    orders: Annotated[Path, _File],
    customers: Annotated[Path | None, _File] = None,
    events: Annotated[Path | None, _File] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an hvc.yaml that is there.")] = False,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Look at your own files, propose the column mapping, and write a commented hvc.yaml.

    Examples:

      hvc-ml init --orders orders.csv

      hvc-ml init shop --orders exports/orders.parquet --customers exports/customers.csv
    """
    from hvc_ml.workflows import init as workflow  # noqa: PLC0415

    with console(as_json=as_json, verbose=verbose, quiet=quiet) as out:
        result = workflow.init(folder, orders=orders, customers=customers, events=events, force=force)

        def show() -> None:
            for line in result.says:
                out.line(f"  {line}")
            out.line(f"Wrote {result.path}. Read it, then: hvc-ml check -c {result.path}")

        out.result(result.as_json(), show)
