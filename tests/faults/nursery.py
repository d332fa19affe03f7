"""A process with everything imported and no thread started, that forks a run for each line it is asked."""

import ctypes
import importlib
import io
import json
import os
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

_ANY_PROCESS = ctypes.c_ulong(-1)
_SET_PTRACER = 0x59616D61


def imported():
    """Import what a run imports, so that a fork begins at once."""
    import mlflow.tracking  # noqa: F401, PLC0415
    from mlflow.utils import requirements_utils  # noqa: PLC0415

    import hvc_ml.workflows.score  # noqa: PLC0415
    import hvc_ml.workflows.train  # noqa: F401, PLC0415
    from hvc_ml.cli import app  # noqa: F401, PLC0415

    requirements_utils._init_modules_to_packages_map()  # a second of looking at what is installed


def undrawn():
    """Figures are an empty drawing: what they show is tested elsewhere, and drawing takes longer than all else."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    def savefig(_figure, sink, **_):
        empty = '<svg height="1pt" width="1pt"></svg>'
        sink.write(empty if isinstance(sink, io.StringIO) else empty.encode())

    Figure.savefig = savefig


def answered(orders):
    """Fork runs at once, each waiting for its tracer where it has one: tell their numbers and then how they ended."""
    children = [os.fork() or _run(order) for order in orders]
    for child in children:
        told(child)
    for child in children:
        told(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def told(number):
    """One line to whoever asked."""
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def learned(file):
    """Import what a run had to import in the end."""
    for name in json.loads(file.read_text()):
        if name not in sys.modules:
            with suppress(ImportError):
                importlib.import_module(name)


def _run(asked):
    code = 70
    try:
        for path, number in ((asked["out"], 1), (asked["err"], 2)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        os.environ["TMPDIR"] = tempfile.tempdir = asked["temp"]
        if asked["traced"]:
            ctypes.CDLL(None).prctl(_SET_PTRACER, _ANY_PROCESS, 0, 0, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
        code = _verb(asked["argv"])
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        if asked["learn"]:
            Path(asked["learn"]).write_text(json.dumps(list(sys.modules)))
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
    undrawn()
    told(0)
    for line in sys.stdin:
        asked = json.loads(line)
        answered(asked)
        for order in asked:
            if order["learn"]:
                learned(Path(order["learn"]))
                told(0)
