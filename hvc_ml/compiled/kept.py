"""Rows kept from earlier runs, as compact arrays on disk: decoded and coded once, mapped into memory from then on.

Every block of rows has its checksum, and whoever reads rows checks their blocks first; all else is checked against the
manifest. A store that is damaged, cut or missing is made anew.
"""

import hashlib
import io
import json
import logging
import zlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hvc_ml import __version__
from hvc_ml.compiled.filling import Read, Shape, read_rows
from hvc_ml.compiled.ranges import EVERYONE, Range
from hvc_ml.compiled.table import EventTable
from hvc_ml.errors import OutputError
from hvc_ml.publish import publish_directory
from hvc_ml.publish.manifest import read_manifest
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.layers import Layers

FORMAT: Final = 1
BLOCK: Final = 1 << 16
"""Rows of a column that have a checksum of their own."""
ARRAYS: Final = ("days", "known", "narrow", "wide")
_DAMAGED: Final = (OutputError, OSError, EOFError, ValueError, LookupError, TypeError, pa.ArrowException)

_log = logging.getLogger(__name__)


def kept_rows(engine: Engine, layers: Layers, table: str, names: Sequence[str], customers: Range = EVERYONE) -> Read:
    """Customers of the kept rows of a table, sorted, and their rows: from the store, which is written at first use.

    Parameters
    ----------
    engine, layers
        Where the rows are.
    table
        Its name.
    names
        Columns beside the day and the arrival; what is returned may have more of them.
    customers
        Only those whose id lies in this range.

    Raises
    ------
    OutputError
        If the store cannot be written.
    """
    content = {"format": FORMAT, "hvc_ml": __version__, "key": layers.key, "table": table}
    for path in sorted(layers.folder.glob(f"rows-{table}-*")):
        try:
            store = _Store(path)
            if store.holds(content, names):
                return store.read(customers)
        except _DAMAGED as error:
            _log.warning("%s: cannot be used (%s)", path, type(error).__name__)
    return _Store(_write(engine, layers, content, names)).read(customers)


def _write(engine: Engine, layers: Layers, content: Mapping[str, Any], names: Sequence[str]) -> Path:
    """Read the rows into files; the system may give their memory back to the disk while they are filled."""
    told = hashlib.sha256(json.dumps([content, sorted({*names})], sort_keys=True).encode()).hexdigest()
    path = layers.folder / f"rows-{content['table']}-{told[:16]}"
    with publish_directory(path, meta=content, replace=True) as staging:

        def empty(name: str, shape: Shape, kind: type[np.signedinteger[Any]]) -> NDArray[Any]:
            return np.lib.format.open_memmap(staging / f"{name}.npy", mode="w+", shape=shape, dtype=kind)

        ids, rows = read_rows(engine, layers.kept, names, empty)
        arrays = {name: getattr(rows, name) for name in ARRAYS}
        np.save(staging / "sums.npy", np.array([_sums(c) for c in _columns(arrays)], np.uint32))
        np.save(staging / "begins.npy", rows.begins)
        (staging / "ids.arrow").write_bytes(_packed(ids))
        for i, texts in enumerate(rows.words.values()):
            (staging / f"words-{i}.arrow").write_bytes(_packed(texts))
        layout = {
            "where": [*rows.where.items()],
            "words": [*rows.words],
            "largest": rows.largest,
            "rows": len(rows.days),
            "arrays": {name: [array.dtype.name, *array.shape] for name, array in arrays.items()},
        }
        (staging / "layout.json").write_text(json.dumps({**content, **layout}), encoding="utf-8")
    return path


class _Store:
    """Reads a store; a part of it that is not what was written is a ValueError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = read_manifest(path, OutputError)["files"]
        self.layout = json.loads(self.verified("layout.json"))

    def holds(self, content: Mapping[str, Any], names: Sequence[str]) -> bool:
        """Whether these columns of this content are there."""
        return self.layout.items() >= content.items() and {*names} <= {n for n, _ in self.layout["where"]}

    def verified(self, name: str) -> bytes:
        """A small file, checked."""
        data = (self.path / name).read_bytes()
        if hashlib.sha256(data).hexdigest() != self.files[name]["sha256"]:
            raise ValueError(f"{name} was changed")
        return data

    def read(self, customers: Range) -> Read:
        """The rows of some customers: views of the files, of which nothing is read that is not looked at."""
        ids, begins = _unpacked(self.verified("ids.arrow")), np.load(io.BytesIO(self.verified("begins.npy")))
        first, last = _place(ids, customers.low, 0), _place(ids, customers.high, len(ids))
        limits = np.append(begins, self.layout["rows"])[first : last + 1]
        rows = slice(int(limits[0]), int(limits[-1]))
        arrays = {name: self._mapped(name) for name in ARRAYS}
        self._check(arrays, rows)
        words = {n: _unpacked(self.verified(f"words-{i}.arrow")) for i, n in enumerate(self.layout["words"])}
        where = {n: (kind, at) for n, (kind, at) in self.layout["where"]}
        limits, views = limits - rows.start, {name: array[..., rows] for name, array in arrays.items()}
        return ids[first:last], EventTable(
            limits[:-1], limits[1:], **views, where=where, words=words, largest=self.layout["largest"]
        )

    def _mapped(self, name: str) -> NDArray[Any]:
        """A file as an array of this process alone, which compiled code takes for one in memory."""
        found: NDArray[Any] = np.load(self.path / f"{name}.npy", mmap_mode="c").view(np.ndarray)
        if [found.dtype.name, *found.shape] != self.layout["arrays"][name]:
            raise ValueError(f"{name} has another shape")
        return found

    def _check(self, arrays: Mapping[str, NDArray[Any]], rows: slice) -> None:
        """Compare the blocks that these rows lie in with their checksums."""
        blocks = slice(rows.start // BLOCK, -(-rows.stop // BLOCK))
        here = slice(blocks.start * BLOCK, blocks.stop * BLOCK)
        sums = np.load(io.BytesIO(self.verified("sums.npy")))
        if any(_sums(c[here]) != s[blocks].tolist() for c, s in zip(_columns(arrays), sums, strict=True)):
            raise ValueError("a block of rows was changed")


def _columns(arrays: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
    """Every column that has a number for each row."""
    known = arrays["known"]
    return [arrays["days"], *([known] if len(known) else []), *arrays["narrow"], *arrays["wide"]]


def _sums(column: NDArray[Any]) -> list[int]:
    return [zlib.crc32(column[i : i + BLOCK].data) for i in range(0, len(column), BLOCK)]


def _place(ids: pa.Array, limit: str | None, otherwise: int) -> int:
    """How many customers come before a limit."""
    return otherwise if limit is None else bisect_left(range(len(ids)), limit, key=lambda i: ids[i].as_py())


def _packed(texts: pa.Array) -> bytes:
    batch = pa.record_batch([texts], ["text"])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def _unpacked(data: bytes) -> pa.Array:
    return pa.ipc.open_file(data).get_batch(0).column(0)
