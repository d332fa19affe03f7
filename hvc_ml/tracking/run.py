"""One run: parameters, metrics, curves, figures, tables, datasets without rows, and child runs per test cutoff."""

import io
import json
import math
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from hvc_ml.errors import ServiceError
from hvc_ml.tracking.content import TAGS, checked_params, refuse_ids, sections
from hvc_ml.tracking.door import Connection

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_UNNAMEABLE = re.compile(r"[^/\w.\- :]")
"""What MLflow refuses in a metric's name; a tier may be called Gold+."""

MOST_METRICS: Final = 1_000
"""What MLflow takes in one batch."""


class Run:
    """A run that is being recorded; made by ``Store.training_run`` and `child`."""

    def __init__(self, connection: Connection, run_id: str, experiment_id: str) -> None:
        self.id = run_id
        self.experiment_id = experiment_id
        self._connection = connection
        self._client = connection.client
        self._talking = connection.talking

    def __repr__(self) -> str:
        return f"Run({self.id})"

    def params(self, params: Mapping[str, Any]) -> None:
        """Record settings; ValueError for one that is not on the allow-list (``content.PARAMS``)."""
        from mlflow.entities import Param  # noqa: PLC0415 # heavy

        kept = [Param(name, value) for name, value in sorted(checked_params(params).items())]
        with self._talking("recording parameters"):
            self._client.log_batch(self.id, params=kept)

    def tags(self, tags: Mapping[str, Any]) -> None:
        """Record tags; ValueError for one that is not ours (``content.TAGS``)."""
        if unknown := sorted(set(tags) - TAGS):
            raise ValueError(f"not on the list of tags a run may show: {', '.join(unknown)}")
        self._tags(
            {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in tags.items()}
        )

    def made(self, what: str) -> None:
        """Put what came of it before the run's name: a column of names shows the beginnings."""
        with self._talking("naming a run"):
            name = self._client.get_run(self.id).info.run_name
            self._client.update_run(self.id, name=f"{what} {name}")

    def describe(self, markdown: str) -> None:
        """Set the description that MLflow shows on top of the run."""
        self._tags({"mlflow.note.content": markdown})

    def metrics(self, metrics: Mapping[str, Any], step: int = 0) -> None:
        """Record figures, in sections: ``churn_auc`` becomes ``churn/auc``; undefined ones are left out."""
        self._metrics([(name, value, step) for name, value in sections(metrics).items()])

    def curves(self, curves: Mapping[str, Sequence[float]]) -> None:
        """Record one line per name, such as the loss per boosting round; undefined points are left out."""
        points = sections(dict.fromkeys(curves, 0.0))
        named = dict(zip(curves, points, strict=True))
        lines = ((named[n], float(v), step) for n, values in curves.items() for step, v in enumerate(values))
        self._metrics([point for point in lines if math.isfinite(point[1])])

    def figure(self, name: str, figure: "Figure") -> None:
        """Record a figure as ``figures/<name>.png`` and ``.svg``."""
        for kind in ("png", "svg"):
            content = io.BytesIO()
            metadata = {"Date": None} if kind == "svg" else {"Software": None}
            figure.savefig(content, format=kind, bbox_inches="tight", dpi=120, metadata=metadata)
            self._file(f"figures/{name}.{kind}", content.getvalue())

    def table(self, name: str, table: pd.DataFrame) -> None:
        """Record a table of groups (never of customers) as ``tables/<name>.json``, which MLflow shows as a table."""
        refuse_ids(table, name)
        with self._talking("recording a table"):
            self._client.log_table(self.id, table, f"tables/{name}.json")

    def document(self, path: str, content: Mapping[str, Any]) -> None:
        """Record a JSON document, such as ``leakage_certificate.json``."""
        refuse_ids(content, path)
        text = json.dumps(_finite(content), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
        self._file(path, self._connection.clean(text).encode())

    def text(self, path: str, content: str) -> None:
        """Record a text, such as ``model_card.md`` or an HTML page."""
        self._file(path, self._connection.clean(content).encode())

    def dataset(
        self, name: str, *, digest: str, context: str, rows: int, columns: Mapping[str, str] | None = None
    ) -> None:
        """Record what went in, without a row of it.

        Parameters
        ----------
        name
            Such as ``fit`` or ``orders``.
        digest
            Hash of the content.
        context
            ``training``, ``calibration`` or ``evaluation``.
        rows
            How many rows it has.
        columns
            Column -> ``double``, ``long`` or ``string``.
        """
        from mlflow.entities import Dataset, DatasetInput, InputTag  # noqa: PLC0415 # heavy

        spec = [{"type": kind, "name": column, "required": True} for column, kind in (columns or {}).items()]
        dataset = Dataset(
            name=name,
            digest=digest[:36],
            source_type="local",
            source=json.dumps({"uri": f"hvc-ml:{name}"}),
            schema=json.dumps({"mlflow_colspec": spec}) if spec else None,
            profile=json.dumps({"num_rows": rows}),
        )
        tagged = DatasetInput(dataset, [InputTag("mlflow.data.context", context)])
        with self._talking("recording a dataset"):
            self._client.log_inputs(self.id, datasets=[tagged])

    @contextmanager
    def child(self, name: str, tags: Mapping[str, Any] | None = None) -> Iterator["Run"]:
        """Record a child run, such as one test cutoff (the tag ``cutoff``), or with tags of its own kind."""
        parent = {"mlflow.parentRunId": self.id}
        with recorded(self._connection, self.experiment_id, name, parent) as run:
            run.tags(tags or {"cutoff": name})
            yield run

    def _metrics(self, points: Sequence[tuple[str, float, int]]) -> None:
        from mlflow.entities import Metric  # noqa: PLC0415 # heavy

        now = int(time.time() * 1000)
        made = [Metric(_UNNAMEABLE.sub("_", name), value, now, step) for name, value, step in points]
        with self._talking("recording metrics"):
            for start in range(0, len(made), MOST_METRICS):
                self._client.log_batch(self.id, metrics=made[start : start + MOST_METRICS])

    def _tags(self, tags: Mapping[str, str]) -> None:
        from mlflow.entities import RunTag  # noqa: PLC0415 # heavy

        clean = [RunTag(name, self._connection.clean(value)) for name, value in sorted(tags.items())]
        with self._talking("recording tags"):
            self._client.log_batch(self.id, tags=clean)

    def _file(self, path: str, content: bytes) -> None:
        with (
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
            self._talking(f"recording {Path(path).name}"),
        ):
            file = Path(folder) / Path(path).name
            file.write_bytes(content)
            parent = Path(path).parent.as_posix()
            self._client.log_artifact(self.id, str(file), None if parent == "." else parent)


def _finite(content: Any) -> Any:
    """JSON knows no NaN: undefined figures become null."""
    if isinstance(content, Mapping):
        return {str(k): _finite(v) for k, v in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(v) for v in content]
    if isinstance(content, float):
        return float(content) if math.isfinite(content) else None
    return content


@contextmanager
def recorded(connection: Connection, experiment_id: str, name: str, tags: Mapping[str, str]) -> Iterator[Run]:
    """A run that ends FINISHED, or FAILED or KILLED when the work inside does."""
    with connection.talking("starting a run"):
        made = connection.client.create_run(experiment_id, tags=dict(tags), run_name=name)
    run = Run(connection, made.info.run_id, experiment_id)
    try:
        yield run
    except BaseException as error:
        with suppress(ServiceError), connection.talking("ending a run"):  # the work's own error comes first
            connection.client.set_terminated(run.id, "FAILED" if isinstance(error, Exception) else "KILLED")
        raise
    with connection.talking("ending a run"):
        connection.client.set_terminated(run.id, "FINISHED")
