"""The plan of the house is enforced: one breach of each contract is planted and must be caught."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

BREACHES = {
    "The floors: reading order = data order = import order": ("tables/sql.py", "import hvc_ml.features"),
    "Leakage is an import error: features and population never reach the future": (
        "features/spending.py",
        "import hvc_ml.timeline.future",
    ),
    "The command line talks to workflows": ("cli/train.py", "import hvc_ml.tables.schema"),
    "MLflow has one door": ("workflows/train.py", "import mlflow"),
    "LightGBM has one door": ("scoring/model.py", "import lightgbm"),
    "SHAP has one door": ("report/charts.py", "import shap"),
    "Numba has two doors: the walks over trees and over customers": ("estimators/line.py", "import numba"),
    "DuckDB has one door": ("dataset/build.py", "import duckdb"),
    "PostgreSQL has one door": ("workflows/check.py", "import adbc_driver_postgresql"),
    "Spark has one door": ("scoring/spark.py", "import pyspark"),
    "Optuna has one door": ("workflows/search.py", "import optuna"),
    "The terminal has one door": ("planning/holdout.py", "import rich"),
    "Rooms that must run in the engine speak Narwhals": ("labels.py", "import pandas"),
}


@pytest.fixture
def house(tmp_path):
    """A copy of the package that a test may spoil."""
    shutil.copytree(ROOT / "hvc_ml", tmp_path / "hvc_ml", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(folder):
    code = "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)


def test_every_contract_has_a_breach_planted_here():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert [c["name"] for c in settings["tool"]["importlinter"]["contracts"]] == list(BREACHES)


@pytest.mark.parametrize(("contract", "place", "line"), [(c, *b) for c, b in BREACHES.items()], ids=list(BREACHES))
def test_a_breach_is_caught(house, contract, place, line):
    file = house / "hvc_ml" / place
    file.write_text(f"{file.read_text()}\n{line}\n")
    result = lint(house)
    assert result.returncode == 1
    assert f"{contract} BROKEN" in result.stdout


def test_a_room_without_a_floor_is_caught(house):
    (house / "hvc_ml" / "attic.py").write_text("")
    result = lint(house)
    assert result.returncode == 1
    assert "attic" in result.stdout
