"""``hvc-ml churn-lab``."""

from typing import TYPE_CHECKING

from hvc_ml.cli.console import Console, console
from hvc_ml.cli.options import HERE, ConfigPath, Json, Quiet, Verbose

if TYPE_CHECKING:
    from hvc_ml.workflows.churn_lab import ChurnLabResult


def churn_lab(
    *,
    config: ConfigPath = HERE,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Try every definition of churn on the same customers: how many leave, how many of those come back. Propose one.

    Nothing is written; paste the lines it prints into hvc.yaml if you agree.

    Examples:

      hvc-ml churn-lab

      hvc-ml churn-lab -c shop/hvc.yaml --json
    """
    from hvc_ml.config import load_config  # noqa: PLC0415
    from hvc_ml.workflows import churn_lab as workflow  # noqa: PLC0415

    with console(as_json=as_json, verbose=verbose, quiet=quiet) as out:
        result = workflow.churn_lab(load_config(config), stages=out.stages)
        out.result(result.as_json(), lambda: _show(out, result))


def _show(out: Console, result: "ChurnLabResult") -> None:
    n, first, last = len(result.cutoffs), result.cutoffs[0], result.cutoffs[-1]
    place = f"{n} cutoffs from {first} to {last}" if n > 1 else f"the cutoff {first}"
    contract = result.kind == "contract_end"
    if contract:
        out.line("Leaving is the contract's end here; what is open is the grace in which a new one counts as renewal.")
    out.line(f"The same customers at {place}, each watched for {result.watch} days{' after the horizon' * contract}.")
    out.line("In %: churn rate, ± its standard deviation between cutoffs, (of those churned, share that came back).")
    out.line("= is what the config has, * what is proposed.")
    out.line()
    horizons = sorted({d.horizon for d in result.definitions})
    rows: dict[object, list[str]] = {}
    for d in result.definitions:
        rows.setdefault(d.window, []).append(result.written(d))
    heads = [f"{'grace' if contract else 'horizon'} {h}" for h in horizons]
    lines = [(_window(window, result), *cells) for window, cells in rows.items()]
    out.table(("active within (days)", *heads), lines, right=range(1, len(heads) + 1))
    out.line()
    if result.current is None:
        out.line(f"The config has {_named(result, *result.now)}: the log is too short to measure it beside the others.")
    out.line(f"Proposed: {_named(result, result.proposed.window, result.proposed.horizon)}: {result.reason}")
    out.line(f"The rule: {result.rule.says}.")
    out.line()
    for line in result.yaml.splitlines():
        out.line(line)


def _window(window: object, result: "ChurnLabResult") -> str:
    if result.kind == "contract_end":
        return "all subscribers"
    known = sorted(u for u in result.usual if u is not None)
    return f"auto ({known[0]} to {known[-1]}, or the horizon)" if window == "auto" and known else str(window)


def _named(result: "ChurnLabResult", window: object, horizon: int) -> str:
    if result.kind == "contract_end":
        return f"a grace of {horizon} days"
    return f"a horizon of {horizon} days for customers active within {window}"
