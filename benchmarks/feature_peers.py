# ruff: noqa: S608 # queries are built from our own names
"""The benchmark's contestants: the same declared aggregates, written out for pandas, Polars and DuckDB's SQL."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from hvc_ml.features.algebra import Aggregate, Is
from hvc_ml.features.compute import IN_TICKS
from hvc_ml.tables.schema import TICKS

Paths = dict[str, Path]
POSITIVE: Final = Is("amount", ">", 0)


def physical(a: Aggregate) -> str:
    """The rows an aggregate is of."""
    return "orders" if a.table == "purchases" else a.table


def tests(a: Aggregate) -> tuple[Is, ...]:
    """Its tests, with the one that makes an order a purchase."""
    return (*a.where, POSITIVE) if a.table == "purchases" else a.where


def unit(a: Aggregate) -> float:
    """Ticks in one of its units."""
    return float(TICKS) if a.column in IN_TICKS and a.how != "distinct" else 1.0


def with_pandas(
    paths: Paths, moments: Sequence[int], wanted: Sequence[Aggregate], columns: dict[str, list[str]]
) -> Any:
    """One filtered frame per cutoff and window, grouped once for all aggregates of it."""
    frames = {n: pd.read_parquet(p, columns=columns[n]).astype({"customer_id": "category"}) for n, p in paths.items()}
    bought = frames["orders"].loc[frames["orders"]["amount"] > 0, ["customer_id", "day", "amount"]]
    days = bought.groupby(["customer_id", "day"], observed=True, as_index=False)["amount"].sum()
    days["gap"] = days.groupby("customer_id", observed=True)["day"].diff()
    frames["purchase_days"] = days
    return {now: _pandas_at(frames, now, wanted) for now in moments}


def _pandas_at(frames: dict[str, pd.DataFrame], now: int, wanted: Sequence[Aggregate]) -> pd.DataFrame:
    made: dict[str, pd.Series] = {}
    groups: dict[Any, list[int]] = {}
    for i, a in enumerate(wanted):
        groups.setdefault((physical(a), tests(a), a.within, a.after), []).append(i)
    history = {name: frame[frame["day"] < now].assign(age=lambda f: now - f["day"]) for name, frame in frames.items()}
    for (name, where, within, after), members in groups.items():
        rows = history[name]
        keep = np.ones(len(rows), np.bool_)
        for test in where:
            column = rows[test.column]
            keep &= (column > test.value) if test.test == ">" else column.notna()
        keep &= (rows["age"] > after).to_numpy()
        if within is not None:
            keep &= (rows["age"] <= within).to_numpy()
        grouped = rows[keep].groupby("customer_id", observed=True)
        for i in members:
            made[f"a{i}"] = _pandas_one(grouped, wanted[i]) / unit(wanted[i])
    return pd.DataFrame(made)


def _pandas_one(grouped: Any, a: Aggregate) -> Any:
    if a.how == "count":
        return grouped.size()
    names = {"total": "sum", "least": "min", "largest": "max", "spread": "std", "distinct": "nunique", "latest": "last"}
    return getattr(grouped[a.column], names.get(a.how, a.how))()


def with_polars(
    paths: Paths, moments: Sequence[int], wanted: Sequence[Aggregate], columns: dict[str, list[str]]
) -> Any:
    """One lazy query per cutoff and table: filtered aggregates of one group-by."""
    import polars as pl  # noqa: PLC0415 # optional

    frames = {n: pl.read_parquet(p, columns=columns[n]).lazy() for n, p in paths.items()}
    bought = frames["orders"].filter(pl.col("amount") > 0)
    days = bought.group_by("customer_id", "day").agg(pl.col("amount").sum()).sort("customer_id", "day")
    frames["purchase_days"] = days.with_columns(gap=pl.col("day").diff().over("customer_id")).collect().lazy()
    found = {}
    for now in moments:
        parts = []
        for name in dict.fromkeys(physical(a) for a in wanted):
            rows = frames[name].filter(pl.col("day") < now).with_columns(age=now - pl.col("day"))
            asked = [_polars_one(pl, a).alias(f"a{i}") for i, a in enumerate(wanted) if physical(a) == name]
            parts.append(rows.group_by("customer_id").agg(*asked))
        found[now] = parts[0]
        for part in parts[1:]:
            found[now] = found[now].join(part, on="customer_id", how="left")
    return {now: frame.collect() for now, frame in found.items()}


def _polars_one(pl: Any, a: Aggregate) -> Any:
    keep = pl.col("age") > a.after
    for test in tests(a):
        keep &= pl.col(test.column) > test.value if test.test == ">" else pl.col(test.column).is_not_null()
    if a.within is not None:
        keep &= pl.col("age") <= a.within
    if a.how == "count":
        return keep.sum()
    column = pl.col(a.column).filter(keep)
    names = {
        "total": "sum",
        "least": "min",
        "largest": "max",
        "spread": "std",
        "distinct": "n_unique",
        "latest": "last",
    }
    return getattr(column, names.get(a.how, a.how))() / unit(a)


def with_duckdb(
    paths: Paths, moments: Sequence[int], wanted: Sequence[Aggregate], columns: dict[str, list[str]]
) -> Any:
    """The cutoff join: rows beside every cutoff after them, one GROUP BY of FILTER aggregates per table."""
    import duckdb  # noqa: PLC0415 # the peer, not our engine

    con = duckdb.connect(config={"threads": 2})
    cuts = ", ".join(f"({now})" for now in moments)
    days = "(SELECT customer_id, day, sum(amount) AS amount FROM '{}' WHERE amount > 0 GROUP BY ALL)"
    lag = "day - lag(day) OVER (PARTITION BY customer_id ORDER BY day) AS gap"
    sources = {n: f"(SELECT {', '.join(columns[n])} FROM '{p}')" for n, p in paths.items()}
    sources["purchase_days"] = f"(SELECT *, {lag} FROM {days.format(paths['orders'])})"
    parts = []
    for name in dict.fromkeys(physical(a) for a in wanted):
        asked = ", ".join(f"{_sql_one(a)} AS a{i}" for i, a in enumerate(wanted) if physical(a) == name)
        joined = f"SELECT t.*, now, now - day AS age FROM {sources[name]} t JOIN (VALUES {cuts}) c(now) ON day < now"
        parts.append(f"(SELECT now, customer_id, {asked} FROM ({joined}) GROUP BY ALL)")
    query = parts[0] + "".join(f" LEFT JOIN {part} USING (now, customer_id)" for part in parts[1:])
    return con.sql(f"SELECT * FROM {query}").to_arrow_table()


def _sql_one(a: Aggregate) -> str:
    keep = [f"age > {a.after}", *([f"age <= {a.within}"] if a.within is not None else [])]
    keep += [f"{t.column} > {t.value}" if t.test == ">" else f"{t.column} IS NOT NULL" for t in tests(a)]
    names = {
        "total": "sum({})",
        "mean": "avg({})",
        "least": "min({})",
        "largest": "max({})",
        "spread": "stddev_samp({})",
    }
    names |= {"count": "count(*)", "distinct": "count(DISTINCT {})", "latest": "arg_min({}, age)"}
    return f"({names[a.how].format(a.column)} FILTER (WHERE {' AND '.join(keep)})) / {unit(a)}"
