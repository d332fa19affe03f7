"""``hvc-ml demo``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hvc_ml.cli.console import console
from hvc_ml.cli.options import Json, Quiet, Verbose
from hvc_ml.cli.score import show as show_list


class Kind(StrEnum):
    """Kinds of made-up business."""

    retail = "retail"
    subscription = "subscription"


def demo(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where the business is written.")] = Path("demo"),
    *,
    kind: Annotated[Kind, typer.Option(help="What the business lives on.")] = Kind.retail,
    customers: Annotated[int, typer.Option(min=100, max=5_000_000, help="How many customers.")] = 20_000,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another business.")] = 7,
    data_only: Annotated[bool, typer.Option("--data-only", help="Write the data and hvc.yaml, and stop.")] = False,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Make up a business whose truth is known, then check, train and score it: the whole job in one command.

    Examples:

      hvc-ml demo

      hvc-ml demo club --kind subscription --customers 5000
    """
    from hvc_ml.workflows import demo as workflow  # noqa: PLC0415

    with console(as_json=as_json, verbose=verbose, quiet=quiet) as out:
        made = workflow.make(folder, kind=kind.value, customers=customers, seed=seed, stages=out.stages)
        if data_only:
            out.result(made.as_json(), lambda: out.line(f"Wrote {made.config}. Next: hvc-ml check -c {made.config}"))
            return
        result = workflow.run(made, stages=out.stages)

        def show() -> None:
            out.line(result.trained)
            show_list(out, result.scored)
            out.line(f"Next: hvc-ml explain {result.scored.head(1)[0].customer_id} -c {made.config}")
            out.line(f"      hvc-ml ui -c {made.config}")

        out.result(result.as_json(), show)
