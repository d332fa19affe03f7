"""Fixtures every room's tests share."""

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None)  # a busy machine is no failure
settings.load_profile("patient")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real logs beside the project, or a skip that says where it was looked for."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the real logs are not beside the project ({folder.name}/ under ../shared)")
    return folder


@pytest.fixture(scope="session")
def engine():
    """One engine for all tests that make tables by hand."""
    from hvc_ml.tables.engine import open_engine  # noqa: PLC0415 # only where it is asked for
    from hvc_ml.tables.resources import Resources  # noqa: PLC0415

    with open_engine(Resources(memory="1GB", threads=2)) as engine:
        yield engine


@pytest.fixture(scope="session")
def session(tmp_path_factory):
    """A small Spark, started once for all tests that need one."""
    from made.spark import spark  # noqa: PLC0415 # most runs ask for none

    with spark(tmp_path_factory.mktemp("spark")) as running:
        yield running
