"""Build one cutoff: population, features, labels and the prior's statistics, by content of what goes in."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import narwhals as nw
import pyarrow as pa

from hvc_ml import __version__
from hvc_ml.dataset.repeat_buying import contract_ages_at, repeat_buying_at, repeat_spend_at
from hvc_ml.dataset.store import PanelStore, Partition
from hvc_ml.features.compute import features_at
from hvc_ml.features.feature import Feature
from hvc_ml.labels import LabelSettings, labels_at
from hvc_ml.population import PopulationSettings, active_within, population_at, subscribers_at
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.frame import Frame
from hvc_ml.tables.load import Tables
from hvc_ml.tables.schema import CUSTOMER, SCHEMAS
from hvc_ml.timeline.days import as_date
from hvc_ml.timeline.future import future
from hvc_ml.timeline.history import history

FORMAT = 2


@dataclass(frozen=True)
class PanelPlan:
    """What a panel holds: the same plan for every cutoff, past or present."""

    features: tuple[Feature, ...]
    population: PopulationSettings
    labels: LabelSettings


def build(engine: Engine, tables: Tables, cutoff: date, plan: PanelPlan, store: PanelStore) -> tuple[Partition, bool]:
    """The partition of a cutoff, read from the store where nothing that goes into it has changed.

    Returns
    -------
    tuple
        The partition, and whether it was built now.
    """
    mature = as_date(tables.end_day) >= cutoff + timedelta(days=plan.labels.maturing)
    key = _key(engine, tables, cutoff, plan, mature=mature)
    kept = store.read(cutoff, key)
    if kept is not None:
        return kept, False
    partition = compute(engine, tables, cutoff, plan, key=key, mature=mature)
    store.write(partition, {"cutoff": cutoff.isoformat(), "rows": partition.panel.num_rows, "labelled": mature})
    return partition, True


def compute(
    engine: Engine, tables: Tables, cutoff: date, plan: PanelPlan, *, key: str = "", mature: bool = False
) -> Partition:
    """Compute a partition; nothing is written."""
    customers = engine.materialise(_population(tables, cutoff, plan), "population")
    features = features_at(customers, tables, cutoff, plan.features)
    contracts = tables.contracts is not None
    return Partition(
        cutoff=cutoff,
        panel=_sorted(engine, features),
        labels=_sorted(engine, labels_at(customers, tables, cutoff, plan.labels)) if mature else None,
        repeat_buying=engine.arrow(repeat_buying_at(tables, cutoff)),
        repeat_spend=engine.arrow(repeat_spend_at(tables, cutoff)),
        contract_ages=engine.arrow(contract_ages_at(tables, cutoff)) if contracts else None,
        key=key,
    )


def _population(tables: Tables, cutoff: date, plan: PanelPlan) -> Frame:
    if plan.labels.churn == "contract_end":
        return subscribers_at(tables, cutoff)
    days = active_within(tables, cutoff, plan.population, plan.labels.horizon)
    return population_at(tables, cutoff, days)


def _sorted(engine: Engine, frame: Frame) -> pa.Table:
    return engine.arrow(frame.sort(CUSTOMER))


def _key(engine: Engine, tables: Tables, cutoff: date, plan: PanelPlan, *, mature: bool) -> str:
    """Hash of what goes in: rows known at the cutoff, rows of the horizon where it is over, and the plan."""
    parts: dict[str, object] = {
        "format": FORMAT,
        "hvc_ml": __version__,
        "cutoff": cutoff.isoformat(),
        "features": [repr(f) for f in plan.features],
        "population": plan.population.model_dump(mode="json"),
        "labels": plan.labels.model_dump(mode="json"),
        "mature": mature,
    }
    ahead = plan.labels.horizon + plan.labels.grace
    for name, table in _present(tables):
        parts[f"history of {name}"] = engine.fingerprint(history(table, cutoff))
        if mature and name in {"orders", "contracts"}:
            parts[f"future of {name}"] = engine.fingerprint(future(table, cutoff, ahead))
    if mature and tables.contracts is not None:
        ends = tables.contracts.with_columns(day=nw.col("end_day")).filter(~nw.col("end_day").is_null())
        parts["ends of contracts"] = engine.fingerprint(future(ends, cutoff, ahead))
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _present(tables: Tables) -> Sequence[tuple[str, Frame]]:
    names = (*SCHEMAS, "items")
    found = ((name, getattr(tables, name)) for name in names if name != "touches")
    return [(name, table) for name, table in found if table is not None]
