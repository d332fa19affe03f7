"""One partition by the engine that holds the tables: the declared expressions as they are, wherever they run."""

from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow.feather

from hvc_ml.dataset.repeat_buying import contract_ages_at, repeat_buying_at, repeat_spend_at
from hvc_ml.dataset.store import LABELS, PANEL, PanelStore, Partition
from hvc_ml.features.compute import features_at
from hvc_ml.labels import labels_at
from hvc_ml.population import active_within, population_at, subscribers_at
from hvc_ml.publish import publish_directory
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.frame import Frame
from hvc_ml.tables.load import Tables
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.tables.spark import SparkEngine

if TYPE_CHECKING:
    from hvc_ml.dataset.partition import PanelPlan

MEMBERS = "population"


def declared_frames(
    engine: Engine, tables: Tables, cutoff: date, plan: "PanelPlan", *, mature: bool
) -> dict[str, Frame | None]:
    """The frames of a partition, lazy but for the population: ``panel``, ``labels`` and the prior's statistics."""
    customers = engine.materialise(_population(tables, cutoff, plan), MEMBERS)
    return {
        "panel": features_at(customers, tables, cutoff, plan.features).sort(CUSTOMER),
        "labels": labels_at(customers, tables, cutoff, plan.labels).sort(CUSTOMER) if mature else None,
        "repeat_buying": repeat_buying_at(tables, cutoff),
        "repeat_spend": repeat_spend_at(tables, cutoff),
        "contract_ages": contract_ages_at(tables, cutoff) if tables.contracts is not None else None,
    }


def compute_declared(
    engine: Engine, tables: Tables, cutoff: date, plan: "PanelPlan", *, mature: bool, key: str = ""
) -> Partition:
    """Compute a partition; its rows are collected here, and nothing is written."""
    frames = declared_frames(engine, tables, cutoff, plan, mature=mature)
    found: dict[str, Any] = {name: None if f is None else engine.arrow(f) for name, f in frames.items()}
    return Partition(cutoff=cutoff, key=key, **found)


def write_declared(
    engine: SparkEngine, tables: Tables, cutoff: date, plan: "PanelPlan", store: PanelStore, *, mature: bool, key: str
) -> None:
    """Let Spark write a partition's panel and labels into the store, as folders of Parquet files sorted by customer.

    What is collected here is the prior's statistics.
    """
    frames = declared_frames(engine, tables, cutoff, plan, mature=mature)
    written = {"panel": PANEL, "labels": LABELS}
    rows = engine.count(engine.frame(MEMBERS))
    meta = {"cutoff": cutoff.isoformat(), "rows": rows, "labelled": mature, "key": key}
    store.folder.mkdir(parents=True, exist_ok=True)
    with publish_directory(store.path(cutoff), meta=meta, replace=True) as staging:
        for name, frame in frames.items():
            if name in written and frame is not None:
                engine.write(frame, staging / written[name])
            elif frame is not None:
                pyarrow.feather.write_feather(
                    engine.arrow(frame), staging / f"{name}.arrow", compression="uncompressed"
                )


def _population(tables: Tables, cutoff: date, plan: "PanelPlan") -> Frame:
    if plan.labels.churn == "contract_end":
        return subscribers_at(tables, cutoff)
    return population_at(tables, cutoff, active_within(tables, cutoff, plan.population, plan.labels.horizon))
