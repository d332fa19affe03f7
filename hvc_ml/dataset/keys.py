"""The key of a partition: a hash of everything that goes in."""

import contextlib
import hashlib
import json
from collections.abc import Mapping
from datetime import date
from importlib.metadata import version
from typing import Any, Final

import narwhals as nw
import pyarrow as pa

from hvc_ml import __version__
from hvc_ml.dataset.partition import PanelPlan
from hvc_ml.errors import OutputError
from hvc_ml.publish import publish_directory, read_verified
from hvc_ml.tables.engine import DIGEST, Engine
from hvc_ml.tables.frame import Frame
from hvc_ml.tables.layers import Layers, layers_of
from hvc_ml.tables.load import Tables
from hvc_ml.tables.schema import DAY, KNOWN_DAY, SCHEMAS
from hvc_ml.timeline.future import future
from hvc_ml.timeline.history import history

FORMAT = 3
DIGESTS: Final = "digests.arrow"


def keys_of(engine: Engine, tables: Tables, mature: Mapping[date, bool], plan: PanelPlan) -> dict[date, str]:
    """Hash what goes into partitions: rows known at the cutoff, rows of the horizon where it is over, and the plan.

    Each table is hashed once, day by day; what is known at a cutoff is a sum over days, in whichever layer they lie.
    Contracts are hashed as they were known, since what is known of their ends differs from cutoff to cutoff.

    Parameters
    ----------
    engine, tables, plan
        As for `hvc_ml.dataset.partition.compute_many`.
    mature
        Cutoff -> whether its labels are known.
    """
    names = [n for n in (*SCHEMAS, "items") if n not in {"touches", "contracts"}]
    present = {name: getattr(tables, name) for name in names if getattr(tables, name) is not None}
    daily = {name: _daily(engine, tables, name) for name in present}
    columns = {name: _columns(table) for name, table in present.items()}
    return {
        cutoff: _key({**_plan(plan), "columns": columns, **_content(engine, tables, daily, cutoff, plan, mature=known)})
        for cutoff, known in mature.items()
    }


def _daily(engine: Engine, tables: Tables, name: str) -> Frame:
    """Digests of a table, day by day; those of rows that were kept are kept beside them."""
    frame, layers, made = getattr(tables, name), layers_of(tables, name), f"digests_of_{name}"
    if layers is None or not _columns(frame) == _columns(layers.kept) == _columns(layers.fresh):
        return engine.digests(frame, _days(frame), made)
    fresh = engine.digests(layers.fresh, _days(frame), made)
    engine.append(made, _kept(engine, layers, name).select(fresh.collect_schema().names()))
    return fresh


def _kept(engine: Engine, layers: Layers, name: str) -> pa.Table:
    """Digests of the rows that were kept: computed once, and again where their file is damaged."""
    content = {
        "hash": f"{type(engine).__name__} {version('duckdb')}",
        "key": layers.key,
        "columns": _columns(layers.kept),
    }
    path = layers.folder / f"digests-{name}-{_key(content)[:16]}"
    with contextlib.suppress(OutputError, KeyError, pa.ArrowException):
        manifest, files = read_verified(path)
        if manifest["meta"].get("content") == _key(content):
            return pa.ipc.open_file(files[DIGESTS]).read_all()
    with publish_directory(path, meta={"content": _key(content)}, replace=True) as staging:
        found = engine.arrow(engine.digests(layers.kept, _days(layers.kept), "digests_of_kept"))
        with pa.OSFile(str(staging / DIGESTS), "wb") as file, pa.ipc.new_file(file, found.schema) as writer:
            writer.write_table(found)
    return found


def _columns(table: Frame) -> list[tuple[str, str]]:
    return sorted((c, str(t)) for c, t in table.collect_schema().items())


def _key(parts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _plan(plan: PanelPlan) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "hvc_ml": __version__,
        "features": [repr(f) for f in plan.features],
        "population": plan.population.model_dump(mode="json"),
        "labels": plan.labels.model_dump(mode="json"),
    }


def _content(
    engine: Engine, tables: Tables, daily: Mapping[str, Frame], cutoff: date, plan: PanelPlan, *, mature: bool
) -> dict[str, Any]:
    """Hashes of the rows that a partition is made of."""
    ahead = plan.labels.horizon + plan.labels.grace
    parts: dict[str, Any] = {"cutoff": cutoff.isoformat(), "mature": mature}
    for name, table in daily.items():
        parts[f"history of {name}"] = _sums(engine, history(table, cutoff))
    if mature:
        parts["future of orders"] = _sums(engine, future(daily["orders"], cutoff, ahead))
    if tables.contracts is not None:
        parts["history of contracts"] = engine.fingerprint(history(tables.contracts, cutoff))
        if mature:
            ends = tables.contracts.with_columns(day=nw.col("end_day")).filter(~nw.col("end_day").is_null())
            parts["future of contracts"] = engine.fingerprint(future(tables.contracts, cutoff, ahead))
            parts["ends of contracts"] = engine.fingerprint(future(ends, cutoff, ahead))
    return parts


def _days(table: Frame) -> list[str]:
    names = table.collect_schema().names()
    return [c for c in (DAY, KNOWN_DAY) if c in names]


def _sums(engine: Engine, digests: Frame) -> list[int | None]:
    found = engine.arrow(digests.select(nw.col(c).sum() for c in DIGEST)).to_pylist()[0]
    return [found[c] for c in DIGEST]
