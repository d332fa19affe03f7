"""Moves between tiers over the last year: the migration matrix, and the ways into and out of the top tier."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import narwhals as nw
import pandas as pd

from hvc_ml.segments.states import migration_matrix, money_of, paths, states_at
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.timeline.history import AGE, history
from hvc_ml.workflows.shop import Shop

BACK: Final = (365, 273, 182, 91)
"""Days before the cutoff at which tiers are looked at, too: a year in quarters."""


@dataclass(frozen=True)
class Moves:
    """Who moved.

    Parameters
    ----------
    cutoffs
        Where tiers were looked at, oldest first: the year in quarters, as far as the orders reach back.
    names
        The states: tiers, best first, then ``(dormant)`` and ``(new)``.
    matrix
        Customers and money from each state at the first cutoff to each at the last.
    ways
        ``into`` and ``out_of`` the top tier: the ways that most customers took.
    """

    cutoffs: tuple[date, ...]
    names: tuple[str, ...]
    matrix: pd.DataFrame
    ways: Mapping[str, pd.DataFrame]

    def as_json(self) -> dict[str, Any]:
        """As fields; the matrix row by row, its pairs of states spelt out."""
        return {"cutoffs": self.cutoffs, "states": self.names, "moves": self.matrix, "paths": self.ways}

    def counts(self) -> pd.DataFrame:
        """Customers, states before as rows and states after as columns; nobody goes back to being new."""
        wide = self.matrix.pivot_table("customers", "before", "after", "sum")
        return wide.loc[list(self.names), list(self.names[:-1])].astype(int)


def quarters(shop: Shop, moment: date) -> tuple[date, ...]:
    """The year up to a cutoff in quarters, oldest first, as far as the orders reach back; the cutoff is the last."""
    earliest = shop.timeline.first + timedelta(days=shop.project.config.calendar.min_history)
    past = (moment - timedelta(days=days) for days in BACK)
    return (*(c for c in past if c >= earliest), moment)


def moves_of(shop: Shop, moment: date, standings: Mapping[date, pd.DataFrame]) -> Moves | None:
    """Moves up to a cutoff, from the tiers at its `quarters`; None where the orders do not reach back to an earlier."""
    cutoffs = quarters(shop, moment)
    if len(cutoffs) < 2:
        return None
    found = {c: standings[c] for c in cutoffs}
    seen = _first_seen(shop, moment)
    codes, names = states_at(found, seen, [t.name for t in shop.project.config.tiers])
    money = money_of(found[cutoffs[0]], seen.index), money_of(found[cutoffs[-1]], seen.index)
    matrix = migration_matrix(codes[:, 0], codes[:, -1], names, money)
    return Moves(cutoffs, names, matrix[matrix["after"] != names[-1]].reset_index(drop=True), paths(codes, names))


def _first_seen(shop: Shop, moment: date) -> pd.Series:
    """First day (ordinal) with a purchase or a contract of everyone who ever was a customer, indexed by id."""
    bought = history(shop.tables.orders, moment).filter(nw.col("amount") > 0).select(CUSTOMER, AGE)
    if shop.tables.contracts is not None:
        bought = nw.concat([bought, history(shop.tables.contracts, moment).select(CUSTOMER, AGE)])
    oldest = bought.group_by(CUSTOMER).agg(nw.col(AGE).max()).sort(CUSTOMER)
    table: pd.DataFrame = shop.engine.arrow(oldest).to_pandas()
    return moment.toordinal() - table.set_index(CUSTOMER)[AGE]
