"""A bundle as MLflow's own tools know models: code that reads plain files, a signature, an example, requirements."""

import importlib.metadata
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from hvc_ml import __version__
from hvc_ml.tracking.door import mlflow_module

CARD: Final = "model_card.md"
REQUIREMENTS: Final = ("lightgbm", "mlflow", "numpy", "pandas", "pydantic", "pyyaml", "scikit-learn", "scipy")


@dataclass(frozen=True)
class Serving:
    """How MLflow's tools can use a bundle.

    Parameters
    ----------
    script
        The model-from-code file that reads the bundle (``hvc_ml/scoring/served.py``).
    inputs
        Feature -> ``double`` or ``string``, in the model's order.
    outputs
        Columns of the predictions.
    example
        Rows of features that no customer has (those of the bundle's self-test).
    """

    script: Path
    inputs: Mapping[str, str]
    outputs: Sequence[str]
    example: pd.DataFrame


def log_model(mlflow: Any, run_id: str, bundle: Path, serving: Serving, card: str = "") -> tuple[str, str]:
    """Log a bundle, its card beside it, as a model from code, inside `lent`; returns the model's URI and id."""
    with tempfile.TemporaryDirectory() as folder, _active(mlflow, run_id):
        same, beside = Path(folder) / "bundle", Path(folder) / CARD
        shutil.copytree(bundle, same)
        if card:
            beside.write_text(card, encoding="utf-8")
        logged = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(serving.script),
            artifacts={"bundle": str(same)} | ({"card": str(beside)} if card else {}),
            signature=_signature(serving),
            input_example=serving.example,
            pip_requirements=requirements(),
        )
    return str(logged.model_uri), str(logged.model_id)


def requirements() -> list[str]:
    """What a serving environment installs; MLflow's own guess takes seconds and misses us."""
    found = [f"{name}=={importlib.metadata.version(name)}" for name in REQUIREMENTS]
    return [*found, f"hvc-ml=={__version__}"]


def _signature(serving: Serving) -> Any:
    from mlflow.models import ModelSignature  # noqa: PLC0415 # heavy
    from mlflow.types import ColSpec, Schema  # noqa: PLC0415 # heavy

    return ModelSignature(
        inputs=Schema([ColSpec(kind, name, required=kind != "string") for name, kind in serving.inputs.items()]),
        outputs=Schema([ColSpec("double", name) for name in serving.outputs]),
    )


@contextmanager
def lent(uri: str) -> Iterator[Any]:
    """Lend MLflow's global state our store's address: logging models and reading ``models:/`` work on nothing else."""
    mlflow = mlflow_module()
    environment = {name: os.environ.get(name) for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")}
    tracking = mlflow.get_tracking_uri() if mlflow.tracking.is_tracking_uri_set() else None
    registry = None if mlflow.get_registry_uri() == mlflow.get_tracking_uri() else mlflow.get_registry_uri()
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    try:
        yield mlflow
    finally:
        mlflow.set_registry_uri(registry)  # None: follows the tracking address, as before
        mlflow.set_tracking_uri(tracking)
        for name, value in environment.items():  # MLflow writes them for its child processes
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def _active(mlflow: Any, run_id: str) -> Iterator[None]:
    client = mlflow.MlflowClient()
    try:
        with mlflow.start_run(run_id=run_id, nested=True, log_system_metrics=False):
            yield
    finally:
        client.update_run(run_id, "RUNNING")  # leaving the block ended a run that goes on
