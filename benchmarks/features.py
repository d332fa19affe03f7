"""How fast are features? Ours, our engine's own queries, and the same aggregates in pandas, Polars and DuckDB's SQL.

python -m benchmarks.features --orders 2e6 --customers 1e5
python -m benchmarks.features --orders 20e6 --customers 1e6 --rounds 1 --without engine

Every contestant reads the same Parquet files and computes the same declared features of orders and items at the same
cutoffs. Each run is a process of its own, in turn, round after round: seconds are those of the processor (user and
system, of all threads) from the first byte read to the last figure in memory, after a small run to warm up; memory is
the largest of the process. ``scan`` only reads the columns that are needed; ``parts`` is the pass as `hvc-ml features`
runs it, with labels and the prior's counts, customers part by part within ``--memory``; ``cold`` is
that pass and the hashes of all rows before it; ``refresh`` is the same for one new cutoff behind the log, where all but
the newest 1 % of the orders were kept by an earlier run. polars may be installed beside.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks import feature_peers as peers
from benchmarks.feature_log import DAYS, FIRST, cutoffs_of, write_log
from benchmarks.results import record
from benchmarks.tables import machine, table
from hvc_ml.compiled.events import read_events
from hvc_ml.compiled.features import features_of
from hvc_ml.compiled.program import columns_of
from hvc_ml.compiled.purchases import purchases_of
from hvc_ml.dataset.keys import keys_of
from hvc_ml.dataset.partition import PanelPlan, Pass
from hvc_ml.features.algebra import Aggregate, aggregates
from hvc_ml.features.catalog import available
from hvc_ml.features.compute import features_at
from hvc_ml.features.feature import Feature
from hvc_ml.features.settings import FeatureSettings
from hvc_ml.labels import LabelSettings
from hvc_ml.population import PopulationSettings, population_at
from hvc_ml.tables.engine import Engine, open_engine
from hvc_ml.tables.layers import Layers
from hvc_ml.tables.load import Tables
from hvc_ml.tables.resources import Resources
from hvc_ml.timeline.days import as_date, day_number

Paths = dict[str, Path]
HORIZON: Final = 90
NAMES: Final = ("scan", "hvc-ml", "parts", "cold", "refresh", "engine", "polars", "duckdb", "pandas")
WARM: Final = (20_000, 1_000)
PACKAGES: Final = ("numba", "duckdb", "polars", "pandas", "pyarrow", "numpy")


def main() -> None:
    """Print a table and write what was measured as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=float, default=2e6)
    parser.add_argument("--customers", type=float, default=1e5)
    parser.add_argument("--cutoffs", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", default="4GB", help="of the engine")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "hvc-ml-benchmark")
    parser.add_argument("--without", nargs="*", default=(), choices=NAMES)
    parser.add_argument("--json", type=Path, help="where to write what was measured")
    parser.add_argument("--run", choices=NAMES, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.run:
        print(json.dumps(_measured(asked.run, asked)))
        return
    print(machine(*PACKAGES))
    names = [n for n in NAMES if n not in asked.without and (n != "polars" or find_spec("polars"))]
    _log(asked, int(asked.orders), int(asked.customers))
    found = _rounds(asked, names)
    if asked.json:
        record(asked.json, "features", vars(asked), found, PACKAGES)
    print(_told(found))


def _rounds(asked: argparse.Namespace, names: Sequence[str]) -> dict[str, list[dict[str, float]]]:
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(asked.rounds):
        for name in names:
            command = [sys.executable, "-m", "benchmarks.features", *sys.argv[1:], "--run", name]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"{name}: {done.stderr.strip().splitlines()[-1:]}")
                continue
            found[name].append(json.loads(done.stdout.splitlines()[-1]))
    return {name: runs for name, runs in found.items() if runs}


def _told(found: dict[str, list[dict[str, float]]]) -> str:
    seconds = {name: statistics.median(r["seconds"] for r in runs) for name, runs in found.items()}
    memory = {name: statistics.median(r["gigabytes"] for r in runs) for name, runs in found.items()}
    ours, scan = seconds.get("hvc-ml", np.nan), seconds.get("scan", np.nan)
    rows = [
        [
            name,
            f"{s:.2f}",
            f"{s / scan:.1f}",
            f"{s / ours:.1f}",
            f"{memory[name]:.2f}",
            f"{found[name][0]['columns']:.0f}",
        ]
        for name, s in seconds.items()
    ]
    return table(["", "CPU-s", "x scan", "x hvc-ml", "peak GB", "columns"], rows)


def _log(asked: argparse.Namespace, orders: int, customers: int) -> Paths:
    return write_log(asked.folder / f"{orders}-{customers}", orders, customers)


def _measured(name: str, asked: argparse.Namespace) -> dict[str, float]:
    """One contestant's seconds and memory, after a small run."""
    run = RUNS[name]
    cutoffs = cutoffs_of(asked.cutoffs)
    run(_log(asked, *WARM), cutoffs, asked.memory)
    paths = _log(asked, int(asked.orders), int(asked.customers))
    if name == "refresh" and not keep_all_but_newest(paths):
        run(paths, cutoffs, asked.memory)  # what an earlier run had left
    start = _processor()
    columns = run(paths, cutoffs, asked.memory)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"seconds": _processor() - start, "gigabytes": peak, "columns": columns}


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _tables(engine: Engine, paths: Paths) -> Tables:
    first = day_number(FIRST)
    frames = {n: engine.sql(f"SELECT * FROM read_parquet('{p}')") for n, p in paths.items()}  # noqa: S608 # our path
    return Tables(first_day=first, end_day=first + DAYS, **frames)


