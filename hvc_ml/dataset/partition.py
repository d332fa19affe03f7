"""Compute the partitions of several cutoffs in one pass: population, features, labels and the prior's statistics."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hvc_ml.compiled.events import Events, read_events
from hvc_ml.compiled.features import features_of, has_attribute
from hvc_ml.compiled.labels import labelled_columns, labels_of
from hvc_ml.compiled.program import columns_of
from hvc_ml.compiled.purchases import Ints, Purchases, added, purchases_of, window_of
from hvc_ml.compiled.ranges import Range, ranges_of
from hvc_ml.dataset.profile import Profile
from hvc_ml.dataset.repeat_buying import contract_ages_at
from hvc_ml.dataset.store import Partition
from hvc_ml.features.algebra import aggregates
from hvc_ml.features.compute import features_at
from hvc_ml.features.feature import Feature
from hvc_ml.labels import LabelSettings, labels_at
from hvc_ml.population import PopulationSettings, subscribers_at
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.frame import Frame
from hvc_ml.tables.load import Tables
from hvc_ml.tables.schema import CUSTOMER

MEMBERS: Final = "population"
ATTRIBUTES: Final = "attributes of a range"
SHARE: Final = 4
"""A part takes the fourth part of the memory that the engine may use: there is the engine itself, and the writing."""

Members = NDArray[np.bool_]


@dataclass(frozen=True)
class PanelPlan:
    """What a panel holds: the same plan for every cutoff, past or present."""

    features: tuple[Feature, ...]
    population: PopulationSettings
    labels: LabelSettings


@dataclass(frozen=True)
class Part:
    """Some customers of one cutoff: their panel and, where they are mature, their labels."""

    panel: pa.Table
    labels: pa.Table | None


class Pass:
    """One pass over the tables, customers part by part, for all cutoffs at once.

    Parameters
    ----------
    engine, tables
        Where the rows are.
    mature
        Cutoff -> whether its labels are known.
    plan
        What the partitions hold.
    profile
        Where the seconds of each stage are written down.
    budget
        Bytes of a part; by default a share of the memory that the engine may use.
    """

    def __init__(
        self,
        engine: Engine,
        tables: Tables,
        mature: Mapping[date, bool],
        plan: PanelPlan,
        *,
        profile: Profile | None = None,
        budget: int | None = None,
    ) -> None:
        self._engine, self._tables, self._plan, self._mature = engine, tables, plan, dict(sorted(mature.items()))
        self._profile = profile or Profile()
        self._columns = _columns(tables, plan)
        per_customer = 8 * len(mature) * (len(plan.features) + 8)
        self.ranges = ranges_of(engine, tables, self._columns, per_customer, budget or engine.memory // SHARE)
        self._bought: dict[date, list[tuple[pa.Table, pa.Table]]] = {cutoff: [] for cutoff in self._mature}

    def parts(self) -> Iterator[dict[date, Part]]:
        """Compute part by part, in the order of ``customer_id``: cutoff -> part."""
        gaps = self._gaps() if len(self.ranges) > 1 else None
        for customers in self.ranges:
            with self._profile.stage("read rows") as stage:
                events = read_events(self._engine, self._tables, self._columns, customers)
                stage.rows = events.rows
            with self._profile.stage("population, the prior's counts") as stage:
                bought = purchases_of(events, list(self._mature))
                stage.rows = len(events.customers)
                members = {c: self._members(events, p, c, (gaps or {}).get(c, p.gaps)) for c, p in bought.items()}
                for cutoff, found in bought.items():
                    self._bought[cutoff].append((found.repeat_buying(), found.repeat_spenders()))
            yield self._computed(events, members, self._narrowed(customers))

    def statistics(self, cutoff: date) -> dict[str, pa.Table | None]:
        """The prior's tables of a cutoff, once all parts are computed."""
        buying, spend = zip(*self._bought[cutoff], strict=True)
        contracts = self._tables.contracts is not None
        return {
            "repeat_buying": _merged(buying),
            "repeat_spend": _merged(spend),
            "contract_ages": self._engine.arrow(contract_ages_at(self._tables, cutoff)) if contracts else None,
        }

    def _gaps(self) -> dict[date, Ints]:
        """Gaps between the purchases of everyone: the population of each part is told by those of all."""
        total = {cutoff: np.zeros(0, np.int64) for cutoff in self._mature}
        if self._plan.population.active_within != "auto" or self._plan.labels.churn == "contract_end":
            return total
        with self._profile.stage("gaps between purchases") as stage:
            for customers in self.ranges:
                events = read_events(self._engine, self._tables, {"orders": ("amount",)}, customers)
                stage.rows = (stage.rows or 0) + events.rows
                for cutoff, found in purchases_of(events, list(total)).items():
                    total[cutoff] = added(total[cutoff], found.gaps)
        return total

    def _members(self, events: Events, bought: Purchases, cutoff: date, gaps: Ints) -> Members:
        plan = self._plan
        if plan.labels.churn == "contract_end":
            subscribers = self._engine.arrow(subscribers_at(self._tables, cutoff))[CUSTOMER].combine_chunks()
            member: Members = pc.is_in(events.customers, value_set=subscribers).to_numpy(zero_copy_only=False)
            return member
        return bought.active(window_of(gaps, plan.population, plan.labels.horizon))

    def _narrowed(self, customers: Range) -> Tables:
        """The tables with the attributes of a range's customers only: every cutoff joins them."""
        attributes = self._tables.customers
        if attributes is None or len(self.ranges) == 1:
            return self._tables
        return replace(self._tables, customers=self._engine.materialise(customers.of(attributes), ATTRIBUTES))

    def _computed(self, events: Events, members: Mapping[date, Members], tables: Tables) -> dict[date, Part]:
        with self._profile.stage("features") as stage:
            panels = self._panels(events, members, tables)
            stage.rows = sum(p.num_rows for p in panels.values())
        with self._profile.stage("labels") as stage:
            labels = self._labels(events, {c: row for c, row in members.items() if self._mature[c]})
            stage.rows = sum(t.num_rows for t in labels.values())
        return {cutoff: Part(panel, labels.get(cutoff)) for cutoff, panel in panels.items()}

    def _panels(self, events: Events, members: Mapping[date, Members], tables: Tables) -> dict[date, pa.Table]:
        """Features in their order; those made of attributes are the engine's."""
        features = self._plan.features
        rest = [f for f in features if has_attribute(f.value)]
        panels = features_of(events, members, [f for f in features if not has_attribute(f.value)])
        return {c: self._with_rest(c, panel, rest, tables) for c, panel in panels.items()} if rest else panels

    def _with_rest(self, cutoff: date, panel: pa.Table, rest: Sequence[Feature], tables: Tables) -> pa.Table:
        customers = _landed(self._engine, panel)
        found = self._engine.arrow(features_at(customers, tables, cutoff, rest).sort(CUSTOMER))
        columns = dict(zip(panel.column_names, panel.columns, strict=True)) | {f.name: found[f.name] for f in rest}
        return pa.table({CUSTOMER: columns[CUSTOMER], **{f.name: columns[f.name] for f in self._plan.features}})

    def _labels(self, events: Events, members: Mapping[date, Members]) -> dict[date, pa.Table]:
        if self._plan.labels.churn == "no_order":
            return labels_of(events, members, self._plan.labels) if members else {}
        found = {}
        for cutoff, row in members.items():
            customers = _landed(self._engine, pa.table({CUSTOMER: events.customers.filter(pa.array(row))}))
            labels = labels_at(customers, self._tables, cutoff, self._plan.labels)
            found[cutoff] = self._engine.arrow(labels.sort(CUSTOMER))
        return found


