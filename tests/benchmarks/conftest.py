"""A shop of a few hundred customers whose panel holds everyone who ever bought."""

import pytest

from benchmarks import logs


@pytest.fixture(scope="session")
def small_log():
    return logs.open_log("demo-retail", customers=600, everyone=True)
