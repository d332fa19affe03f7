"""``hvc-ml explain``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hvc_ml.cli.console import Console, console
from hvc_ml.cli.options import HERE, ConfigPath, Json, Quiet, Verbose

if TYPE_CHECKING:
    from hvc_ml.workflows.change import ChangeResult
    from hvc_ml.workflows.explain import ExplainResult


LAST_ORDERS = 10


def explain(
    customer: Annotated[str | None, typer.Argument(help="The customer's id, as it stands in the orders.")] = None,
    *,
    change: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="OLD NEW", help="Two folders under lists/, or how their names begin, or latest."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="With --change: every customer's row and the chart.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The customer's page for the browser; it asks nobody.")
    ] = None,
    config: ConfigPath = HERE,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """One customer's page: figures beside those of others, reasons in money, and the last orders.

    With --change, why value at risk moved between two lists: each customer's change splits to the cent into time
    passing, own behaviour, model version and calibration. The chart of everybody's change goes to MLflow as well.

    Examples:

      hvc-ml explain C0001234

      hvc-ml explain C0001234 --html page.html

      hvc-ml explain --change 2025-09 latest

      hvc-ml explain --change 2025-09-01_c0a6b966 latest C0001234 --json
    """
    from hvc_ml.config import load_config  # noqa: PLC0415
    from hvc_ml.errors import UsageError  # noqa: PLC0415

    with console(as_json=as_json, verbose=verbose, quiet=quiet) as out:
        if change is not None and html is not None:
            raise UsageError("--html is one customer's page of today; it tells no --change. Ask for one of them.")
        if change is None and (customer is None or to is not None):
            raise UsageError("name a customer, or two lists with --change OLD NEW; --to goes with --change.")
        if change is not None:
            from hvc_ml.workflows import change as moves  # noqa: PLC0415

            moved = moves.change(load_config(config), *change, customer=customer, to=to, stages=out.stages)
            out.result(moved.as_json(), lambda: _show_change(out, moved))
            return
        from hvc_ml.workflows import explain as workflow  # noqa: PLC0415

        result = workflow.explain(load_config(config), str(customer), html=html, stages=out.stages)
        out.result(result.as_json(), lambda: _show(out, result))


def _show_change(out: Console, result: "ChangeResult") -> None:
    old, new, n = result.old, result.new, result.counts
    who = (
        f"Customer {result.customer_id}" if result.customer_id is not None else f"{n['both']:,} customers of both lists"
    )
    out.line(
        f"{who}, from {old.name} (model {old.meta['model_version']}) to {new.name} (model {new.meta['model_version']})"
    )
    if result.customer_id is None:
        out.line(f"{n['came']:,} came to the list, {n['left']:,} left it.")
    out.line()
    last = len(result.steps) - 1
    bars = [(w, result.money(a, signed=0 < i < last), result.says(w)) for i, (w, a) in enumerate(result.steps)]
    out.table(("", "amount", ""), bars, right=(1,))
    if result.figures:
        out.line()
        shown = [(n.replace("_", " "), *map(result.figure(n), pair)) for n, pair in result.figures.items()]
        out.table(("", str(old.cutoff), str(new.cutoff)), shown, right=(1, 2))
    if result.orders is not None:
        out.line()
        orders, amount = result.orders
        out.line(f"Orders from {old.cutoff} until before {new.cutoff}: {orders:,}, {result.money(amount)}")
    for title, up in (("Rose most", True), ("Fell most", False)) if result.customer_id is None else ():
        out.line()
        parts = result.parts
        rows = [
            (row["customer_id"], *(result.money(row[c], signed=c in parts) for c in ("before", *parts, "after")))
            for row in result.moved(up=up).to_dict("records")
        ]
        heads = (title, "before", *(p.replace("_", " ") for p in parts), "after")
        out.table(heads, rows, right=range(1, len(heads)))
    if result.written:
        out.line()
        out.line(f"Every customer's row and the chart: {result.written}")
    if result.run_id:
        out.line()
        out.line(f"The chart is in MLflow, too (hvc-ml ui), in run {result.run_id} of the new list's model.")


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
    if result.written_to:
        out.line()
        out.line(f"The page: {result.written_to}")
