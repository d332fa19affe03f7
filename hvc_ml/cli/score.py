"""``hvc-ml score``."""

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from hvc_ml.cli.console import Console, console
from hvc_ml.cli.options import HERE, ConfigPath, Json, Quiet, Verbose, as_date

if TYPE_CHECKING:
    from hvc_ml.workflows.listing import ScoreResult


def score(
    *,
    config: ConfigPath = HERE,
    cutoff: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Pretend that this midnight is now; default after the newest order."),
    ] = None,
    top: Annotated[int | None, typer.Option(min=1, help="At most so many rows.")] = None,
    budget: Annotated[float | None, typer.Option(min=0.0, help="At most so much expected cost.")] = None,
    capacity: Annotated[
        list[str] | None,
        typer.Option(metavar="ACTION=N", help="At most N contacts a week with this action; may be repeated."),
    ] = None,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Score every eligible customer with the champion and write the retention list.

    Examples:

      hvc-ml score

      hvc-ml score --top 500 --budget 2000 --capacity "personal call=50"
    """
    from hvc_ml.config import load_config  # noqa: PLC0415
    from hvc_ml.workflows import score as workflow  # noqa: PLC0415

    with console(as_json=as_json, verbose=verbose, quiet=quiet) as out:
        limits = workflow.Limits(top=top, budget=budget, capacity=workflow.capacities(capacity or []))
        result = workflow.score(load_config(config), cutoff=as_date(cutoff), limits=limits, stages=out.stages)
        out.result(result.as_json(), lambda: show(out, result))


def show(out: Console, result: "ScoreResult", rows: int = 10) -> None:
    """The top of the list, and where it lies."""
    money = result.money
    out.line(
        f"{result.n_scored:,} customers scored at {result.cutoff} with version {result.model_version}; "
        f"{result.n_listed:,} on the list, {result.n_holdout:,} of them held out."
    )
    out.line()
    out.table(
        ("", "customer", "tier", "risk", "at risk", "action", "gain", "by", "why"),
        [
            (
                r.rank,
                r.customer_id,
                r.tier,
                f"{r.churn_risk:.0%}",
                money(r.value_at_risk),
                r.action if r.group == "contact" else f"(holdout) {r.action}",
                money(r.expected_gain),
                r.act_before,
                r.reason_1 or "",
            )
            for r in result.head(rows)
        ],
        right=(0, 3, 4, 6),
    )
    out.line()
    low, expected, high = map(money, result.total_future_value)
    out.line(f"Future value of everyone scored: {expected}, most likely between {low} and {high}.")
    low, high = map(money, result.total_expected_gain_interval)
    out.line(f"Expected gain of the list: {money(result.total_expected_gain)}, most likely between {low} and {high}.")
    for line in (result.next_unit, result.experiment, result.stage_says, result.left_out, result.old_lists):
        if line:
            out.line(line)
    out.line(f"List: {result.list_dir}")
