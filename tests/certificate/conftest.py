"""One business with everything that can leak."""

import pytest

from certificate.logs import random_log

EVERY = {"orders", "items", "events", "contracts", "customers"}


@pytest.fixture(scope="session")
def log():
    return random_log(4, late=EVERY - {"items"})
