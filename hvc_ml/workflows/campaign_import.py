"""Import who was contacted: the team's file, checked against the list it worked."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from hvc_ml.config import Project
from hvc_ml.errors import DataError, UsageError
from hvc_ml.progress import Stages
from hvc_ml.publish import RunLock, publish_directory
from hvc_ml.report.columns import NOT_CONTACTED
from hvc_ml.report.sanitise import safe_text
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.workflows.contact_file import read_contacts
from hvc_ml.workflows.contacts import CONTACTS, has_import, imported
from hvc_ml.workflows.past_lists import PastList, past_list, past_lists, unsafe_text
from hvc_ml.workflows.pseudonyms import names_of

KEPT: Final = (CUSTOMER, "touched_at", "action", "outcome")
_KEY: Final = [CUSTOMER, "touched_at", "action"]
_SCHEMA: Final = pa.schema(
    [(CUSTOMER, pa.string()), ("touched_at", pa.date32()), ("action", pa.string()), ("outcome", pa.string())]
)


@dataclass(frozen=True)
class ImportResult:
    """What an import took over.

    Parameters
    ----------
    list_name
        The list that was worked.
    rows, kept
        Rows of the file, and those that are contacts now.
    not_worked
        Rows that say that nobody was contacted: their outcome is ``not contacted``, or they are of the holdout, or were
        left empty where others say when or with what result.
    rejected
        Reason -> rows.
    contacts
        Contacts of the list in all, earlier imports included.
    n_contact, reached
        Customers drawn for contact, and those of them who were contacted.
    n_holdout, contaminated
        Customers held out, and those of them who were contacted all the same.
    unchanged
        Everything was known before.
    path
        Where the contacts lie.
    """

    list_name: str
    rows: int
    kept: int
    not_worked: int
    contacts: int
    n_contact: int
    reached: int
    n_holdout: int
    contaminated: int
    unchanged: bool
    path: Path
    rejected: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The fields as plain values."""
        found = {name: value for name, value in vars(self).items() if name not in {"list_name", "path"}}
        return {"list": self.list_name, **found, "path": str(self.path)}


def import_contacts(
    project: Project, file: Path, *, worked: Path | None, replace: bool, stages: Stages
) -> ImportResult:
    """Take over the contacts in a file.

    Parameters
    ----------
    project
        Where lists and campaigns lie.
    file
        See `read_contacts`.
    worked
        The folder of the list that was worked. By default the file's own column ``cutoff`` tells, or else it is the
        newest list.
    replace
        Forget earlier imports for this list; else they stay, and the file's outcomes win over theirs.
    stages
        Where progress is told.

    Raises
    ------
    UsageError
        If there is no such list.
    DataError
        If the file cannot be read, or no row of it is a contact of this list.
    """
    with RunLock(project.state / "run.lock"):
        with stages.stage("read the contacts") as stage:
            rows = read_contacts(file)
            stage.rows = len(rows)
        past = _worked(project, rows, worked)
        rows[CUSTOMER] = _known(project, rows[CUSTOMER])
        listed = past.rows().set_index(CUSTOMER)
        found, rejected, empty = _checked(rows, past, listed)
        if not len(found) and rejected:
            why = ", ".join(f"{reason}: {count:,}" for reason, count in rejected.items())
            raise DataError(f"{file}: none of {len(rows):,} rows is a contact of list {past.name} ({why}).")
        return _taken_over(project, past, listed, found, replace=replace, counts=(len(rows), empty, rejected))


def _known(project: Project, typed: pd.Series) -> pd.Series:
    """Customers as lists name them; a team's file may hold the ids of the source all the same."""
    name = names_of(project)
    return typed.map(lambda text: text and name(unsafe_text(text))) if project.config.source.pseudonyms else typed


def _worked(project: Project, rows: pd.DataFrame, asked: Path | None) -> PastList:
    """The list that was worked."""
    if asked is not None:
        folder = asked if asked.is_dir() else project.lists / asked
        if not folder.is_dir() or folder.resolve().parent != project.lists.resolve():
            raise UsageError(f"--list {asked}: no such list in {project.lists}.")
        return past_list(folder)
    everything = past_lists(project)
    if not everything:
        raise UsageError(f"{project.lists}: holds no list yet, so nothing can have been worked. Run `hvc-ml score`.")
    cutoffs = set(rows["cutoff"].str.slice(0, 10)) - {""} if "cutoff" in rows else set()
    if len(cutoffs) > 1:
        raise UsageError(
            f"the file holds rows of {len(cutoffs)} cutoffs: import them one by one, or name one with --list."
        )
    latest = project.lists / "latest"
    newest = past_list(latest) if latest.exists() else everything[-1]
    fitting = [past for past in everything if past.cutoff.isoformat() in cutoffs]
    if cutoffs and not fitting:
        raise UsageError(f"the file is of a list that {project.lists} does not hold. Name the list with --list.")
    return newest if not fitting or newest.name in {past.name for past in fitting} else fitting[-1]


