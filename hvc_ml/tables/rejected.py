# ruff: noqa: S608 # queries are built from quoted names and texts only (see sql.py)
"""The rows that were not taken, kept aside for the person who mends the source; they are personal data."""

import csv
import io
from pathlib import Path
from typing import Any

import pyarrow as pa

from hvc_ml.publish import write_bytes_atomic
from hvc_ml.publish.safe_text import safe_text
from hvc_ml.tables.convert import REASONS, Conversion
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.sql import identifier, literal
from hvc_ml.tables.staging import Staged

ASIDE = "rejected_rows"
MOST = 100_000
"""Rows that are kept aside of each table; more of them show nothing new."""


def set_aside(engine: Engine, staged: Staged, conversion: Conversion) -> None:
    """Keep the rows at fault of a staged table, with where they came from (rows left out as asked are no faults)."""
    engine.execute(
        f"CREATE TABLE IF NOT EXISTS {ASIDE} "
        "(table_name VARCHAR, position VARCHAR, reason VARCHAR, source_row VARCHAR[])"
    )
    found = engine.execute(
        f"SELECT rowid, row, reason, source_row FROM {identifier(staged.name)} "
        f"WHERE source_row IS NOT NULL ORDER BY rowid LIMIT {MOST}"
    )
    if not found:
        return
    rows = pa.table(
        {
            "table_name": [str(conversion.table)] * len(found),
            "position": [staged.position(rowid, row) for rowid, row, _, _ in found],
            "reason": [REASONS[reason] for _, _, reason, _ in found],
            "source_row": pa.array([values for *_, values in found], pa.list_(pa.string())),
        }
    )
    engine.append(ASIDE, rows)


def rejected_rows(engine: Engine) -> pa.Table:
    """Collect the rows at fault: ``table_name, position, reason, source_row`` (a list of texts, as in the source).

    Lines with too few or too many columns are counted in the report and not repeated here. The rows stay until the
    engine closes, also when `load_tables` refused them.
    """
    there = engine.execute(f"SELECT count(*) FROM duckdb_tables() WHERE table_name = {literal(ASIDE)}")[0][0]
    if not there:
        text = pa.string()
        return pa.schema(
            [("table_name", text), ("position", text), ("reason", text), ("source_row", pa.list_(text))]
        ).empty_table()
    return engine.arrow(engine.frame(ASIDE))


def write_rejected(engine: Engine, path: Path) -> int:
    """Write the rows at fault as CSV that only its owner can read (mode 0600), and count them; none, no file.

    Texts that a spreadsheet would take for a formula get a leading apostrophe.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    rows = rejected_rows(engine).to_pylist()
    if rows:
        write_bytes_atomic(path, _as_csv(rows).encode("utf-8", "surrogatepass"))
    return len(rows)


def _as_csv(rows: list[dict[str, Any]]) -> str:
    width = max(len(r["source_row"]) for r in rows)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["table", "position", "reason", *(f"column_{i + 1}" for i in range(width))])
    for r in rows:
        texts = [r["table_name"], r["position"], r["reason"], *(v or "" for v in r["source_row"])]
        writer.writerow([safe_text(t) for t in texts])
    return text.getvalue()
