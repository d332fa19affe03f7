"""Days with a purchase: what buying rhythm is counted in, so that two orders of one day are not a repeat."""

import narwhals as nw

from hvc_ml.tables.frame import Frame
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.timeline.history import AGE


def purchase_days(orders: Frame) -> Frame:
    """One row per customer and day with a purchase, with the gap to the customer's previous one.

    Parameters
    ----------
    orders
        Orders as `history` returns them.

    Returns
    -------
    LazyFrame
        ``customer_id``, ``age`` (days before the cutoff), ``amount`` (ticks, positive orders of the day), ``gap`` (days
        since the previous purchase day; null on the first).
    """
    days = orders.filter(nw.col("amount") > 0).group_by(CUSTOMER, AGE).agg(nw.col("amount").sum().cast(nw.Int64))
    previous = nw.col(AGE).shift(1).over(CUSTOMER, order_by="minus_age")
    return days.with_columns(minus_age=-nw.col(AGE)).with_columns(gap=previous - nw.col(AGE)).drop("minus_age")
