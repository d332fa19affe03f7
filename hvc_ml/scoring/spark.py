"""Score and explain a panel where it lies: `score_batch` on every worker of Spark, through ``mapInArrow``."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from hvc_ml.publish import read_verified
from hvc_ml.scoring.batches import score_batch
from hvc_ml.scoring.model import CustomerModel
from hvc_ml.tables.frame import Frame
from hvc_ml.tables.spark import mapped


@dataclass(frozen=True)
class Score:
    """What a worker does with its batches; the model travels with it, as text and JSON.

    Parameters
    ----------
    bundle
        Name and bytes of every file of the bundle; checked there against their hashes, as everywhere.
    """

    bundle: tuple[tuple[str, bytes], ...]

    @classmethod
    def of(cls, folder: Path) -> "Score":
        """The champion's bundle, read once.

        Raises
        ------
        OutputError
            If it is damaged.
        """
        read_verified(folder)
        files = sorted(p for p in folder.rglob("*") if p.is_file())
        return cls(tuple((p.relative_to(folder).as_posix(), p.read_bytes()) for p in files))

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Score and explain the batches of one partition, one at a time."""
        model = _model(self.bundle)
        yield from (score_batch(model, batch) for batch in batches)


def score_in_spark(panel: Frame, bundle: Path) -> Frame:
    """Score and explain every row of a panel in Spark.

    Parameters
    ----------
    panel
        A frame of Spark with ``customer_id`` and the model's features, such as a partition's ``panel.parquet``.
    bundle
        Folder of the model.

    Returns
    -------
    LazyFrame
        In Spark, with the columns of `hvc_ml.scoring.batches.score_batch`: the same figures, bit by bit.
    """
    work = Score.of(bundle)
    empty = pa.RecordBatch.from_pylist([], schema=_schema(panel))
    return mapped(panel, work, score_batch(_model(work.bundle), empty).schema)


def _schema(panel: Frame) -> pa.Schema:
    return panel.head(0).collect("pyarrow").to_arrow().schema


@lru_cache(maxsize=2)  # a worker's process serves one partition after the other
def _model(bundle: tuple[tuple[str, bytes], ...]) -> CustomerModel:
    with tempfile.TemporaryDirectory(prefix="hvc-model-") as place:
        for name, content in bundle:
            path = Path(place, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return CustomerModel.load(Path(place))
