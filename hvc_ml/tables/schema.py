"""The canonical tables and their columns: the one place where names that rooms share are written down.

Times are local to the business: ``day`` counts whole days since 1970-01-01 in the business's time zone, so a cutoff
(a midnight) splits rows by ``day < cutoff``. Money inside the engine is a 64-bit integer of ``TICKS`` per unit of
currency.
"""

from dataclasses import dataclass
from typing import Final, Literal

TICKS: Final = 10_000
"""Ticks per unit of currency: every ISO 4217 currency has at most four decimals, and sums of integers are exact."""

TableName = Literal["orders", "customers", "events", "contracts", "touches"]

CUSTOMER: Final = "customer_id"
CURRENCY: Final = "currency"
DAY: Final = "day"
KNOWN_DAY: Final = "known_day"


@dataclass(frozen=True)
class Column:
    """One canonical column: its name, its kind, and whether a source must have it."""

    name: str
    kind: Literal["id", "text", "time", "money", "number"]
    required: bool = False


@dataclass(frozen=True)
class TableSchema:
    """One canonical table, as a user maps it."""

    name: TableName
    columns: tuple[Column, ...]
    time: str | None = None
    open: bool = False  # further columns are welcome (attributes of customers)

    def column(self, name: str) -> Column | None:
        """Return the declaration of ``name``, or None."""
        return next((c for c in self.columns if c.name == name), None)

    @property
    def required(self) -> tuple[str, ...]:
        """Names a source must provide."""
        return tuple(c.name for c in self.columns if c.required)


ORDERS = TableSchema(
    "orders",
    (
        Column("customer_id", "id", required=True),
        Column("ordered_at", "time", required=True),
        Column("amount", "money", required=True),
        Column("order_id", "id"),  # without one, a customer's rows of one moment are one order
        Column("discount", "money"),
        Column("cost", "money"),
        Column("product_id", "id"),
        Column("category", "text"),
        Column("channel", "text"),
        Column("quantity", "number"),
        Column("currency", "text"),  # looked at when rows are read, and not kept
        Column("known_at", "time"),
    ),
    time="ordered_at",
)
CUSTOMERS = TableSchema(
    "customers",
    (Column("customer_id", "id", required=True), Column("known_at", "time")),
    open=True,
)
EVENTS = TableSchema(
    "events",
    (
        Column("customer_id", "id", required=True),
        Column("happened_at", "time", required=True),
        Column("kind", "text", required=True),
        Column("value", "number"),
        Column("known_at", "time"),
    ),
    time="happened_at",
)
CONTRACTS = TableSchema(
    "contracts",
    (
        Column("customer_id", "id", required=True),
        Column("started_at", "time", required=True),
        Column("ended_at", "time", required=True),
        Column("plan", "text"),
        Column("price", "money"),
        Column("currency", "text"),
        Column("known_at", "time"),
    ),
    time="started_at",
)
TOUCHES = TableSchema(
    "touches",
    (
        Column("customer_id", "id", required=True),
        Column("touched_at", "time", required=True),
        Column("action", "text", required=True),
        Column("group", "text"),
    ),
    time="touched_at",
)

SCHEMAS: Final[dict[TableName, TableSchema]] = {s.name: s for s in (ORDERS, CUSTOMERS, EVENTS, CONTRACTS, TOUCHES)}

LIST_COLUMNS: Final = (
    "rank",
    "customer_id",
    "tier",
    "churn_risk",
    "value_if_kept",
    "future_value",
    "future_value_low",
    "future_value_high",
    "value_at_risk",
    "action",
    "expected_gain",
    "act_before",
    "group",
    "reason_1",
    "reason_1_amount",
    "reason_2",
    "reason_2_amount",
    "reason_3",
    "reason_3_amount",
    "model_version",
    "cutoff",
    "owner",
    "channel",
    "talking_points",
)
"""The retention list, column by column, in order."""
