"""Private files and folders that are complete under their name, and errors that say what to do."""

import errno
import fcntl
import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from hvc_ml.errors import HvcError, OutputError

PRIVATE_FILE: Final = 0o600
PRIVATE_DIRECTORY: Final = 0o700

_log = logging.getLogger(__name__)
_ADVICE = {
    errno.ENOSPC: "Free some space and run again.",
    errno.EDQUOT: "Free some of your quota and run again.",
    errno.EROFS: "The file system is read-only: choose another folder.",
    errno.EACCES: "Give this user the right to write there, or choose another folder.",
    errno.EPERM: "Give this user the right to write there, or choose another folder.",
    errno.EIO: "The disk reports a fault: check it before running again.",
    errno.EFBIG: "The file system does not take a file that large: choose another folder.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
    errno.ENOTDIR: "A part of the path is a file: choose another folder.",
    errno.ELOOP: "A link stands where a file or folder should: move it away.",
    errno.EISDIR: "A folder stands where the file should go: move it away.",
    errno.EEXIST: "Something stands there already: move it away.",
    errno.EMFILE: "Too many open files: raise the limit (ulimit -n).",
}


def write_bytes_atomic(path: Path, data: bytes) -> None:
    """Write a private file (mode 0600) that is complete under its name, or leave what was there.

    Parameters
    ----------
    path
        The file; missing parents are made, private to the user.
    data
        Its whole content.

    Raises
    ------
    OutputError
        If it cannot be written; what was there before still stands.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "receipt.json"
    >>> write_bytes_atomic(file, b"{}")
    >>> file.read_bytes(), oct(file.stat().st_mode & 0o777)
    (b'{}', '0o600')
    """
    with output_errors(path):
        make_private_directory(path.parent)
        part, lock = private_place(path, directory=False)
        try:
            with os.fdopen(lock, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                part.replace(path)
            sync(path.parent)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def private_umask() -> Iterator[None]:
    """Make every new file 0600 and every new directory 0700 (process-wide, until the end of the block)."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def make_private_directory(path: Path) -> None:
    """Make a directory and its missing parents with mode 0700; what exists keeps its mode."""
    for folder in reversed([path, *path.parents]):
        if not folder.is_dir():
            with suppress(FileExistsError):  # another run made it first
                folder.mkdir(mode=PRIVATE_DIRECTORY)
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))


def remove_file(path: Path) -> None:
    """Remove a file, if it is there.

    Raises
    ------
    OutputError
        If it cannot be removed.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "receipt.json"
    >>> file.touch()
    >>> remove_file(file)
    >>> file.exists()
    False
    """
    with output_errors(path):
        path.unlink(missing_ok=True)


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` of writing into an `OutputError` that says where, why and what to do.

    Parameters
    ----------
    path
        What was being written.

    Raises
    ------
    OutputError
        For errors a disk or its rights give; a missing file and our own errors pass through as they are.
    """
    try:
        yield
    except HvcError:
        raise
    except OSError as error:
        if error.errno not in _ADVICE:
            raise
        where = error.filename if isinstance(error.filename, str) else path
        raise OutputError(f"{where}: cannot be written ({os.strerror(error.errno)}). {_ADVICE[error.errno]}") from error


def private_place(target: Path, *, directory: bool) -> tuple[Path, int]:
    """A new private neighbour of ``target``, locked as long as its maker lives, so that leftovers can be told."""
    prefix = f".{target.name}.staging-"
    _remove_leftovers(target.parent, prefix)
    while True:
        if directory:
            path = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        else:
            descriptor, name = tempfile.mkstemp(prefix=prefix, dir=target.parent)
            path = Path(name)
        with suppress(OSError):  # a file system without locks: leftovers stay until they are removed by hand
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if path.exists():  # else a cleaning neighbour took it for a leftover before it was locked
            return path, descriptor
        os.close(descriptor)


def _remove_leftovers(folder: Path, prefix: str) -> None:
    for path in sorted(folder.iterdir()):
        if not path.name.startswith(prefix):
            continue
        with suppress(OSError):  # vanished, or locked: its maker is at work
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()
                _log.info("%s: removed, left by a run that died", path)
            finally:
                os.close(descriptor)


def files(path: Path) -> list[Path]:
    """Every file below ``path``, in order; a link or a device has no place in a generation."""
    entries = sorted(entry for entry in path.rglob("*") if entry.is_symlink() or not entry.is_dir())
    for entry in entries:
        if entry.is_symlink() or not entry.is_file():
            raise OSError(errno.EEXIST, f"{entry.name} is not a regular file", str(entry))
    return entries


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Flush a file, or the names in a directory, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
