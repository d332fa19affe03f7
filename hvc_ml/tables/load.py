"""From a user's source to canonical tables: read, map, check, collapse to orders, keep sorted."""

import datetime as dt
import logging
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Self

import narwhals as nw

from hvc_ml.errors import ConfigError, NotEnoughData
from hvc_ml.tables.canonical import canonical_table
from hvc_ml.tables.checks import TableReport, refusals, refuse
from hvc_ml.tables.convert import Conversion
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.facts import NOTHING
from hvc_ml.tables.layers import Layers
from hvc_ml.tables.mapping import TableMapping
from hvc_ml.tables.parts import Fingerprint
from hvc_ml.tables.pseudonyms import macro, pseudonym_key
from hvc_ml.tables.reading import open_table
from hvc_ml.tables.rejected import ASIDE, set_aside
from hvc_ml.tables.schema import SCHEMAS, TableName
from hvc_ml.tables.settled import Keeping, Settled, SettledTable, keep, settle
from hvc_ml.tables.sources import Source
from hvc_ml.tables.spark import SparkEngine
from hvc_ml.tables.spark_load import load_in_spark
from hvc_ml.tables.staging import Staged, stage

log = logging.getLogger(__name__)

Frame = nw.LazyFrame[Any]
EPOCH = dt.date(1970, 1, 1)
NAMES: Final = ("orders", "items", "customers", "events", "contracts", "touches")


@dataclass(frozen=True)
class Tables:
    """The canonical tables of one business, as lazy frames on the engine; see the schema for their columns.

    ``orders`` has one row per order; ``items`` one row per line, where products or categories are known. Days count
    from 1970-01-01 in the business's time zone, and orders lie in ``[first_day, end_day)``. Money is whole ticks.
    """

    orders: Frame
    first_day: int
    end_day: int
    items: Frame | None = None
    customers: Frame | None = None
    events: Frame | None = None
    contracts: Frame | None = None
    touches: Frame | None = None
    layers: Mapping[str, Layers] = field(default_factory=dict, repr=False)

    def present(self) -> dict[str, Frame]:
        """The tables that are there, by name."""
        return {name: frame for name in NAMES if (frame := getattr(self, name)) is not None}

    def exchanged(self, frames: Mapping[str, Frame]) -> Self:
        """The same business with other rows in some of its tables."""
        return replace(self, **frames)  # type: ignore[arg-type] # names of frames only


Loaded = tuple[Tables, dict[str, TableReport], dict[str, tuple[Fingerprint, ...]]]


def load_tables(
    engine: Engine,
    source: Source,
    mappings: Mapping[TableName, TableMapping],
    *,
    base: Path,
    timezone: str,
    currency: str | None = None,
    now: dt.date | None = None,
    without: Callable[[Tables], Tables] = lambda tables: tables,
    keeping: Keeping | None = None,
) -> Loaded:
    """Load every mapped table of a source.

    Parameters
    ----------
    engine
        Open, with ``source.files(base)`` allowed.
    mappings
        Canonical table -> how the user's table becomes it; ``orders`` is required.
    base
        Folder that relative paths start from.
    timezone
        IANA name; times without an offset are taken as local to it, others are converted.
    currency
        ISO code of all money; rows whose ``currency`` is mapped and another are at fault. None skips the check.
    now
        Today in that time zone; later rows are refused or dropped. None skips the check.
    without
        Leaves rows out of the tables: those of customers who were forgotten.
    keeping
        Rows of settled files are kept there, and not read again. None reads everything.

    Returns
    -------
    tuple
        The tables; a report and the fingerprints of the source files for each table.

    Raises
    ------
    ConfigError
        If the configuration does not fit the files.
    DataError
        If rows break the data contract; every breach of every table in one message.
    NotEnoughData
        If no order is left.
    ServiceError
        If a database is in use elsewhere.
    """
    _check(mappings, timezone)
    today = None if now is None else (now - EPOCH).days
    if source.pseudonyms:
        engine.execute(macro(pseudonym_key()))
    load = _Load(engine, source, _conversions(mappings, timezone, currency, today, source), base)
    if isinstance(engine, SparkEngine):
        for conversion in load.conversions:
            load.reports[conversion.table], load.fingerprints[conversion.table] = load_in_spark(
                engine, source, conversion, base
            )
        return load.finished(without)
    settled = Settled.find(keeping) if keeping else None
    if settled is not None:
        if load.read(settled):
            return load.finished(without, settled)
        log.info("files of earlier days have changed, or much is new: everything is read again")
    load.read(None, keeping)
    return load.finished(without, keeping=keeping)


