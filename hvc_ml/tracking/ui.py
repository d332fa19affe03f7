"""How to look at a store: the command that starts MLflow's page, and the address where it shows models."""

import os
import sys
from dataclasses import dataclass

from hvc_ml.tracking.door import HABITS
from hvc_ml.tracking.store import Store
from hvc_ml.tracking.view import VIEW


@dataclass(frozen=True)
class Page:
    """MLflow's page on a store.

    Attributes
    ----------
    argv
        The command that starts it; empty where a server runs already.
    env
        The environment to start it in; holds the store's address, which may hold a password: do not show it.
    url
        The page of the experiment, in MLflow's mode for models, with the columns of ``tracking.view``.
    """

    argv: tuple[str, ...]
    env: dict[str, str]
    url: str


def ui_command(store: Store, port: int = 5000) -> Page:
    """Say how to start MLflow's page, for this machine only.

    Parameters
    ----------
    store
        The store to show.
    port
        On 127.0.0.1.
    """
    deep = f"#/experiments/{store.experiment_id}/runs?workflowType=machine_learning&viewStateShareKey={VIEW}"
    if store.uri.startswith(("http://", "https://")):
        return Page((), {}, f"{store.where.rstrip('/')}/{deep}")
    argv = (sys.executable, "-m", "mlflow", "ui", "--host", "127.0.0.1", "--port", str(port), "--workers", "1")
    env = {
        **os.environ,
        **HABITS,
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # 8 s and half a gigabyte instead of 55 s and two
        "MLFLOW_BACKEND_STORE_URI": store.uri,  # not on the command line, where every user of the machine reads it
        "MLFLOW_REGISTRY_STORE_URI": store.uri,
        "MLFLOW_DEFAULT_ARTIFACT_ROOT": (store.folder / "artifacts").as_uri(),
    }
    return Page(argv, env, f"http://127.0.0.1:{port}/{deep}")
