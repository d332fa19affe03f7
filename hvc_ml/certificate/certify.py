"""Rebuild a panel after everything later than a cutoff was changed, and see whether a bit of it moves."""

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeAlias

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hvc_ml.certificate.canary import MUST_MOVE, canaries_at
from hvc_ml.certificate.compare import differences, rows_in_one
from hvc_ml.certificate.perturb import PERTURBATIONS, perturbed
from hvc_ml.certificate.receipt import Certificate, Finding
from hvc_ml.certificate.sample import Rows, forgotten, loaded, sampled
from hvc_ml.dataset.store import Partition
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.load import Tables
from hvc_ml.tables.schema import CUSTOMER, DAY, KNOWN_DAY
from hvc_ml.timeline.days import day_number

Build: TypeAlias = Callable[[Tables, Sequence[date]], Mapping[date, Partition]]
"""What makes the partitions of several cutoffs: the very function that training and scoring use."""

STATISTICS: Final = ("repeat_buying", "repeat_spend", "contract_ages")
AS_TRAINED: Final = "as_trained"
"""The comparison of the sample, rebuilt, with the panel that a training has read; nothing is changed for it."""


def certify(
    engine: Engine,
    tables: Tables,
    cutoffs: Sequence[date],
    build: Build,
    *,
    customers: int,
    here: Engine | None = None,
    trained: Mapping[date, Partition] | None = None,
    hashes: Mapping[str, str] | None = None,
    tell: Callable[[int, int, str], None] = lambda _done, _total, _note: None,
) -> Certificate:
    """Check that nothing at a cutoff depends on anything later.

    All cutoffs' partitions are built together from the rows of a sample of customers: once as they are, and for each
    cutoff once after each of `PERTURBATIONS` of what is later than it. In its own partition and in those of earlier
    cutoffs, features, the set of customers and the prior's statistics must stay the same to the last bit. Figures that
    peek on purpose (`canaries_at`) must move, or the checker itself is broken.

    Parameters
    ----------
    cutoffs
        Midnights, each with orders before it.
    build
        What is checked.
    customers
        How many are drawn, at most.
    here
        The engine that the sample is rebuilt in, if it is not the one that holds the tables.
    trained
        Partitions that a training has read: the features of the customers drawn must be what is built here.
    hashes
        Of data and settings, kept in the receipt.
    tell
        Called with steps done, steps in all, and a note.

    Returns
    -------
    Certificate
        Whatever was found; nothing is refused here.
    """
    rows, tally = sampled(engine, tables, customers), _Tally()
    rebuilding = _Rebuilding(here or engine, tables, tuple(sorted(cutoffs)), build)
    before = rebuilding.as_they_are(rows)
    tally.compare_trained(before, trained or {})
    for i, (cutoff, name) in enumerate(itertools.product(rebuilding.cutoffs, PERTURBATIONS)):
        tell(i, len(cutoffs) * len(PERTURBATIONS), f"{cutoff} {name}")
        changed, counts = perturbed(rows, PERTURBATIONS[name], day_number(cutoff))
        tally.changed[name] += sum(counts.values())
        if any(counts.values()):
            after = rebuilding.changed(changed, cutoff)
            tally.compare(before, after, name)
            tally.watch(before.canaries[cutoff], after.canaries[cutoff], name, [t for t, n in counts.items() if n])
    forgotten(rebuilding.engine, rows)
    return Certificate(
        cutoffs=rebuilding.cutoffs,
        n_customers=_people(rows),
        n_cells_compared=tally.cells,
        changed=tally.changed,
        findings=tuple(Finding(*where, n) for where, n in tally.findings.items()),
        canaries=tally.canaries,
        missed=tuple(tally.missed),
        unchecked=tuple(_unchecked(rows)),
        hashes={**(hashes or {}), "panel": _hash(before)},
    )


@dataclass(frozen=True)
class _Seen:
    """What is known at each cutoff of some rows, and what the canaries see of them."""

    partitions: Mapping[date, Partition]
    canaries: Mapping[date, Mapping[str, pa.Table]]


