"""How much cheaper a night with 1 % new orders is than reading and computing everything.

python -m benchmarks.refresh --orders 2e6 --customers 1e5
python -m benchmarks.refresh --orders 20e6 --customers 1e6 --rounds 1

A log lies in Parquet files, one a week; then two more come, each with 1 % new orders. Runs of `hvc-ml features`,
each a process of its own: ``cold`` reads every file and computes all cutoffs; ``keeping`` does the same with
``source.settled_after: 14`` and keeps what is settled; ``first night`` comes after a new file, reads what is new, makes
compact copies of what was kept, and computes the cutoff that no earlier run could; ``night`` does so after the second
file, as all later ones do. ``cold again`` reads everything once more, and the panels are compared cell by cell. Seconds
are those of the processor (user and system), from the start of the process to its end, Python's start among them.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.results import record
from benchmarks.tables import machine, table

FIRST: Final = date(2022, 1, 1)
WEEKS: Final = 156
PACKAGES: Final = ("duckdb", "numba", "pyarrow", "numpy")
CONFIG: Final = """\
name: refresh
timezone: UTC
currency: EUR
source:
  paths: {{orders: orders}}
  settled_after: {settled}
tables:
  orders:
    columns: {{customer_id: customer, order_id: order, ordered_at: time, amount: amount, product_id: product,
      category: category, quantity: pieces, channel: channel}}
population: {{active_within: all}}
labels: {{horizon: 90, settle: 0}}
calendar: {{cutoffs: 6, tests: 1}}
resources: {{memory: {memory}}}
"""


def main() -> None:
    """Print a table and write what was measured as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=float, default=2e6)
    parser.add_argument("--customers", type=float, default=1e5)
    parser.add_argument("--new", type=float, default=0.01, help="share of orders that the new file brings")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", default="4GB", help="of the engine")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "hvc-ml-benchmark")
    parser.add_argument("--json", type=Path, help="where to write what was measured")
    asked = parser.parse_args()
    print(machine(*PACKAGES), flush=True)
    folder = asked.folder / f"refresh-{asked.orders:.0f}-{asked.customers:.0f}"
    _log(folder, int(asked.orders), int(asked.customers), asked.new)
    found: dict[str, list[dict[str, float]]] = {}
    for _ in range(asked.rounds):
        for name, figures in _round(folder, asked.memory).items():
            found.setdefault(name, []).append(figures)
    if asked.json:
        record(asked.json, "refresh", vars(asked), found, PACKAGES)
    print(_told(found))


def _told(found: dict[str, list[dict[str, float]]]) -> str:
    median = {name: {k: statistics.median(r[k] for r in runs) for k in runs[0]} for name, runs in found.items()}
    night = median["night"]["seconds"]
    rows = [
        [name, f"{m['seconds']:.2f}", f"{m['wall']:.1f}", f"{m['seconds'] / night:.1f}", f"{m['gigabytes']:.2f}"]
        for name, m in median.items()
    ]
    return table(["", "CPU-s", "wall s", "x night", "peak GB"], rows)


def _round(folder: Path, memory: str) -> dict[str, dict[str, float]]:
    """The runs of one round, on fresh projects that share the files."""
    cold, nightly = _project(folder, "cold", "null", memory), _project(folder, "nightly", "14", memory)
    found = {"cold": _run(cold), "keeping": _run(nightly)}
    for name, new in zip(("first night", "night"), sorted((folder / "new").iterdir()), strict=True):
        for project in (cold, nightly):
            (project / "orders" / new.name).symlink_to(new)
        found[name] = _run(nightly)
    shutil.rmtree(cold / "features")
    found["cold again"] = _run(cold)
    _compare(cold, nightly)
    return found


def _project(folder: Path, name: str, settled: str, memory: str) -> Path:
    project = folder / name
    shutil.rmtree(project, ignore_errors=True)
    (project / "orders").mkdir(parents=True)
    for file in sorted((folder / "log").iterdir()):
        (project / "orders" / file.name).symlink_to(file)
    (project / "hvc.yaml").write_text(CONFIG.format(settled=settled, memory=memory))
    return project


def _run(project: Path) -> dict[str, float]:
    """Seconds and memory of `hvc-ml features` as a process."""
    command = [sys.executable, "-m", "hvc_ml", "features", "-c", str(project), "-q"]
    start = time.perf_counter()
    done = subprocess.Popen(command)
    _, status, used = os.wait4(done.pid, 0)
    if status:
        raise SystemExit(f"{project}: ended with {status}")
    return {
        "seconds": used.ru_utime + used.ru_stime,
        "wall": time.perf_counter() - start,
        "gigabytes": used.ru_maxrss / 2**20,
    }


def _compare(one: Path, other: Path) -> None:
    """Both panels hold the same, cell by cell."""
    names = sorted(p.parent.name for p in one.glob("features/*/panel.parquet"))  # of the first night: only in the other
    for name in names:
        panels = [pq.read_table(p / "features" / name / "panel.parquet", partitioning=None) for p in (one, other)]
        if not panels[0].equals(panels[1]):
            raise SystemExit(f"{name}: the panels differ")
    print(f"{len(names)} panels are equal", flush=True)


def _log(folder: Path, orders: int, customers: int, new: float) -> None:
    """A file of orders for each week, and two that come afterwards."""
    if (folder / "complete").exists():
        return
    rng = np.random.default_rng(1)
    cumulated = np.cumsum(rng.gamma(0.8, size=customers))
    cumulated /= cumulated[-1]
    (folder / "log").mkdir(parents=True, exist_ok=True)
    (folder / "new").mkdir(exist_ok=True)
    few = max(int(orders * new), 1)
    for week in range(WEEKS + 2):
        begin, to = FIRST + timedelta(days=7 * week), folder / ("log" if week < WEEKS else "new")
        _write(rng, cumulated, orders // WEEKS if week < WEEKS else few, begin, to / f"{begin}.parquet")
    (folder / "complete").touch()


def _write(rng: np.random.Generator, cumulated: Any, n: int, begin: date, path: Path) -> None:
    """A week of orders."""
    seconds = np.sort(rng.integers(0, 7 * 86_400, n))
    moment = np.datetime64(begin, "s") + seconds
    product = (5000 * rng.random(n) ** 2).astype(np.int64)
    columns = {
        "customer": _named("c", np.searchsorted(cumulated, rng.random(n)), 9),
        "order": pa.array(np.char.add(f"{begin:%Y%m%d}-", np.arange(n).astype(str))),
        "time": pa.array(moment.astype("datetime64[us]")),
        "amount": np.round(np.where(rng.random(n) < 0.04, -1, 1) * rng.lognormal(3.0, 0.8, n), 2),
        "product": _named("p", product, 5),
        "category": _named("category ", product % 40, 2),
        "pieces": rng.integers(1, 6, n),
        "channel": pa.array(["app", "phone", "shop", "web"]).take(pa.array(rng.integers(0, 4, n))),
    }
    pq.write_table(pa.table(columns), path)


def _named(prefix: str, numbers: Any, digits: int) -> pa.Array:
    values, place = np.unique(numbers, return_inverse=True)
    return pa.array([f"{prefix}{v:0{digits}d}" for v in values.tolist()]).take(pa.array(place))


if __name__ == "__main__":
    main()
