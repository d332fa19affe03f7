"""Forget customers: out of every list, campaign and panel that is kept, and not back with the next run."""

import datetime as dt
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from hvc_ml import __version__
from hvc_ml.config import Project
from hvc_ml.dataset.store import PANEL
from hvc_ml.errors import DataError, HvcError, UsageError
from hvc_ml.progress import Stages
from hvc_ml.publish import MANIFEST, RunLock, output_errors, publish_directory, remove_file, write_bytes_atomic
from hvc_ml.publish.manifest import read_manifest
from hvc_ml.publish.sweep import sweep
from hvc_ml.tables.forgotten import Register, count_rows
from hvc_ml.tables.load import load_tables
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.tables.spark import open_engine_for
from hvc_ml.workflows.contact_rules import objections
from hvc_ml.workflows.forget_files import Ids, Without, without
from hvc_ml.workflows.pseudonyms import names_of
from hvc_ml.workflows.report import report

FORMAT: Final = 1
_BOOKS: Final = (".html", ".htm")
"""Pages are made from a list: they are removed where it named the customer, and `report` makes the newest anew."""
_OURS: Final = (".json", MANIFEST)
"""Files of figures and hashes: no row of a customer."""

OUTSIDE: Final = (
    "your source, its backups and exports",
    "files that were copied, sent or printed, and what --to wrote elsewhere",
)
"""What nobody but the reader of a receipt can know of."""


