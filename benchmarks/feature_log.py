"""A made-up log of any size for the benchmark of features: Parquet files as `load_tables` would lay out its tables."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hvc_ml.timeline.days import day_number

FIRST: Final = date(2022, 1, 1)
DAYS: Final = 1200
CHUNK: Final = 50_000
"""Customers written at a time: a row group each."""
CHANNELS: Final = ("app", "phone", "shop", "web")


def cutoffs_of(count: int) -> tuple[date, ...]:
    """The firsts of the newest months with half a year of log after them, oldest first."""
    end = FIRST + timedelta(days=DAYS - 180)
    months = [date(end.year + (end.month - 1 - i) // 12, (end.month - 1 - i) % 12 + 1, 1) for i in range(count)]
    return tuple(sorted(months))


def write_log(folder: Path, orders: int, customers: int, *, seed: int = 1) -> dict[str, Path]:
    """Write ``orders.parquet`` and ``items.parquet``, sorted by customer and day, one line per order."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / f"{name}.parquet" for name in ("orders", "items")}
    done = folder / "complete"
    if done.exists():
        return paths
    rng = np.random.default_rng(seed)
    weights = rng.gamma(0.8, size=customers)
    counts = 1 + rng.multinomial(max(orders - customers, 0), weights / weights.sum())
    writers: dict[str, pq.ParquetWriter] = {}
    for start in range(0, customers, CHUNK):
        for name, table in _tables(rng, start, counts[start : start + CHUNK]).items():
            if name not in writers:
                writers[name] = pq.ParquetWriter(paths[name], table.schema)
            writers[name].write_table(table)
    for writer in writers.values():
        writer.close()
    done.touch()
    return paths


def _tables(rng: np.random.Generator, start: int, counts: Any) -> dict[str, pa.Table]:
    n, who = int(counts.sum()), np.repeat(np.arange(len(counts)), counts)
    day = np.sort(who * DAYS + rng.integers(0, DAYS, n)) % DAYS + day_number(FIRST)
    amount = np.round(rng.lognormal(3.0, 0.8, n), 2)
    amount[rng.random(n) < 0.04] *= -1
    ticks = np.round(amount * 100).astype(np.int64) * 100
    ids = pa.array([f"c{start + i:09d}" for i in range(len(counts))]).take(pa.array(who))
    discount = np.where(rng.random(n) < 0.3, np.abs(ticks) // 10, 0)
    pieces = rng.integers(1, 6, n) * 10_000
    orders = {
        "customer_id": ids,
        "order_id": pa.array(np.arange(n)).cast(pa.string()),
        "day": pa.array(day, pa.int32()),
        "amount": ticks,
        "refund": np.maximum(-ticks, 0),
        "lines": pa.array(np.ones(n), pa.int32()),
        "discount": discount,
        "cost": np.maximum(ticks, 0) // 2,
        "quantity": pieces,
        "channel": pa.array(CHANNELS).take(pa.array(rng.integers(0, len(CHANNELS), n))),
    }
    products = pa.array([f"p{i:05d}" for i in range(5000)])
    categories = pa.array([f"category {i}" for i in range(40)])
    chosen = (5000 * rng.random(n) ** 2).astype(np.int64)
    items = {
        "customer_id": ids,
        "day": orders["day"],
        "amount": ticks,
        "product_id": products.take(pa.array(chosen)),
        "category": categories.take(pa.array(chosen % 40)),
        "quantity": pieces,
    }
    return {"orders": pa.table(orders), "items": pa.table(items)}
