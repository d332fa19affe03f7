"""The way back from pseudonyms: a list with the ids of the source, for the team that works it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

from hvc_ml.config import Project
from hvc_ml.errors import DataError, UsageError
from hvc_ml.planning.playbook import ListFormat
from hvc_ml.progress import Stages
from hvc_ml.publish import RunLock
from hvc_ml.report.retention_list import write_list
from hvc_ml.tables.forgotten import everyone
from hvc_ml.tables.load import load_tables
from hvc_ml.tables.pseudonyms import pseudonym, pseudonym_key
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.tables.spark import open_engine_for
from hvc_ml.workflows.book import about_of
from hvc_ml.workflows.contact_rules import objections
from hvc_ml.workflows.past_lists import PastList, past_list
from hvc_ml.workflows.pseudonyms import check_names

_KINDS: Final[tuple[str, ...]] = get_args(ListFormat)


@dataclass(frozen=True)
class IdentifyResult:
    """A list under its customers' ids.

    Parameters
    ----------
    list_name
        Of the list's folder.
    rows
        Written.
    objecting
        Rows left out, because their customers object since.
    to
        The file; it is the reader's own, and `forget` does not know of it.
    """

    list_name: str
    rows: int
    objecting: int
    to: Path

    def as_json(self) -> dict[str, Any]:
        """The fields as plain values; no id is among them."""
        return {"list": self.list_name, "rows": self.rows, "objecting": self.objecting, "to": str(self.to)}


def identify(project: Project, to: Path, *, named: Path | None = None, stages: Stages) -> IdentifyResult:
    """Write a list with ids where it has pseudonyms; only who has the key and the source can.

    Parameters
    ----------
    to
        A ``.csv``, ``.parquet`` or ``.xlsx`` file, private to its owner.
    named
        The list's folder; by default the newest list.

    Raises
    ------
    UsageError
        If the config asks for no pseudonyms, the ending is another one, or there is no such list.
    ConfigError
        If the key is missing, or not the one of this project.
    DataError
        If the list was changed, or the source no longer has one of its customers.
    """
    kind = to.suffix.removeprefix(".").lower()
    if kind not in _KINDS:
        raise UsageError(f"--to {to}: expected a name that ends in .{', .'.join(_KINDS)}.")
    if not project.config.source.pseudonyms:
        raise UsageError("source.pseudonyms is off: lists have the ids of the source as they are.")
    check_names(project)
    with RunLock(project.state / "run.lock"):
        past = _list(project, named)
        listed = past.rows()
        found = listed[~listed[CUSTOMER].isin(objections(project))]
        with stages.stage("look into the source"):
            ids = found[CUSTOMER].map(_ids(project))
        if ids.isna().any():
            raise DataError(
                f"{past.name}: the source no longer has {int(ids.isna().sum()):,} of {len(ids):,} customers. "
                "Score again, or name a newer list."
            )
        write_list(found.assign(**{CUSTOMER: ids}), to, kind, about_of(past.meta))
    return IdentifyResult(past.name, len(found), len(listed) - len(found), to)


def _list(project: Project, named: Path | None) -> PastList:
    asked = project.lists / "latest" if named is None else named
    folder = asked if asked.is_dir() else project.lists / asked
    if not folder.is_dir():
        raise UsageError(f"{asked}: no such list in {project.lists}. Run `hvc-ml score` first, or name one.")
    return past_list(folder)


def _ids(project: Project) -> dict[str, str]:
    """Pseudonym -> id, of everyone in the source: the only place where both meet, and it is never written."""
    config, key = project.config, pseudonym_key()
    plain = config.source.model_copy(update={"pseudonyms": False})
    with open_engine_for(plain, config.resources, project.folder) as engine:
        mappings = config.tables.present()
        tables, *_ = load_tables(engine, plain, mappings, base=project.folder, timezone=config.timezone)
        return {pseudonym(name, key): name for name in everyone(engine, tables)}
