"""A model-from-code script as small as can be: the prediction is the sum of the features and the bundle's number."""

import json
from pathlib import Path

import pandas as pd

from hvc_ml.scoring.bundle import read_bundle
from hvc_ml.tracking.serving import serve


class Sum:
    def __init__(self, folder: Path) -> None:
        files, _ = read_bundle(folder)
        self.add = json.loads(files["add.json"])["add"]

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"total": frame[["a", "b"]].sum(axis=1) + self.add})


serve(Sum)
