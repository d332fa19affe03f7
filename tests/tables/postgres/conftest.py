"""A PostgreSQL server for the tests of this folder."""

import pytest

from hvc_ml.tables.sources import Source
from made.postgres import programs, serving


@pytest.fixture(scope="package")
def server():
    where = programs()
    if where is None:
        pytest.skip("no PostgreSQL server is installed (Debian: apt-get install postgresql)")
    with serving(where) as running:
        yield running


@pytest.fixture
def source(server):
    return Source(kind="postgres", url=server.url())


@pytest.fixture
def table(server):
    """Return ``table(columns, rows)``: the name of a table made for one test."""
    made = []

    def create(columns, *rows, name=None):
        made.append(name or f"t{len(made)}")
        server.sql(f'CREATE TABLE "{made[-1]}" ({columns})', *(f'INSERT INTO "{made[-1]}" VALUES {r}' for r in rows))
        return made[-1]

    yield create
    server.sql(*(f'DROP TABLE "{name}" CASCADE' for name in made))
