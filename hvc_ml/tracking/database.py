"""MLflow's own database file, made once: two processes that create it at the same time break each other."""

import fcntl
import os
from pathlib import Path

from hvc_ml.errors import ConfigError
from hvc_ml.publish import make_private_directory, output_errors
from hvc_ml.tracking.door import mlflow_module, service_errors


def sqlite_uri(path: Path) -> str:
    """The URI of a database file.

    Raises
    ------
    ConfigError
        If the path holds a character that a URI cannot.

    Examples
    --------
    >>> sqlite_uri(Path("/shop/models/mlflow.db"))
    'sqlite:////shop/models/mlflow.db'
    """
    text = path.absolute().as_posix()
    if bad := sorted(set("?#%") & set(text)):
        raise ConfigError(
            f"{path}: MLflow's database cannot lie in a folder whose name holds {' '.join(bad)}. Move it."
        )
    return f"sqlite:///{text}"


def ensure_database(path: Path) -> None:
    """Make MLflow's database unless it is there: under a lock, beside its place, then renamed into it.

    Parameters
    ----------
    path
        The SQLite file; missing parents are made, private to the user.

    Raises
    ------
    OutputError
        If it cannot be written.
    ServiceError
        If MLflow cannot make its tables.
    """
    if path.exists():
        return
    with output_errors(path):
        make_private_directory(path.parent)
        lock = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                _create(path)
        finally:
            os.close(lock)


def _create(path: Path) -> None:
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    mlflow_module()
    from mlflow.store.db import utils  # noqa: PLC0415 # heavy

    with service_errors("making its database", sqlite_uri(path)):
        engine = utils.create_sqlalchemy_engine(sqlite_uri(part))
        try:
            utils._initialize_tables(engine)  # noqa: SLF001 # the public way creates it in place, where a crash leaves half of it
        finally:
            engine.dispose()
    part.chmod(0o600)
    part.replace(path)
