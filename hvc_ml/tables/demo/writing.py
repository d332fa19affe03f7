"""Parquet files that appear whole or not at all, block by block."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from hvc_ml.errors import OutputError


class TableFiles:
    """Writes tables to ``folder/<name>.parquet``; the names appear only when every table is complete.

    Parameters
    ----------
    folder
        Made where it is missing. Files of the same names are replaced.

    Raises
    ------
    OutputError
        If something cannot be written; files that were there before still stand.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: dict[str, int] = {}
        self._writers: dict[str, Any] = {}

    def __enter__(self) -> Self:
        with self._reporting():
            self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def add(self, tables: Mapping[str, Any]) -> None:
        """Append one block of rows to each table."""
        with self._reporting():
            for name, table in tables.items():
                if name not in self._writers:
                    self._writers[name] = pq.ParquetWriter(self._hidden(name), table.schema, compression="zstd")
                    self.rows[name] = 0
                self._writers[name].write_table(table)
                self.rows[name] += table.num_rows

    def files(self) -> dict[str, Path]:
        """Table -> its file."""
        return {name: self.folder / f"{name}.parquet" for name in self._writers}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with self._reporting():
                for writer in self._writers.values():
                    writer.close()
                if error is None:
                    for name, path in self.files().items():
                        self._hidden(name).replace(path)
        finally:
            for name in self._writers:
                with contextlib.suppress(OSError):
                    self._hidden(name).unlink(missing_ok=True)

    def _hidden(self, name: str) -> Path:
        return self.folder / f".{name}.parquet.part"

    @contextlib.contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except (OSError, pa.ArrowException) as problem:
            reason = getattr(problem, "strerror", None) or type(problem).__name__
            raise OutputError(
                f"{self.folder}: the demo could not be written ({reason}). Choose a folder with room."
            ) from problem
