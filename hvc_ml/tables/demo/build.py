"""Make up a business and write it down, block by block."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from hvc_ml.tables.demo.draws import Ints
from hvc_ml.tables.demo.retail import Tables, retail_block
from hvc_ml.tables.demo.season import make_season
from hvc_ml.tables.demo.settings import BLOCK, DemoFiles, DemoSettings, epoch_day
from hvc_ml.tables.demo.subscription import subscription_block
from hvc_ml.tables.demo.writing import TableFiles

Progress = Callable[[int, int], None]


def write_demo(folder: Path, settings: DemoSettings, progress: Progress | None = None) -> DemoFiles:
    """Write a made-up business to ``folder/data`` and its truth to ``folder/truth``, as Parquet.

    The same settings give the same bytes. The first customers are the same whatever their number; memory does not grow
    with it (each block of 5,000 customers has its own child of the seed).

    Parameters
    ----------
    folder
        Made where it is missing; files of an earlier demo are replaced when the new ones are complete.
    settings
        Kind, size, seed and span.
    progress
        Called with (customers done, customers in all) after each block.

    Returns
    -------
    DemoFiles
        The files and how many rows each table has.

    Raises
    ------
    OutputError
        If the files cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = write_demo(Path(folder), DemoSettings(customers=50, years=1, cutoffs=1))
    >>> sorted(files.data), sorted(files.truth), files.rows["truth/customers"]
    (['customers', 'events', 'orders'], ['actions', 'customers', 'outlook'], 50)
    """
    block = _maker(settings)
    seeds = np.random.SeedSequence(settings.seed).spawn(settings.blocks)
    with TableFiles(folder / "data") as data, TableFiles(folder / "truth") as truth:
        for i, seed in enumerate(seeds):
            made, known = block(np.random.default_rng(seed), i * BLOCK + np.arange(BLOCK))
            done = min((i + 1) * BLOCK, settings.customers)
            data.add(_first(made, done))
            truth.add(_first(known, done))
            if progress is not None:
                progress(done, settings.customers)
    rows = data.rows | {f"truth/{name}": count for name, count in truth.rows.items()}
    return DemoFiles(data.files(), truth.files(), rows)


def _maker(settings: DemoSettings) -> Callable[[np.random.Generator, Ints], tuple[Tables, Tables]]:
    """How one block of this kind of business is made."""
    cutoffs = np.array([epoch_day(day) for day in settings.outlook_days], dtype=np.int64)
    season = make_season(settings.start, settings.end, settings.horizon + 1)

    block = retail_block if settings.kind == "retail" else subscription_block

    def make(rng: np.random.Generator, number: Ints) -> tuple[Tables, Tables]:
        return block(rng, number, season, cutoffs, settings.horizon)

    return make


def _first(tables: Tables, customers: int) -> Tables:
    """Rows of the first so many customers; ids have a fixed width, so their order is the order of the numbers."""
    beyond = f"C{customers + 1:07d}"
    return {name: table.filter(pc.less(table["customer_id"], beyond)) for name, table in tables.items()}
