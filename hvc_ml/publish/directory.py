"""A directory that appears complete, under its final name, in one step."""

import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hvc_ml.errors import OutputError
from hvc_ml.publish.files import make_private_directory, output_errors, private_place, sync
from hvc_ml.publish.manifest import MANIFEST, seal, verify_directory

_log = logging.getLogger(__name__)


class Staging:
    """The private directory a generation is written into; ``staging / "name"`` is a path in it.

    Attributes
    ----------
    path : Path
        The staging directory; it is gone once the generation is published.
    identical : bool
        After the end of the ``with`` block: the same generation had been published before, and was left as it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.identical = False

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def __fspath__(self) -> str:
        return str(self.path)


@contextmanager
def publish_directory(target: Path, *, meta: Mapping[str, Any], replace: bool = False) -> Iterator[Staging]:
    """Write a directory that appears complete or not at all.

    Parameters
    ----------
    target
        Where the generation shall stand. Missing parents are made, private to the user.
    meta
        What the manifest says beside the hashes (model version, data hashes, counts): JSON values without clocks or
        process ids, or no rerun would ever be identical.
    replace
        What to do when another generation stands at ``target``: refuse (default), or put this one in its place.

    Yields
    ------
    Staging
        The private directory to write into. After the block its ``identical`` tells whether the same generation (same
        manifest, files intact) was there before, and was left untouched.

    Raises
    ------
    OutputError
        If it cannot be written, or another generation stands there and ``replace`` is false. The old one still stands.

    Notes
    -----
    Two directories cannot be exchanged portably in one step. With ``replace`` the old one is moved aside first; if the
    process dies in that instant, the next call for the same target moves it back.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "list"
    >>> with publish_directory(target, meta={"model_version": "3"}) as staging:
    ...     _ = (staging / "retention_list.csv").write_text("rank")
    >>> sorted(file.name for file in target.iterdir()), staging.identical
    (['MANIFEST.json', 'retention_list.csv'], False)
    """
    with output_errors(target):
        make_private_directory(target.parent)
        _recover(target)
        path, lock = private_place(target, directory=True)
    staging = Staging(path)
    try:
        with output_errors(target):
            yield staging
            seal(path, meta)
            staging.identical = _move_in(path, target, replace=replace)
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)
    _log.info("%s: %s", target, "already published, identical" if staging.identical else "published")


def remove_directory(path: Path) -> None:
    """Remove a directory that nobody may see in part: it loses its name first.

    Parameters
    ----------
    path
        A directory that `publish_directory` wrote. What a run that dies here leaves of it, `sweep` removes.

    Raises
    ------
    OutputError
        If it cannot be removed.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp()) / "list"
    >>> folder.mkdir()
    >>> remove_directory(folder)
    >>> folder.exists()
    False
    """
    aside = path.with_name(f".{path.name}.staging-removed")
    with output_errors(path):
        path.rename(aside)
        sync(path.parent)
        shutil.rmtree(aside)


def point_latest(link: Path, target: Path) -> None:
    """Switch a symbolic link to another directory in one step.

    Parameters
    ----------
    link
        The link (``lists/latest``); it is made when it is not there.
    target
        An existing directory; the link is written relative to its own folder, so that the whole project can move.

    Raises
    ------
    OutputError
        If the target is not a directory, something other than a link stands at ``link``, or it cannot be written.
    """
    if not target.is_dir():
        raise OutputError(f"{target}: not a directory, so {link.name} stays where it is.")
    if link.exists() and not link.is_symlink():
        raise OutputError(f"{link}: a file or folder stands where a link should go: move it away.")
    relative = os.path.relpath(target.absolute(), link.parent.absolute())
    switch = link.with_name(f".{link.name}.switch")
    with output_errors(link):
        for _ in range(100):  # another process may be switching in the same instant
            try:
                switch.unlink(missing_ok=True)
                switch.symlink_to(relative)
                switch.replace(link)
            except (FileExistsError, FileNotFoundError):
                continue
            sync(link.parent)
            return
    raise OutputError(f"{link}: other processes keep switching this link. Run again.")


def _recover(target: Path) -> None:
    """Finish what a run that died while replacing ``target`` had begun."""
    aside = _aside(target)
    if aside.is_dir():
        if target.exists():
            shutil.rmtree(aside)
        else:
            aside.rename(target)


def _aside(target: Path) -> Path:
    return target.with_name(f".{target.name}.replaced")


def _move_in(path: Path, target: Path, *, replace: bool) -> bool:
    """Rename ``path`` to ``target``; True when the identical generation was there before."""
    if not target.exists():
        path.rename(target)
        sync(target.parent)
        return False
    if _is_intact(target) and (target / MANIFEST).read_bytes() == (path / MANIFEST).read_bytes():
        return True
    if not replace:
        raise OutputError(f"{target}: holds another generation, which stands as it was. Move it away to publish.")
    aside = _aside(target)
    target.rename(aside)
    path.rename(target)
    sync(target.parent)
    shutil.rmtree(aside, ignore_errors=True)
    return False


def _is_intact(path: Path) -> bool:
    try:
        verify_directory(path)
    except OutputError:
        return False
    return True
