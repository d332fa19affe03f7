"""One run at a time."""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from hvc_ml.errors import LockHeld, OutputError
from hvc_ml.publish.files import PRIVATE_FILE, make_private_directory, output_errors

NAMELESS = 1.0  # seconds; a holder has just come and not yet written its number, or has erased it and is leaving
ASK_AGAIN = 0.01  # seconds


class RunLock:
    """One run at a time: an advisory lock that a crash releases too.

    Parameters
    ----------
    path
        The lock file, such as ``.hvc-ml/lock``. It stays behind, empty: removing it would let two runs lock two files.

    Raises
    ------
    LockHeld
        On entering, when another run holds it; the message names its process id.

    Examples
    --------
    >>> import tempfile
    >>> lock = Path(tempfile.mkdtemp()) / "lock"
    >>> with RunLock(lock):
    ...     lock.read_text().strip() == str(os.getpid())
    True
    """

    _descriptor: int

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Self:
        with output_errors(self.path):
            make_private_directory(self.path.parent)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        if holder := _holder(descriptor):
            os.close(descriptor)
            raise LockHeld(f"{self.path}: {holder} is at work on this project. Run again when it has finished.")
        try:
            with output_errors(self.path):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        except OutputError:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # the lock goes with the descriptor, whatever the disk says
            os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def _holder(descriptor: int) -> str:
    """Who else holds the lock; empty once it is ours."""
    until = time.monotonic() + NAMELESS
    while not _locked(descriptor):
        name = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        if name.isdigit():
            return f"process {name}"
        if time.monotonic() > until:
            return "another process"
        time.sleep(ASK_AGAIN)
    return ""


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