def compute_many(
    engine: Engine, tables: Tables, mature: Mapping[date, bool], plan: PanelPlan, *, budget: int | None = None
) -> dict[date, Partition]:
    """Compute partitions in memory; nothing is written, and their key is empty.

    Parameters
    ----------
    engine, tables, mature, plan, budget
        As of `Pass`.
    """
    run = Pass(engine, tables, mature, plan, budget=budget)
    parts = list(run.parts())
    return {cutoff: joined(cutoff, [p[cutoff] for p in parts], run.statistics(cutoff)) for cutoff in mature}


def joined(cutoff: date, parts: Sequence[Part], statistics: Mapping[str, pa.Table | None], key: str = "") -> Partition:
    """A partition from its parts."""
    labels = [p.labels for p in parts if p.labels is not None]
    return Partition(
        cutoff=cutoff,
        panel=pa.concat_tables([p.panel for p in parts]),
        labels=pa.concat_tables(labels) if labels else None,
        key=key,
        **statistics,
    )


def _columns(tables: Tables, plan: PanelPlan) -> dict[str, tuple[str, ...]]:
    """What is read of each table: what features ask for, and labels."""
    found = columns_of(a for f in plan.features for a in aggregates(f.value) if not has_attribute(f.value))
    labels = labelled_columns(tables.orders.collect_schema().names())
    found["orders"] = tuple(dict.fromkeys((*found.get("orders", ()), *labels)))
    return found if tables.contracts is None else {"contracts": (), **found}


def _merged(tables: Sequence[pa.Table]) -> pa.Table:
    """Counts of all parts: who is alike may be in several of them."""
    if len(tables) == 1:
        return tables[0]
    keys = [c for c in tables[0].column_names if c != "n"]
    summed = pa.concat_tables(tables).group_by(keys, use_threads=False).aggregate([("n", "sum")])
    return summed.rename_columns([*keys, "n"]).sort_by([(k, "ascending") for k in keys])


def _landed(engine: Engine, panel: pa.Table) -> Frame:
    """The customers of a panel as a table of the engine."""
    ids = panel.select([CUSTOMER])
    engine.land(MEMBERS, ids.schema, ids.to_batches())
    return engine.frame(MEMBERS)
