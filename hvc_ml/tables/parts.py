"""What a reader hands on: parts of a table, whose columns are addressed by position, never by a name from outside."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RawColumn:
    """A column of a source: its name there, its quoted position here, and its type in the engine."""

    name: str
    sql: str
    type: str


@dataclass(frozen=True)
class Part:
    """One file (or one database table), ready to be selected from."""

    label: str
    select: str
    columns: tuple[RawColumn, ...]
    row: str = "NULL"  # where the format numbers its rows itself
    ragged: str = "false"  # where the reader leaves it to us to see rows of another width
    first: int = 1  # number of the first row, as a person counts: the line in a text file
    unit: str = "row"
    rejects: bool = False  # whether the reader leaves broken lines in REJECTS

    def column(self, name: str) -> RawColumn:
        """Find a column by its name in the source."""
        return next(c for c in self.columns if c.name == name)

    @property
    def names(self) -> list[str]:
        """The names in the source, in order."""
        return [c.name for c in self.columns]


@dataclass(frozen=True)
class Fingerprint:
    """What a source was when it was read: a file, or a table of a server."""

    name: str
    size: int  # bytes of a file, rows of a table
    sha256: str


@dataclass(frozen=True)
class Stamp:
    """A file's size and time of change, to see that it stands still."""

    path: Path
    label: str
    size: int
    changed: int  # nanoseconds


@dataclass(frozen=True)
class Reading:
    """Everything of one table that is to be read."""

    parts: tuple[Part, ...]
    fingerprints: tuple[Fingerprint, ...]
    warnings: tuple[str, ...] = ()
    stamps: tuple[Stamp, ...] = ()
    landed: tuple[str, ...] = ()  # tables of the engine that hold what came over the network, until it is staged
