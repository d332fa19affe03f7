"""``hvc-ml ui``."""

from typing import Annotated

import typer

from hvc_ml.cli.console import console
from hvc_ml.cli.options import HERE, ConfigPath, Json, Quiet, Verbose


def ui(
    *,
    config: ConfigPath = HERE,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port on this machine.")] = 5000,
    print_only: Annotated[bool, typer.Option("--print", help="Print the command and the page, start nothing.")] = False,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Start the MLflow UI on the project's own store. Stop it with Ctrl-C.

    Examples:

      hvc-ml ui

      hvc-ml ui --port 5001
    """
    from hvc_ml.config import load_config  # noqa: PLC0415
    from hvc_ml.workflows import ui as workflow  # noqa: PLC0415

    with console(as_json=as_json, verbose=verbose, quiet=quiet) as out:
        server = workflow.ui(load_config(config), port=port)
        out.result(server.as_json(), lambda: out.line(f"Open {server.page.url}"))
        if not print_only:
            server.run()
