"""How a user's table becomes a canonical one: the settings under ``tables:``."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import Field

from hvc_ml.settings import Days, Settings, Share
from hvc_ml.tables.schema import SCHEMAS, TableName

Delimiter = Literal[",", ";", "|", "\t", "tab", "whitespace"]


class TableMapping(Settings):
    """One source table, column by column.

    Examples
    --------
    >>> columns = {"customer_id": "CustomerID", "ordered_at": "InvoiceDate", "amount": "Quantity * UnitPrice"}
    >>> TableMapping(columns=columns).problems("orders")
    []
    >>> for problem in TableMapping(columns={"customer_id": "id", "amout": "total"}).problems("orders"):
    ...     print(problem)
    columns: 'amout' is not a column of orders; did you mean 'amount'?
    columns: ordered_at is missing
    columns: amount is missing
    """

    columns: Annotated[Mapping[str, Annotated[str, Field(min_length=1)]], Field(min_length=1)]
    """Canonical column -> the source's column, or plain arithmetic on its columns such as ``Quantity * UnitPrice``."""
    filter: str | None = None
    """Rows to keep, such as ``UnitPrice >= 0 and StockCode not in ['POST', 'M']``; null keeps every row."""
    refunds: Literal["net", "separate", "drop"] = "net"
    """Negative amounts: ``net`` reduces the order, ``separate`` counts them apart, ``drop`` leaves them out."""
    drop_anonymous: bool = False
    """Leave out rows without a customer; otherwise such rows are refused."""
    date_format: str | None = None
    """How times are written, such as ``%d.%m.%Y``; null means ISO (``2011-12-09 12:50``)."""
    decimal: Literal[".", ","] = "."
    """The decimal mark of numbers in text files; thousands separators are refused."""
    delimiter: Delimiter | None = None
    """Between the columns of a text file; null: a comma, a tab in ``.tsv``; ``whitespace``: any run of blanks."""
    quote: Literal['"', "'", ""] = '"'
    """Around values that contain the delimiter; doubled inside."""
    header: tuple[str, ...] | None = None
    """Column names of text files that have no first line of names."""
    duplicates: Literal["keep", "drop"] = "keep"
    """Rows that are equal in every column: keep them (two equal items in one order), or drop all but one."""
    max_rejected: Share = 0.0
    """Share of rows that may be rejected before the table is refused."""
    future_rows: Literal["refuse", "drop"] = "refuse"
    """Rows later than today."""
    max_age: Days | None = None
    """Days between the newest row and today above which the table is refused: a load that stopped looks like churn.
    null takes data of any age."""
    max_shrink: Share = 0.5
    """Share of the rows of the last published list's run that may be gone before today's list is refused."""
    table: str | None = None
    """Name of the table in a database; null means the canonical name."""

    def problems(self, name: TableName) -> list[str]:
        """List what is wrong with this mapping as the mapping of the table ``name``; every mistake at once."""
        schema = SCHEMAS[name]
        known = [c.name for c in schema.columns]
        found = []
        for column in self.columns:
            if schema.column(column) is None and not schema.open:
                near = get_close_matches(column, known, 1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}"
                found.append(f"columns: {column!r} is not a column of {name}{hint}")
        found += [f"columns: {c} is missing" for c in schema.required if c not in self.columns]
        return found
