"""The lists that were published, read back as they were published."""

import logging
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import pandas as pd

from hvc_ml.config import Project
from hvc_ml.errors import DataError
from hvc_ml.publish import MANIFEST
from hvc_ml.publish.files import sha256
from hvc_ml.publish.manifest import read_manifest
from hvc_ml.report.sanitise import safe_text
from hvc_ml.tables.schema import CUSTOMER

_log = logging.getLogger(__name__)

NUMBERS: Final = ("churn_risk", "value_if_kept", "future_value", "value_at_risk", "expected_gain")


@dataclass(frozen=True)
class PastList:
    """One published list.

    Parameters
    ----------
    folder
        Where it lies; its name is the list's name.
    meta
        What its manifest says: ``cutoff``, ``horizon``, ``playbook``, ``list`` and more.
    hashes
        Name of each file -> SHA-256.
    """

    folder: Path
    meta: dict[str, Any]
    hashes: dict[str, str]

    @property
    def name(self) -> str:
        """The folder's name: ``<cutoff>_<run>``."""
        return self.folder.name

    @property
    def cutoff(self) -> date:
        """The midnight that the list pretends is now."""
        return date.fromisoformat(self.meta["cutoff"])

    @property
    def end(self) -> date:
        """The first day after the horizon: outcomes lie in ``[cutoff, end)``."""
        return self.cutoff + timedelta(days=int(self.meta["horizon"]))

    @property
    def readable(self) -> bool:
        """Whether it was published as Parquet or CSV, and not as a workbook only."""
        return not {"retention_list.parquet", "retention_list.csv"}.isdisjoint(self.hashes)

    def rows(self) -> pd.DataFrame:
        """The retention list with ids and texts as the source writes them, one row per customer.

        Raises
        ------
        DataError
            If its files were changed since, or it was published as a workbook only.
        """
        if "retention_list.parquet" in self.hashes:
            return pd.read_parquet(self._intact("retention_list.parquet"))
        if not self.readable:
            raise DataError(
                f"{self.folder}: published as a workbook only. Add parquet to list.formats and score again."
            )
        text = pd.read_csv(self._intact("retention_list.csv"), dtype=str, keep_default_na=False, encoding="utf-8")
        text = text.map(unsafe_text)
        return text.assign(**{name: text[name].astype(float) for name in NUMBERS})

    def scores(self) -> pd.DataFrame:
        """Every scored customer's figures, listed or not.

        Raises
        ------
        DataError
            If the file was changed since.
        """
        return pd.read_parquet(self._intact("scores.parquet"))

    def _intact(self, file: str) -> Path:
        """A file whose bytes are those that were published; the team may do with the others what it likes."""
        path = self.folder / file
        if file not in self.hashes or not path.is_file() or sha256(path) != self.hashes[file]:
            raise DataError(
                f"{path}: is missing, or was changed since the list was published. Restore it from a backup."
            )
        return path


def past_lists(project: Project) -> tuple[PastList, ...]:
    """Every published list, the oldest cutoff first, then by name."""
    folders = sorted(f for f in project.lists.glob("*") if not f.is_symlink() and not f.name.startswith("."))
    found = [past_list(f) for f in folders if (f / MANIFEST).is_file()]
    return tuple(sorted(found, key=lambda p: (p.cutoff, p.name)))


def past_list(folder: Path) -> PastList:
    """One published list by its folder; a link such as ``lists/latest`` is followed.

    Raises
    ------
    DataError
        If no list was published there.
    """
    folder = folder.resolve()
    manifest = read_manifest(folder, DataError)
    if not {"cutoff", "horizon", "playbook", "list"} <= set(manifest["meta"]):
        raise DataError(f"{folder / MANIFEST}: not the manifest of a list.")
    return PastList(folder, manifest["meta"], {name: entry["sha256"] for name, entry in manifest["files"].items()})


def unsafe_text(text: str) -> str:
    """Undo `safe_text`."""
    return text[1:] if text.startswith("'") and safe_text(text[1:]) == text else text


def ids_of(lists: tuple[PastList, ...]) -> pd.DataFrame:
    """Who stood on which list: ``customer_id``, ``list``, ``listed_action``, ``cutoff`` and ``end`` (datetime64).

    Lists that were published as a workbook only are left out, with a warning.
    """
    for past in (p for p in lists if not p.readable):
        _log.warning("%s: published as a workbook only, so no touch can be told to belong to it.", past.folder)
    frames = [
        past.rows()[[CUSTOMER, "action"]]
        .rename(columns={"action": "listed_action"})
        .assign(list=past.name, cutoff=pd.Timestamp(past.cutoff), end=pd.Timestamp(past.end))
        for past in lists
        if past.readable
    ]
    empty = pd.DataFrame({"customer_id": [], "listed_action": [], "list": []}, dtype=str)
    dated = empty.assign(cutoff=pd.to_datetime([]), end=pd.to_datetime([]))
    return pd.concat(frames, ignore_index=True) if frames else dated
