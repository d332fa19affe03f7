"""What listed customers spent in the last year, four weeks at a time: the small bars on a customer's page."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import narwhals as nw
import pandas as pd

from hvc_ml.tables.schema import CUSTOMER, TICKS
from hvc_ml.timeline.history import AGE, history
from hvc_ml.workflows.shop import Shop

WEEKS: Final = 4
STRETCHES: Final = 13
"""Stretches of four weeks: a year but for a day, and all of the same length, as months are not."""


def spent(shop: Shop, cutoff: date, customers: Sequence[str]) -> pd.DataFrame:
    """Money spent, net of refunds, in each of the thirteen stretches of four weeks before a cutoff.

    Parameters
    ----------
    customers
        Their ids.

    Returns
    -------
    DataFrame
        Indexed by id, in the given order; one column per stretch, the oldest first; money, 0 where there is no order.
    """
    length = 7 * WEEKS
    rows = history(shop.tables.orders, cutoff, length * STRETCHES).filter(nw.col(CUSTOMER).is_in(list(customers)))
    stretch = ((nw.col(AGE) - 1 - (nw.col(AGE) - 1) % length) // length).cast(nw.Int64)
    summed = rows.with_columns(stretch=stretch).group_by(CUSTOMER, "stretch").agg(nw.col("amount").sum().cast(nw.Int64))
    table = shop.engine.arrow(summed.sort(CUSTOMER, "stretch")).to_pandas()
    wide = table.pivot_table(index=CUSTOMER, columns="stretch", values="amount", aggfunc="sum")
    places = list(reversed(range(STRETCHES)))
    found: pd.DataFrame = wide.reindex(index=list(customers), columns=places).fillna(0.0) / TICKS
    return found
