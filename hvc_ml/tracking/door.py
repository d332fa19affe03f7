"""The import of MLflow, with its habits set first: no telemetry, no guessing, timeouts that a nightly job survives."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

from hvc_ml.errors import HvcError, ServiceError
from hvc_ml.tracking.redact import redact
from hvc_ml.tracking.settings import Tracking

HABITS: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",  # MLflow reports to its makers by default, except under CI
    "MLFLOW_UV_AUTO_DETECT": "false",  # would read the lock file of whatever project is near
    "GIT_PYTHON_REFRESH": "quiet",  # a machine without git is no error
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # stdout holds our JSON and nothing else
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
"""Environment variables that MLflow reads when it is imported."""


class _Redacting(logging.Filter):
    """MLflow logs a database's URL, password included, while it retries."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        record.exc_info = None
        return True


_REDACTING = _Redacting()


def mlflow_module(tracking: Tracking | None = None) -> ModuleType:
    """Import MLflow, quiet and patient no longer than ``tracking`` says.

    Examples
    --------
    >>> mlflow_module().__name__
    'mlflow'
    """
    tracking = tracking or Tracking()
    os.environ.update(HABITS)
    os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = str(tracking.timeout)
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = str(tracking.retries)
    with quiet():
        import mlflow  # noqa: PLC0415 # only after the environment is set
        import mlflow.pyfunc  # noqa: PLC0415 # it warns about its own types

    logging.getLogger("mlflow.utils.environment").setLevel(logging.ERROR)  # a venv without pip is no news
    for name in ("alembic", "mlflow.store.db.utils", "mlflow.tracking", "mlflow.models", "mlflow.pyfunc"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("mlflow", "mlflow.store.db.utils", "alembic"):
        logger = logging.getLogger(name)
        for speaker in (logger, *logger.handlers):
            if _REDACTING not in speaker.filters:
                speaker.addFilter(_REDACTING)
    module: ModuleType = mlflow
    return module


@contextmanager
def quiet() -> Iterator[None]:
    """Keep warnings that MLflow raises about itself from our users: they cannot act on them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"mlflow\.")
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        yield


@contextmanager
def service_errors(what: str, where: str, secrets: tuple[str, ...] = ()) -> Iterator[None]:
    """Turn whatever MLflow, its database or its server raise into one line without a secret.

    Parameters
    ----------
    what
        What was being done, as in "while ...".
    where
        The store; redacted here.
    secrets
        Texts that may not be shown.

    Raises
    ------
    ServiceError
        In place of MLflow's, the server's or the database's own error.
    """
    import sqlalchemy.exc  # noqa: PLC0415 # heavy, comes with MLflow
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 # heavy
    from requests.exceptions import RequestException  # noqa: PLC0415 # heavy, comes with MLflow

    try:
        with quiet():
            yield
    except HvcError:
        raise
    except (MlflowException, RequestException, sqlalchemy.exc.SQLAlchemyError, OSError) as error:
        said = redact(" ".join(str(error).split()), secrets)[:300]
        raise ServiceError(
            f"MLflow at {redact(where, secrets)}: failed while {what} ({type(error).__name__}: {said}). "
            "Check that it runs and that tracking.uri is right, then run again."
        ) from None  # the original error may hold the password


@dataclass(frozen=True)
class Connection:
    """MLflow's client, where it talks to, and what it may not say."""

    client: Any
    uri: str
    secrets: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Connection({self.where})"

    @property
    def where(self) -> str:
        """The address, without credentials."""
        return redact(self.uri, self.secrets)

    def clean(self, text: str) -> str:
        """``text`` without credentials."""
        return redact(text, self.secrets)

    def talking(self, what: str) -> AbstractContextManager[None]:
        """Guard one exchange; see `service_errors`."""
        return service_errors(what, self.uri, self.secrets)
