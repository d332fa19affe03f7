"""From log to list: `hvc-ml train` and `hvc-ml score`, stage by stage, beside the same job as a plain script.

python -m benchmarks.end_to_end --customers 20000
python -m benchmarks.end_to_end --customers 1e6 --peer 20000 50000 --thorough --json benchmarks/results/end_to_end.json

The log is the made-up shop of `hvc-ml demo`: orders, line items, events, profiles. Both learn from six monthly cutoffs
(ours from a later one besides, to calibrate on) and score everybody who bought in the last ``--active`` days; ours
starts with neither panel nor models. `benchmarks.plain_script` makes some ninety features in pandas, learns two models
of 200 trees of 31 leaves, and explains them with `shap.TreeExplainer`; it runs with fewer customers, and what it would
take with as many as ours is read off the straight line through its runs (with one, in proportion), stage by stage. With
``--thorough`` it runs again with as many models and trees as ours turned out to have, tested once out of time as ours.
Each run is a process of its own; seconds are those of the processor, of all threads.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml

from benchmarks import plain_script
from benchmarks.meter import REST, Meter
from benchmarks.plain_script import Job
from benchmarks.results import record
from benchmarks.tables import machine, table
from hvc_ml.config import load_config
from hvc_ml.progress import Stages
from hvc_ml.tables.demo import DemoSettings, demo_config, write_demo
from hvc_ml.workflows.score import Limits, score
from hvc_ml.workflows.train import train

PACKAGES: Final = ("lightgbm", "shap", "duckdb", "numba", "pandas", "numpy", "pyarrow")
SHARED: Final = ("read and check", "features", "train", "predict and SHAP", "write")
"""Stages that both have."""
NIGHTLY: Final = ("read and check", "features of today", "predict", "SHAP", "write", REST)
"""What the plain script does for a list where its models are kept."""
PAGE: Final = "the list's page"
OURS: Final = ("leakage certificate", "test out of time", "plan and reasons", PAGE, "registry")
GROUPS: Final = {
    "features of today": "features",
    "priors": "train",
    "fit for production": "train",
    "score and explain": "predict and SHAP",
    "predict": "predict and SHAP",
    "SHAP": "predict and SHAP",
    "load the champion": "registry",
    "open the registry": "registry",
    "record and register": "registry",
    "publish": "write",
}
"""What stages are told as; the many small ones that are not named make the page."""
Costs = Mapping[str, Mapping[str, float]]
THOROUGH: Final = Job(churn=2, value=3, leaves=15, tested=True)
"""The plain script with our recipe's models: with and without the prior, of value also kept and all of it."""


@dataclass(frozen=True)
class Line:
    """One stage of the table; the plain script's at its largest size, and as many customers as ours."""

    stage: str
    cpu: float
    wall: float
    gigabytes: float
    plain: float
    scaled: float


