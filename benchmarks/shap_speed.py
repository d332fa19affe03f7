"""How fast is exact TreeSHAP, and how exact? Ours, LightGBM's own, and the peers that are installed.

python -m benchmarks.shap_speed --leaves 31 127 --trees 500

Each explains the same rows of the same model in turn, round after round, on one thread; seconds are those of the
processor, and each has been called once before (compiling is not counted). Peers take as many rows as they manage in
about the same time. ``shapiq`` and ``woodelf-explainer`` may be installed beside: this module needs nothing of hvc_ml
but ``hvc_ml.treeshap``.
"""

import argparse
import importlib
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import lightgbm
import numpy as np

from benchmarks.results import record, version_of
from hvc_ml.treeshap import Explainer

Contribute = Callable[[Any], Any]

ROUNDS: Final = 3
ROWS: Final = {
    "hvc-ml, double": 8192,
    "hvc-ml, single": 8192,
    "LightGBM": 128,
    "shap": 128,
    "shapiq": 256,
    "woodelf": 4096,
}
PEERS: Final = {"shap": "shap", "shapiq": "shapiq", "woodelf": "woodelf-explainer"}


@dataclass
class Contestant:
    """Who explains, how many rows at a time, and the seconds that took."""

    name: str
    explain: Contribute
    rows: int
    seconds: list[float] = field(default_factory=list)
    error: float = 0.0

    @property
    def rate(self) -> float:
        """Rows per second of the processor."""
        return self.rows / statistics.median(self.seconds)


def main() -> None:
    """Print one table per size of tree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leaves", type=int, nargs="+", default=[31, 127])
    parser.add_argument("--trees", type=int, default=500)
    parser.add_argument("--columns", type=int, default=40)
    parser.add_argument("--train", type=int, default=50_000, help="rows to train on (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="where to write what was measured")
    asked = parser.parse_args()
    packages = ("lightgbm", *PEERS.values())
    versions = ", ".join(f"{name} {version_of(name)}" for name in packages)
    print(f"{platform.machine()}, Python {platform.python_version()}, {versions}")
    found: dict[str, dict[str, dict[str, float]]] = {}
    for leaves in asked.leaves:
        everybody = measured(leaves, asked.trees, asked.columns, asked.train)
        print(_table(f"\n### {asked.trees} trees of {leaves} leaves, {asked.columns} columns\n", everybody), flush=True)
        found[str(leaves)] = {one.name: {"rows_per_second": one.rate, "error": one.error} for one in everybody}
    if asked.json:
        record(asked.json, "shap_speed", vars(asked), found, packages)


def measured(leaves: int, trees: int, columns: int, rows: int) -> list[Contestant]:
    """Train one model and let everybody explain it."""
    x, y = _data(rows, columns)
    params = {"num_leaves": leaves, "learning_rate": 0.05, "verbose": -1, "num_threads": 1, "seed": 7}
    booster = lightgbm.train(params, lightgbm.Dataset(x, y), trees)
    exact = booster.predict(x[:128], pred_contrib=True, num_threads=1)[:, :-1]
    everybody = list(_contestants(booster))
    for one in everybody:
        one.error = float(np.abs(np.asarray(one.explain(x[: len(exact)])) - exact).max())
    for _ in range(ROUNDS):
        for one in everybody:
            begin = time.process_time()
            one.explain(x[: one.rows])
            one.seconds.append(time.process_time() - begin)
    return everybody


def _data(rows: int, columns: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(7)
    x = rng.normal(size=(rows, columns))
    y = x[:, 0] * x[:, 1] + np.sin(3 * x[:, 2]) + x[:, 3:9].sum(axis=1) / 3 + rng.normal(size=rows)
    x[rng.random(x.shape) < 0.05] = np.nan
    return x, y


def _contestants(booster: lightgbm.Booster) -> Iterator[Contestant]:
    text = booster.model_to_string()
    for name, precision in (("hvc-ml, double", "double"), ("hvc-ml, single", "single")):
        own = Explainer(text, precision)
        yield Contestant(name, lambda x, own=own: own.contributions(x, threads=1), ROWS[name])

    def lightgbms(x: Any) -> Any:
        return booster.predict(x, pred_contrib=True, num_threads=1)[:, :-1]

    yield Contestant("LightGBM", lightgbms, ROWS["LightGBM"])
    for name, package in PEERS.items():
        if version_of(package) != "not installed":
            yield Contestant(name, globals()[f"_{name}"](booster), ROWS[name])


def _shap(booster: lightgbm.Booster) -> Contribute:
    explainer = importlib.import_module("shap").TreeExplainer(booster, feature_perturbation="tree_path_dependent")
    explain: Contribute = explainer.shap_values
    return explain


def _shapiq(booster: lightgbm.Booster) -> Contribute:
    explainer = importlib.import_module("shapiq").TreeExplainer(booster, max_order=1, index="SV")

    def explain(x: Any) -> Any:
        values = explainer.explain_X(x).values
        return np.column_stack([values.get((i,), np.zeros(len(x))) for i in range(x.shape[1])])

    return explain


def _woodelf(booster: lightgbm.Booster) -> Contribute:
    pandas = importlib.import_module("pandas")
    names = booster.feature_name()
    explainer = importlib.import_module("woodelf").WoodelfExplainer(booster, feature_perturbation="tree_path_dependent")

    def explain(x: Any) -> Any:
        return explainer.shap_values(pandas.DataFrame(x, columns=names), verbose=False)

    return explain


def _table(title: str, everybody: list[Contestant]) -> str:
    slow = next(one.rate for one in everybody if one.name == "LightGBM")
    lines = ["| | rows per CPU-second | times LightGBM's | largest difference |", "|---|---|---|---|"]
    lines += [f"| {one.name} | {one.rate:,.0f} | {one.rate / slow:.1f} | {one.error:.1e} |" for one in everybody]
    return "\n".join([title, *lines])


if __name__ == "__main__":
    main()
