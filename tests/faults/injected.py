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
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

WRITES = (
    "write",
    "pwrite64",
    "writev",
    "sendfile",
    "copy_file_range",
    "ftruncate",
    "fallocate",
    "fsync",
    "fdatasync",
    "rename",
    "mkdir",
    "symlink",
    "link",
    "unlink",
    "unlinkat",
    "rmdir",
    "chmod",
    "fchmod",
)
"""System calls that change a disk; a fault at each of them must leave everything whole."""


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit code (negative: the signal), what it said, and its process."""

    code: int
    stderr: str
    stdout: str
    pid: int


def needs_strace():
    """Skip where system calls cannot be made to fail."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    if subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, check=False).returncode:
        pytest.skip("strace is not allowed here")


def run(argv, *options, temp=None, learn=False):
    """Run ``hvc-ml`` in a process of the nursery, under strace where it has options: how it ended, and the trace.

    Its temporary files go to ``temp``; with ``learn`` the nursery imports what the run did, for those after it.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        order = _order(argv, folder, temp) | {"traced": bool(options), "learn": str(folder / "seen") if learn else ""}
        _ask([order])
        child, trace = _told(), folder / "trace"
        if options:
            _traced(child, trace, options)
        ended = _ended(child, _told(), folder)
        if learn:
            _told()
        return ended, trace.read_text(errors="replace") if trace.exists() else ""


def together(commands):
    """Run ``hvc-ml`` several times at once: how each ended."""
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / str(i) for i in range(len(commands))]
        for folder in folders:
            folder.mkdir()
        _ask([_order(argv, folder) for argv, folder in zip(commands, folders, strict=True)])
        children = [_told() for _ in commands]
        return [_ended(child, _told(), folder) for child, folder in zip(children, folders, strict=True)]


def quietly(argv, **how):
    """Run ``hvc-ml`` as it is."""
    return run(argv, **how)[0]


def train(folder):
    """Train as it is, and what training imports the runs after it have."""
    ended = quietly(["train", "-c", str(folder), "-q"], learn=True)
    assert ended.code == 0, ended


def written(argv, **how):
    """The writing system calls of a run, in order: (name, which of its name it is, the file or "")."""
    ended, trace = run(argv, "-y", "-e", f"trace={','.join(WRITES)}", **how)
    assert ended.code == 0, ended
    calls = re.findall(r"^\d+\s+(\w+)\((?:\d+<([^>]*)>|(?:AT_FDCWD[^,]*, )?\"([^\"]*)\")?", trace, flags=re.MULTILINE)
    seen = Counter()
    return [(name, seen.update([name]) or seen[name], file or named) for name, file, named in calls]


def failing(call, error, k):
    """The options of strace that let the k-th call of a kind fail with an error, or stop the process at it."""
    how = f"signal={error}" if error in {"KILL", "TERM"} else f"error={error}"
    return ("-e", f"trace={call}", "-e", f"inject={call}:{how}:when={k}")


@functools.cache
def _nursery():
    """The process that forks runs: ours has started threads that a fork would lose."""
    command = [sys.executable, str(Path(__file__).with_name("nursery.py"))]
    nursery = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert nursery.stdout.readline() == "0\n"
    return nursery


def _ask(orders):
    _nursery().stdin.write(json.dumps(orders) + "\n")
    _nursery().stdin.flush()


def _told():
    return int(_nursery().stdout.readline())


def _order(argv, folder, temp=None):
    said = {"out": str(folder / "out"), "err": str(folder / "err"), "temp": str(temp or tempfile.gettempdir())}
    return {"argv": argv, **said, "traced": False, "learn": ""}


def _ended(child, code, folder):
    err, out = ((folder / name).read_text(errors="replace") for name in ("err", "out"))
    return Ended(code, err, out, child)


def close():
    """End the nursery, if there is one."""
    if _nursery.cache_info().currsize:
        _nursery().communicate()
        _nursery.cache_clear()


def _traced(child, trace, options):
    """Let a waiting run go on under strace, until it ends."""
    _wait(lambda: "State:\tT" in _status(child))  # else it might stop after it was told to go on
    command = ["strace", "-f", "-qq", "-o", str(trace), *options, "-p", str(child)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as tracer:
        _wait(lambda: f"TracerPid:\t{tracer.pid}\n" in _status(child) or tracer.poll() is not None)
        os.kill(child, signal.SIGCONT)


def _status(child):
    return Path(f"/proc/{child}/status").read_text()


def _wait(holds):
    for _ in range(12_000):
        if holds():
            return
        time.sleep(0.005)
    pytest.fail("a run could not be traced within a minute")
