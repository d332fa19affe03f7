"""One table as rows kept from earlier runs and rows read now, for those who can do better than look at both again."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hvc_ml.tables.frame import Frame

if TYPE_CHECKING:
    from hvc_ml.tables.load import Tables


@dataclass(frozen=True)
class Layers:
    """A table in two layers, both sorted by customer and day; no day lies in both of them.

    Parameters
    ----------
    frame
        All rows: the very object that stands in `Tables`.
    kept
        Rows of files that were read before, lazily read from where they are kept.
    key
        Says the content of ``kept``.
    fresh
        Rows read now; there may be none.
    folder
        A private folder of this ``key``, where what is derived from ``kept`` may be kept too.
    """

    frame: Frame
    kept: Frame
    key: str
    fresh: Frame
    folder: Path


def layers_of(tables: "Tables", name: str) -> Layers | None:
    """The layers of a table, or None where it has none: a table that was changed since has none any more."""
    found = tables.layers.get(name)
    return found if found is not None and getattr(tables, name) is found.frame else None
