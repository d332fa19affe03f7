"""One process that forks the runs of all these tests."""

import pytest

from faults.injected import close, needs_strace
from workflows.shops import small


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """A made-up business that is not trained yet; the runs that fail on purpose end with it."""
    needs_strace()
    yield small(tmp_path_factory.mktemp("faults") / "shop", customers=600)
    close()
