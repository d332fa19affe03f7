"""Where and how a run is started changes nothing in what it publishes: cron's poor surroundings, hash seeds, locales."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from faults.injected import failing, quietly, run
from hvc_ml.publish import verify_directory

PLACES = {
    "cron": {"LANG": "C", "PYTHONHASHSEED": "1"},
    "a desk far away": {
        "LC_ALL": "tr_TR.UTF-8",
        "TZ": "Pacific/Auckland",
        "PYTHONHASHSEED": "4242",
        "HOME": "/nonexistent",
    },
}
"""Variables a run may find, beside PATH; nothing else is handed on."""


def contents(folder):
    """Every file of the newest list."""
    return {p.name: p.read_bytes() for p in (folder / "lists" / "latest").iterdir()}


def started(folder, env, cwd):
    """Score in a process of its own, without a terminal, whose mask would give files to everybody."""
    command = ["sh", "-c", 'umask 000; exec "$@"', "sh", sys.executable, "-m", "hvc_ml", "score", "-c", str(folder)]
    variables = {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1", **env}
    variables |= {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    return subprocess.run(
        command, env=variables, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


@pytest.mark.timeout(600)
def test_the_list_is_the_same_wherever_and_however_it_is_made_and_private(trained, room):
    found = []
    for number, (env, cwd) in enumerate(zip(PLACES.values(), ("/", room), strict=True)):
        folder = room / f"from {number}" / "shop"
        shutil.copytree(trained, folder, symlinks=True)
        ran = started(folder, env, cwd)
        assert ran.returncode == 0, ran.stderr
        assert ran.stderr == ""
        assert {p.stat().st_mode & 0o077 for p in (folder / "lists").rglob("*")} == {0}
        found.append(contents(folder))
    assert found[0] == found[1]
    assert len(found[0]) >= 5


@pytest.mark.parametrize(
    ("call", "error", "code", "says"),
    [("fsync", "TERM", 143, ""), ("rename", "EROFS", 8, "read-only"), ("fsync", "EDQUOT", 8, "quota")],
)
def test_a_run_that_is_stopped_or_may_not_write_leaves_no_list_and_says_why(trained, room, call, error, code, says):
    folder = room / f"ended by {error}"
    shutil.copytree(trained, folder, symlinks=True)
    argv = ["score", "-c", str(folder)]
    ended, _ = run(argv, *failing(call, error, 2))
    assert ended.code == code, ended
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not list((folder / "lists").rglob("*")) if (folder / "lists").exists() else True
    assert quietly(argv).code == 0
    verify_directory((folder / "lists" / "latest").resolve())


def test_an_answer_that_cannot_be_written_down_is_no_bug(trained):
    command = [sys.executable, "-m", "hvc_ml", "check", "-c", str(trained)]
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ran.returncode == 8, ran.stderr
    assert "stdout: cannot be written (No space left on device)" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
