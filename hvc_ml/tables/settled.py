# ruff: noqa: S608 # queries are built from quoted names and texts only (see sql.py)
"""Rows of files that an earlier run has read: kept on disk, so that a run reads what is new and nothing else.

A table of many files is cut in time. Files are settled when all their rows are clean and older than every row of every
other file; rows of the others, and of new ones, are fresh. Equal rows, and the lines of one order, have one day, so no
such rows lie on both sides of the cut: what is kept and what is fresh are, together, what reading all files would give.
"""

import hashlib
import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any, Final, Self

import duckdb
import narwhals as nw
import pyarrow.parquet as pq

from hvc_ml import __version__
from hvc_ml.errors import OutputError
from hvc_ml.publish import make_private_directory, publish_directory, verify_directory
from hvc_ml.tables.convert import REASONS, Conversion, asked_for
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.facts import Count, Earlier, Facts, added, facts_of
from hvc_ml.tables.frame import Frame
from hvc_ml.tables.layers import Layers
from hvc_ml.tables.schema import CUSTOMER, DAY
from hvc_ml.tables.sql import identifier, literal
from hvc_ml.tables.staging import Staged, StagedPart

log = logging.getLogger(__name__)

FORMAT: Final = 2
ROWS: Final = 1_000_000
"""Rows of a row group: ranges of customers are read without looking at the rest."""
GROWTH: Final = 0.1
"""When fresh rows have grown by this share of all rows, everything is read once more and kept anew."""


_IDS: Final = "customers of {}"
"""Beside the rows of a table: everyone in them once, for what is said of ids every night."""


@dataclass(frozen=True)
class Keeping:
    """Whether rows are kept between runs, and where.

    Parameters
    ----------
    folder
        Private; it belongs to `settled` alone.
    days
        A file settles when its newest row is so many days older than the newest of the table.
    content
        Says everything beside files that rows are made from: mappings, the time zone, who was forgotten.
    """

    folder: Path
    days: int
    content: str

    @property
    def config(self) -> str:
        """Rows of another release, engine or configuration are not used."""
        said = [FORMAT, __version__, duckdb.__version__, self.days, self.content]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


@dataclass(frozen=True)
class SettledTable:
    """The settled files of one table, and what was found in them; days are None where the table has none."""

    files: frozenset[str]
    first: int | None
    last: int | None
    rows: int
    counts: tuple[Count, ...]
    facts: Facts

    def as_json(self) -> dict[str, Any]:
        """Everything as JSON holds it."""
        return {**asdict(self), "files": sorted(self.files), "counts": [astuple(c)[:3] for c in self.counts]}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        """What `as_json` says."""
        counts = tuple(Count(code, rows, ticks, ()) for code, rows, ticks in said["counts"])
        return cls(**{**said, "files": frozenset(said["files"]), "counts": counts, "facts": Facts(**said["facts"])})


@dataclass(frozen=True)
class Settled:
    """Rows that are kept: for each table those of its settled files; beside orders lie their items."""

    folder: Path
    tables: Mapping[str, SettledTable]
    fresh: int
    """Rows of all other files when these were kept."""

    @classmethod
    def find(cls, keeping: Keeping) -> Self | None:
        """The rows that an earlier run kept under the same configuration, if they are there and whole."""
        for folder in sorted(keeping.folder.glob("*/tables"), reverse=True):
            try:
                said = verify_directory(folder)["meta"]
            except OutputError as error:
                log.warning("%s Everything is read again.", error)
                continue
            if said.get("config") == keeping.config:
                tables = {name: SettledTable.from_json(found) for name, found in said["tables"].items()}
                return cls(folder.parent, tables, said["fresh"])
        return None

    @property
    def key(self) -> str:
        """Says the content of all kept rows."""
        return self.folder.name

    def files(self, name: str) -> frozenset[str]:
        """SHA-256 of the settled files of a table."""
        return self.tables[name].files if name in self.tables else frozenset()

    def meets(self, engine: Engine, staged: Staged, name: str) -> bool:
        """Whether fresh rows lie among the settled ones: then they must be looked at together."""
        if name not in self.tables:
            return False
        last = self.tables[name].last
        if last is None:
            return staged.rows > 0
        first = engine.execute(f"SELECT min({DAY}) FROM {identifier(staged.name)} WHERE reason = 0")[0][0]
        return first is not None and int(first) <= last

    def span(
        self, engine: Engine, first: int | None, last: int | None, orders: int
    ) -> tuple[int | None, int | None, int]:
        """First and last day of the orders and how many there are, of fresh ones and of all."""
        if "orders" not in self.tables:
            return first, last, orders
        kept = self.tables["orders"]
        ends = [day for day in (first, last, kept.first, kept.last) if day is not None]
        count = engine.execute(f"SELECT count(*) FROM {self._scan('orders')}")[0][0]
        return min(ends, default=None), max(ends, default=None), orders + int(count)

    def earlier(self, name: str) -> Earlier:
        """What was found in the settled rows of a table."""
        if name not in self.tables:
            return Earlier()
        found = self.tables[name]
        ids = f"SELECT {CUSTOMER} FROM {self._scan(_IDS.format(name))}"
        return Earlier(found.rows, found.counts, found.facts, ids)

    def layers(self, engine: Engine, fresh: Frame, name: str) -> Layers | None:
        """A table whose fresh rows are there, in two layers; None where nothing of it was kept."""
        if not self._file(name).is_file():
            return None
        derived = self.folder / "derived"
        make_private_directory(derived)
        kept = engine.sql(f"SELECT * FROM {self._scan(name)}")
        if name in self.tables and self.tables[name].last is None:  # without days all of a table is kept, or nothing
            return Layers(kept, kept, f"{self.key}:{name}", kept.head(0), derived)
        columns = ", ".join(identifier(c) for c in kept.collect_schema().names())
        both = f"SELECT {columns} FROM {self._scan(name)} UNION ALL SELECT {columns} FROM {identifier(name)}"
        return Layers(engine.sql(both), kept, f"{self.key}:{name}", fresh, derived)

    def _file(self, name: str) -> Path:
        return self.folder / "tables" / f"{name}.parquet"

    def _scan(self, name: str) -> str:
        return f"read_parquet({literal(str(self._file(name).resolve()))})"

    def outgrown(self, fresh: int) -> bool:
        """Whether so many rows were read anew that keeping them pays."""
        kept = sum(t.rows for t in self.tables.values())
        return fresh - self.fresh > GROWTH * (kept + fresh)


