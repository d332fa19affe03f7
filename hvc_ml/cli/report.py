"""``hvc-ml report``."""

from typing import TYPE_CHECKING, Annotated

import typer

from hvc_ml.cli.console import Console, console
from hvc_ml.cli.options import HERE, ConfigPath, Json, Quiet, Verbose

if TYPE_CHECKING:
    from hvc_ml.workflows.report import ReportResult


def report(
    *,
    config: ConfigPath = HERE,
    open_it: Annotated[bool, typer.Option("--open", help="Open the book in the browser.")] = False,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """The newest list as a book: one HTML file to search, read, print and send, which needs no network.

    Every list has one; this makes it anew from the list's files.

    Examples:

      hvc-ml report --open

      hvc-ml report -c shop/hvc.yaml --json
    """
    import webbrowser  # noqa: PLC0415

    from hvc_ml.config import load_config  # noqa: PLC0415
    from hvc_ml.workflows import report as workflow  # noqa: PLC0415

    with console(as_json=as_json, verbose=verbose, quiet=quiet) as out:
        result = workflow.report(load_config(config), stages=out.stages)
        out.result(result.as_json(), lambda: _show(out, result))
        if open_it:
            webbrowser.open(result.book.as_uri())  # of a path, a browser would take '#' and '%' for more than names


def _show(out: Console, result: "ReportResult") -> None:
    shown = f", the first {result.n_shown:,} of them on the page" if result.n_shown < result.n_listed else ""
    out.line(f"List of {result.cutoff}, version {result.model_version}: {result.n_listed:,} rows{shown}.")
    out.line(f"Book: {result.book}")
