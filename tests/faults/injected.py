"""Run a verb in a forked process whose k-th system call of a kind fails, or kills it."""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

WRITES = (
    "write",
    "pwrite64",
    "writev",
    "ftruncate",
    "fsync",
    "rename",
    "mkdir",
    "symlink",
    "unlink",
    "fchmod",
    "rmdir",
)
"""System calls that change a disk; a fault at each of them must leave everything whole."""

_ANY_PROCESS = ctypes.c_ulong(-1)
_SET_PTRACER = 0x59616D61


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit code (negative: the signal), and what it said."""

    code: int
    stderr: str
    stdout: str


def needs_strace():
    """Skip where system calls cannot be made to fail."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    if subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, check=False).returncode:
        pytest.skip("strace is not allowed here")


def run(argv, *options, seconds=120.0):
    """Run ``hvc-ml`` in a forked process under strace with these options."""
    with tempfile.TemporaryDirectory() as folder:
        out, err, trace = (Path(folder) / name for name in ("out", "err", "trace"))
        child = _forked(argv, out, err)
        tracer = subprocess.Popen(
            ["strace", "-f", "-qq", "-o", str(trace), *options, "-p", str(child)], stderr=subprocess.DEVNULL
        )
        _wait_until_traced(child, tracer)
        os.kill(child, signal.SIGCONT)
        code = _reaped(child, seconds)
        tracer.wait(timeout=30)
        text = trace.read_text(errors="replace") if trace.exists() else ""
        return Ended(code, err.read_text(), out.read_text()), text


def counted(argv):
    """How often a run makes each writing system call."""
    ended, trace = run(argv, "-e", f"trace={','.join(WRITES)}")
    assert ended.code == 0, ended.stderr
    calls = re.findall(r"^\d+\s+(\w+)\(", trace, flags=re.MULTILINE)
    return {name: calls.count(name) for name in WRITES if name in calls}


def _forked(argv, out, err):
    """A process that has everything imported, and waits to be traced."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        ctypes.CDLL(None).prctl(_SET_PTRACER, _ANY_PROCESS, 0, 0, 0)
        for path, number in ((out, 1), (err, 2)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115 # pytest has replaced ours
        os.kill(os.getpid(), signal.SIGSTOP)
        code = _verb(argv)
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


def _wait_until_traced(child, tracer):
    status = Path(f"/proc/{child}/status")
    for _ in range(2000):
        if f"TracerPid:\t{tracer.pid}" in status.read_text() or tracer.poll() is not None:
            return
        time.sleep(0.005)


def _reaped(child, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    pytest.fail(f"a run did not end within {seconds:.0f} s")
