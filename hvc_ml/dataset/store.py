"""The panel on disk: one folder per cutoff, complete or not there."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet

from hvc_ml.errors import OutputError
from hvc_ml.publish import MANIFEST, publish_directory, verify_directory

log = logging.getLogger(__name__)

PANEL = "panel.parquet"
SIDE_TABLES = ("labels", "repeat_buying", "repeat_spend", "contract_ages")


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

    def read(self, cutoff: date, key: str) -> Partition | None:
        """The partition made from exactly these inputs, or None."""
        folder = self.path(cutoff)
        if not (folder / MANIFEST).is_file():
            return None
        try:
            manifest = verify_directory(folder)
        except OutputError as error:
            log.warning("%s It is built again.", error)
            return None
        if manifest["meta"].get("key") != key:
            return None
        side = {name: _read_side(folder / f"{name}.arrow") for name in SIDE_TABLES}
        panel = pyarrow.parquet.read_table(folder / PANEL, partitioning=None)
        return Partition(cutoff=cutoff, panel=panel, key=key, **side)

    def write(self, partition: Partition, meta: Mapping[str, object]) -> Path:
        """Publish a partition whole, replacing an older one of the same cutoff."""
        target = self.path(partition.cutoff)
        target.parent.mkdir(parents=True, exist_ok=True)
        with publish_directory(target, meta={**meta, "key": partition.key}, replace=True) as staging:
            pyarrow.parquet.write_table(partition.panel, staging / PANEL, compression="zstd")
            for name in SIDE_TABLES:
                table = getattr(partition, name)
                if table is not None:
                    pyarrow.feather.write_feather(table, staging / f"{name}.arrow", compression="uncompressed")
        return target


def _read_side(path: Path) -> pa.Table | None:
    return pyarrow.feather.read_table(path) if path.is_file() else None
