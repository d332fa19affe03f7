"""A team's own file of contacts, read as text: CSV, Parquet, or the list's workbook."""

import datetime as dt
import io
import re
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa

from hvc_ml.errors import DataError

NAMES: Final[dict[str, tuple[str, ...]]] = {
    "customer_id": ("customer", "customer_no", "customer_number", "client", "client_id", "id"),
    "touched_at": ("touched_on", "touched", "contacted_at", "contacted_on", "contacted", "contact_date", "date", "day"),
    "action": ("offer", "contacted_with", "what"),
    "outcome": ("result", "response", "answer", "reaction"),
    "group": (),
    "rank": (),
    "cutoff": (),
}
"""Columns that are read, and other names that mean the same."""

_SIGNS: Final = ",;\t|"


def read_contacts(path: Path) -> pd.DataFrame:
    r"""Read a file of contacts.

    Parameters
    ----------
    path
        ``.csv`` (UTF-8; comma, semicolon, tab or bar, as its first line shows), ``.parquet`` or ``.xlsx`` (first
        sheet).

    Returns
    -------
    DataFrame
        The columns of ``NAMES`` that the file has, under these names, as text; what is missing is an empty text.

    Raises
    ------
    DataError
        If it cannot be read, has no column of customers, or names one column twice.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "worked.csv"
    >>> _ = file.write_text("Customer ID;Contacted on\n007;2026-01-04\n")
    >>> read_contacts(file).to_dict("list")
    {'customer_id': ['007'], 'touched_at': ['2026-01-04']}
    """
    readers: Mapping[str, Callable[[Path], pd.DataFrame]] = {
        ".csv": _csv,
        ".txt": _csv,
        ".tsv": _csv,
        ".parquet": _parquet,
        ".xlsx": _xlsx,
    }
    if path.suffix.lower() not in readers:
        raise DataError(f"{path}: expected a .csv, .parquet or .xlsx file, found {path.suffix or 'no ending'}.")
    try:
        frame = readers[path.suffix.lower()](path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or type(error).__name__}).") from None
    return _named(frame, path)


def _csv(path: Path) -> pd.DataFrame:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 at byte {error.start}. Save it as CSV UTF-8.") from None
    head = text.partition("\n")[0]
    sign = max(_SIGNS, key=head.count)
    try:
        return pd.read_csv(io.StringIO(text), sep=sign, dtype=str, keep_default_na=False, index_col=False)
    except (ValueError, pd.errors.ParserWarning) as error:
        why = "it is empty" if isinstance(error, pd.errors.EmptyDataError) else "its lines have different lengths"
        raise DataError(f"{path}: not a table: {why}.") from None


def _parquet(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(path)
    except (pa.ArrowException, ValueError):
        raise DataError(f"{path}: not a Parquet file.") from None
    return frame.astype(object).map(_text)


def _xlsx(path: Path) -> pd.DataFrame:
    try:
        with warnings.catch_warnings():  # what openpyxl does not know of a workbook's looks is no matter here
            warnings.simplefilter("ignore")
            frame = pd.read_excel(path, dtype=object, engine="openpyxl", na_filter=False)
    except (zipfile.BadZipFile, KeyError, ValueError):
        raise DataError(f"{path}: not a workbook (.xlsx).") from None
    return frame.map(_text)


def _text(cell: object) -> str:
    """A cell as its text: days as ISO dates, whole numbers without a point."""
    if cell is None or cell is pd.NaT or (isinstance(cell, float) and cell != cell):  # noqa: PLR0124 # NaN
        return ""
    if isinstance(cell, dt.date):
        return cell.isoformat()[:10]
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _named(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The columns we know, by our names."""
    plain = {str(column): re.sub(r"[^a-z0-9]+", "_", str(column).strip().lower()).strip("_") for column in frame}
    found = {name: _known(plain, name, path) for name in NAMES}
    if found["customer_id"] is None:
        raise DataError(
            f"{path}: has no column customer_id (found {len(plain)} others). Name the column of customers so."
        )
    frame.columns = pd.Index([str(c) for c in frame.columns])
    texts = {name: frame[column].astype(str).str.strip() for name, column in found.items() if column is not None}
    return pd.DataFrame(texts | {"customer_id": frame[found["customer_id"]].astype(str)})[list(texts)]


def _known(plain: Mapping[str, str], name: str, path: Path) -> str | None:
    """The file's column for one of ours: by its name, or by the one other name that is there."""
    for names in ((name,), NAMES[name]):
        there = [column for column, simple in plain.items() if simple in names]
        if len(there) > 1:
            raise DataError(f"{path}: {len(there)} columns could be {name}. Name the right one {name}.")
        if there:
            return there[0]
    return None