def _checked(rows: pd.DataFrame, past: PastList, listed: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int], int]:
    """Contacts in our columns, why other rows are none, and how many say that nobody was contacted."""
    names = {safe_text(name): name for name in listed.index} | {name: name for name in listed.index}
    found = pd.DataFrame({CUSTOMER: rows[CUSTOMER].map(names)})
    told = _told(rows, "touched_at")
    found["touched_at"] = _days(told).where(told != "", pd.Timestamp(past.cutoff))
    actions = {a["name"].casefold(): a["name"] for a in past.meta["playbook"]["actions"]}
    actions |= {safe_text(name).casefold(): name for name in actions.values()}
    said = _told(rows, "action")
    found["action"] = said.str.casefold().map(actions).where(said != "", found[CUSTOMER].map(listed["action"]))
    found["outcome"] = _told(rows, "outcome")
    inside = (found["touched_at"] >= pd.Timestamp(past.cutoff)) & (found["touched_at"] < pd.Timestamp(past.end))
    reasons = {
        "no customer": rows[CUSTOMER] == "",
        "not on the list": found[CUSTOMER].isna(),
        "bad date": found["touched_at"].isna(),
        "outside the list's days": ~inside,
        "unknown action": found["action"].isna(),
    }
    empty = _not_worked(rows, found[CUSTOMER].map(listed["group"])) & ~reasons["not on the list"]
    left, rejected = ~empty, {}
    for reason, wrong in reasons.items():
        rejected[reason] = int((left & wrong).sum())
        left &= ~wrong
    twice = left & found[left].duplicated(_KEY).reindex(found.index, fill_value=False)
    rejected["twice"] = int(twice.sum())
    return found[left & ~twice], {reason: n for reason, n in rejected.items() if n}, int(empty.sum())


def _told(rows: pd.DataFrame, name: str) -> pd.Series:
    return rows[name] if name in rows else pd.Series("", index=rows.index, dtype=str)


def _days(texts: pd.Series) -> pd.Series:
    """Dates as ``2026-01-31`` (a time may follow) or ``31.01.2026``; others could be read two ways."""
    iso = pd.to_datetime(texts.str.slice(0, 10), format="%Y-%m-%d", errors="coerce")
    return iso.fillna(pd.to_datetime(texts.str.slice(0, 10), format="%d.%m.%Y", errors="coerce"))


def _not_worked(rows: pd.DataFrame, group: pd.Series) -> pd.Series:
    """Rows that say so, and rows of the list itself that say nothing where others say when or with what result."""
    outcome = _told(rows, "outcome")
    nobody = outcome.str.casefold() == NOT_CONTACTED
    said = (_told(rows, "touched_at") != "") | (outcome != "")
    is_list = "group" in rows or "rank" in rows
    return nobody | (~said & ((group == "holdout") | bool(said.any())) & is_list)


def _taken_over(
    project: Project,
    past: PastList,
    listed: pd.DataFrame,
    found: pd.DataFrame,
    *,
    replace: bool,
    counts: tuple[int, int, dict[str, int]],
) -> ImportResult:
    """Publish the contacts, earlier ones included."""
    earlier = [imported(project, past)[list(KEPT)]] if has_import(project, past) and not replace else []
    together = pd.concat([*earlier, found.astype({"touched_at": "datetime64[s]"})], ignore_index=True)
    together = together.assign(told=together["outcome"] != "").sort_values("told", kind="stable")  # words win over none
    together = together.drop_duplicates(_KEY, keep="last").sort_values(_KEY, ignore_index=True)
    groups = listed["group"]
    reached = groups.reindex(together[CUSTOMER].unique()).value_counts()
    target = project.campaigns / past.name
    meta = {"list": past.name, "cutoff": past.cutoff.isoformat(), "contacts": len(together)}
    with publish_directory(target, meta=meta, replace=True) as staging:
        table = pa.Table.from_pandas(together[list(KEPT)], schema=_SCHEMA, preserve_index=False)
        pyarrow.parquet.write_table(table.replace_schema_metadata(None), staging / CONTACTS, compression="zstd")
    rows, empty, rejected = counts
    return ImportResult(
        list_name=past.name,
        rows=rows,
        kept=len(found),
        not_worked=empty,
        contacts=len(together),
        n_contact=int((groups == "contact").sum()),
        reached=int(reached.get("contact", 0)),
        n_holdout=int((groups == "holdout").sum()),
        contaminated=int(reached.get("holdout", 0)),
        unchanged=staging.identical,
        path=target,
        rejected=rejected,
    )
