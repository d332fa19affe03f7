"""The one place where errors become exit codes."""

import datetime as dt
import json
import os
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from types import FrameType
from typing import NoReturn

from hvc_ml import __version__
from hvc_ml.errors import HvcError


def run() -> NoReturn:
    """Run the command line; never return.

    Exit codes: 0 done, 1 a bug, 2 usage, 3 to 10 as `hvc_ml.errors`, 130 and 143 interrupted.
    """
    os.umask(0o077)  # what a run writes is personal data
    signal.signal(signal.SIGINT, _interrupted)
    signal.signal(signal.SIGTERM, _interrupted)
    from hvc_ml.cli.app import app  # noqa: PLC0415 # after the signals: imports take time too

    try:
        app(prog_name="hvc-ml")
    except HvcError as error:
        _fail(str(error), error.exit_code, type(error).__name__)
    except BrokenPipeError:
        sys.stderr.close()  # `hvc-ml ... | head` is no error
        os._exit(0)
    except Exception as error:  # noqa: BLE001 # the edge: a bug keeps its traceback, in a private file
        _fail(f"{_bug(error)}", 1, "Bug")
    sys.exit(0)


def _interrupted(number: int, _frame: FrameType | None) -> NoReturn:
    """Leave through every ``finally``, so that nothing stays half written."""
    sys.exit(128 + number)


def _fail(message: str, code: int, kind: str) -> NoReturn:
    from hvc_ml.cli.console import printable, wants_json  # noqa: PLC0415

    line = printable(" ".join(message.split()))
    sys.stderr.write(f"hvc-ml: {line}\n")
    if wants_json:
        sys.stdout.write(json.dumps({"error": {"exit_code": code, "kind": kind, "message": line}}) + "\n")
    sys.exit(code)


def _bug(error: Exception) -> str:
    """One line, and a report that only its owner can read."""
    from hvc_ml.cli.crash import report_of  # noqa: PLC0415 # as rarely as it is needed

    when = dt.datetime.now(tz=dt.UTC).strftime("%Y%m%dT%H%M%S")
    text = f"hvc-ml {__version__}, Python {sys.version}\n\n{report_of(error)}"
    try:
        handle, name = tempfile.mkstemp(prefix=f"hvc-ml-crash-{when}-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError:
        name = "(it could not be written)"
    where = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"a bug in hvc-ml: {type(error).__name__} in {Path(where.filename).name}:{where.lineno}. "
        f"Nothing was published. The report, for your eyes only: {name}"
    )
