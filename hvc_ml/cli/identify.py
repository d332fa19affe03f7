"""``hvc-ml identify``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hvc_ml.cli.console import Console, console
from hvc_ml.cli.options import HERE, ConfigPath, Json, Quiet, Verbose

if TYPE_CHECKING:
    from hvc_ml.workflows.identify import IdentifyResult


def identify(
    *,
    to: Annotated[Path, typer.Option(metavar="FILE", help="Where to write it: .csv, .parquet or .xlsx.")],
    named: Annotated[
        Path | None, typer.Option("--list", metavar="DIR", help="The list; default the newest one.")
    ] = None,
    config: ConfigPath = HERE,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Write a list under the ids of the source, where source.pseudonyms keeps them out of it.

    It needs the key and the source. The file is yours to keep safe and to delete: forget does not know of it. Once it
    is worked, campaign import takes it as it is.

    Examples:

      hvc-ml identify --to for_the_team.xlsx

      hvc-ml identify --list lists/2026-01-01_f9ccd6e3 --to worked.csv --json
    """
    from hvc_ml.config import load_config  # noqa: PLC0415
    from hvc_ml.workflows import identify as workflow  # noqa: PLC0415

    with console(as_json=as_json, verbose=verbose, quiet=quiet) as out:
        result = workflow.identify(load_config(config), to, named=named, stages=out.stages)
        out.result(result.as_json(), lambda: _show(out, result))


def _show(out: Console, result: "IdentifyResult") -> None:
    left = f" {result.objecting:,} who object since are left out." if result.objecting else ""
    out.line(f"List {result.list_name}: {result.rows:,} rows under the ids of the source.{left}")
    out.line(f"Yours to keep safe, and to delete: {result.to}")
