"""``hvc-ml features``."""

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from hvc_ml.cli.console import Console, console
from hvc_ml.cli.options import HERE, ConfigPath, Json, Quiet, Verbose, as_date

if TYPE_CHECKING:
    from hvc_ml.workflows.features import FeaturesResult


def features(
    *,
    config: ConfigPath = HERE,
    cutoff: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only this cutoff (a midnight).")
    ] = None,
    show_sql: Annotated[
        bool, typer.Option("--show-sql", help="Print the engine's own query of the newest one.")
    ] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Show where the time went: rows, seconds of the processor, memory.")
    ] = False,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Build the feature panel: one Parquet partition per cutoff, only what is missing or changed.

    Examples:

      hvc-ml features

      hvc-ml features --profile

      hvc-ml features --cutoff 2026-01-01 --show-sql
    """
    from hvc_ml.config import load_config  # noqa: PLC0415
    from hvc_ml.workflows import features as workflow  # noqa: PLC0415

    with console(as_json=as_json, verbose=verbose, quiet=quiet) as out:
        result = workflow.features(load_config(config), cutoff=as_date(cutoff), show_sql=show_sql, stages=out.stages)
        out.result(result.as_json(), lambda: _show(out, result, profile=profile))


def _show(out: Console, result: "FeaturesResult", *, profile: bool) -> None:
    rows = [
        (p.cutoff, f"{p.rows:,}", "yes" if p.labelled else "not yet", "built" if p.built else "unchanged")
        for p in result.partitions
    ]
    out.table(("cutoff", "customers", "labels", ""), rows, right=(1,))
    out.line(f"{len(result.features)} features: {', '.join(result.features)}")
    if profile:
        out.line()
        stages = [
            (s.name, "" if s.rows is None else f"{s.rows:,}", f"{s.cpu_seconds:.2f}", f"{s.peak_bytes / 2**30:.2f}")
            for s in result.profile
        ]
        out.table(("stage", "rows", "CPU-s", "peak GiB"), stages, right=(1, 2, 3))
    if result.sql:
        out.line()
        for line in result.sql.splitlines():
            out.line(line)
