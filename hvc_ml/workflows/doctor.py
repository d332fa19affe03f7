"""The leakage certificate of a business: nothing that was known at a cutoff may depend on what came after it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np

import hvc_ml
from hvc_ml.certificate.certify import Build, certify
from hvc_ml.certificate.receipt import Certificate, digest
from hvc_ml.config import Project
from hvc_ml.dataset.declared import compute_declared
from hvc_ml.dataset.partition import compute_many
from hvc_ml.dataset.store import Partition
from hvc_ml.errors import GateFailed, NotEnoughData
from hvc_ml.progress import Stages
from hvc_ml.publish import RunLock, write_bytes_atomic
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.spark import SparkEngine
from hvc_ml.workflows.backtest import needed
from hvc_ml.workflows.backtest_record import config_hash
from hvc_ml.workflows.shop import Shop, open_shop

CUSTOMERS: Final = 2_000
CUTOFFS: Final = 4
TRAIN_CUSTOMERS: Final = 1_000
TRAIN_CUTOFFS: Final = 2
"""A training checks a smaller sample every time: seconds, whatever the size of the business."""


@dataclass(frozen=True)
class DoctorResult:
    """The certificate, and where its receipt lies."""

    certificate: Certificate
    receipt: Path
    seconds: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        """The receipt as plain values, and what it took."""
        return {**self.certificate.as_json(), "receipt": str(self.receipt), "seconds": self.seconds}


def doctor(project: Project, *, customers: int, cutoffs: int, stages: Stages) -> DoctorResult:
    """Check a sample of customers and cutoffs for leakage, and keep the receipt.

    Parameters
    ----------
    customers, cutoffs
        How many are drawn, at most.

    Raises
    ------
    NotEnoughData
        If no cutoff has both its history and its horizon inside the orders.
    """
    with RunLock(project.state / "run.lock"), open_shop(project, stages) as shop:
        line = shop.timeline
        drawn = spread(needed(line, line.tests()), cutoffs)
        certificate = certificate_of(shop, shop.partitions(drawn), customers=customers, cutoffs=cutoffs)
        kept = keep(project, certificate)
    return DoctorResult(certificate, kept, stages.seconds)


def certified(shop: Shop, partitions: Mapping[date, Partition]) -> Certificate:
    """The certificate without which nothing is trained; its receipt is kept.

    Parameters
    ----------
    partitions
        What the training has read.

    Raises
    ------
    GateFailed
        If something moved that may not, or the checker did not see the leaks that were planted for it.
    """
    certificate = certificate_of(shop, partitions, customers=TRAIN_CUSTOMERS, cutoffs=TRAIN_CUTOFFS)
    keep(shop.project, certificate)
    if not certificate.passed:
        raise GateFailed(f"{certificate.says} Nothing was trained. `hvc-ml doctor --json` shows all of it.")
    return certificate


def certificate_of(shop: Shop, partitions: Mapping[date, Partition], *, customers: int, cutoffs: int) -> Certificate:
    """Check some of these partitions, spread evenly; those at the end of the log have nothing later to change."""
    drawn = spread(tuple(sorted(c for c in partitions if c < shop.now)), cutoffs)
    if not drawn:
        raise NotEnoughData(f"no cutoff lies before the end of the orders ({shop.now}): nothing later can be changed.")
    here, build = _rebuilding(shop)
    with shop.stages.stage("leakage certificate") as stage:
        found = certify(
            shop.engine,
            shop.tables,
            drawn,
            build,
            customers=customers,
            here=here,
            trained=partitions,
            hashes=_hashes(shop),
            tell=stage.step,
        )
        stage.rows = found.n_customers
    return found


def keep(project: Project, certificate: Certificate) -> Path:
    """Write the receipt beside the runs, under its own hash: the same check of the same data is the same file."""
    document = certificate.as_json()
    path = project.models / "certificates" / f"{document['hashes']['receipt'][:12]}.json"
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_bytes_atomic(path, (text + "\n").encode())
    return path


def spread(cutoffs: tuple[date, ...], count: int) -> tuple[date, ...]:
    """At most so many cutoffs, evenly spaced, the newest always among them.

    Examples
    --------
    >>> [c.month for c in spread(tuple(date(2024, m, 1) for m in range(1, 8)), 3)]
    [1, 4, 7]
    """
    if count == 1:
        return cutoffs[-1:]
    places = np.unique(np.linspace(0, len(cutoffs) - 1, min(count, len(cutoffs))).astype(int))
    return tuple(cutoffs[i] for i in places)


def _rebuilding(shop: Shop) -> tuple[Engine, Build]:
    """Where the sample is rebuilt, and by what: the very functions that build the panel where nothing is kept yet."""
    engine, plan = shop.engine, shop.plan()
    if isinstance(engine, SparkEngine):  # the expressions that Spark runs; what Spark made of them is compared, too
        here = engine.local
        return here, lambda tables, cutoffs: {c: compute_declared(here, tables, c, plan, mature=False) for c in cutoffs}
    return engine, lambda tables, cutoffs: compute_many(engine, tables, dict.fromkeys(cutoffs, False), plan)


def _hashes(shop: Shop) -> dict[str, str]:
    """What the certificate is about: the data, the settings, what the panel holds, the program."""
    plan = shop.plan()
    asked = [repr(f) for f in plan.features], plan.population.model_dump(mode="json")
    return {
        "data": shop.sources_hash,
        "config": config_hash(shop.project.config),
        "panel_plan": digest(asked),
        "code": _code(),
    }


def _code() -> str:
    """Hash of the program's own files."""
    root = Path(hvc_ml.__file__).parent
    found = {p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in root.rglob("*.py")}
    return digest(found)
