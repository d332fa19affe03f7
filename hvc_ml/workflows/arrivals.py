"""What came in, held against the clock and against the last list: data that stopped arriving look like churn."""

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

import narwhals as nw

from hvc_ml.config import Project
from hvc_ml.errors import DataError
from hvc_ml.publish import MANIFEST
from hvc_ml.tables.checks import TableReport
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.load import Tables
from hvc_ml.tables.schema import DAY
from hvc_ml.timeline.days import as_date


def today(project: Project) -> date:
    """The day it is where the business is."""
    return datetime.now(ZoneInfo(project.config.timezone)).date()


def refuse_old(project: Project, engine: Engine, tables: Tables) -> None:
    """Refuse tables whose newest row is older than the configuration takes.

    Raises
    ------
    DataError
        Naming every such table, its newest day and the setting.
    """
    if found := list(_old(project, engine, tables)):
        raise DataError(" ".join(found))


def refuse_collapsed(project: Project, reports: Mapping[str, TableReport], moment: date) -> None:
    """Refuse tables that are much smaller than they were for the last list; who looks back in time may have less.

    Parameters
    ----------
    moment
        The cutoff of the list to be made.

    Raises
    ------
    DataError
        Naming every such table, its rows then and now, and the setting.
    """
    if found := list(collapsed(project, reports, moment)):
        raise DataError(" ".join(found))


def _old(project: Project, engine: Engine, tables: Tables) -> Iterator[str]:
    for name, mapping in project.config.tables.present().items():
        if mapping.max_age is None:
            continue
        newest = _newest(engine, tables, name)
        if newest is not None and (days := (today(project) - newest).days) > mapping.max_age:
            yield (
                f"{name}: the newest row is of {newest}, {days:,} days ago; tables.{name}.max_age is "
                f"{mapping.max_age:,}. Load what is missing."
            )


def _newest(engine: Engine, tables: Tables, name: str) -> date | None:
    """The day of a table's newest row; None where it has no days."""
    table = getattr(tables, name)
    if table is None or DAY not in table.collect_schema().names():
        return None
    day = engine.arrow(table.select(nw.col(DAY).max()))[DAY][0].as_py()
    return None if day is None else as_date(day)


def collapsed(project: Project, reports: Mapping[str, TableReport], moment: date) -> Iterator[str]:
    """Sentences about tables that lost more rows since the last list than the configuration takes."""
    made, before = _last_list(project)
    for name, mapping in project.config.tables.present().items():
        rows, least = reports[name].rows, 1.0 - mapping.max_shrink
        if moment.isoformat() >= made and rows < least * before.get(name, 0):
            yield (
                f"{name}: {rows:,} rows, and the last list was made from {before[name]:,}; is the load complete? "
                f"tables.{name}.max_shrink ({mapping.max_shrink:.0%}) says how much may go."
            )


def _last_list(project: Project) -> tuple[str, dict[str, int]]:
    """Cutoff of the newest list, and table -> rows read for it; nothing where there is none, or it does not say."""
    try:
        meta = json.loads((project.lists / "latest" / MANIFEST).read_bytes())["meta"]
        return str(meta["cutoff"]), {str(name): int(n) for name, n in meta["rows"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "", {}
