"""A fault at any write leaves the last list whole, says what to do, and is healed by the next run."""

import shutil

import pytest

from faults.healing import Trouble
from faults.injected import quietly


@pytest.fixture(scope="module")
def scoring(trained, room):
    """A trained business with last month's list, about to be scored."""
    origin = room / "scoring origin"
    shutil.copytree(trained, origin, symlinks=True)
    earlier = quietly(["score", "--cutoff", "2025-12-01", "-c", str(origin)], learn=True)
    assert earlier.code == 0, earlier
    return Trouble(["score"], origin, room / "scoring").measured()


@pytest.mark.timeout(900)
def test_a_fault_at_every_second_file_a_run_writes_tears_nothing(scoring):
    every = scoring.places()
    assert len(every) >= 40
    chosen = every[::2]  # each of the three kinds of faults still comes by turns
    assert [wrong for point in chosen if (wrong := scoring.told(point))] == []


@pytest.mark.deep
@pytest.mark.timeout(14400)
def test_a_fault_at_every_write_tears_nothing(scoring):
    assert [wrong for point in scoring.points() if (wrong := scoring.told(point))] == []
