"""What MLflow's own tools run when they serve a model of ours: a model from code, without pickle."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from hvc_ml.tracking.door import mlflow_module


class Predictor(Protocol):
    """Anything that predicts rows."""

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Predict, one row per row."""
        ...


def serve(load: Callable[[Path], Predictor]) -> Any:
    """Declare the model of a model-from-code script.

    Parameters
    ----------
    load
        Bundle's folder -> model; verifies what it reads.

    Returns
    -------
    object
        The declared model.
    """
    mlflow = mlflow_module()

    class Served(mlflow.pyfunc.PythonModel):  # type: ignore[misc,name-defined] # MLflow's class is untyped
        """Loads the bundle once and predicts frames."""

        def load_context(self, context: Any) -> None:
            self.model = load(Path(context.artifacts["bundle"]))

        def predict(self, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002 # MLflow's signature
            return self.model.predict(model_input)

    model = Served()
    mlflow.models.set_model(model)
    return model