def keep_all_but_newest(paths: Paths) -> bool:
    """Write the rows of the newest days, 1 % of the orders, and all others; whether they were there already."""
    folder = paths["orders"].parent / "layers"
    if (folder / "complete").exists():
        return True
    folder.mkdir(exist_ok=True)
    days = np.sort(pq.read_table(paths["orders"], columns=["day"])["day"].to_numpy())
    first = int(days[-len(days) // 100])
    for name, path in paths.items():
        for part, chosen in (("kept", pc.field("day") < first), ("fresh", pc.field("day") >= first)):
            pq.write_table(pq.read_table(path, filters=chosen), folder / f"{name}-{part}.parquet")
    (folder / "complete").touch()
    return False


def in_layers(engine: Engine, paths: Paths) -> Tables:
    """The tables as a run finds them that has read the newest rows, and all others were kept."""
    folder, layers = paths["orders"].parent / "layers", {}
    for name in paths:
        kept, fresh = (f"SELECT * FROM read_parquet('{folder / f'{name}-{p}.parquet'}')" for p in ("kept", "fresh"))  # noqa: S608 # our path
        read = engine.materialise(fresh, name)
        frame = engine.sql(f"{kept} UNION ALL {fresh}")
        layers[name] = Layers(frame, engine.sql(kept), "kept", read, folder)
    first = day_number(FIRST)
    return Tables(
        first_day=first, end_day=first + DAYS, layers=layers, **{name: found.frame for name, found in layers.items()}
    )


def _features(tables: Tables) -> tuple[Feature, ...]:
    return available(tables, FeatureSettings(), HORIZON)


def wanted(paths: Paths) -> tuple[list[Aggregate], dict[str, list[str]]]:
    """The aggregates of all features, and the columns of each file that they need."""
    with open_engine(Resources(memory="1GB", threads=1), [p.parent for p in paths.values()]) as engine:
        found = list(dict.fromkeys(a for f in _features(_tables(engine, paths)) for a in aggregates(f.value)))
    columns = {name: ["customer_id", "day", *named] for name, named in columns_of(found).items()}
    return found, columns


def _scan(paths: Paths, _cutoffs: Sequence[date], _memory: str) -> int:
    _, columns = wanted(paths)
    for name, path in paths.items():
        for batch in pq.ParquetFile(path).iter_batches(1_000_000, columns=columns[name]):
            del batch
    return sum(map(len, columns.values()))


def _ours(paths: Paths, cutoffs: Sequence[date], memory: str) -> int:
    with open_engine(Resources(memory=memory, threads=2), [p.parent for p in paths.values()]) as engine:
        tables = _tables(engine, paths)
        features = _features(tables)
        events = read_events(engine, tables, columns_of(a for f in features for a in aggregates(f.value)))
        members = {c: found.active(None) for c, found in purchases_of(events, cutoffs).items()}
        found = features_of(events, members, features)
    return next(iter(found.values())).num_columns


def _parts(paths: Paths, cutoffs: Sequence[date], memory: str) -> int:
    with open_engine(Resources(memory=memory, threads=2), [p.parent for p in paths.values()]) as engine:
        tables = _tables(engine, paths)
        plan = PanelPlan(_features(tables), PopulationSettings(active_within="all"), LabelSettings(horizon=HORIZON))
        run = Pass(engine, tables, dict.fromkeys(cutoffs, True), plan)
        columns = [part.panel.num_columns for parts in run.parts() for part in parts.values()]
        for cutoff in cutoffs:
            run.statistics(cutoff)
    return columns[0]


def _cold(paths: Paths, cutoffs: Sequence[date], memory: str) -> int:
    with open_engine(Resources(memory=memory, threads=2), [p.parent for p in paths.values()]) as engine:
        return _panels(engine, _tables(engine, paths), dict.fromkeys(cutoffs, True))


def _refresh(paths: Paths, _cutoffs: Sequence[date], memory: str) -> int:
    keep_all_but_newest(paths)
    with open_engine(Resources(memory=memory, threads=2), [p.parent for p in paths.values()]) as engine:
        tables = in_layers(engine, paths)
        return _panels(engine, tables, {as_date(tables.end_day): False})


def _panels(engine: Engine, tables: Tables, mature: dict[date, bool]) -> int:
    plan = PanelPlan(_features(tables), PopulationSettings(active_within="all"), LabelSettings(horizon=HORIZON))
    keys_of(engine, tables, mature, plan)
    run = Pass(engine, tables, mature, plan)
    columns = [part.panel.num_columns for parts in run.parts() for part in parts.values()]
    for cutoff in mature:
        run.statistics(cutoff)
    return columns[0]


def _engine(paths: Paths, cutoffs: Sequence[date], memory: str) -> int:
    columns = 0
    with open_engine(Resources(memory=memory, threads=2), [p.parent for p in paths.values()]) as engine:
        tables = _tables(engine, paths)
        kept: list[pa.Table] = []
        for cutoff in cutoffs:
            customers = engine.materialise(population_at(tables, cutoff, None), "population")
            kept.append(engine.arrow(features_at(customers, tables, cutoff, _features(tables)).sort("customer_id")))
            columns = kept[-1].num_columns
    return columns


def _peer(compute: Callable[..., Any]) -> Callable[[Paths, Sequence[date], str], int]:
    def run(paths: Paths, cutoffs: Sequence[date], _memory: str) -> int:
        asked, columns = wanted(paths)
        compute(paths, [day_number(c) for c in cutoffs], asked, columns)
        return len(asked) + 1

    return run


RUNS: Final[dict[str, Callable[[Paths, Sequence[date], str], int]]] = {
    "scan": _scan,
    "hvc-ml": _ours,
    "parts": _parts,
    "cold": _cold,
    "refresh": _refresh,
    "engine": _engine,
    "polars": _peer(peers.with_polars),
    "duckdb": _peer(peers.with_duckdb),
    "pandas": _peer(peers.with_pandas),
}

if __name__ == "__main__":
    main()
