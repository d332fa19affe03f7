"""The newest list's book, made anew from the list's own files and what the tables say of its customers."""

import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hvc_ml.config import Project
from hvc_ml.errors import NotEnoughData
from hvc_ml.explanation.formatting import money
from hvc_ml.progress import Stages
from hvc_ml.publish import MANIFEST, RunLock, publish_directory
from hvc_ml.report.book import SHOWN, write_book
from hvc_ml.workflows.book import BOOK, book_of
from hvc_ml.workflows.past_lists import PastList, past_list
from hvc_ml.workflows.shop import open_shop


@dataclass(frozen=True)
class ReportResult:
    """A book.

    Parameters
    ----------
    book
        The file.
    list_dir
        The list it tells of.
    n_listed, n_shown
        Rows of the list, and those of them that the page holds.
    identical
        Whether the same book stood there already.
    """

    book: Path
    list_dir: Path
    cutoff: str
    model_version: str
    n_listed: int
    n_shown: int
    identical: bool
    seconds: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        """The result as plain values."""
        return {**vars(self), "book": str(self.book), "list_dir": str(self.list_dir)}


def report(project: Project, *, stages: Stages) -> ReportResult:
    """Make the book of the newest list anew; the list's other files stay as they are.

    Raises
    ------
    NotEnoughData
        If there is no list yet.
    DataError
        If the list's files were changed since it was published, or it was published as a workbook only.
    OutputError
        If the book cannot be written.
    """
    if not (project.lists / "latest").is_dir():
        raise NotEnoughData(f"{project.lists}: no list yet. Run `hvc-ml score -c {project.path}` first.")
    with RunLock(project.state / "run.lock"):
        past = past_list(project.lists / "latest")
        rows, scores = past.rows(), past.scores()
        with open_shop(project, stages) as shop:
            book = book_of(shop, past.meta, rows, scores)
        with stages.stage("publish"), publish_directory(past.folder, meta=past.meta, replace=True) as staging:
            _keep(past, staging.path)
            write_book(book, staging / BOOK, money=partial(money, currency=past.meta["currency"]))
    return ReportResult(
        book=past.folder / BOOK,
        list_dir=past.folder,
        cutoff=past.meta["cutoff"],
        model_version=past.meta["model_version"],
        n_listed=len(rows),
        n_shown=min(len(rows), SHOWN),
        identical=staging.identical,
        seconds=stages.seconds,
    )


def _keep(past: PastList, to: Path) -> None:
    """Copy every other file of the list; those that the team put beside them come along."""
    shutil.copytree(past.folder, to, dirs_exist_ok=True, ignore=lambda *_: {BOOK, MANIFEST})
