"""What a comparison of two lists leaves: the bridge in MLflow, and in a folder, if asked, every customer's row too."""

import json
import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hvc_ml.errors import ServiceError
from hvc_ml.explanation.formatting import money
from hvc_ml.publish import publish_directory
from hvc_ml.report.change_chart import bridge_chart
from hvc_ml.report.profile_charts import standalone_svg
from hvc_ml.report.sanitise import safe_frame
from hvc_ml.report.style import to_png
from hvc_ml.tracking.registry import fetch
from hvc_ml.workflows.profile_record import plain, refuse_others

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hvc_ml.tracking.store import Store
    from hvc_ml.workflows.change import ChangeResult

_log = logging.getLogger(__name__)

KIND: Final = "change"


def ready(to: Path) -> Path:
    """The folder to write to, before any work is done.

    Raises
    ------
    OutputError
        If it holds anything but an earlier comparison.
    """
    target = to.resolve()
    refuse_others(target, KIND)
    return target


def write_change(result: "ChangeResult", target: Path) -> None:
    """Write ``changes.csv`` and ``.parquet``, ``bridge.svg`` and ``.png``, and ``change.json``: all or nothing.

    Raises
    ------
    OutputError
        If the folder holds anything else, or cannot be written.
    """
    refuse_others(target, KIND)
    if target.is_dir() and not any(target.iterdir()):
        target.rmdir()  # a rename needs the place free
    about = {"kind": KIND, "old": result.old.name, "new": result.new.name}
    figure = bridge(result)
    with publish_directory(target, meta=about, replace=True) as staging:
        safe_frame(result.rows).to_csv(staging / "changes.csv", index=False, lineterminator="\n")
        result.rows.to_parquet(staging / "changes.parquet", index=False)
        (staging / "bridge.svg").write_text(standalone_svg(figure), encoding="utf-8")
        (staging / "bridge.png").write_bytes(to_png(figure))
        kept = {k: v for k, v in result.as_json().items() if k not in {"written", "mlflow_run"}}  # the same each time
        text = json.dumps(plain(kept), indent=2, ensure_ascii=False, allow_nan=False)
        (staging / "change.json").write_text(text + "\n", encoding="utf-8")


def log_change(store: "Store", result: "ChangeResult") -> str | None:
    """Keep the bridge of all customers, as a chart and as sums, with the training that made the new list's model.

    Returns
    -------
    str or None
        The run; None where MLflow did not take it, which is said in the log and stops nothing.
    """
    said = result.as_json()
    kept = {name: said[name] for name in ("old", "new", "currency", "customers", "bridge", "change")}
    name = f"change_{result.old.name}_to_{result.new.name}"
    try:
        run = store.run(fetch(store, int(result.new.meta["model_version"])).run_id)
        run.figure(name, bridge(result))
        run.document(f"changes/{name.removeprefix('change_')}.json", kept)
    except ServiceError as error:
        _log.warning("the chart of the change is not in MLflow: %s", error)
        return None
    return run.id


def bridge(result: "ChangeResult") -> "Figure":
    """The bridge from the old list's value at risk to the new one's."""
    title = f"Value at risk, {result.old.cutoff} to {result.new.cutoff}"
    return bridge_chart(result.steps, title=title, money=partial(money, currency=result.currency))
