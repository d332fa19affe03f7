"""What runs that died left beside their targets: finished where it can be, removed where it cannot."""

import fcntl
import os
import shutil
from contextlib import suppress
from pathlib import Path

from hvc_ml.publish.files import output_errors

_STAGING, _REPLACED = ".staging-", ".replaced"


def sweep(folder: Path) -> None:
    """Bring a folder of generations to rest: no half-written ones, none that was moved aside.

    A run removes what a dead one left of the same target. Who has to know that nothing is left of any target, such as
    a customer's rows, calls this. What a living process is at work on stays.

    Parameters
    ----------
    folder
        Such as ``lists/``; nothing happens where there is none.

    Raises
    ------
    OutputError
        If it cannot be read or written.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / ".list.staging-x1").mkdir(), (folder / ".other.replaced").mkdir()
    (None, None)
    >>> sweep(folder)
    >>> [path.name for path in folder.iterdir()]
    ['other']
    """
    if not folder.is_dir():
        return
    with output_errors(folder):
        for path in sorted(folder.glob(".*")):
            if path.name.endswith(_REPLACED) and path.is_dir():
                _put_back(path)
            elif _STAGING in path.name:
                _remove_unless_locked(path)


def _put_back(aside: Path) -> None:
    """Put back what was moved aside, unless its successor stands there."""
    target = aside.with_name(aside.name.removeprefix(".").removesuffix(_REPLACED))
    if target.exists():
        shutil.rmtree(aside)
    else:
        aside.rename(target)


def _remove_unless_locked(path: Path) -> None:
    with suppress(BlockingIOError, FileNotFoundError):  # its maker is at work, or has just finished
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        finally:
            os.close(descriptor)
