"""Every error a user can fix, drawn as a tree; each leaf knows its exit code.

::

    HvcError
    ├── UsageError        2   an option that cannot be
    ├── ConfigError       3   hvc.yaml
    ├── DataError         4   input data refused
    ├── NotEnoughData     5   too little or degenerate data
    ├── ModelRefused      6   a model that is missing, damaged or of another make
    ├── GateFailed        7   a quality or drift gate
    ├── OutputError       8   output not written (worth a retry)
    ├── ServiceError      9   database or MLflow not reachable (worth a retry)
    └── LockHeld         10   another run is at work (worth a retry)

A message is one line: what, where, why in numbers, what to do. It never holds a cell's value, only its line, column
and shape.
"""

from typing import ClassVar


class HvcError(Exception):
    """An error that the reader of its message can fix."""

    exit_code: ClassVar[int] = 1


class UsageError(HvcError, ValueError):
    """A command-line option that cannot be."""

    exit_code = 2


class ConfigError(HvcError, ValueError):
    """A configuration that cannot be obeyed; the message lists every mistake at once."""

    exit_code = 3


class DataError(HvcError, ValueError):
    """Input data that cannot be trusted."""

    exit_code = 4


class NotEnoughData(HvcError, ValueError):
    """Too little history, too few customers, or nothing that varies."""

    exit_code = 5


class ModelRefused(HvcError, ValueError):
    """A model that is missing, damaged, or made for other features."""

    exit_code = 6


class GateFailed(HvcError, ValueError):
    """A quality or drift gate that was not passed."""

    exit_code = 7


class OutputError(HvcError, OSError):
    """Output that could not be written; what was there before still stands."""

    exit_code = 8


class ServiceError(HvcError, ConnectionError):
    """A database or an MLflow server that does not answer."""

    exit_code = 9


class LockHeld(HvcError, BlockingIOError):
    """Another run holds the project's lock."""

    exit_code = 10
