"""A process with everything imported and no thread started, that forks a run for each line it is asked."""

import ctypes
import json
import os
import signal
import sys
from contextlib import suppress

_ANY_PROCESS = ctypes.c_ulong(-1)
_SET_PTRACER = 0x59616D61


def imported():
    """Import what a run imports, so that a fork begins at once."""
    import lightgbm  # noqa: F401, PLC0415
    import mlflow.tracking  # noqa: F401, PLC0415
    import numba  # noqa: F401, PLC0415
    import pyarrow.parquet  # noqa: F401, PLC0415
    import scipy.stats  # noqa: F401, PLC0415
    import xlsxwriter  # noqa: F401, PLC0415

    import hvc_ml.workflows.score  # noqa: F401, PLC0415
    from hvc_ml.cli import app  # noqa: F401, PLC0415


def answered(asked):
    """Fork one run that waits to be traced, and tell its number and then how it ended."""
    child = os.fork()
    if not child:
        _run(asked)
    told(child)
    told(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def told(number):
    """One line to whoever asked."""
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _run(asked):
    code = 70
    try:
        ctypes.CDLL(None).prctl(_SET_PTRACER, _ANY_PROCESS, 0, 0, 0)
        for path, number in ((asked["out"], 1), (asked["err"], 2)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        os.kill(os.getpid(), signal.SIGSTOP)
        code = _verb(asked["argv"])
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _verb(argv):
    from hvc_ml.cli import edge  # noqa: PLC0415

    sys.argv = ["hvc-ml", *argv]
    try:
        edge.run()
    except SystemExit as ended:
        return int(ended.code or 0)


if __name__ == "__main__":
    imported()
    told(0)
    for line in sys.stdin:
        answered(json.loads(line))
