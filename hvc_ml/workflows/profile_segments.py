"""Segments beside the company average: tiers and attributes: today's figures, and what came true."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final, TypeAlias

import pandas as pd

from hvc_ml.errors import ConfigError
from hvc_ml.features.feature import Feature
from hvc_ml.segments.comparison import Kpi, compared
from hvc_ml.segments.kpis import KPIS, OUTCOMES, UNITS
from hvc_ml.segments.net_value import NET, SPENT
from hvc_ml.segments.standing import TIER
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.workflows.profile_customers import Customers
from hvc_ml.workflows.shop import Shop

MOST: Final = 20
"""Values of one attribute; rarer ones are put together."""
UNKNOWN: Final = "(unknown)"
REST: Final = "(other)"

KpiUnits: TypeAlias = dict[str, str]


def segment_table(
    shop: Shop, customers: Customers, moment: date, standings: Mapping[date, pd.DataFrame]
) -> pd.DataFrame:
    """Every segment of every division beside the average.

    Parameters
    ----------
    standings
        Tiers at ``moment`` and at `outcomes_cutoff`.

    Returns
    -------
    DataFrame
        The rows of `hvc_ml.segments.comparison.compared` with ``by`` (``tier``, or the attribute) and ``at`` (the
        cutoff the segments were told at) in front.
    """
    by = shop.project.config.profile.by
    net = {} if set(customers.parts) <= SPENT else {NET: customers.parts[NET]}
    now = customers.features.assign(**net)
    parts = list(_tables(now, customers.tier, customers.tiers, by, KPIS, moment))
    at = outcomes_cutoff(shop, moment)
    rows = None if at is None else _matured(shop, at)
    if at is not None and rows is not None:
        tier = rows[CUSTOMER].map(standings[at].set_index(CUSTOMER)[TIER]).astype("str")
        parts += _tables(rows, tier, customers.tiers, by, OUTCOMES, at)
    return pd.concat(parts, ignore_index=True)


def outcomes_cutoff(shop: Shop, moment: date) -> date | None:
    """The newest cutoff whose labels are complete at ``moment``; None where there is none yet."""
    mature = shop.timeline.mature(moment)
    return mature[-1] if mature else None


def units_of(features: Sequence[Feature]) -> KpiUnits:
    """The unit of every figure that is told."""
    counts = {f.name: "ratio" if f.unit == "count" else f.unit for f in features}  # a mean of counts has decimals
    return {**counts, **UNITS}


def _tables(
    rows: pd.DataFrame, tier: pd.Series, tiers: Sequence[str], by: Sequence[str], kpis: Sequence[Kpi], at: date
) -> Iterator[pd.DataFrame]:
    yield _ordered(compared(rows, tier, kpis), TIER, tiers, at)
    for name in by:
        segment = _values(rows, name)
        yield _ordered(compared(rows, segment, kpis), name, list(segment.value_counts(sort=True).index), at)


def _ordered(table: pd.DataFrame, by: str, order: Sequence[str], at: date) -> pd.DataFrame:
    place = {name: i for i, name in enumerate(order)}
    table = table.sort_values("segment", key=lambda names: names.map(place), kind="stable", ignore_index=True)
    table.insert(0, "by", by)
    table.insert(1, "at", at)
    return table


def _values(rows: pd.DataFrame, name: str) -> pd.Series:
    """The segment of each row by an attribute; rare values together."""
    column = f"profile_{name}"
    texts = [c for c in map(str, rows) if c.startswith("profile_") and not pd.api.types.is_numeric_dtype(rows[c])]
    if column not in texts:
        known = ", ".join(c.removeprefix("profile_") for c in texts) or "none"
        raise ConfigError(
            f"profile.by: {name!r} is no text attribute that may be used; there are: {known}. Attributes are columns "
            "of tables.customers; protected ones need features.protected_allowed."
        )
    values = rows[column].astype(object).where(rows[column].notna(), UNKNOWN)
    counts = values.value_counts().rename_axis("value").reset_index(name="n")
    kept = counts.sort_values(["n", "value"], ascending=[False, True])["value"].head(MOST)
    return values.where(values.isin(set(kept)), REST)


def _matured(shop: Shop, at: date) -> pd.DataFrame | None:
    """Customers at a past cutoff and what came true after it."""
    partition = shop.partitions((at,))[at]
    if partition.labels is None or not partition.panel.num_rows:
        return None
    panel: pd.DataFrame = partition.panel.to_pandas()
    return panel.merge(partition.labels.to_pandas(), on=CUSTOMER, validate="one_to_one")
