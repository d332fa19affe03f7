"""How the tests of this room load small tables: text in, rows out."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hvc_ml.tables.checks import TableReport
from hvc_ml.tables.engine import Engine, open_engine
from hvc_ml.tables.load import Tables, load_tables
from hvc_ml.tables.mapping import TableMapping
from hvc_ml.tables.resources import Resources
from hvc_ml.tables.sources import Source

SMALL = Resources(memory="512MB", threads=2)
PLAIN = {"customer_id": "customer", "ordered_at": "date", "amount": "amount"}


@dataclass
class Loaded:
    """A loaded source while its engine is open."""

    engine: Engine
    tables: Tables
    reports: dict[str, TableReport]
    fingerprints: dict[str, Any]

    def rows(self, name: str = "orders") -> list[dict[str, Any]]:
        return self.engine.arrow(getattr(self.tables, name)).to_pylist()

    def fingerprint(self, name: str = "orders") -> str:
        return self.engine.fingerprint(getattr(self.tables, name))


@contextlib.contextmanager
def load(
    base: Path, source: Source, now: Any = None, timezone: str = "UTC", currency: str | None = None, **mappings: Any
) -> Iterator[Loaded]:
    settings = {name: TableMapping.model_validate(m) for name, m in mappings.items()}
    with open_engine(SMALL, source.files(base)) as engine:
        tables, reports, prints = load_tables(
            engine, source, settings, base=base, timezone=timezone, currency=currency, now=now
        )
        for report in reports.values():
            assert report.rows == report.kept + report.rejected + report.deduplicated
        yield Loaded(engine, tables, reports, prints)


@pytest.fixture(scope="session")
def loaded():
    """Return ``loaded(base, source, timezone=..., orders={...}, ...)``: a loaded source while the block runs."""
    return load


@pytest.fixture
def shop(tmp_path):
    """Return ``shop(text, **mapping)``: the orders of one CSV file."""

    @contextlib.contextmanager
    def open_shop(text, name="orders.csv", now=None, timezone="UTC", currency=None, columns=None, **mapping):
        content = text if isinstance(text, bytes) else text.encode()
        (tmp_path / name).write_bytes(content)
        source = Source(paths={"orders": name})
        with load(tmp_path, source, now, timezone, currency, orders={"columns": columns or PLAIN, **mapping}) as found:
            yield found

    return open_shop


@pytest.fixture
def engine():
    with open_engine(SMALL) as opened:
        yield opened
