"""Risk, value and reasons in money for every customer at a cutoff: what a list and a customer's page are made of."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from hvc_ml.config import Config
from hvc_ml.explanation.reasons import Speakers
from hvc_ml.features.algebra import since_last
from hvc_ml.features.feature import Feature
from hvc_ml.scoring.batches import PRIOR, PRIOR_FAMILY, ROWS, in_batches, score_rows
from hvc_ml.scoring.model import CustomerModel
from hvc_ml.segments.tiers import assign_tiers
from hvc_ml.tables.schema import CUSTOMER

Integers = NDArray[np.int64]

_BUYING = Feature(
    PRIOR, since_last(), "no order for {value:days}; usually every {mean_gap_days:days}", PRIOR_FAMILY, "days"
)
_UNDER_CONTRACT = Feature(PRIOR, since_last("contracts"), "the contract has run for {value:days}", PRIOR_FAMILY, "days")


@dataclass(frozen=True)
class Scores:
    """Customers' figures at a cutoff.

    Parameters
    ----------
    panel
        ``customer_id`` and features of everyone at the cutoff; pandas sees a few columns or rows of it at a time.
    place
        Where these customers stand in it.
    table
        The contract's columns of ``scores.parquet``: risk to six decimals, money to the cent, one amount per family;
        ``base_amount`` and the amounts add up to ``value_at_risk``. Then what else the model says.
    families
        The amounts per family, unrounded, without prefix.
    told_by
        Which feature speaks for each family.
    """

    panel: pa.Table
    place: Integers
    table: pd.DataFrame
    families: pd.DataFrame
    told_by: Speakers

    def only(self, rows: Integers) -> "Scores":
        """The scores of some customers, in the order of ``rows``."""
        if len(rows) == len(self.table):
            return self
        table, families = (frame.iloc[rows].reset_index(drop=True) for frame in (self.table, self.families))
        return Scores(self.panel, self.place[rows], table, families, self.told_by.at(rows))

    def family_cents(self, rows: Integers) -> pd.DataFrame:
        """Amounts per family to the cent, of some customers; the index is ``rows``."""
        cents = self.table[[f"amount_{name}" for name in self.families]].iloc[rows]
        return cents.set_axis(self.families.columns, axis=1).set_axis(pd.Index(rows), axis=0)

    def figures(self, columns: Iterable[str] | None = None, rows: Integers | None = None) -> pd.DataFrame:
        """Some features (all by default) of some of these customers (all by default); those not there are left out."""
        at = self.place if rows is None else self.place[rows]
        names = [c for c in columns or self.panel.column_names if c in self.panel.column_names]
        return pd.DataFrame({c: self.panel[c].take(at).to_pandas() for c in names}, index=pd.RangeIndex(len(at)))


def scores_of(model: CustomerModel, panel: pa.Table, config: Config, before: pd.Series | None = None) -> Scores:
    """Score and explain customers.

    Parameters
    ----------
    model
        The champion.
    panel
        ``customer_id`` and features at the cutoff, one row per customer.
    config
        For the tiers.
    before
        The tiers of the month before, by customer id, where tiers have a memory (`workflows.standing.tiers_before`).
    """
    return scores_in_tiers(model, panel, tiers_of(panel, config, before), config)


def tiers_of(panel: pa.Table, config: Config, before: pd.Series | None = None) -> pd.Series:
    """The tier of each customer of a panel; it takes all customers to tell."""
    customers, spent = (panel[name].to_pandas() for name in (CUSTOMER, "spend_365d"))
    return assign_tiers(spent, customers, config.tiers, before=before, margin=config.profile.tier_margin)


def scores_in_tiers(
    model: CustomerModel, panel: pa.Table, tier: pd.Series, config: Config, *, batch: int = ROWS
) -> Scores:
    """Score and explain customers whose tiers are known, so many rows at a time.

    Parameters
    ----------
    model
        The champion.
    panel
        ``customer_id`` and features at the cutoff, one row per customer.
    tier
        Of the same customers, in the same order.
    config
        For the names of the best and the last tier: who is in it cannot rise, or fall.
    batch
        Rows at a time; nothing depends on it but the memory it takes.
    """
    parts = [score_rows(model, frame) for frame in in_batches(panel, batch)]
    figures = pd.concat([part.figures for part in parts], ignore_index=True)
    tier = tier.reset_index(drop=True)
    for column, nowhere in (("downgrade_risk", config.tiers[-1].name), ("upgrade_chance", config.tiers[0].name)):
        if column in figures:
            figures[column] = figures[column].where(tier != nowhere, 0.0)
    return Scores(
        panel,
        np.arange(panel.num_rows),
        pd.concat([pd.DataFrame({CUSTOMER: panel[CUSTOMER].to_pandas(), "tier": tier}), figures], axis=1),
        pd.concat([part.families for part in parts], ignore_index=True),
        Speakers(parts[0].told_by.names, np.concatenate([part.told_by.places for part in parts])),
    )


def declared(features: Sequence[Feature]) -> dict[str, Feature]:
    """Features by name, and the prior as one of them: what it says is the customer's own rhythm."""
    known = {f.name: f for f in features}
    return {**known, PRIOR: _UNDER_CONTRACT if "contract_age_days" in known else _BUYING}


def with_prior_figure(features: pd.DataFrame) -> pd.DataFrame:
    """Features with the figure that stands for the prior in sentences."""
    figure = _prior_figure(features)
    return features.assign(**{PRIOR: features[figure]}) if figure in features else features


def medians(panel: pa.Table) -> dict[str, float]:
    """The median of each number, and of the prior's figure: what a customer's own is held against."""
    found = {
        field.name: float(panel[field.name].to_pandas().median())
        for field in panel.schema
        if pa.types.is_floating(field.type) or pa.types.is_integer(field.type)
    }
    figure = _prior_figure(panel.column_names)
    return {**found, PRIOR: found[figure]} if figure in found else found


def content_hash(table: pd.DataFrame) -> str:
    """SHA-256 of what a frame of numbers and texts says: names, types, every bit of every cell; not its index.

    Examples
    --------
    >>> one, other = pd.DataFrame({"a": [1.5, 2.5]}), pd.DataFrame({"a": [1.5, 2.6]})
    >>> content_hash(one) == content_hash(one.set_axis([7, 8])), content_hash(one) == content_hash(other)
    (True, False)
    """
    digest = hashlib.sha256()
    for name, values in table.items():
        number = pd.api.types.is_numeric_dtype(values)
        column = pa.array(values.to_numpy() if number else values.astype(object), None if number else pa.large_string())
        digest.update(f"{name}:{column.type}:{len(column)};".encode())
        for buffer in column.buffers():
            digest.update(b"none;" if buffer is None else memoryview(buffer))
    return digest.hexdigest()


def _prior_figure(columns: Any) -> str:
    return "contract_age_days" if "contract_age_days" in columns else "days_since_last_order"
