"""The watch on paper: its chart, and its lines in MLflow."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Final

from matplotlib.figure import Figure

from hvc_ml.config import Project
from hvc_ml.monitoring.ledger import Entry
from hvc_ml.publish import write_bytes_atomic
from hvc_ml.report.monitor_chart import Line, monitor_chart
from hvc_ml.report.style import to_png
from hvc_ml.tracking.store import Store
from hvc_ml.tracking.watch import draw_lines, watch_run
from hvc_ml.workflows.monitor_result import CHART, MonitorResult

_COUNTED: Final = frozenset(("counted", "n", "promised_auc"))
_PROMISED: Final = {
    "gain": "expected_gain",
    "value_at_risk": "value_at_risk",
    "value": "future_value",
    "churn_rate": "mean_risk",
    "auc": "expected_auc",
    "brier": "expected_brier",
    "scored": "n_scored",
    "listed": "n_listed",
}
"""Line -> field of the ledger; where something came of it, the line of what came has the same name."""


def draw(result: MonitorResult, project: Project) -> Figure:
    """Draw what was promised and what came, list by list, and write it beside the ledger."""
    entries = result.ledger.by_day()

    def line(of: Callable[[Entry], float | None]) -> Line:
        return [(entry.day, of(entry)) for entry in entries]

    figure = monitor_chart(
        {
            f"Expected gain of the list, {result.currency}": {"promised": line(lambda e: e.expected_gain)},
            "Share who leave": {
                "promised": line(lambda e: e.mean_risk),
                "came": line(lambda e: None if e.realised is None else e.realised.churn_rate),
            },
            "Churn AUC": {
                "promised": line(lambda e: e.expected_auc),
                "came": line(lambda e: None if e.realised is None else e.realised.auc),
            },
            "Outcomes inside their interval": {
                "came": line(lambda e: None if e.realised is None else e.realised.coverage)
            },
            "Furthest drift, as a share of its limit": {"found": line(lambda e: e.worst_drift)},
        },
        {
            "Outcomes inside their interval": project.config.model.coverage,
            "Furthest drift, as a share of its limit": 1.0,
        },
    )
    write_bytes_atomic(project.monitoring / CHART, to_png(figure))
    return figure


def record(store: Store, result: MonitorResult, figure: Figure) -> str:
    """Record every list's figures as lines over time, the chart and the newest verdict; returns the run's id.

    Raises
    ------
    ServiceError
        If MLflow does not answer.
    """
    run = watch_run(store)
    draw_lines(store, run, ((entry.day, _figures(entry)) for entry in result.ledger.by_day()))
    run.figure("monitor", figure)
    run.table("drift", result.furthest)
    run.document("monitor.json", {k: v for k, v in result.as_json().items() if k not in {"ledger", "chart", "run_id"}})
    run.describe(_description(result))
    return run.id


def _figures(entry: Entry) -> dict[str, float | None]:
    """One point of each line; MLflow's page shows what was promised, what came, and drift as sections."""
    promised, came = asdict(entry), {} if entry.realised is None else asdict(entry.realised)
    return {
        **{f"promised/{line}": promised[name] for line, name in _PROMISED.items()},
        **{f"came/{name}": value for name, value in came.items() if name not in _COUNTED},
        "drift/furthest": entry.worst_drift,
        "drift/columns": None if entry.drifted is None else len(entry.drifted),
    }


def _description(result: MonitorResult) -> str:
    verdict = (
        "\n".join(f"- **{alert.kind}**: {alert.says}" for alert in result.alerts) or "Nothing is beyond its limit."
    )
    return f"""Watch over the lists of this business; the newest is of {result.entry.cutoff}.

{verdict}

{result.gain_says}

One point per list: `promised` is what its risks said, `came` what became of it once its horizon was over.
"""