@dataclass(frozen=True)
class _Rebuilding:
    """How rows become what is known at the cutoffs."""

    engine: Engine
    like: Tables
    cutoffs: tuple[date, ...]
    build: Build

    def as_they_are(self, rows: Rows) -> _Seen:
        return self._seen(loaded(self.engine, rows, self.like, self.cutoffs[-1]), self.cutoffs, self.cutoffs)

    def changed(self, rows: Rows, cutoff: date) -> _Seen:
        """Of rows whose part that is later than a cutoff was changed: that cutoff, and all earlier ones."""
        until = [c for c in self.cutoffs if c <= cutoff]
        return self._seen(loaded(self.engine, rows, self.like, cutoff), until, (cutoff,))

    def _seen(self, tables: Tables, cutoffs: Sequence[date], watched: Sequence[date]) -> _Seen:
        canaries = {c: {n: self.engine.arrow(f) for n, f in canaries_at(tables, c).items()} for c in watched}
        return _Seen(self.build(tables, cutoffs), canaries)


@dataclass
class _Tally:
    """What has been found so far."""

    cells: int = 0
    changed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PERTURBATIONS, 0))
    findings: dict[tuple[date, str, str, str], int] = field(default_factory=dict)
    canaries: int = 0
    missed: list[str] = field(default_factory=list)

    def compare_trained(self, before: _Seen, trained: Mapping[date, Partition]) -> None:
        """The panel that a training read; its population and the prior's statistics are those of everybody."""
        for cutoff, partition in before.partitions.items():
            if cutoff in trained:
                self.changed.setdefault(AS_TRAINED, 0)
                theirs, ours = trained[cutoff].panel, partition.panel
                self._panels(_shared(theirs, ours), _shared(ours, theirs), cutoff, AS_TRAINED)

    def compare(self, before: _Seen, after: _Seen, name: str) -> None:
        """Whatever was built again."""
        for cutoff, now in after.partitions.items():
            was = before.partitions[cutoff]
            self._panels(was.panel, now.panel, cutoff, name)
            for table in STATISTICS:
                if getattr(was, table) is not None:
                    self._note(cutoff, name, table, "rows", rows_in_one(getattr(was, table), getattr(now, table)))

    def watch(
        self, before: Mapping[str, pa.Table], after: Mapping[str, pa.Table], name: str, tables: Sequence[str]
    ) -> None:
        """Each table that was changed must have moved the canaries that peek in this way."""
        self.canaries += len(tables)
        for table in tables:
            moved = differences(before[table], after[table])
            if not any(moved.get(canary) for canary in MUST_MOVE[name]):
                self.missed.append(f"{table} {name}")

    def _panels(self, was: pa.Table, now: pa.Table, cutoff: date, name: str) -> None:
        self.cells += was.num_rows * was.num_columns
        for column, n in differences(was, now).items():
            self._note(cutoff, name, "panel", column, n)

    def _note(self, cutoff: date, name: str, table: str, column: str, n: int) -> None:
        if n:
            where = (cutoff, name, table, column)
            self.findings[where] = self.findings.get(where, 0) + n


def _people(rows: Rows) -> int:
    return len(pa.chunked_array([ids for table in rows.values() for ids in table[CUSTOMER].chunks]).unique())


def _shared(panel: pa.Table, other: pa.Table) -> pa.Table:
    """The rows of customers that another panel has, too."""
    return panel.filter(pc.is_in(panel[CUSTOMER], other[CUSTOMER].combine_chunks()))


def _hash(seen: _Seen) -> str:
    """The same for the same cells, however they lie in memory."""
    made = hashlib.sha256()
    for cutoff, partition in seen.partitions.items():
        frame = partition.panel.to_pandas()
        made.update(f"{cutoff} {','.join(frame.columns)}".encode())
        made.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return made.hexdigest()


def _unchecked(rows: Rows) -> Iterator[str]:
    """What a business's tables do not tell, so that no check can see it."""
    for name, table in rows.items():
        if KNOWN_DAY in table.column_names:
            continue
        if DAY in table.column_names:
            yield f"{name} have no known_at: a row written after its own day counts as known on it"
        else:
            yield f"{name} have no known_at: all {len(table.column_names) - 1} attributes count as known from the start"
