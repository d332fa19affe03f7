"""What a panel costs in CPU-seconds on one machine's engine and on Spark, and what scoring costs on Spark's workers.

python -m benchmarks.spark demo --cutoff 2025-06-01 --bundle demo/models/bundles/NAME

Each run is a process of its own, whose CPU time includes Java and the workers; the empty one is the price of starting.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import yaml

from hvc_ml.config import Project, load_config
from hvc_ml.progress import Stages
from hvc_ml.scoring.spark import score_in_spark
from hvc_ml.tables.spark import SparkEngine, spark_session
from hvc_ml.workflows.shop import open_shop

MASTER = "local[2]"


def main() -> None:
    """Run every piece once, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("--cutoff", type=date.fromisoformat, required=True)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--piece", choices=["nothing", "here", "spark", "score"])
    asked = parser.parse_args()
    if asked.piece:
        print(json.dumps(piece(asked.piece, asked.project, asked.cutoff, asked.bundle)))
        return
    for name in ("nothing", "here", "spark", *(("score",) if asked.bundle else ())):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        argv = [sys.executable, "-m", "benchmarks.spark", *sys.argv[1:], "--piece", name]
        said = subprocess.run(argv, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"{name:8} {cpu:8.1f} CPU-s  {said.strip().splitlines()[-1]}", flush=True)


def piece(name: str, folder: Path, cutoff: date, bundle: Path | None) -> dict[str, int]:
    """One piece of work, and how many rows it had."""
    if name == "here":
        return _piece(name, folder, cutoff, bundle)
    with spark_session(MASTER) as session:  # the piece finds it running
        java = session.sparkContext._gateway.proc  # noqa: SLF001 # nothing public waits for Java, and so counts it
        found = {"rows": session.range(1).count()} if name == "nothing" else _piece(name, folder, cutoff, bundle)
    java.stdin.close()
    java.wait()
    return found


def _piece(name: str, folder: Path, cutoff: date, bundle: Path | None) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as place:
        project = _copy(load_config(folder), Path(place), spark=name != "here")
        with open_shop(project, Stages()) as shop:
            found = {"rows": sum(r.rows for r in shop.reports.values())}
            found["customers"] = shop.partitions((cutoff,))[cutoff].panel.num_rows
            if name == "score" and isinstance(shop.engine, SparkEngine) and bundle is not None:
                panel = shop.engine.read(project.features / f"cutoff={cutoff}" / "panel.parquet")
                shop.engine.write(score_in_spark(panel, bundle), Path(place, "scores.parquet"))
            return found


def _copy(project: Project, place: Path, *, spark: bool) -> Project:
    """The project's config in another folder, with its tables where they are."""
    document = yaml.safe_load(project.path.read_text(encoding="utf-8"))
    paths = {name: str((project.folder / path).resolve()) for name, path in document["source"]["paths"].items()}
    document["source"] = (
        {"kind": "spark", "url": MASTER, "paths": paths} if spark else {"kind": "files", "paths": paths}
    )
    (place / "hvc.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return load_config(place)


if __name__ == "__main__":
    main()
