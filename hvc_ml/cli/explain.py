"""``hvc-ml explain``."""

from typing import TYPE_CHECKING, Annotated

import typer

from hvc_ml.cli.console import Console, console
from hvc_ml.cli.options import HERE, ConfigPath, Json, Quiet, Verbose

if TYPE_CHECKING:
    from hvc_ml.workflows.explain import ExplainResult


LAST_ORDERS = 10


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
    found = result.scores
    headline = (
        ("churn risk", f"{found['churn_risk']:.1%}"),
        ("value if kept", result.money(found["value_if_kept"])),
        ("future value", result.money(found["future_value"])),
        ("between", f"{result.money(found['future_value_low'])} and {result.money(found['future_value_high'])}"),
        *((name, f"{found[column]:.1%}") for name, column in result.further),
    )
    out.table(("", ""), headline, right=(1,))
    out.line()
    out.line(f"Value at risk: {result.money(found['value_at_risk'])}. It is linked with:")
    base = ("a typical customer", result.money(found["base_amount"]), "")
    told = [(r.words, result.money(r.amount, signed=True), r.says) for r in result.reasons]
    out.table(("", "amount", ""), [base, *told], right=(1,))
    out.line()
    figures = [(f.name.replace("_", " "), *result.written(f)) for f in result.figures]
    out.table(("figure", "customer", "median of all"), figures, right=(1, 2))
    out.line()
    last = [(day, result.money(amount)) for day, amount in reversed(result.orders[-LAST_ORDERS:])]
    out.table(("last orders", "amount"), last, right=(1,))
