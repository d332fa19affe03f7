"""``hvc-ml models``: list, promote, rollback, register."""

from typing import TYPE_CHECKING, Annotated

import typer

from hvc_ml.cli.console import Console, console
from hvc_ml.cli.options import HERE, ConfigPath, Json, Quiet, Verbose

if TYPE_CHECKING:
    from datetime import datetime

    from hvc_ml.workflows.models import ModelsResult, Moved

models = typer.Typer(
    name="models",
    help="The registry: which versions there are, which one scores, and why.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Reason = Annotated[str, typer.Option("--reason", help="Why, in words; kept with the version.")]


@models.command("list")
def list_models(
    *,
    config: ConfigPath = HERE,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Every version, newest first: its figures, whether it was promoted, and the reason of the last decision.

    --json also gives every decision, and which version was champion from when to when.

    Examples:

      hvc-ml models list

      hvc-ml models list --json
    """
    from hvc_ml.config import load_config  # noqa: PLC0415
    from hvc_ml.workflows import models as workflow  # noqa: PLC0415

    with console(as_json=as_json, verbose=verbose, quiet=quiet) as out:
        result = workflow.list_models(load_config(config), stages=out.stages)
        out.result(result.as_json(), lambda: _show(out, result))


@models.command()
def promote(
    version: Annotated[int, typer.Argument(min=1, help="The version's number, as `hvc-ml models list` shows it.")],
    *,
    reason: Reason = "",
    config: ConfigPath = HERE,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Make a version champion by hand, after its bundle was verified and tried.

    Examples:

      hvc-ml models promote 3 --reason "agreed with the shop on Monday"
    """
    from hvc_ml.config import load_config  # noqa: PLC0415
    from hvc_ml.workflows import models as workflow  # noqa: PLC0415

    with console(as_json=as_json, verbose=verbose, quiet=quiet) as out:
        moved = workflow.promote(load_config(config), version, reason=reason, stages=out.stages)
        out.result(moved.as_json(), lambda: out.line(_sentence(moved)))


@models.command()
def rollback(
    *,
    reason: Reason = "",
    config: ConfigPath = HERE,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Make the champion before this one champion again.

    Examples:

      hvc-ml models rollback --reason "the list of this week looks wrong"
    """
    from hvc_ml.config import load_config  # noqa: PLC0415
    from hvc_ml.workflows import models as workflow  # noqa: PLC0415

    with console(as_json=as_json, verbose=verbose, quiet=quiet) as out:
        moved = workflow.rollback(load_config(config), reason=reason, stages=out.stages)
        out.result(moved.as_json(), lambda: out.line(_sentence(moved)))


@models.command()
def register(
    *,
    config: ConfigPath = HERE,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Register the models that were trained while MLflow did not answer, with the decisions made then.

    Examples:

      hvc-ml models register
    """
    from hvc_ml.config import load_config  # noqa: PLC0415
    from hvc_ml.workflows import pending as workflow  # noqa: PLC0415

    with console(as_json=as_json, verbose=verbose, quiet=quiet) as out:
        found = workflow.register_pending(load_config(config), stages=out.stages)
        lines = [f"Version {r.version}: {r.reason}" for r in found] or ["Nothing to do: every model is registered."]
        out.result({"registered": [r.as_json() for r in found]}, lambda: _lines(out, lines))


def _show(out: Console, result: "ModelsResult") -> None:
    from hvc_ml.workflows.models import last_decision, shown_metrics  # noqa: PLC0415

    if not result.versions:
        out.line(f"{result.name}: no version yet. Run `hvc-ml train`.")
        return
    rows, reasons = [], []
    for v in result.versions:
        figures = ("" if f is None else f"{f:.3f}" for f in shown_metrics(v).values())
        words = (v.tags.get("grade", ""), v.tags.get("rung", ""))
        last = last_decision(v)
        decided = ("", "") if last is None else ("yes" if last.crowned else "no", _minute(last.when))
        rows.append((v.version, ", ".join(v.aliases), _minute(v.created), *words, *figures, *decided))
        reasons += [] if last is None else [(v.version, last.reason)]
    columns = ("version", "alias", "trained at (UTC)", "grade", "rung", "AUC", "Gini", "top 20 %")
    out.table((*columns, "promoted", "decided at (UTC)"), rows, right=(0, 5, 6, 7))
    out.line()
    out.table(("version", "reason"), reasons, right=(0,))


def _sentence(moved: "Moved") -> str:
    if not moved.changed:
        return f"Nothing to do: {moved.reason}."
    instead = "" if moved.before is None else f" instead of version {moved.before}"
    return f"Version {moved.version} is champion now{instead} ({moved.reason})."


def _minute(moment: "datetime") -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _lines(out: Console, lines: list[str]) -> None:
    for line in lines:
        out.line(line)
