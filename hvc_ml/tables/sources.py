"""Where the tables come from: the settings under ``source:``, and the files they name."""

import glob
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field

from hvc_ml.errors import ConfigError, DataError
from hvc_ml.settings import Settings
from hvc_ml.tables.schema import TableName

TEXT_ENDINGS = (".csv", ".txt", ".tsv", ".tab")
ENDINGS = (*TEXT_ENDINGS, *(f"{e}.gz" for e in TEXT_ENDINGS), ".parquet", ".pq")

SourceKind = Literal["files", "duckdb", "postgres", "spark"]


class Source(Settings):
    """A set of files, or a database.

    Examples
    --------
    >>> Source(paths={"orders": "data/orders.csv"}).kind
    'files'
    """

    kind: SourceKind = "files"
    """``files`` (CSV and Parquet), ``duckdb`` (a file), ``postgres`` (a server) or ``spark`` (a cluster)."""
    paths: Mapping[TableName, str | tuple[str, ...]] = {}
    """For files, and Parquet files of spark: table -> a file, a folder, a pattern such as ``orders/*.csv``, or several;
    relative to the config."""
    path: str | None = None
    """For duckdb: the database file, relative to the config."""
    url: str | None = Field(default=None, repr=False)
    """For postgres: ``${env:NAME}``, a variable that holds ``postgresql://user:password@host:5432/database``. For
    spark: its master, such as ``yarn`` or ``local[4]``; without one, all cores of this machine."""
    pseudonyms: bool = False
    """Replace every customer id, as it is read, by a pseudonym under the key in ``HVC_PSEUDONYM_KEY``."""

    settled_after: Annotated[int, Field(ge=0, le=3650)] | None = None
    """For files: those whose newest row is so many days older than the newest of the table are read once; their rows
    are kept beside the config, private, and later runs read only what is new. Where a settled file has changed, or new
    rows lie among settled ones, everything is read again. null: every run reads every file."""

    def problems(self) -> list[str]:
        """List what is missing for this kind of source."""
        if self.settled_after is not None and self.kind != "files":
            return [f"settled_after: only files settle; a source of kind {self.kind} is read whole"]
        if self.kind == "duckdb":
            return [] if self.path else ["path: a duckdb source needs the path of the database file"]
        if self.kind == "postgres":
            return _url_problems(self.url)
        return [] if self.paths or self.kind == "spark" else ["paths: a source of files needs a path for every table"]

    def files(self, base: Path) -> list[Path]:
        """List every file to be read, which is what an engine must be allowed to open.

        Parameters
        ----------
        base
            Folder that relative paths start from.

        Raises
        ------
        ConfigError
            If the source is incomplete.
        DataError
            If a path leads to no file.
        """
        if found := self.problems():
            raise ConfigError(f"source.{'; '.join(found)}.")
        if self.kind == "duckdb":
            database = database_file(self, base)
            # the engine asks for the log of what another process wrote last, whether there is one or not
            return [database, database.with_name(f"{database.name}.wal")]
        if self.kind in {"postgres", "spark"}:
            return []
        return list(dict.fromkeys(p for table in self.paths for p in table_files(self, table, base)))


def _url_problems(url: str | None) -> list[str]:
    if not url:
        return ["url: a postgres source needs a URL; put it into a variable NAME and write ${env:NAME}"]
    if not url.startswith(("postgresql://", "postgres://")):
        return ["url: expected postgresql://user:password@host:5432/database"]
    try:
        urlsplit(url)
    except ValueError:
        return ["url: not a URL"]
    authority, _, rest = url.partition("://")[2].partition("/")
    if "@" in rest.partition("?")[0] or authority.count("@") > 1:
        return ["url: an @ or / in the user or the password is written %40 or %2F"]
    return []


def database_file(source: Source, base: Path) -> Path:
    """Locate the database file of a ``duckdb`` source."""
    path = base / (source.path or "")
    if not path.is_file():
        raise DataError(
            f"source.path: {source.path}: {'a folder, not a' if path.is_dir() else 'no such'} database file."
        )
    return path


def table_files(source: Source, table: TableName, base: Path) -> list[Path]:
    """List the files of one table, in the order of the config, each folder and pattern sorted by name."""
    if table not in source.paths:
        raise ConfigError(
            f"source.paths: no path for the table {table}; there are {', '.join(source.paths) or 'none'}."
        )
    given = source.paths[table]
    found: list[Path] = []
    for text in (given,) if isinstance(given, str) else given:
        found += _expand(text, base, f"source.paths.{table}")
    return found


def _expand(text: str, base: Path, where: str) -> list[Path]:
    path = base / text
    if path.is_dir():
        inside = sorted(p for p in path.rglob("*") if p.is_file() and _is_table(p.relative_to(path)))
        if not inside:
            raise DataError(
                f"{where}: the folder {text} holds no table; expected files ending in {', '.join(ENDINGS)}."
            )
        return inside
    if path.exists():
        return [path]
    matches = sorted(Path(p) for p in glob.glob(str(path), recursive=True))  # noqa: PTH207 # absolute patterns too
    if not matches:
        raise DataError(f"{where}: no such file: {text} (looked for in {base}).")
    return [p for p in matches if p.is_file()]


def _is_table(path: Path) -> bool:
    # markers and half-written files of other tools (_SUCCESS, .part) are no tables
    return path.name.lower().endswith(ENDINGS) and not any(part.startswith((".", "_")) for part in path.parts)
