"""The declaration of a feature: one place that the query, the model, the reasons, the docs and the tests all read."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from hvc_ml.features.algebra import Value

Unit = Literal["days", "count", "money", "share", "ratio", "number", "text"]

FAMILIES: Final = (
    "recency",
    "frequency",
    "spending",
    "rhythm",
    "basket",
    "price",
    "loyalty",
    "engagement",
    "service",
    "profile",
    "referral",
    "contract",
)
"""Reason families, in the order in which documentation lists them."""

_FIELD = re.compile(r"\{(\w+):(\w+)\}")


@dataclass(frozen=True)
class Feature:
    """One column of the model.

    Parameters
    ----------
    name
        Its name everywhere.
    value
        What it is, in the algebra.
    says
        The reason sentence, with fields ``{value:unit}`` for its own figure and ``{other_feature:unit}`` for another's;
        ``order|orders`` after a field is the word for one and for more.
    family
        The group of reasons it belongs to.
    unit
        What the number counts.
    empty
        What a customer without such rows gets; None leaves it unknown.

    Examples
    --------
    >>> from hvc_ml.features.algebra import since_last
    >>> Feature("days_since_last_order", since_last(), "no order for {value:days}", "recency", "days").fields
    (('value', 'days'),)
    """

    name: str
    value: Value
    says: str
    family: str
    unit: Unit
    empty: float | None = None

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            message = f"{self.name}: no such family {self.family!r}; there are {', '.join(FAMILIES)}"
            raise ValueError(message)

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """The fields of ``says``: (name, unit)."""
        return tuple(_FIELD.findall(self.says))