def main() -> None:
    """Print the tables and write what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=float, default=20_000)
    parser.add_argument("--peer", type=float, nargs="*", default=[20_000, 50_000], help="customers of the plain script")
    parser.add_argument("--thorough", action="store_true", help="the plain script also with as many models as ours")
    parser.add_argument("--data", type=Path, help="data/ of a made-up shop of that size (default: it is made)")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "hvc-ml-benchmark")
    parser.add_argument("--active", type=int, default=plain_script.ACTIVE, help="days (default: %(default)s)")
    parser.add_argument("--memory", default="4GB", help="of the engine (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="where to write what was measured")
    parser.add_argument("--run", choices=sorted(RUNS), help=argparse.SUPPRESS)
    parser.add_argument("--at", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=plain_script.PLAIN.rounds, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.run:
        print(json.dumps(measured(asked.run, asked.at, asked.active, asked.rounds)))
        return
    print(machine(*PACKAGES), flush=True)
    found = compared(asked)
    if asked.json:
        record(asked.json, "end_to_end", vars(asked), found, PACKAGES)
    print(told(found))


def compared(asked: argparse.Namespace) -> dict[str, Any]:
    """Run everything, each in a process of its own."""
    asked.folder.mkdir(parents=True, exist_ok=True)
    sizes, customers = [int(n) for n in asked.peer], int(asked.customers)
    plain = [_alone("plain", made_shop(asked.folder, n), n, asked.active) for n in sizes]
    data = asked.data or made_shop(asked.folder, customers)
    with tempfile.TemporaryDirectory(dir=asked.folder) as there:
        config = shop_config(Path(there), data.resolve(), asked.memory, asked.active)
        ours = {verb: _alone(verb, config, customers, asked.active) for verb in ("train", "score")}
    if not asked.thorough:
        return {**ours, "plain": plain}
    rounds = round(ours["train"]["trees"] / (THOROUGH.churn + THOROUGH.value))
    thorough = [_alone("thorough", made_shop(asked.folder, n), n, asked.active, rounds) for n in sizes]
    return {**ours, "plain": plain, "thorough": thorough}


def measured(name: str, at: Path, active: int, rounds: int = plain_script.PLAIN.rounds) -> dict[str, Any]:
    """One run in this process."""
    meter = Meter()
    said = RUNS[name](at, Stages(meter), active, rounds)
    return {**said, "stages": meter.found()}


def _train(config: Path, stages: Stages, _active: int, _rounds: int) -> dict[str, Any]:
    found = train(load_config(config), promote=True, stages=stages)
    return {"rows": found.n_rows, "learned": found.n_customers, "rung": found.rung, "trees": _trees(config.parent)}


def _trees(project: Path) -> int:
    """Trees of the champion, all members together."""
    files = project.glob("models/bundles/*/recipe/*.txt")
    return sum(file.read_text(encoding="utf-8").count("\nTree=") for file in files)


def _score(config: Path, stages: Stages, _active: int, _rounds: int) -> dict[str, Any]:
    found = score(load_config(config), cutoff=None, limits=Limits(), stages=stages)
    return {"scored": found.n_scored, "listed": found.n_listed}


def _plain(data: Path, stages: Stages, active: int, _rounds: int) -> dict[str, Any]:
    return _script(data, stages, active, plain_script.PLAIN)


def _thorough(data: Path, stages: Stages, active: int, rounds: int) -> dict[str, Any]:
    return {"rounds": rounds, **_script(data, stages, active, replace(THOROUGH, rounds=rounds))}


def _script(data: Path, stages: Stages, active: int, job: Job) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as there:
        return {"scored": plain_script.run(data, Path(there) / "list.csv", stages, active, job)}


RUNS: Final[dict[str, Callable[[Path, Stages, int, int], dict[str, Any]]]] = {
    "train": _train,
    "score": _score,
    "plain": _plain,
    "thorough": _thorough,
}


def _alone(name: str, at: Path, customers: int, active: int, rounds: int = 0) -> dict[str, Any]:
    """In a process of its own, whose progress is shown."""
    print(f"{name}, {customers:,} customers", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "benchmarks.end_to_end", "--run", name, "--at", str(at), "--active", str(active)]
    command += ["--rounds", str(rounds)] if rounds else []
    polite = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}  # waiting threads would count as work on a busy machine
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=polite)
    found: dict[str, Any] = {"customers": customers, **json.loads(done.stdout.splitlines()[-1])}
    inside = sum(cost["wall"] for name, cost in found["stages"].items() if name != REST)
    found["stages"][REST]["wall"] = round(time.perf_counter() - start - inside, 3)
    return found


def made_shop(folder: Path, customers: int) -> Path:
    """The data/ of a made-up shop, written once."""
    shop = folder / f"shop-{customers}"
    if not (shop / "complete").exists():
        print(f"making up a shop of {customers:,} customers", file=sys.stderr, flush=True)
        write_demo(shop, DemoSettings(customers=customers))
        (shop / "complete").touch()
    return shop / "data"


def shop_config(project: Path, data: Path, memory: str, active: int = plain_script.ACTIVE) -> Path:
    """The demo's own config, with the plain script's population and number of cutoffs."""
    config = yaml.safe_load(demo_config(DemoSettings()))
    config["source"]["paths"] = {name: str(data / Path(path).name) for name, path in config["source"]["paths"].items()}
    config["population"] = {"active_within": active}
    config["calendar"]["cutoffs"] = plain_script.CUTOFFS
    config["resources"] = {"memory": memory}
    path = project / "hvc.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return path


def lines(found: Mapping[str, Any], peer: str = "plain") -> list[Line]:
    """One per stage, those that the plain script has first."""
    ours = [grouped(found[verb]["stages"]) for verb in ("train", "score")]
    plain = [(run["customers"], grouped(run["stages"])) for run in found[peer]]
    return [_line(stage, ours, plain, found["train"]["customers"]) for stage in (*SHARED, *OURS, REST)]


def grouped(stages: Costs) -> dict[str, dict[str, float]]:
    """Costs by the table's stages."""
    costs: dict[str, dict[str, float]] = {}
    for name, cost in stages.items():
        known = GROUPS.get(name, name if name in {*SHARED, *OURS, REST} else PAGE)
        so_far = costs.setdefault(known, {"cpu": 0.0, "wall": 0.0, "gigabytes": 0.0})
        so_far["cpu"] += cost["cpu"]
        so_far["wall"] += cost["wall"]
        so_far["gigabytes"] = max(so_far["gigabytes"], cost["gigabytes"])
    return costs


