"""One process that forks the runs of all these tests, and a place for their files."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
import yaml

from faults.injected import close, needs_strace, train
from workflows.shops import small

MEMORY = Path("/dev/shm")  # noqa: S108 # mkdtemp makes a private folder in it
"""Files in memory: thousands of runs need not wait for a disk."""


@pytest.fixture(scope="session")
def room(tmp_path_factory):
    """A folder for the files of these runs, in memory where there is some."""
    needs_strace()
    usable = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 2**30
    place = MEMORY if usable else tmp_path_factory.mktemp("faults")
    folder = Path(tempfile.mkdtemp(prefix="hvc-ml-faults-", dir=place))
    yield folder
    close()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def shop(room):
    """A made-up business that is not trained yet: orders alone, one fit cutoff, models of a few leaves."""
    project = small(room / "shop", customers=600)
    said = yaml.safe_load(project.path.read_text())
    for table in ("customers", "events"):
        del said["tables"][table], said["source"]["paths"][table]
    del said["features"], said["profile"]
    said["calendar"]["cutoffs"] = 1
    said["model"] |= {"rounds": 10, "leaves": 4}
    project.path.write_text(yaml.safe_dump(said))
    return project


@pytest.fixture(scope="session")
def trained(shop, room):
    """The folder of that business with a champion; tests that change it work on a copy."""
    folder = room / "trained"
    shutil.copytree(shop.folder, folder)
    train(folder)
    return folder
