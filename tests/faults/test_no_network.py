"""The whole story in a network namespace of its own, where nobody can be reached."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from faults.story import VERBS

ALONE = ("unshare", "--net", "--map-root-user")


def needs_namespaces():
    """Skip where a process may not have a network of its own."""
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not installed")
    tried = subprocess.run([*ALONE, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no network namespaces here: {tried.stderr.strip()}")


@pytest.mark.timeout(600)
def test_the_whole_run_passes_without_a_network(shop, room):
    needs_namespaces()
    folder = room / "alone"
    shutil.copytree(shop.folder, folder)
    story = [sys.executable, str(Path(__file__).with_name("story.py")), str(folder)]
    ran = subprocess.run([*ALONE, *story], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stderr.splitlines()[-1])
    assert not said["reachable"]
    assert said["codes"].pop("monitor") in {0, 7}  # what it finds is another matter
    assert said["codes"] == dict.fromkeys(VERBS[:-1], 0), ran.stderr
    assert (folder / "lists" / "latest" / "book.html").is_file()
