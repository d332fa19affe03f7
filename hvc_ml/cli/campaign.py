"""``hvc-ml campaign``: import, measure."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hvc_ml.cli.console import Console, console
from hvc_ml.cli.options import HERE, ConfigPath, Json, Quiet, Verbose

if TYPE_CHECKING:
    from hvc_ml.workflows.campaign_import import ImportResult
    from hvc_ml.workflows.campaign_results import MeasureResult

campaign = typer.Typer(
    name="campaign",
    help="Lists that were worked: who was contacted, what it earned, and what the next list learns from it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@campaign.command("import")
def import_contacts(
    file: Annotated[Path, typer.Argument(help="Who was contacted: .csv, .parquet or .xlsx, such as the list itself.")],
    *,
    worked: Annotated[
        Path | None, typer.Option("--list", metavar="DIR", help="The list that was worked; default the file's own.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Forget earlier imports for this list.")] = False,
    config: ConfigPath = HERE,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Take over who was contacted, when, and with what.

    The file needs a column customer_id, and may have touched_at, action and outcome. The list's own workbook with its
    last two columns filled in is enough, or its CSV with the rows deleted that nobody worked. The same file twice
    changes nothing.

    Examples:

      hvc-ml campaign import worked.csv

      hvc-ml campaign import worked.xlsx --list lists/2026-01-01_f9ccd6e3
    """
    from hvc_ml.config import load_config  # noqa: PLC0415
    from hvc_ml.workflows import campaign_import as workflow  # noqa: PLC0415

    with console(as_json=as_json, verbose=verbose, quiet=quiet) as out:
        project = load_config(config)
        result = workflow.import_contacts(project, file, worked=worked, replace=replace, stages=out.stages)
        out.result(result.as_json(), lambda: _show_import(out, result))


@campaign.command()
def measure(
    *,
    config: ConfigPath = HERE,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """What every worked list whose horizon is over has earned, against its holdout, and what that teaches.

    Writes campaigns/learned.json, which the next `hvc-ml score` believes, and campaigns/measured.json.

    Examples:

      hvc-ml campaign measure

      hvc-ml campaign measure --json
    """
    from hvc_ml.config import load_config  # noqa: PLC0415
    from hvc_ml.workflows import campaign_measure as workflow  # noqa: PLC0415

    with console(as_json=as_json, verbose=verbose, quiet=quiet) as out:
        result = workflow.measure(load_config(config), stages=out.stages)
        out.result(result.as_json(), lambda: _show(out, result))


def _show_import(out: Console, result: "ImportResult") -> None:
    out.line(
        f"List {result.list_name}: {result.kept:,} of {result.rows:,} rows are contacts"
        f"{', all known before' if result.unchanged else ''}; {result.contacts:,} in all."
    )
    if result.not_worked:
        out.line(f"{result.not_worked:,} rows say that nobody was contacted.")
    if result.rejected:
        out.line()
        out.table(("left out because", "rows"), list(result.rejected.items()), right=(1,))
        out.line()
    out.line(f"Reached: {result.reached:,} of {result.n_contact:,} drawn for contact.")
    if result.contaminated:
        out.line(
            f"{result.contaminated:,} of {result.n_holdout:,} held out were contacted all the same: that hides part of "
            "the effect. Groups are compared as they were drawn."
        )


def _show(out: Console, result: "MeasureResult") -> None:
    for name, why in result.others.items():
        out.line(f"{name}: not measured, {why}.")
    if not result.campaigns:
        out.line("No worked list whose horizon is over. Work a list, then: hvc-ml campaign import FILE")
        return
    columns = ("", "contact", "held out", "reached", "stay, points (95 %)", "money (95 %)", "profit (95 %)")
    told = [
        (
            c.name,
            f"{c.n_contact:,}",
            f"{c.n_holdout:,}",
            f"{c.reached:,}",
            result.share(c.effects.stay),
            result.total(c.effects.money),
            result.total(c.effects.profit),
        )
        for c in result.campaigns
    ]
    found = [("all", result.pooled), *((f"all: {a.name}", a.effects) for a in result.actions)]
    together = [
        (name, "", "", "", result.share(e.stay), result.total(e.money), result.total(e.profit)) for name, e in found
    ]
    out.table(columns, [*told, *together], right=(1, 2, 3, 4, 5, 6))
    _show_checks(out, result)
    rates = [
        (a.name, r.tier, "" if a.prior is None else f"{a.prior:.0%}", f"{r.mean:.0%}", f"{r.low:.0%} to {r.high:.0%}")
        for a in result.actions
        for r in a.rates
    ]
    if rates:
        out.line()
        out.table(("save rate", "tier", "believed", "learned", "95 %"), rates, right=(2, 3, 4))
    out.line()
    for group in result.groups:
        out.line(group.says)
    for action in result.uplift:
        out.line(f"Uplift of {action['action']}: {action['why']}")
    for stopped in result.learned.stopped:
        out.line(f"Stopped: {stopped.action}: {stopped.why}.")
    out.line(result.learned.says)


def _show_checks(out: Console, result: "MeasureResult") -> None:
    """What spoils a comparison, or part of it."""
    for c in result.campaigns:
        if c.ratio is not None and not c.ratio.passed:
            out.line(
                f"{c.name}: {c.ratio.found:.1%} are held out where {c.ratio.share:.1%} were drawn; chance does not "
                "explain that, so this campaign teaches nothing."
            )
        if c.contaminated:
            out.line(f"{c.name}: {c.contaminated:,} of {c.n_holdout:,} held out were contacted all the same.")