def keep(
    engine: Engine, keeping: Keeping, tables: Mapping[str, Frame], settled: Mapping[str, SettledTable], fresh: int
) -> None:
    """Keep the settled rows of tables in place of those that were kept before.

    Parameters
    ----------
    tables
        Canonical tables, in their order, with ``items`` where they are there.
    settled
        What `settle` says of each table; the items are those of the orders.
    fresh
        Rows of all other files.
    """
    meta = {"config": keeping.config, "tables": {name: t.as_json() for name, t in sorted(settled.items())}}
    key = hashlib.sha256(json.dumps(meta, sort_keys=True).encode()).hexdigest()[:32]
    make_private_directory(keeping.folder)
    with publish_directory(keeping.folder / key / "tables", meta={**meta, "fresh": fresh}, replace=True) as to:
        for name, frame in tables.items():
            if (table := settled.get({"items": "orders"}.get(name, name))) is not None:
                chosen = frame if table.last is None else frame.filter(nw.col(DAY) <= table.last)
                _write(engine, chosen, to / f"{name}.parquet")
                if name in settled:
                    _write(engine, chosen.select(CUSTOMER).unique(), to / f"{_IDS.format(name)}.parquet")
    for other in keeping.folder.iterdir():
        if other.name != key:
            shutil.rmtree(other, ignore_errors=True)


def _write(engine: Engine, frame: Frame, path: Path) -> None:
    batches = engine.batches(frame, ROWS)
    first = next(batches, None)
    if first is None:
        schema = engine.arrow(frame).schema
        pq.write_table(schema.empty_table(), path)
        return
    with pq.ParquetWriter(path, first.schema, compression="lz4") as writer:
        writer.write_batch(first)
        for batch in batches:
            writer.write_batch(batch)


@dataclass(frozen=True)
class _File:
    """What one file brought."""

    sha256: str
    clean: bool
    first: int | None
    last: int | None
    counts: tuple[Count, ...]


def settle(
    engine: Engine, staged: Staged, conversion: Conversion, days: int, *, repeated: bool = False
) -> SettledTable | None:
    """Tell which files of a table, all of them just staged, are settled; None where no file is.

    Parameters
    ----------
    days
        As of `Keeping`.
    repeated
        Whether several rows of a customer were there, one of which was taken.
    """
    dated = DAY in staged.columns
    every = [_looked_at(engine, staged, conversion, part, dated=dated) for part in staged.parts]
    whole = every if all(f.clean for f in every) and not repeated else []
    closed = _closed(every, days) if dated else whole
    if not closed:
        return None
    last = max((f.last for f in closed if f.last is not None), default=None)
    counts = added(c for f in closed for c in f.counts)
    return SettledTable(
        files=frozenset(f.sha256 for f in closed),
        first=min((f.first for f in closed if f.first is not None), default=None),
        last=last,
        rows=sum(c.rows for c in counts),
        counts=tuple(counts),
        facts=facts_of(engine, staged, conversion, "true" if last is None else f"{DAY} <= {last}"),
    )


def _looked_at(engine: Engine, staged: Staged, conversion: Conversion, part: StagedPart, *, dated: bool) -> _File:
    ticks = "sum(abs(amount))" if "amount" in staged.columns else "NULL"
    ends = f"min({DAY}) FILTER (reason = 0), max({DAY}) FILTER (reason = 0)" if dated else "NULL, NULL"
    found = engine.execute(
        f"SELECT reason, count(*), {ticks}, {ends} FROM {identifier(staged.name)} "
        f"WHERE rowid >= {part.start} AND rowid < {part.start + part.rows} GROUP BY reason ORDER BY reason"
    )
    counts = tuple(Count(REASONS[reason], int(rows), int(money or 0), ()) for reason, rows, money, *_ in found)
    at_fault = {c.code for c in counts} - {"kept", *asked_for(conversion.mapping)}
    # what is later than today will not be so for ever
    clean = not part.broken and not at_fault and all(c.code != "future" for c in counts)
    first, last = next(((low, high) for reason, *_, low, high in found if reason == 0), (None, None))
    return _File(part.sha256, clean, first, last, counts)


def _closed(every: Sequence[_File], days: int) -> list[_File]:
    """Clean files whose rows are all older than the rows of all others."""
    bound = max((f.last for f in every if f.last is not None), default=0) - days
    while True:
        is_closed = [f.clean and f.last is not None and f.last < bound for f in every]
        others = [f.first for f, closed in zip(every, is_closed, strict=True) if not closed and f.first is not None]
        if min(others, default=bound) >= bound:
            return [f for f, closed in zip(every, is_closed, strict=True) if closed]
        bound = min(others)
