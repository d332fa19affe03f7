"""The panel on disk: one folder per cutoff, complete or not there."""

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
from numpy.typing import NDArray

from hvc_ml.errors import OutputError
from hvc_ml.publish import MANIFEST, Staging, publish_directory, verify_directory
from hvc_ml.tables.schema import CUSTOMER

log = logging.getLogger(__name__)

PANEL = "panel.parquet"
LABELS = "labels.parquet"
"""Where Spark writes them; one machine writes ``labels.arrow``."""
SIDE_TABLES = ("labels", "repeat_buying", "repeat_spend", "contract_ages")

Chosen: TypeAlias = Callable[[pa.Array], NDArray[np.bool_]]
"""Customer ids -> who of them is wanted."""


@dataclass(frozen=True)
class Partition:
    """All that is known of one cutoff.

    Parameters
    ----------
    cutoff
        The midnight we pretend is now.
    panel
        ``customer_id`` and features, one row per customer, sorted by ``customer_id``.
    labels
        `hvc_ml.labels.labels_at` in the same order, or None where they are not mature.
    repeat_buying, repeat_spend, contract_ages
        The prior's statistics; None where the business has none.
    key
        Hash of everything that went in.
    """

    cutoff: date
    panel: pa.Table
    labels: pa.Table | None
    repeat_buying: pa.Table
    repeat_spend: pa.Table
    contract_ages: pa.Table | None
    key: str

    def narrowed(self, chosen: Chosen) -> Self:
        """The rows of some customers; the prior's statistics stay everybody's."""
        labels = None if self.labels is None else _rows_of(self.labels, chosen)
        return replace(self, panel=_rows_of(self.panel, chosen), labels=labels)


class PanelStore:
    """Partitions under one folder, ``cutoff=YYYY-MM-DD/`` each.

    Parameters
    ----------
    folder
        ``features/`` beside the config.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, cutoff: date) -> Path:
        """Where a cutoff's partition lies."""
        return self.folder / f"cutoff={cutoff.isoformat()}"

    def holds(self, cutoff: date, key: str) -> Mapping[str, Any] | None:
        """What is said of the partition made from exactly these inputs, or None."""
        folder = self.path(cutoff)
        if not (folder / MANIFEST).is_file():
            return None
        try:
            manifest = verify_directory(folder)
        except OutputError as error:
            log.warning("%s It is built again.", error)
            return None
        meta: Mapping[str, Any] = manifest["meta"]
        return meta if meta.get("key") == key else None

    def load(self, cutoff: date, key: str, chosen: Chosen | None = None) -> Partition:
        """Read a partition that the store `holds`.

        Parameters
        ----------
        chosen
            Whose rows are read: the others' are never in memory together. The prior's statistics are everybody's.
        """
        folder = self.path(cutoff)
        side = {name: _read_side(folder / f"{name}.arrow") for name in SIDE_TABLES}
        if (folder / LABELS).is_dir():
            side["labels"] = _read_rows(folder / LABELS, chosen)
        elif side["labels"] is not None and chosen is not None:
            side["labels"] = _rows_of(side["labels"], chosen)
        return Partition(cutoff=cutoff, panel=_read_rows(folder / PANEL, chosen), key=key, **side)

    def customers(self, cutoff: date, chosen: Chosen | None = None) -> pa.ChunkedArray:
        """The ids of a partition that the store `holds`, and nothing else of it."""
        return _read_rows(self.path(cutoff) / PANEL, chosen, [CUSTOMER])[CUSTOMER]

    def read(self, cutoff: date, key: str) -> Partition | None:
        """The partition made from exactly these inputs, or None."""
        return None if self.holds(cutoff, key) is None else self.load(cutoff, key)

    @contextlib.contextmanager
    def writing(self, cutoff: date, key: str, *, labelled: bool) -> Iterator["Writing"]:
        """Publish a partition whole, part by part, replacing an older one of the same cutoff."""
        target = self.path(cutoff)
        target.parent.mkdir(parents=True, exist_ok=True)
        meta = {"cutoff": cutoff.isoformat(), "rows": 0, "labelled": labelled, "key": key}
        with publish_directory(target, meta=meta, replace=True) as staging:
            writing = Writing(staging)
            try:
                yield writing
            finally:
                writing.close()
            meta["rows"] = writing.rows


class Writing:
    """A partition on its way to the store."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging
        self._panel: Any = None
        self._labels: list[pa.Table] = []
        self.rows = 0

    def add(self, panel: pa.Table, labels: pa.Table | None) -> None:
        """The next customers, in order."""
        if self._panel is None:
            path = self._staging / PANEL
            self._panel = pyarrow.parquet.ParquetWriter(path, panel.schema, compression="lz4")
        self._panel.write_table(panel)
        self._labels += [labels] if labels is not None else []
        self.rows += panel.num_rows

    def finish(self, statistics: Mapping[str, pa.Table | None]) -> None:
        """What is known once all customers are there."""
        labels = pa.concat_tables(self._labels) if self._labels else None
        for name, table in {"labels": labels, **statistics}.items():
            if table is not None:
                pyarrow.feather.write_feather(table, self._staging / f"{name}.arrow", compression="uncompressed")

    def close(self) -> None:
        """End the file of the panel."""
        if self._panel is not None:
            self._panel.close()


def _rows_of(table: pa.Table, chosen: Chosen) -> pa.Table:
    kept = (batch.filter(pa.array(chosen(batch[CUSTOMER]))) for batch in table.to_batches())
    return pa.Table.from_batches(kept, table.schema)


def _read_rows(path: Path, chosen: Chosen | None, columns: list[str] | None = None) -> pa.Table:
    """Rows of a file or of a folder of files, in order, with the columns' names and types and nothing else."""
    files = sorted(path.glob("*.parquet")) or [path]
    schema = pyarrow.parquet.read_schema(files[0])
    # Spark writes which columns are never empty, and a word of its own
    plain = pa.schema([(field.name, field.type) for field in schema if columns is None or field.name in columns])
    if chosen is None:
        return pyarrow.parquet.read_table(path, columns=columns, partitioning=None).cast(plain)
    batches = [b for file in files for b in _chosen_rows(file, chosen, columns)]
    return pa.Table.from_batches(batches, batches[0].schema if batches else plain).cast(plain)


def _chosen_rows(file: Path, chosen: Chosen, columns: list[str] | None) -> Iterator[pa.RecordBatch]:
    with pyarrow.parquet.ParquetFile(file) as opened:
        for batch in opened.iter_batches(columns=columns):
            yield batch.filter(pa.array(chosen(batch[CUSTOMER])))


def _read_side(path: Path) -> pa.Table | None:
    return pyarrow.feather.read_table(path) if path.is_file() else None
