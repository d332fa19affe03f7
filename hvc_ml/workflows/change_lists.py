"""The two lists of a comparison, found by their names."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hvc_ml.config import Project
from hvc_ml.errors import UsageError
from hvc_ml.workflows.past_lists import PastList, past_list, past_lists

MOST_NAMED: Final = 10
"""Lists that a message names."""


def two_lists(project: Project, old: str, new: str) -> tuple[PastList, PastList]:
    """The lists that two names mean.

    Parameters
    ----------
    old, new
        Folders under ``lists/``, how their names begin, or ``latest``.

    Raises
    ------
    UsageError
        If there is no such list, a name fits several, the old one has the later cutoff, or their values do not measure
        the same: another horizon or currency.
    """
    first, last = _found(project, old), _found(project, new)
    _comparable(first, last)
    return first, last


def _found(project: Project, name: str) -> PastList:
    """The one list of that name, or whose name begins so."""
    if name == "latest":
        return past_list(_latest(project))
    lists = past_lists(project)
    fits = [p for p in lists if p.name == name] or [p for p in lists if name and p.name.startswith(name)]
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise UsageError(f"--change {name}: fits {len(fits)} lists: {_names(fits)}. Write more of the name.")
    raise UsageError(f"--change {name}: no such list in {project.lists}. There are: {_names(lists) or 'none'}.")


def _latest(project: Project) -> Path:
    latest = project.lists / "latest"
    if not latest.exists():
        raise UsageError(f"--change latest: no list in {project.lists} yet. Run `hvc-ml score` first.")
    return latest


def _names(lists: Sequence[PastList]) -> str:
    """The newest of them, as many as a message can hold."""
    named = ", ".join(p.name for p in lists[-MOST_NAMED:])
    return f"..., {named}" if len(lists) > MOST_NAMED else named


def _comparable(old: PastList, new: PastList) -> None:
    if old.cutoff > new.cutoff:
        raise UsageError(f"--change: {old.name} is later than {new.name}. Name the old list first.")
    for what in ("horizon", "currency"):
        if old.meta[what] != new.meta[what]:
            raise UsageError(
                f"--change: the {what} of {old.name} is {old.meta[what]}, that of {new.name} is {new.meta[what]}: "
                "their values do not measure the same."
            )