def _line(stage: str, ours: Sequence[Costs], plain: Sequence[tuple[int, Costs]], customers: int) -> Line:
    taken = [run[stage] for run in ours if stage in run]
    sizes = [(n, run[stage]["cpu"]) for n, run in plain if stage in run]
    return Line(
        stage,
        sum(t["cpu"] for t in taken),
        sum(t["wall"] for t in taken),
        max((t["gigabytes"] for t in taken), default=0.0),
        max(sizes)[1] if sizes else 0.0,
        _scaled(sizes, customers, fixed=stage == REST),
    )


def _scaled(sizes: Sequence[tuple[int, float]], customers: int, *, fixed: bool) -> float:
    """Seconds with so many customers: on the straight line through those measured; imports take as long as ever."""
    if not sizes or fixed:
        return max(sizes)[1] if sizes else 0.0
    n, seconds = np.array(sizes, dtype=np.float64).T
    slope, start = np.polyfit(n, seconds, 1) if len(n) > 1 else (seconds[0] / n[0], 0.0)
    return float(max(start + slope * customers, 0.0))


def told(found: Mapping[str, Any]) -> str:
    """The tables."""
    customers, scored = found["train"]["customers"], found["score"]["scored"]
    title = f"### {customers:,} customers, {scored:,} of them scored and explained"
    about = f"{found['train']['trees']:,} trees learned from {found['train']['rows']:,} rows."
    tables = [_beside(found, peer) for peer in ("plain", "thorough") if peer in found]
    return "\n\n".join([f"\n{title}", *tables, about])


def _beside(found: Mapping[str, Any], peer: str) -> str:
    """Ours beside the plain script, and whether that one's cost grows with its customers."""
    every = lines(found, peer)
    both = _sum("stages that both have", [line for line in every if line.scaled or not found[peer]])
    rows = [_row(line) for line in (*every, both, _sum("in all", every), nightly(found, peer))]
    largest = max((run["customers"] for run in found[peer]), default=0)
    name = f"{peer} script"
    plain = [f"{name}, {largest:,}", f"the same, {found['train']['customers']:,}", "times"]
    head = ["", "hvc-ml, CPU-s", "seconds", "peak GiB", *plain]
    return f"{table(head, rows)}\n\n{_plain_told(name, found[peer])}"


def nightly(found: Mapping[str, Any], peer: str = "plain") -> Line:
    """A list with models that were kept: `hvc-ml score` beside what the plain script does but for learning."""
    customers, plain = found["score"]["customers"], [(run["customers"], run["stages"]) for run in found[peer]]
    ours = _sum("", [_line(stage, [found["score"]["stages"]], [], customers) for stage in found["score"]["stages"]])
    theirs = _sum("", [_line(stage, [], plain, customers) for stage in NIGHTLY])
    return replace(ours, stage="a list, the models kept", plain=theirs.plain, scaled=theirs.scaled)


def _sum(name: str, every: Sequence[Line]) -> Line:
    totals = [sum(getattr(line, field) for line in every) for field in ("cpu", "wall", "plain", "scaled")]
    cpu, wall, plain, scaled = totals
    return Line(name, cpu, wall, max(line.gigabytes for line in every), plain, scaled)


def _row(line: Line) -> list[str]:
    none = not line.scaled
    peer = ["", "", ""] if none else [f"{line.plain:.1f}", f"{line.scaled:,.0f}", f"{line.scaled / line.cpu:.1f}"]
    return [line.stage, f"{line.cpu:.1f}", f"{line.wall:.1f}", f"{line.gigabytes:.2f}", *peer]


def _plain_told(name: str, plain: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for run in plain:
        cpu = {name: cost["cpu"] / run["customers"] * 1e6 for name, cost in grouped(run["stages"]).items()}
        most = max(cost["gigabytes"] for cost in run["stages"].values())
        each = [f"{cpu.get(stage, 0.0):,.0f}" for stage in SHARED]
        rows.append([f"{run['customers']:,}", f"{run['scored']:,}", *each, f"{most:.2f}"])
    return table([f"{name}: CPU-s per million customers", "scored", *SHARED, "peak GiB"], rows)


if __name__ == "__main__":
    main()
