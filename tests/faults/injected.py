"""Run a verb in a forked process whose k-th system call of a kind fails, or kills it."""

import functools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
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


def run(argv, *options):
    """Run ``hvc-ml`` in a process of the nursery under strace with these options: how it ended, and the trace."""
    nursery = _nursery()
    with tempfile.TemporaryDirectory() as folder:
        out, err, trace = (Path(folder) / name for name in ("out", "err", "trace"))
        nursery.stdin.write(json.dumps({"argv": argv, "out": str(out), "err": str(err)}) + "\n")
        nursery.stdin.flush()
        child = int(nursery.stdout.readline())
        command = ["strace", "-f", "-qq", "-o", str(trace), *options, "-p", str(child)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as tracer:
            _wait_until_traced(child, tracer)
            os.kill(child, signal.SIGCONT)
            code = int(nursery.stdout.readline())
        text = trace.read_text(errors="replace") if trace.exists() else ""
        return Ended(code, err.read_text(), out.read_text()), text


def quietly(argv):
    """Run ``hvc-ml`` as it is."""
    return run(argv, "-e", "trace=symlink")[0]


def train(folder):
    """Train in a process of its own, threads and all."""
    subprocess.run([sys.executable, "-m", "hvc_ml", "train", "-c", str(folder), "-q"], check=True)


def counted(argv):
    """How often a run makes each writing system call."""
    ended, trace = run(argv, "-e", f"trace={','.join(WRITES)}")
    assert ended.code == 0, ended
    calls = re.findall(r"^\d+\s+(\w+)\(", trace, flags=re.MULTILINE)
    return {name: calls.count(name) for name in WRITES if name in calls}


@functools.cache
def _nursery():
    """The process that forks runs: ours has started threads that a fork would lose."""
    command = [sys.executable, str(Path(__file__).with_name("nursery.py"))]
    nursery = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert nursery.stdout.readline() == "0\n"
    return nursery


def close():
    """End the nursery, if there is one."""
    if _nursery.cache_info().currsize:
        _nursery().communicate()
        _nursery.cache_clear()


def _wait_until_traced(child, tracer):
    status = Path(f"/proc/{child}/status")
    for _ in range(4000):
        if f"TracerPid:\t{tracer.pid}\n" in status.read_text() or tracer.poll() is not None:
            return
        time.sleep(0.005)
