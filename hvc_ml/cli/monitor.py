"""``hvc-ml monitor``."""

import sys
from typing import TYPE_CHECKING

import typer

from hvc_ml.cli.console import Console, console, printable
from hvc_ml.cli.options import HERE, ConfigPath, Json, Quiet, Verbose

if TYPE_CHECKING:
    from hvc_ml.workflows.monitor_result import MonitorResult


def monitor(
    *,
    config: ConfigPath = HERE,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Watch the newest list and those before: drift, what was promised, what came true, alerts in money.

    Ends with code 7 where something is beyond its limit (section monitor of the config). Run it after every score.

    Examples:

      hvc-ml monitor

      hvc-ml monitor -c shop -q || mail -s "retention list" team@example.com
    """
    from hvc_ml.config import load_config  # noqa: PLC0415
    from hvc_ml.workflows import monitor as workflow  # noqa: PLC0415

    with console(as_json=as_json, verbose=verbose, quiet=quiet) as out:
        result = workflow.monitor(load_config(config), stages=out.stages)
        out.result(result.as_json(), lambda: _show(out, result))
        if quiet or as_json:
            _warn(result)
    if result.exit_code:
        raise typer.Exit(result.exit_code)


def _warn(result: "MonitorResult") -> None:
    """What is beyond its limit, one line each on stderr: a nightly job mails it."""
    says = [*(alert.says for alert in result.alerts), *filter(None, (result.service_says,))]
    sys.stderr.write("".join(f"hvc-ml: {printable(text)}\n" for text in says))


def _show(out: Console, result: "MonitorResult") -> None:
    out.line(f"List of {result.entry.cutoff}, made with version {result.entry.model_version}.")
    for alert in result.alerts:
        out.line(f"ALERT {alert.kind}: {alert.says}")
    if not result.alerts:
        out.line("Nothing is beyond its limit.")
    if result.gain_says:
        out.line(result.gain_says)
    out.line()
    columns = ("list of", "version", "expected gain", "mean risk", "left", "AUC promised", "came", "inside", "drifted")
    out.table(columns, result.list_rows(), right=(2, 3, 4, 5, 6, 7, 8))
    out.line()
    heads = ("furthest from what the model knows", "index", "limit", "drifted", "median then", "now", "missing")
    out.table(heads, result.drift_rows(), right=(1, 2, 4, 5, 6))
    for text in (*result.unread, *filter(None, (result.service_says,))):
        out.line(text)
