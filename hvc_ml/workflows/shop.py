"""Open a business: its engine, its checked tables, and what can be built from them."""

import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow as pa

from hvc_ml.config import Project
from hvc_ml.dataset.build import PanelPlan, build_many
from hvc_ml.dataset.store import PanelStore, Partition
from hvc_ml.errors import DataError, NotEnoughData, OutputError, UsageError
from hvc_ml.features.catalog import available
from hvc_ml.progress import Stages
from hvc_ml.publish import make_private_directory, remove_file
from hvc_ml.tables.checks import TableReport
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.forgotten import Register, leave_out
from hvc_ml.tables.load import Tables, load_tables
from hvc_ml.tables.pseudonyms import check_value, pseudonym_key
from hvc_ml.tables.reading import Fingerprint
from hvc_ml.tables.rejected import write_rejected
from hvc_ml.tables.settled import Keeping
from hvc_ml.tables.spark import SparkEngine, open_engine_for
from hvc_ml.timeline.calendar import Timeline
from hvc_ml.timeline.days import as_date
from hvc_ml.workflows.arrivals import refuse_old, today
from hvc_ml.workflows.pseudonyms import check_names
from hvc_ml.workflows.sampling import Sample


@dataclass(frozen=True)
class Shop:
    """A business with its tables loaded.

    Parameters
    ----------
    project
        The config and its folder.
    engine
        Where the tables are.
    tables
        The canonical tables.
    reports
        What the checks found, table by table.
    sources
        Fingerprint of every source file.
    stages
        Where progress is told.
    """

    project: Project
    engine: Engine
    tables: Tables
    reports: dict[str, TableReport]
    sources: dict[str, tuple[Fingerprint, ...]]
    stages: Stages

    @property
    def timeline(self) -> Timeline:
        """The span of the orders and how far labels look."""
        config = self.project.config
        return Timeline(
            as_date(self.tables.first_day), as_date(self.tables.end_day), config.labels.maturing, config.calendar
        )

    @property
    def now(self) -> date:
        """The midnight after the newest order: the cutoff of today's list."""
        return as_date(self.tables.end_day)

    @property
    def sources_hash(self) -> str:
        """One hash of the content of every source file, whatever its place."""
        found = {table: sorted(f.sha256 for f in files) for table, files in self.sources.items()}
        return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()

    def plan(self) -> PanelPlan:
        """What the panel of this business holds."""
        return self._plan

    @cached_property
    def _plan(self) -> PanelPlan:
        """Asks the log of events once for its kinds."""
        config = self.project.config
        features = available(self.tables, config.features, config.labels.horizon)
        return PanelPlan(features, config.population, config.labels)

    def cutoff(self, asked: date | None) -> date:
        """The cutoff that was asked for, checked, or the midnight after the newest order."""
        first = self.timeline.first + timedelta(days=1)
        if asked is not None and not first <= asked <= self.now:
            raise UsageError(
                f"--cutoff {asked}: the orders lie from {self.timeline.first} to {self.now}; a cutoff lies between "
                f"{first} and {self.now}, the midnight after the newest order."
            )
        return asked or self.now

    def eligible(self, cutoff: date) -> pd.DataFrame:
        """`panel` as a frame."""
        found: pd.DataFrame = self.panel(cutoff).to_pandas()
        return found

    def panel(self, cutoff: date) -> pa.Table:
        """``customer_id`` and features of everyone in the population at a cutoff.

        Raises
        ------
        NotEnoughData
            If that is nobody.
        """
        panel = self.partitions((cutoff,))[cutoff].panel
        if not panel.num_rows:
            raise NotEnoughData(
                f"no customer is eligible at {cutoff}: nobody bought within population.active_within. "
                "Choose another --cutoff, or widen the population."
            )
        return panel

    def partitions(self, cutoffs: tuple[date, ...]) -> dict[date, Partition]:
        """The panel at these cutoffs, building what is missing or changed."""
        return self.sampled(cutoffs, "all")[0]

    def sampled(self, cutoffs: tuple[date, ...], most: int | Literal["all"]) -> tuple[dict[date, Partition], float]:
        """The panel of at most so many customers at each cutoff where it lies in Spark, and their share of all.

        What one machine has built fits there: it is everybody's, and the share is 1.
        """
        plan, store = self.plan(), PanelStore(self.project.features)
        with self.stages.stage("features") as stage:
            made = build_many(self.engine, self.tables, cutoffs, plan, store)
            sample = self._sample(max((built.rows for built in made.values()), default=0), most)
            chosen = () if sample.share >= 1 else (lambda ids: sample.has(ids.to_pandas()),)
            found = {cutoff: built.load(*chosen) for cutoff, built in made.items()}
            stage.rows = sum(p.panel.num_rows for p in found.values())
        return found, sample.share

    def _sample(self, rows: int, most: int | Literal["all"]) -> Sample:
        if most == "all" or rows <= most or not isinstance(self.engine, SparkEngine):
            return Sample(1.0, rows)
        return Sample(most / rows, rows)


@contextlib.contextmanager
def open_shop(project: Project, stages: Stages) -> Iterator[Shop]:
    """Read and check the tables of a business.

    Raises
    ------
    DataError
        If the data are refused; nothing is written.
    """
    config, register = project.config, Register.read(project.register)
    check_names(project)
    keeping = _keeping(project, register)
    also = [] if keeping is None else [keeping.folder]
    with open_engine_for(config.source, config.resources, project.folder, also) as engine:
        with stages.stage("read and check") as stage:
            with _rejected_kept(project, engine):
                tables, reports, sources = load_tables(
                    engine,
                    config.source,
                    config.tables.present(),
                    base=project.folder,
                    timezone=config.timezone,
                    currency=config.currency,
                    now=today(project),
                    without=lambda tables: leave_out(engine, tables, register),
                    keeping=keeping,
                )
            refuse_old(project, engine, tables)
            stage.rows = sum(r.rows for r in reports.values())
        yield Shop(project, engine, tables, reports, sources, stages)


def _keeping(project: Project, register: Register) -> Keeping | None:
    """Where rows of settled files are kept between runs, if they are; rows of who was forgotten are not among them."""
    config = project.config
    if config.source.settled_after is None:
        return None
    make_private_directory(project.rows)
    mappings = {name: mapping.model_dump(mode="json") for name, mapping in config.tables.present().items()}
    names = check_value(pseudonym_key()) if config.source.pseudonyms else None
    said = json.dumps([config.timezone, config.currency, mappings, names, sorted(register.hashes)], sort_keys=True)
    return Keeping(project.rows, config.source.settled_after, said)


@contextlib.contextmanager
def _rejected_kept(project: Project, engine: Engine) -> Iterator[None]:
    """Keep the rows at fault where their owner finds them, also when the tables are refused for them."""
    try:
        yield
    except DataError as error:
        rows = None
        with contextlib.suppress(OutputError):  # the data are what has to be mended first
            rows = _write_rejected(project, engine)
        if rows is None:
            raise
        raise DataError(f"{error} The rows at fault are in {rows}.") from None
    _write_rejected(project, engine)


def _write_rejected(project: Project, engine: Engine) -> Path | None:
    path = project.state / "rejected.csv"
    if write_rejected(engine, path):
        return path
    remove_file(path)  # those of an earlier run say nothing any more
    return None