class _Load:
    """Tables on their way from a source to the engine."""

    def __init__(self, engine: Engine, source: Source, conversions: Sequence[Conversion], base: Path) -> None:
        self.engine, self.source, self.conversions, self.base = engine, source, conversions, base
        self.reports: dict[str, TableReport] = {}
        self.fingerprints: dict[str, tuple[Fingerprint, ...]] = {}
        self.settling: dict[str, SettledTable] = {}
        self.fresh = 0

    def read(self, settled: Settled | None, keeping: Keeping | None = None) -> bool:
        """Read all tables, all files or those that are not settled; False where that cannot be told apart.

        Parameters
        ----------
        keeping
            Tell which files are settled now.
        """
        self.fresh = 0
        self.engine.drop(ASIDE)
        for conversion in self.conversions:
            name = conversion.table
            reading = open_table(self.engine, self.source, name, conversion.mapping, self.base)
            known = settled.files(name) if settled else frozenset()
            if not known <= {f.sha256 for f in reading.fingerprints}:
                return False
            staged = stage(self.engine, reading, conversion, known)
            self.fresh += staged.rows
            if settled is not None and (settled.meets(self.engine, staged, name) or settled.outgrown(self.fresh)):
                return False
            self.reports[name] = canonical_table(
                self.engine, staged, conversion, settled.earlier(name) if settled else NOTHING
            )
            self.fingerprints[name] = staged.fingerprints
            if keeping is not None:
                self._settle(staged, conversion, keeping)
            set_aside(self.engine, staged, conversion)
            self.engine.drop(staged.name)
        return True

    def _settle(self, staged: Staged, conversion: Conversion, keeping: Keeping) -> None:
        repeated = "repeated" in self.reports[conversion.table].reasons
        found = settle(self.engine, staged, conversion, keeping.days, repeated=repeated)
        if found is not None:
            self.settling[conversion.table] = found

    def finished(
        self, without: Callable[[Tables], Tables], settled: Settled | None = None, keeping: Keeping | None = None
    ) -> Loaded:
        """The tables, where nothing refuses them."""
        mappings = {c.table: c.mapping for c in self.conversions}
        refuse(s for name, found in self.reports.items() for s in refusals(found, mappings[name]))  # type: ignore[index] # TableNames
        tables = without(_tables(self.engine, self.reports, settled))
        if settled is not None:
            tables = layered(self.engine, tables, settled)
        if keeping is not None and self.settling:
            fresh = self.fresh - sum(t.rows for t in self.settling.values())
            keep(self.engine, keeping, tables.present(), self.settling, fresh)
        return tables, self.reports, self.fingerprints


def layered(engine: Engine, tables: Tables, settled: Settled) -> Tables:
    """Tables of fresh rows, with the settled ones beside them."""
    made = {name: settled.layers(engine, frame, name) for name, frame in tables.present().items()}
    layers = {name: found for name, found in made.items() if found is not None}
    return replace(tables.exchanged({name: found.frame for name, found in layers.items()}), layers=layers)


def _conversions(
    mappings: Mapping[TableName, TableMapping], timezone: str, currency: str | None, today: int | None, source: Source
) -> list[Conversion]:
    present = (n for n in SCHEMAS if n in mappings)
    return [Conversion(n, mappings[n], timezone, today, currency, pseudonyms=source.pseudonyms) for n in present]


def _check(mappings: Mapping[TableName, TableMapping], timezone: str) -> None:
    found = [f"tables.{name}.{p}" for name, mapping in mappings.items() for p in mapping.problems(name)]
    if "orders" not in mappings:
        found.append("tables.orders: is missing; every business has orders")
    try:
        zoneinfo.ZoneInfo(timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        found.append(f"timezone: {timezone!r} is not an IANA name such as Europe/London")
    if found:
        raise ConfigError(f"{'; '.join(found)}.")


def _tables(engine: Engine, reports: dict[str, TableReport], settled: Settled | None = None) -> Tables:
    orders = engine.frame("orders")
    span = orders.select(nw.col("day").min().alias("first"), nw.col("day").max().alias("last"), nw.len().alias("n"))
    first, last, count = engine.arrow(span).to_pylist()[0].values()
    if settled is not None:
        first, last, count = settled.span(engine, first, last, count)
    if first is None:
        rows = reports["orders"].rows
        raise NotEnoughData(
            f"orders: none of {rows:,} rows is left ({_why(reports['orders'])}). Nothing can be learned."
        )
    reports["orders"] = replace(reports["orders"], orders=int(count))
    found = Tables(orders, int(first), int(last) + 1, items=engine.frame("items") if engine.has("items") else None)
    return found.exchanged({name: engine.frame(name) for name in reports if name != "orders"})


def _why(found: TableReport) -> str:
    return ", ".join(f"{code} {rows:,}" for code, rows in found.reasons.items()) or "no rows"
