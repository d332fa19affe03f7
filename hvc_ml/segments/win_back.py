"""The win-back population: who was a customer and is dormant now, and what they were worth when they were active."""

from datetime import date
from itertools import pairwise
from typing import Final

import narwhals as nw
import numpy as np
import pandas as pd

from hvc_ml.tables.frame import Frame
from hvc_ml.tables.load import Tables
from hvc_ml.tables.schema import CUSTOMER, TICKS
from hvc_ml.timeline.history import AGE, history

YEAR: Final = 365
BANDS: Final = (180, 365, 730)
"""Days of silence that part the rows of the table."""


def dormant_at(tables: Tables, cutoff: date, customers: Frame) -> Frame:
    """Everyone with a purchase before the cutoff who is not in the population.

    Returns
    -------
    LazyFrame
        ``customer_id``; ``silent_days`` since the last day with a purchase; ``last_value``: money, net of refunds, of
        the 12 months that ended with that day, and of what was sent back after it.
    """
    past = history(tables.orders, cutoff).join(customers, on=CUSTOMER, how="anti")
    last = nw.when(nw.col("amount") > 0).then(nw.col(AGE)).min().over(CUSTOMER)
    past = past.with_columns(last=last).filter(~nw.col("last").is_null())
    in_year = nw.when(nw.col(AGE) < nw.col("last") + YEAR).then(nw.col("amount")).otherwise(nw.lit(0))
    grouped = past.group_by(CUSTOMER).agg(nw.col("last").min(), in_year.sum().alias("spent"))
    return grouped.select(
        CUSTOMER,
        nw.col("last").cast(nw.Int64).alias("silent_days"),
        (nw.col("spent").cast(nw.Float64) / float(TICKS)).alias("last_value"),
    )


def win_back(dormant: pd.DataFrame, floor: float) -> pd.DataFrame:
    """The dormant by how long they have been silent.

    Parameters
    ----------
    dormant
        ``silent_days`` and ``last_value``, one row per customer.
    floor
        The least value of today's high-value customers.

    Returns
    -------
    DataFrame
        ``silent`` (``all``, then bands of days), ``customers``, ``value`` (sum of the last active 12 months),
        ``median_value``, ``median_days``, ``as_good_as_high_value`` (how many reached ``floor``).

    Examples
    --------
    >>> dormant = pd.DataFrame({"silent_days": [100, 200, 300], "last_value": [50.0, 10.0, 30.0]})
    >>> win_back(dormant, floor=30.0)[["silent", "customers", "value", "as_good_as_high_value"]].values.tolist()
    [['all', 3, 90.0, 2], ['up to 180 days', 1, 50.0, 1], ['181 to 365 days', 2, 40.0, 1],
     ['366 to 730 days', 0, 0.0, 0], ['over 730 days', 0, 0.0, 0]]
    """
    band = np.searchsorted(np.array(BANDS), dormant["silent_days"].to_numpy(), side="left")
    names = [f"up to {BANDS[0]} days"]
    names += [f"{low + 1} to {high} days" for low, high in pairwise(BANDS)]
    names.append(f"over {BANDS[-1]} days")
    groups = [("all", dormant), *((name, dormant[band == i]) for i, name in enumerate(names))]
    return pd.DataFrame([{"silent": name, **_figures(rows, floor)} for name, rows in groups])


def _figures(rows: pd.DataFrame, floor: float) -> dict[str, float | int]:
    value, days = rows["last_value"], rows["silent_days"]
    return {
        "customers": len(rows),
        "value": round(float(value.sum()), 2) + 0.0,
        "median_value": round(float(value.median()), 2) if len(rows) else float("nan"),
        "median_days": float(days.median()) if len(rows) else float("nan"),
        "as_good_as_high_value": int((value >= floor).sum()),
    }
