"""What MLflow's list of runs shows first: which columns stand beside each other, kept with the experiment."""

import json
from typing import Final

VIEW: Final = "hvc-ml"
"""The name of the view in an address: ``viewStateShareKey=hvc-ml``."""

TAG: Final = f"mlflow.sharedViewState.{VIEW}"

METRICS: Final = (
    "churn/auc",
    "value/gini",
    "profit/at_capacity",
    "over_best_rule/value_gini",
    "over_champion/value_gini",
)
TAGS: Final = ("model_version", "promoted", "grade")
WIDTH: Final = 110
"""Of a column, in pixels."""


def view() -> str:
    """The view as MLflow's page reads it from a tag of the experiment.

    Examples
    --------
    >>> json.loads(view())["selectedColumns"][-1]
    'tags.`grade`'
    """
    chosen = [("metrics", name) for name in METRICS] + [("tags", name) for name in TAGS]
    columns = [f"{kind}.`{name}`" for kind, name in chosen]
    return json.dumps({"selectedColumns": columns, "columnWidths": dict.fromkeys(columns, WIDTH)})
