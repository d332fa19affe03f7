"""The run of a business's watch: one for good, whose lines grow by a point per list, so that months show as lines."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Final

from hvc_ml import __version__
from hvc_ml.tracking.content import sections
from hvc_ml.tracking.run import MOST_METRICS, Run, recorded
from hvc_ml.tracking.store import Store

VERB: Final = "monitor"


def watch_run(store: Store) -> Run:
    """Find the run of the watch, or make it.

    Raises
    ------
    ServiceError
        If the store does not answer.
    """
    client = store.connection.client
    with store.connection.talking("looking for the run of the watch"):
        found = client.search_runs([store.experiment_id], f"tags.verb = '{VERB}'", max_results=1)
    if found:
        return Run(store.connection, found[0].info.run_id, store.experiment_id)
    tags = {"mlflow.source.name": f"hvc-ml {VERB}", "mlflow.source.type": "LOCAL", "hvc_ml": __version__, "verb": VERB}
    with recorded(store.connection, store.experiment_id, "monitoring", tags) as run:
        return run


def draw_lines(store: Store, run: Run, points: Iterable[tuple[date, Mapping[str, float | None]]]) -> None:
    """Record figures by day: MLflow's page draws each as a line, over time or over the day's number as its step.

    Parameters
    ----------
    store, run
        Where; see `watch_run`.
    points
        Day, and the figures of that day, named ``section/figure``; undefined ones are left out. The same points again
        change nothing.

    Raises
    ------
    ServiceError
        If the store does not answer.
    """
    from mlflow.entities import Metric  # noqa: PLC0415 # heavy

    made = [
        Metric(name, value, _milliseconds(day), day.toordinal() - date(1970, 1, 1).toordinal())
        for day, figures in points
        for name, value in sections(figures).items()
    ]
    with store.connection.talking("recording the lines of the watch"):
        for start in range(0, len(made), MOST_METRICS):
            store.connection.client.log_batch(run.id, metrics=made[start : start + MOST_METRICS])


def _milliseconds(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp() * 1000)
