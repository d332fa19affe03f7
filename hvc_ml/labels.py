"""Labels: what happened after a cutoff. The only reader of the future; it never meets features."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

import narwhals as nw
from pydantic import Field

from hvc_ml.settings import Days, Settings, Share
from hvc_ml.tables.frame import Frame
from hvc_ml.tables.schema import CUSTOMER, TICKS
from hvc_ml.timeline.days import day_number
from hvc_ml.timeline.future import future
from hvc_ml.timeline.history import history

if TYPE_CHECKING:
    from hvc_ml.tables.load import Tables  # the engine behind it takes a while to import

YEAR = 365
"""Days of spend that tiers are told from."""


class LabelSettings(Settings):
    """What leaving means, and how far ahead we look."""

    horizon: Days = 90
    """Days from the cutoff that labels look ahead."""
    churn: Literal["no_order", "contract_end"] = "no_order"
    """``no_order``: no order with a positive amount within the horizon. ``contract_end``: the contract ended within it
    and was not renewed within the grace."""
    grace: int = Field(default=0, ge=0, le=365)
    """Days after a contract's end in which a new one counts as renewal."""
    settle: int = Field(default=14, ge=0, le=365)
    """Days after the horizon until refunds and late rows have arrived."""
    margin: Share = 1.0
    """Share of the amount that is earned, before costs."""

    @property
    def maturing(self) -> int:
        """Days from a cutoff until its labels are complete."""
        return self.horizon + max(self.settle, self.grace)


def labels_at(customers: Frame, tables: "Tables", cutoff: date, settings: LabelSettings) -> Frame:
    """What each customer did in ``[cutoff, cutoff + horizon)``.

    Parameters
    ----------
    customers
        The population at the cutoff.
    tables
        The canonical tables.
    cutoff
        The first instant of the future.
    settings
        Horizon and rules.

    Returns
    -------
    LazyFrame
        ``customer_id``; ``churned`` (1 left, 0 stayed); ``future_value``: money of the horizon net of refunds and
        costs, times the margin, may be negative; ``future_orders``: orders with a positive amount; ``days_to_event``:
        whole days from the cutoff to the first of them, or with contracts to the end that counts as leaving, 0 on the
        cutoff's own day, null where there is none within the horizon; ``spend_ahead``: what ``spend_365d`` will be at
        the end of the horizon, the money that tiers are told from.
    """
    frame = customers.join(_money(tables, cutoff, settings), on=CUSTOMER, how="left")
    frame = frame.join(_spend_ahead(tables, cutoff, settings.horizon), on=CUSTOMER, how="left")
    frame = frame.with_columns(nw.col("future_orders", "future_value", "spend_ahead").fill_null(0))
    if settings.churn == "no_order":
        event, churned = nw.col("first_order"), nw.col("future_orders") == 0
    else:
        frame = frame.join(_ended(tables, cutoff, settings), on=CUSTOMER, how="left")
        event, churned = nw.col("left_on"), ~nw.col("left_on").is_null()
    days = (event - day_number(cutoff)).cast(nw.Int64)
    return frame.with_columns(churned=churned.cast(nw.Int8), days_to_event=days).select(
        CUSTOMER, "churned", "future_value", "future_orders", "days_to_event", "spend_ahead"
    )


def _money(tables: "Tables", cutoff: date, settings: LabelSettings) -> Frame:
    rows = future(tables.orders, cutoff, settings.horizon)
    purchase = nw.when(nw.col("amount") > 0).then(nw.lit(1)).otherwise(nw.lit(0))
    bought_on = nw.when(nw.col("amount") > 0).then(nw.col("day"))
    parts = [
        nw.col("amount").sum().alias("amount_sum"),
        purchase.sum().alias("future_orders"),
        bought_on.min().alias("first_order"),
    ]
    value = nw.col("amount_sum").cast(nw.Float64) / float(TICKS) * settings.margin
    if "cost" in rows.collect_schema().names():
        parts.append(nw.col("cost").sum().alias("cost_sum"))
        value = value - nw.col("cost_sum").cast(nw.Float64) / float(TICKS)
    grouped = rows.group_by(CUSTOMER).agg(*parts)
    return grouped.select(CUSTOMER, nw.col("future_orders").cast(nw.Int64), "first_order", value.alias("future_value"))


def _spend_ahead(tables: "Tables", cutoff: date, horizon: int) -> Frame:
    """Money of the year before ``cutoff + horizon``."""
    begin = max(horizon - YEAR, 0)
    parts = [future(tables.orders, cutoff + timedelta(days=begin), horizon - begin)]
    if horizon < YEAR:
        parts.append(history(tables.orders, cutoff, YEAR - horizon))
    rows = nw.concat([part.select(CUSTOMER, "amount") for part in parts])
    spent = rows.group_by(CUSTOMER).agg(nw.col("amount").sum().alias("spent"))
    return spent.select(CUSTOMER, (nw.col("spent").cast(nw.Float64) / float(TICKS)).alias("spend_ahead"))


def _ended(tables: "Tables", cutoff: date, settings: LabelSettings) -> Frame:
    """The day of leaving of customers whose last running contract ended and who did not renew within the grace."""
    contracts = tables.contracts
    if contracts is None:
        message = "labels.churn: contract_end needs the table `contracts`"
        raise ValueError(message)
    running = history(contracts, cutoff).filter(nw.col("end_day").is_null())
    running = running.group_by(CUSTOMER).agg(nw.len().alias("running"))
    # the door to the future, turned to the day contracts end instead of the day they start
    by_end = contracts.select(CUSTOMER, start_day=nw.col("day"), day=nw.col("end_day")).filter(~nw.col("day").is_null())
    ends = future(by_end, cutoff, settings.horizon)
    began_before = nw.when(nw.col("start_day") < day_number(cutoff)).then(nw.lit(1)).otherwise(nw.lit(0))
    ends = ends.group_by(CUSTOMER).agg(nw.col("day").max().alias("last_end"), began_before.sum().alias("ended"))
    starts = future(contracts, cutoff, settings.horizon + settings.grace).select(CUSTOMER, "day", "end_day")
    renewed = starts.join(ends, on=CUSTOMER, how="inner").filter(
        nw.col("day") <= nw.col("last_end") + settings.grace,
        nw.col("end_day").is_null() | (nw.col("end_day") > nw.col("last_end")),
    )
    left = ends.join(running, on=CUSTOMER, how="inner").filter(nw.col("ended") >= nw.col("running"))
    left = left.join(renewed.select(CUSTOMER).unique(), on=CUSTOMER, how="anti")
    return left.select(CUSTOMER, left_on=nw.col("last_end"))
