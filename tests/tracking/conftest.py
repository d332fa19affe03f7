"""One migrated database, copied per test: making it takes seconds."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from hvc_ml.scoring.bundle import write_bundle
from hvc_ml.tracking.database import ensure_database
from hvc_ml.tracking.door import mlflow_module
from hvc_ml.tracking.logged import Serving
from hvc_ml.tracking.settings import Tracking
from hvc_ml.tracking.store import Store, open_store

mlflow_module()  # before a test imports MLflow, its habits are set


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    database = tmp_path_factory.mktemp("template") / "mlflow.db"
    ensure_database(database)
    return database


@pytest.fixture
def open_at(template: Path) -> Callable[[Path], Store]:
    """Open the store of a folder, its database copied instead of made."""

    def open_folder(base: Path) -> Store:
        database = base / "models" / "mlflow.db"
        if not database.exists():
            database.parent.mkdir(parents=True)
            shutil.copy(template, database)
        return open_store(Tracking(), base, "my shop")

    return open_folder


@pytest.fixture
def store(open_at: Callable[[Path], Store], tmp_path: Path) -> Store:
    return open_at(tmp_path / "a shop")


@pytest.fixture
def make_bundle(tmp_path: Path) -> Callable[[int], Path]:
    rows = pd.DataFrame({"a": [1.0, 2.0], "b": [0.5, 0.25]})

    def make(add: int) -> Path:
        folder = tmp_path / f"bundle-{add}"
        predictions = pd.DataFrame({"total": rows.sum(axis=1) + add})
        files = {"add.json": f'{{"add": {add}}}'.encode()}
        write_bundle(folder, files, meta={"features": ["a", "b"]}, selftest=(rows, predictions))
        return folder

    return make


@pytest.fixture
def serving() -> Serving:
    example = pd.DataFrame({"a": [1.0], "b": [2.0]})
    script = Path(__file__).with_name("served_sum.py")
    return Serving(script, {"a": "double", "b": "double"}, ["total"], example)