@dataclass(frozen=True)
class ForgetResult:
    """What was removed, and what is not ours to remove.

    Parameters
    ----------
    customers
        How many were asked for.
    removed
        File, relative to the project -> rows that were theirs; a page that was removed counts as 1.
    panels
        Cutoffs whose figures were removed; the next run makes them anew without these customers.
    source
        Table -> rows that your source still has of them; None where it could not be read.
    objecting
        How many of them ``list.suppress`` names.
    unsearched
        Files beside lists that we cannot read: somebody has to look.
    book
        What became of the newest list's page, where it named one of them.
    receipt
        Where this is written down.
    """

    customers: int
    removed: Mapping[str, int]
    panels: Sequence[str]
    source: Mapping[str, int] | None
    source_says: str
    objecting: int
    unsearched: Sequence[str]
    book: str
    receipt: Path
    seconds: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The result as plain values; no id is among them."""
        return {
            "customers": self.customers,
            "removed": dict(self.removed),
            "rows_removed": sum(self.removed.values()),
            "panels_removed": list(self.panels),
            "remains": {
                "source": None if self.source is None else dict(self.source),
                "source_says": self.source_says,
                "objection_list": self.objecting,
                "not_searched": list(self.unsearched),
                "outside": list(OUTSIDE),
            },
            "book": self.book,
            "receipt": str(self.receipt),
            "seconds": self.seconds,
        }


def customers(single: Sequence[str], file: Path | None) -> frozenset[str]:
    r"""Who is to be forgotten: ids as given, and those of a file, one per line, byte-exact.

    Raises
    ------
    UsageError
        If that is nobody, or an id is not UTF-8.
    DataError
        If the file cannot be read.

    Examples
    --------
    >>> sorted(customers(["7"], None))
    ['7']
    """
    try:
        text = "" if file is None else file.read_bytes().decode("utf-8-sig")
        ids = frozenset(filter(None, (*single, *(line.removesuffix("\r") for line in text.split("\n")))))
        "".join(ids).encode()
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}).") from None
    except UnicodeError:
        raise UsageError("an id to forget is not UTF-8. Write it as the source does, into a UTF-8 file.") from None
    if not ids:
        raise UsageError("nobody to forget. Name a customer with --id, or a file of ids with --id-file.")
    return ids


def forget(project: Project, ids: Ids, *, stages: Stages) -> ForgetResult:
    """Remove customers from everything that is kept, remember their keyed hashes, and write a receipt.

    The hashes come first, so that no later run brings the customers back; whatever interrupts the rest, the same call
    goes on where it stopped.

    Parameters
    ----------
    ids
        As the source writes them, byte-exact, or pseudonyms.

    Raises
    ------
    DataError
        If the register of earlier ones is damaged.
    LockHeld
        If another run is at work.
    OutputError
        If something cannot be written; then nothing is said to be forgotten.
    """
    known = frozenset(map(names_of(project), ids))
    with RunLock(project.state / "run.lock"):
        with stages.stage("remember not to take them in"):
            Register.read(project.register).with_ids(known).write(project.register)
        with stages.stage("lists and campaigns") as stage:
            either = known | frozenset(ids)  # a team may have put a table with its own ids beside a list
            found = {**_searched(project, project.lists, either), **_searched(project, project.campaigns, either)}
            stage.rows = sum(one.rows for one in found.values())
        with stages.stage("panel"):
            panels = _panels_removed(project.features, known)
            remove_file(project.state / "rejected.csv")  # the next run writes what is still at fault
            _rows_removed(project.rows)
        source, says = _left_in_source(project, known, stages)
    result = ForgetResult(
        customers=len(ids),
        removed={name: one.rows for name, one in sorted(found.items()) if one.rows},
        panels=panels,
        source=source,
        source_says=says,
        objecting=_objecting(project, known),
        unsearched=sorted(name for name, one in found.items() if not one.searched),
        book=_book(project, stages, found),
        receipt=project.forgotten / f"receipt_{dt.datetime.now(tz=dt.UTC):%Y%m%dT%H%M%S_%fZ}.json",
        seconds=stages.seconds,
    )
    _write(result)
    return result


def _searched(project: Project, root: Path, ids: Ids) -> dict[str, Without]:
    """Every file below a folder, by its name in the project, without these customers."""
    sweep(root)
    found: dict[str, Without] = {}
    for place in sorted(root.glob("*")):
        if place.is_symlink() or (place.is_dir() and not _has_rows(place)):
            continue
        files = {path: without(path, ids) for path in _files(place)}
        pages = _pages(place) if any(one.rows for path, one in files.items() if path.name != "scores.parquet") else []
        files |= {page: Without(rows=1) for page in pages}
        _replace(place, files)
        found |= {path.relative_to(project.folder).as_posix(): one for path, one in files.items()}
    return found


def _has_rows(folder: Path) -> bool:
    """Whether it is a list or a campaign, and not a model learned from them."""
    return folder.name != "uplift"


def _files(place: Path) -> Iterator[Path]:
    every = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
    yield from (path for path in every if path.suffix not in {*_OURS, *_BOOKS} and path.name != MANIFEST)


def _pages(place: Path) -> list[Path]:
    return sorted(path for path in place.rglob("*") if path.suffix in _BOOKS) if place.is_dir() else []


def _replace(place: Path, files: Mapping[Path, Without]) -> None:
    """Write what changed: a generation as a whole, under a fresh manifest; a single file by itself."""
    changed = {path: one for path, one in files.items() if one.rows}
    if not changed:
        return
    if not (place / MANIFEST).is_file():
        for path, one in changed.items():
            _write_or_remove(path, one)
        return
    meta = read_manifest(place, DataError)["meta"]
    gone = int(meta.get("forgotten_rows", 0)) + sum(one.rows for one in changed.values() if one.content is not None)
    with publish_directory(place, meta={**meta, "forgotten_rows": gone}, replace=True) as staging:
        shutil.copytree(place, staging.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(MANIFEST))
        for path, one in changed.items():
            _write_or_remove(staging.path / path.relative_to(place), one)


def _write_or_remove(path: Path, one: Without) -> None:
    if one.content is None:
        path.unlink(missing_ok=True)
    else:
        write_bytes_atomic(path, one.content)


def _panels_removed(root: Path, ids: Ids) -> list[str]:
    """Remove the partitions that hold a customer, and every other cache of rows; a later run makes them anew."""
    sweep(root)
    removed = []
    with output_errors(root):
        for place in sorted(root.glob("*")):
            if _holds(place / PANEL, ids):
                removed.append(place.name.removeprefix("cutoff="))
                _remove(place)
    return removed


def _rows_removed(place: Path) -> None:
    """Remove all rows that are kept between runs; the next run reads its files again."""
    if place.is_dir():
        with output_errors(place):
            shutil.rmtree(place)


def _remove(place: Path) -> None:
    if not place.is_dir():
        place.unlink()
        return
    (place / MANIFEST).unlink(missing_ok=True)  # half removed, it is no partition any more
    shutil.rmtree(place)


def _holds(panel: Path, ids: Ids) -> bool:
    """Whether a partition names one of the customers; one that cannot be read might."""
    try:
        column = pyarrow.parquet.read_table(panel, columns=[CUSTOMER], partitioning=None)[CUSTOMER]
    except (OSError, KeyError, pa.ArrowException):
        return True
    return bool(pc.any(pc.is_in(column, value_set=pa.array(sorted(ids), pa.string()))).as_py())


def _left_in_source(project: Project, ids: Ids, stages: Stages) -> tuple[dict[str, int] | None, str]:
    """Rows that the source still has, and why they could not be counted."""
    config = project.config
    try:
        with (
            stages.stage("look into the source"),
            open_engine_for(config.source, config.resources, project.folder) as engine,
        ):
            mappings = config.tables.present()
            tables, *_ = load_tables(engine, config.source, mappings, base=project.folder, timezone=config.timezone)
            return count_rows(engine, tables, ids), ""
    except HvcError as error:
        return None, str(error)


def _objecting(project: Project, ids: Ids) -> int:
    try:
        return len(objections(project) & frozenset(ids))
    except DataError:
        return 0


def _book(project: Project, stages: Stages, found: Mapping[str, Without]) -> str:
    """Make the newest list's page anew where it was removed."""
    latest = project.lists / "latest"
    if not latest.is_dir() or f"lists/{latest.resolve().name}/book.html" not in found:
        return "named none of them"
    try:
        report(project, stages=stages)
    except HvcError as error:
        return f"removed, and not made anew: {error}"
    return "made anew without them"


def _write(result: ForgetResult) -> None:
    said = {name: value for name, value in result.as_json().items() if name not in {"receipt", "seconds"}}
    when = dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds")
    document = {"format": FORMAT, "forgotten_at": when, "hvc_ml": __version__, **said}
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_bytes_atomic(result.receipt, (text + "\n").encode())
