"""``hvc-ml explain``."""

from typing import TYPE_CHECKING, Annotated

import typer

from hvc_ml.cli.console import Console, console
from hvc_ml.cli.options import HERE, ConfigPath, Json, Quiet, Verbose

if TYPE_CHECKING:
    from hvc_ml.workflows.explain import ExplainResult


def explain(
    customer: Annotated[str, typer.Argument(help="The customer's id, as it stands in the orders.")],
    *,
    config: ConfigPath = HERE,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """One customer's page: figures beside those of others, reasons in money, and the last orders.

    Examples:

      hvc-ml explain C0001234

      hvc-ml explain 17850 -c shop/hvc.yaml --json
    """
    from hvc_ml.config import load_config  # noqa: PLC0415
    from hvc_ml.workflows import explain as workflow  # noqa: PLC0415

    with console(as_json=as_json, verbose=verbose, quiet=quiet) as out:
        result = workflow.explain(load_config(config), customer, stages=out.stages)
        out.result(result.as_json(), lambda: _show(out, result))


def _show(out: Console, result: "ExplainResult") -> None:
    out.line(f"Customer {result.customer_id} at {result.cutoff}: {result.tier}")
    out.line()
    out.table(("", ""), [(name, text) for name, text in result.headline], right=(1,))
    out.line()
    out.line(f"Value at risk, {result.value_at_risk}, is made of:")
    out.table(("", "amount", ""), result.reasons, right=(1,))
    out.line()
    out.line("Figures")
    out.table(("", "customer", "median of all"), result.figures, right=(1, 2))
    out.line()
    out.line("Last orders")
    out.table(("day", "amount"), result.orders, right=(1,))
