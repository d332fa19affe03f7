"""Where every customer stands at several cutoffs: who is one, the money of 12 months, and the tier.

With a margin tiers have a memory: the tier at a cutoff follows from the tiers of the month before, and so on back to
the first month of the orders. So a tier is a function of the data and the cutoff alone, whenever it is asked for.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import pandas as pd

from hvc_ml.dataset.build import PanelPlan
from hvc_ml.features.compute import features_at
from hvc_ml.population import active_within, population_at, subscribers_at
from hvc_ml.segments.settings import TierRule
from hvc_ml.segments.tiers import assign_tiers
from hvc_ml.tables.engine import Engine
from hvc_ml.tables.frame import Frame
from hvc_ml.tables.load import Tables
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.timeline.days import as_date

VALUE: Final = "spend_365d"
TIER: Final = "tier"


@dataclass(frozen=True)
class Standings:
    """How tiers are told in one business.

    Parameters
    ----------
    engine, tables
        Where the orders are.
    plan
        Population and features, as lists have them.
    rules
        Tiers, best first.
    margin
        In cumulative share; with 0 a tier depends on nothing but its own cutoff.
    """

    engine: Engine
    tables: Tables
    plan: PanelPlan
    rules: Sequence[TierRule]
    margin: float = 0.0

    def at(self, cutoffs: Iterable[date]) -> dict[date, pd.DataFrame]:
        """``customer_id``, ``spend_365d`` and ``tier`` of every customer of the population, sorted by id, by cutoff."""
        asked = sorted(set(cutoffs))
        found: dict[date, pd.DataFrame] = {}
        before: pd.Series | None = None
        for cutoff in self._chain(asked):
            standing = self._one(cutoff, before)
            if cutoff in asked:
                found[cutoff] = standing
            if cutoff.day == 1:  # the steps of the memory; other cutoffs only look at it
                before = standing.set_index(CUSTOMER)[TIER]
        return found

    def before(self, cutoff: date) -> pd.Series | None:
        """The tiers of the month before a cutoff, indexed by customer id; None where tiers have no memory."""
        months = self._months(cutoff)
        return self.at(months[-1:])[months[-1]].set_index(CUSTOMER)[TIER] if months else None

    def _months(self, cutoff: date) -> list[date]:
        """The first of each month after the first order and before the cutoff; none are needed without a margin."""
        return list(firsts_of_months(as_date(self.tables.first_day), cutoff)) if self.margin else []

    def _chain(self, asked: Sequence[date]) -> list[date]:
        return sorted({*asked, *(self._months(asked[-1]) if asked else ())})

    def _one(self, cutoff: date, before: pd.Series | None) -> pd.DataFrame:
        value = next(f for f in self.plan.features if f.name == VALUE)
        customers = self.engine.materialise(customers_at(self.tables, cutoff, self.plan), "standing")
        money = features_at(customers, self.tables, cutoff, (value,)).sort(CUSTOMER)
        frame: pd.DataFrame = self.engine.arrow(money).to_pandas()
        tier = assign_tiers(frame[VALUE], frame[CUSTOMER], self.rules, before=before, margin=self.margin)
        return frame.assign(**{TIER: tier})


def customers_at(tables: Tables, cutoff: date, plan: PanelPlan) -> Frame:
    """The population of a list at a cutoff: one column, ``customer_id``, each customer once."""
    if plan.labels.churn == "contract_end":
        return subscribers_at(tables, cutoff)
    return population_at(tables, cutoff, active_within(tables, cutoff, plan.population, plan.labels.horizon))


def firsts_of_months(first: date, end: date) -> Iterator[date]:
    """The first of each month in ``(first, end)``.

    Examples
    --------
    >>> [str(day) for day in firsts_of_months(date(2024, 11, 1), date(2025, 2, 1))]
    ['2024-12-01', '2025-01-01']
    """
    year, month = first.year, first.month
    while True:
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        day = date(year, month, 1)
        if day >= end:
            return
        yield day
