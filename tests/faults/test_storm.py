"""Scorers and trainers at once on one project: one works, the others say who does, and nothing is torn."""

import re
import shutil

import pytest

from faults.injected import quietly, together
from hvc_ml.publish import verify_directory


@pytest.fixture(scope="module")
def busy(trained, room):
    """A trained business with a list, whose nightly jobs somebody set to the same minute."""
    folder = room / "busy"
    shutil.copytree(trained, folder, symlinks=True)
    assert quietly(["score", "--cutoff", "2025-12-01", "-c", str(folder)], learn=True).code == 0
    return folder


def storm(folder, scorers, trainers):
    """All at once; what became of each."""
    ended = together([["score", "-c", str(folder)]] * scorers + [["train", "-q", "-c", str(folder)]] * trainers)
    assert {e.code for e in ended} <= {0, 10}, [e for e in ended if e.code not in {0, 10}]
    workers = {e.pid for e in ended if e.code == 0}
    assert workers
    for waiting in (e for e in ended if e.code == 10):
        named = re.search(r"process (\d+) is at work", waiting.stderr)
        assert int(named[1]) in workers
    assert len(workers) < len(ended)
    verify_directory((folder / "lists" / "latest").resolve())
    return ended


@pytest.mark.parametrize(("scorers", "trainers", "rounds"), [(3, 1, 1), pytest.param(8, 2, 10, marks=pytest.mark.deep)])
@pytest.mark.timeout(3600)
def test_one_of_many_works_and_nothing_is_torn(busy, scorers, trainers, rounds):
    for _ in range(rounds):
        storm(busy, scorers, trainers)
    for manifest in busy.glob("lists/*/MANIFEST.json"):
        verify_directory(manifest.parent)
    assert not list(busy.rglob("*.staging-*"))
    assert quietly(["score", "-c", str(busy)]).code == 0
    again = quietly(["score", "-v", "-c", str(busy)])
    assert again.code == 0
    assert "already published, identical" in again.stderr + again.stdout
