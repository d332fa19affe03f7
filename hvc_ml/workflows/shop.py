"""Open a business: its engine, its checked tables, and what can be built from them."""

import contextlib
import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow as pa

from hvc_ml.config import Project
from hvc_ml.dataset.build import Built, PanelPlan, build_many
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
from hvc_ml.workflows.sampling import Sample, sample_of


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
        with self.stages.stage("features") as stage:
            found = {cutoff: built.load() for cutoff, built in self._built(cutoffs).items()}
            stage.rows = sum(p.panel.num_rows for p in found.values())
        return found

    def sampled(
        self, cutoffs: tuple[date, ...], most: int | Literal["all"], whole: Collection[date] = ()
    ) -> tuple[dict[date, Partition], Sample]:
        """The panel of those whom models learn from, and who they are.

        Parameters
        ----------
        most
            At most about so many customers, or all of them.
        whole
            Cutoffs whose panel is everybody's, unless it lies in Spark: then one machine cannot hold it.
        """
        with self.stages.stage("features") as stage:
            made = self._built(cutoffs)
            in_spark = isinstance(self.engine, SparkEngine)
            sample = _sample(made.values(), most, at_once=not in_spark)
            chosen = (sample.chosen,) if sample.share < 1 else ()
            found = {c: built.load(*(chosen if in_spark or c not in whole else ())) for c, built in made.items()}
            stage.rows = sum(p.panel.num_rows for p in found.values())
        return found, sample

    def _built(self, cutoffs: tuple[date, ...]) -> dict[date, Built]:
        return build_many(self.engine, self.tables, cutoffs, self.plan(), PanelStore(self.project.features))


def _sample(made: Collection[Built], most: int | Literal["all"], *, at_once: bool) -> Sample:
    """Who is learned from: told by the ids of everybody, or where those do not fit, of about so many."""
    rows = max((built.rows for built in made), default=0)
    coarse = Sample(1.0 if at_once or most == "all" or rows <= most else most / rows, rows)
    chosen = (coarse.chosen,) if coarse.share < 1 else ()
    return sample_of([built.customers(*chosen) for built in made if built.labelled], most, coarse.share)


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
