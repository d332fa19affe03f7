"""The retention list as files: CSV and Parquet here, the workbook in its own module."""

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from hvc_ml.publish import output_errors, write_bytes_atomic
from hvc_ml.report.columns import COLUMNS, Kind, as_listed
from hvc_ml.report.sanitise import safe_frame
from hvc_ml.report.workbook import About, Beside, workbook_bytes

_ARROW: Final[dict[Kind, pa.DataType]] = {
    "count": pa.int64(),
    "text": pa.string(),
    "risk": pa.float64(),
    "money": pa.float64(),
    "date": pa.string(),
}


def write_csv(plan: pd.DataFrame, path: Path) -> None:
    """Write the list as CSV (UTF-8, comma); text that a spreadsheet might run gets a leading apostrophe.

    Parameters
    ----------
    plan : DataFrame
        The list with the columns of ``LIST_COLUMNS``.
    path : Path
        The file; the same list gives the same bytes.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    listed = safe_frame(as_listed(plan))
    texts = listed.select_dtypes(object)
    returns = any("\r" in text for name in texts for text in texts[name])  # the csv module leaves a lone CR unquoted
    text = listed.to_csv(
        index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL
    )
    write_bytes_atomic(path, text.encode("utf-8", "replace"))


def write_parquet(plan: pd.DataFrame, path: Path) -> None:
    """Write the list as Parquet, for machines: ids and texts byte for byte, nothing added.

    Parameters
    ----------
    plan : DataFrame
        The list with the columns of ``LIST_COLUMNS``.
    path : Path
        The file; the same list gives the same bytes.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    listed = as_listed(plan)
    schema = pa.schema([(name, _ARROW[column.kind]) for name, column in COLUMNS.items()])
    _write_table(pa.Table.from_pandas(listed, schema=schema, preserve_index=False), path)


def write_xlsx(plan: pd.DataFrame, path: Path, about: About, beside: Beside | None = None) -> None:
    """Write the list as a workbook, for the team: the list to fill in, the plan, customer figures, a glossary.

    Parameters
    ----------
    plan : DataFrame
        The list with the columns of ``LIST_COLUMNS``.
    path : Path
        The file; the same list gives the same bytes.
    about : About
        What the last sheet says.
    beside : Beside, optional
        Further figures and words.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    write_bytes_atomic(path, workbook_bytes(as_listed(plan), about, beside))


def write_list(plan: pd.DataFrame, path: Path, kind: str, about: About, beside: Beside | None = None) -> None:
    """Write the list in one of the formats ``csv``, ``parquet``, ``xlsx``."""
    writers: Mapping[str, Callable[[], None]] = {
        "csv": lambda: write_csv(plan, path),
        "parquet": lambda: write_parquet(plan, path),
        "xlsx": lambda: write_xlsx(plan, path, about, beside),
    }
    writers[kind]()


def write_scores(scores: pd.DataFrame, path: Path) -> None:
    """Write every scored customer's figures as Parquet, in the columns and order of the frame.

    Parameters
    ----------
    scores : DataFrame
        One row per customer, texts as str.
    path : Path
        The file; the same frame gives the same bytes.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    _write_table(pa.Table.from_pandas(scores, preserve_index=False), path)


def _write_table(table: pa.Table, path: Path) -> None:
    sink = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(None), sink, compression="zstd")
    with output_errors(path):
        write_bytes_atomic(path, sink.getvalue())
