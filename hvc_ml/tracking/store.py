"""The store: where runs and versions of one business are kept, found or made, and asked whether it answers."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from hvc_ml import __version__
from hvc_ml.errors import ServiceError
from hvc_ml.publish import make_private_directory, output_errors
from hvc_ml.tracking.database import ensure_database, sqlite_uri
from hvc_ml.tracking.door import Connection, mlflow_module, service_errors
from hvc_ml.tracking.redact import redact
from hvc_ml.tracking.run import Run, recorded
from hvc_ml.tracking.settings import Tracking
from hvc_ml.tracking.view import TAG, view

PORTS: Final = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306, "mssql": 1433}

EXPERIMENT_TAGS: Final = {
    "mlflow.experimentKind": "custom_model_development",  # else its page opens in the mode for language models
    "mlflow.note.content": """Churn risk and future value of customers, trained by hvc-ml.

One run per training, with the verdict in its description and one child per test cutoff. `over_best_rule` and
`over_champion` are differences on the same test customers: above 0 the model is better. Begin with `model_card.html`
among a run's artifacts.""",
    TAG: view(),
}


@dataclass(frozen=True)
class Store:
    """Runs and versions of one business; made by `open_store`.

    Attributes
    ----------
    connection
        To MLflow.
    name
        The registered model's name.
    experiment_id
        Of the business's experiment.
    folder
        ``models/`` beside the configuration: the default database and artifacts, and verified copies of bundles.
    """

    connection: Connection
    name: str
    experiment_id: str
    folder: Path

    @property
    def uri(self) -> str:
        """Of MLflow's store; may hold a password, so show `where` instead."""
        return self.connection.uri

    @property
    def where(self) -> str:
        """The store's address, without credentials."""
        return self.connection.where

    @contextmanager
    def training_run(
        self,
        name: str,
        *,
        params: Mapping[str, Any],
        tags: Mapping[str, Any] | None = None,
        description: str = "",
        verb: str = "train",
    ) -> Iterator[Run]:
        """Record one training or evaluation: a parent run that ends FINISHED, or FAILED when the work inside fails.

        Parameters
        ----------
        name
            The run's name.
        params
            Settings, each on the allow-list of ``content.PARAMS``.
        tags
            Ours: ``content.TAGS``. The release, and the git commit of the configuration's folder, are added.
        description
            Markdown.
        verb
            What made it; MLflow's page shows it as the source, and ``tags.verb`` finds it.

        Raises
        ------
        ServiceError
            When the store stops answering.
        """
        source = {"mlflow.source.name": f"hvc-ml {verb}", "mlflow.source.type": "LOCAL"}
        start = {**source, "hvc_ml": __version__, "verb": verb}
        commit = git_commit(self.folder.parent)
        start |= {"mlflow.source.git.commit": commit} if commit else {}
        with recorded(self.connection, self.experiment_id, name, start) as run:
            run.params(params)
            run.tags(tags or {})
            if description:
                run.describe(description)
            yield run

    def run(self, run_id: str) -> Run:
        """A run that is over, to keep something more with it: what became of its model."""
        return Run(self.connection, run_id, self.experiment_id)


def open_store(tracking: Tracking, base: Path, name: str) -> Store:
    """Find or make the store of a business.

    Parameters
    ----------
    tracking
        Where; by default an SQLite file and a folder of artifacts under ``base/models``.
    base
        The folder of the configuration.
    name
        Of the business: experiment and registered model.

    Raises
    ------
    ServiceError
        If a server or database does not answer in time; the message holds no password.
    OutputError
        If the default database cannot be written.
    """
    folder = base.absolute() / "models"
    uri = tracking.uri or sqlite_uri(folder / "mlflow.db")
    secrets = _secrets(uri)
    if tracking.uri is None:
        ensure_database(folder / "mlflow.db")
    reachable(tracking, uri)
    mlflow = mlflow_module(tracking)
    with service_errors("opening the store", uri, secrets):
        client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
        experiment = _experiment(client, tracking, folder, tracking.experiment or name)
    return Store(Connection(client, uri, secrets), name, experiment, folder)


def reachable(tracking: Tracking, uri: str) -> None:
    """Ask whether a server takes connections: one try, ``timeout`` seconds, before anything is trained.

    MLflow itself would try for minutes. Files need no asking.

    Raises
    ------
    ServiceError
        If nobody answers; the message names the host, never the password.
    """
    parts = urlsplit(uri)
    scheme = parts.scheme.partition("+")[0]
    if scheme not in PORTS or not parts.hostname:
        return
    try:
        socket.create_connection((parts.hostname, parts.port or PORTS[scheme]), timeout=tracking.timeout).close()
    except OSError as error:
        raise ServiceError(
            f"MLflow at {redact(uri, _secrets(uri))}: no connection ({error.strerror or type(error).__name__}). "
            "Start it, or correct tracking.uri, then run again."
        ) from None


def git_commit(folder: Path) -> str | None:
    """The commit that ``folder`` is at, where it lies in a git repository and git is installed."""
    git = shutil.which("git")
    if git is None:
        return None
    asked = [git, "-C", str(folder), "rev-parse", "--verify", "HEAD"]
    with suppress(OSError, subprocess.TimeoutExpired):
        found = subprocess.run(asked, capture_output=True, text=True, timeout=5, check=False)  # noqa: S603 # no input of others
        return found.stdout.strip() or None
    return None


def _experiment(client: Any, tracking: Tracking, folder: Path, name: str) -> str:
    """The id of the experiment, made where it is not there; another process may make it in the same instant."""
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 # heavy

    for _ in range(2):
        found = client.get_experiment_by_name(name)
        if found is not None:
            if found.lifecycle_stage == "deleted":
                client.restore_experiment(found.experiment_id)
            if found.tags.get(TAG) != view():  # made by an earlier release, or elsewhere
                client.set_experiment_tag(found.experiment_id, TAG, view())
            return str(found.experiment_id)
        try:
            made = client.create_experiment(name, artifact_location=_artifacts(tracking, folder), tags=EXPERIMENT_TAGS)
            return str(made)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
    raise ServiceError(f"experiment {name}: vanished while it was opened. Run again.")


def _artifacts(tracking: Tracking, folder: Path) -> str | None:
    """Where files go: an absolute URI, because MLflow's default is the working directory of whoever runs it."""
    if tracking.artifacts is not None and "://" in tracking.artifacts:
        return tracking.artifacts
    if tracking.artifacts is None and (tracking.uri or "").startswith("http"):
        return None  # the server knows its own place
    place = folder / "artifacts" if tracking.artifacts is None else folder.parent / tracking.artifacts
    with output_errors(place):
        make_private_directory(place)
    return Path(os.path.abspath(place)).as_uri()  # noqa: PTH100 # resolve() would follow links


def _secrets(uri: str) -> tuple[str, ...]:
    """The password of a URI, as written and as meant."""
    try:
        password = urlsplit(uri).password
    except ValueError:
        return ()
    return tuple({password, unquote(password)}) if password else ()
