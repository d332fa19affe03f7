"""Build partitions by content of what goes in: read from the store, or computed together where they are missing."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

import pyarrow as pa

from hvc_ml.dataset.declared import compute_declared, write_declared
from hvc_ml.dataset.keys import keys_of
from hvc_ml.dataset.partition import PanelPlan, Part, Pass, compute_many, joined
from hvc_ml.dataset.profile import Profile
from hvc_ml.dataset.store import Chosen, PanelStore, Partition
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.load import Tables
from hvc_ml.tables.spark import SparkEngine
from hvc_ml.timeline.days import as_date

__all__ = ["Built", "PanelPlan", "build", "build_many", "compute"]


@dataclass(frozen=True)
class Built:
    """A partition in the store.

    Parameters
    ----------
    cutoff, rows, labelled
        Of the partition.
    new
        Whether it was built now.
    load
        Gives the partition: read from the store, where it is not in memory anyway; `hvc_ml.dataset.store.Chosen` may
        say whose rows.
    customers
        Gives their ids alone; whose, as for ``load``.
    """

    cutoff: date
    rows: int
    labelled: bool
    new: bool
    load: Callable[..., Partition]
    customers: Callable[..., pa.ChunkedArray]


def build_many(
    engine: Engine,
    tables: Tables,
    cutoffs: Sequence[date],
    plan: PanelPlan,
    store: PanelStore,
    *,
    profile: Profile | None = None,
    budget: int | None = None,
) -> dict[date, Built]:
    """The partitions of several cutoffs, those in the store where nothing that goes into them has changed.

    What is missing is computed in one pass over the tables, and written customers by customers where all of them would
    not fit the memory.

    Parameters
    ----------
    engine, tables
        Where the rows are.
    cutoffs
        In any order.
    plan
        What a partition holds.
    store
        Where partitions are kept.
    profile
        Where the seconds of each stage are written down.
    budget
        As of `hvc_ml.dataset.partition.Pass`.

    Returns
    -------
    dict
        Cutoff -> what is in the store now, oldest first.
    """
    profile = profile or Profile()
    mature = {cutoff: is_mature(tables, cutoff, plan) for cutoff in sorted(set(cutoffs))}
    with profile.stage("hashes of the rows"):
        keys = keys_of(engine, tables, mature, plan)
    found = {cutoff: _kept(store, cutoff, key) for cutoff, key in keys.items()}
    missing = {cutoff: mature[cutoff] for cutoff, built in found.items() if built is None}
    if isinstance(engine, SparkEngine):  # the rows stay there; what is declared runs there as it is
        found |= _written_in_spark(engine, tables, missing, plan, keys, store, profile)
    elif missing:
        run = Pass(engine, tables, missing, plan, profile=profile, budget=budget)
        found |= _written(run, missing, keys, store, profile)
    return {cutoff: built for cutoff, built in found.items() if built is not None}


def build(engine: Engine, tables: Tables, cutoff: date, plan: PanelPlan, store: PanelStore) -> tuple[Partition, bool]:
    """The partition of one cutoff, and whether it was built now."""
    built = build_many(engine, tables, (cutoff,), plan, store)[cutoff]
    return built.load(), built.new


def compute(
    engine: Engine, tables: Tables, cutoff: date, plan: PanelPlan, *, key: str = "", mature: bool = False
) -> Partition:
    """Compute a partition; nothing is written."""
    if isinstance(engine, SparkEngine):
        return compute_declared(engine, tables, cutoff, plan, mature=mature, key=key)
    return replace(compute_many(engine, tables, {cutoff: mature}, plan)[cutoff], key=key)


def _written_in_spark(
    engine: SparkEngine,
    tables: Tables,
    mature: Mapping[date, bool],
    plan: PanelPlan,
    keys: Mapping[date, str],
    store: PanelStore,
    profile: Profile,
) -> dict[date, Built | None]:
    """Let Spark write what is missing, one cutoff after the other."""
    found: dict[date, Built | None] = {}
    for cutoff, known in mature.items():
        with profile.stage("panel in Spark"):
            write_declared(engine, tables, cutoff, plan, store, mature=known, key=keys[cutoff])
        built = _kept(store, cutoff, keys[cutoff])
        found[cutoff] = None if built is None else replace(built, new=True)
    return found


def is_mature(tables: Tables, cutoff: date, plan: PanelPlan) -> bool:
    """Whether the labels of a cutoff are known at the end of the orders."""
    return as_date(tables.end_day) >= cutoff + timedelta(days=plan.labels.maturing)


def _kept(store: PanelStore, cutoff: date, key: str) -> Built | None:
    meta = store.holds(cutoff, key)
    if meta is None:
        return None
    ways = {"load": partial(store.load, cutoff, key), "customers": partial(store.customers, cutoff)}
    return Built(cutoff, int(meta["rows"]), bool(meta["labelled"]), new=False, **ways)


def _written(
    run: Pass, mature: Mapping[date, bool], keys: Mapping[date, str], store: PanelStore, profile: Profile
) -> dict[date, Built | None]:
    """Compute what is missing and publish it; where one part is all, it stays in memory."""
    whole: dict[date, Part] = {}
    rows = dict.fromkeys(mature, 0)
    with contextlib.ExitStack() as stack:
        writings = {c: stack.enter_context(store.writing(c, keys[c], labelled=known)) for c, known in mature.items()}
        for parts in run.parts():
            with profile.stage("write") as stage:
                for cutoff, part in parts.items():
                    writings[cutoff].add(part.panel, part.labels)
                    rows[cutoff] += part.panel.num_rows
                stage.rows = sum(p.panel.num_rows for p in parts.values())
            whole = parts if len(run.ranges) == 1 else {}
        statistics = {cutoff: run.statistics(cutoff) for cutoff in mature}
        for cutoff, writing in writings.items():
            writing.finish(statistics[cutoff])

    def load(cutoff: date, chosen: Chosen | None = None) -> Partition:
        if cutoff not in whole:
            return store.load(cutoff, keys[cutoff], chosen)
        found = joined(cutoff, [whole[cutoff]], statistics[cutoff], keys[cutoff])
        return found if chosen is None else found.narrowed(chosen)

    return {
        c: Built(c, rows[c], known, new=True, load=partial(load, c), customers=partial(store.customers, c))
        for c, known in mature.items()
    }
