"""Journeys: the time to the second and the third order, of those who came back and those who may yet."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import narwhals as nw
import numpy as np
import pandas as pd

from hvc_ml.tables.engine import Engine
from hvc_ml.tables.frame import Frame
from hvc_ml.tables.load import Tables
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.timeline.history import AGE, history
from hvc_ml.timeline.purchase_days import purchase_days

QUARTILES: Final = (0.25, 0.5, 0.75)
WITHIN: Final = (30, 90, 180, 365)
STEPS: Final = {"second": ("first", "second"), "third": ("second", "third")}


@dataclass(frozen=True)
class Journey:
    """How long customers take from one order to the next.

    Parameters
    ----------
    customers
        Who placed the earlier order and was watched for a day at least.
    came
        Who placed the next one before the cutoff.
    quartiles
        Days until a quarter, half and three quarters of all have placed it; None where the log is too short to see.
    within
        Days -> share that has placed it by then, as far as anybody was watched that long.
    curve
        ``days``, ``watched`` (at risk), ``came``, ``share`` (came back by then).
    """

    customers: int
    came: int
    quartiles: tuple[int | None, ...]
    within: dict[int, float]
    curve: pd.DataFrame


def journeys(engine: Engine, tables: Tables, cutoff: date) -> dict[str, Journey]:
    """``second``: from the first order to the second; ``third``: from there to the third.

    Orders of one day count as one. The first order is the first in the log.
    """
    found = {}
    for name, (before, after) in STEPS.items():
        table = engine.arrow(_steps(tables, cutoff, before, after)).to_pandas()
        found[name] = journey(table)
    return found


def journey(steps: pd.DataFrame) -> Journey:
    """The product-limit estimate of when customers come back.

    Parameters
    ----------
    steps
        ``days``, ``came`` (1: the next order came after so many days; 0: it had not come when the log ended, so many
        days on), ``customers`` (how many share the two).

    Returns
    -------
    Journey

    References
    ----------
    Kaplan & Meier (1958), "Nonparametric estimation from incomplete observations", JASA 53, equation (2b): those who
    are lost at a time are still at risk at it.

    Examples
    --------
    >>> steps = pd.DataFrame({"days": [10, 20, 20, 40], "came": [1, 1, 0, 0], "customers": [1, 1, 1, 1]})
    >>> found = journey(steps)
    >>> found.quartiles, found.curve["share"].tolist()
    ((10, 20, None), [0.25, 0.5])
    """
    watched = steps[steps["days"] > 0]
    table = watched.pivot_table("customers", "days", "came", "sum", fill_value=0)
    came, lost = (_column(table, value) for value in (1, 0))
    at_risk = (came + lost)[::-1].cumsum()[::-1]
    share = 1.0 - np.cumprod(1.0 - came / np.maximum(at_risk, 1))
    days = table.index.to_numpy(np.int64)
    curve = pd.DataFrame({"days": days, "watched": at_risk, "came": came, "share": share})[came > 0]
    last = int(days[-1]) if len(days) else 0
    return Journey(
        customers=int((came + lost).sum()),
        came=int(came.sum()),
        quartiles=tuple(_when(curve, q) for q in QUARTILES),
        within={d: _by(curve, d) for d in WITHIN if d <= last},
        curve=curve.reset_index(drop=True),
    )


def _column(table: pd.DataFrame, came: int) -> np.ndarray:
    return table[came].to_numpy(np.int64) if came in table else np.zeros(len(table), dtype=np.int64)


def _when(curve: pd.DataFrame, share: float) -> int | None:
    """The first day by which at least this share has come."""
    reached = curve.loc[curve["share"] >= share - 1e-12, "days"]
    return int(reached.iloc[0]) if len(reached) else None


def _by(curve: pd.DataFrame, days: int) -> float:
    reached = curve.loc[curve["days"] <= days, "share"]
    return float(reached.iloc[-1]) if len(reached) else 0.0


def _steps(tables: Tables, cutoff: date, before: str, after: str) -> Frame:
    """``days``, ``came``, ``customers``: rows that no customer is in."""
    bought = purchase_days(history(tables.orders, cutoff)).select(CUSTOMER, AGE)
    age = nw.col(AGE)
    bought = bought.with_columns(first=age.max().over(CUSTOMER))
    bought = bought.with_columns(second=nw.when(age < nw.col("first")).then(age).max().over(CUSTOMER))
    bought = bought.with_columns(third=nw.when(age < nw.col("second")).then(age).max().over(CUSTOMER))
    each = bought.select(CUSTOMER, "first", "second", "third").unique().filter(~nw.col(before).is_null())
    came = ~nw.col(after).is_null()
    # the cutoff's own day is not over: who ordered `age` days before it was watched for `age - 1` days
    days = nw.when(came).then(nw.col(before) - nw.col(after)).otherwise(nw.col(before) - 1)
    each = each.select(days=days.cast(nw.Int64), came=nw.when(came).then(nw.lit(1)).otherwise(nw.lit(0)))
    return each.group_by("days", "came").agg(nw.len().cast(nw.Int64).alias("customers")).sort("days", "came")
