"""Risk, value and reasons in money for every customer at a cutoff: what a list and a customer's page are made of."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hvc_ml.config import Config
from hvc_ml.explanation.families import amounts_by_family, row_chunks
from hvc_ml.explanation.money import round_to_cents, value_at_risk_amounts
from hvc_ml.features.feature import FAMILIES, Feature
from hvc_ml.scoring.model import CustomerModel
from hvc_ml.segments.tiers import assign_tiers
from hvc_ml.tables.schema import CUSTOMER

PRIOR_FAMILY = "rhythm"
"""What the prior says is a function of how often, how long ago and how much: the buying rhythm."""


@dataclass(frozen=True)
class Scores:
    """Every customer's figures at a cutoff.

    Parameters
    ----------
    features
        ``customer_id`` and the features.
    table
        The contract's columns of ``scores.parquet``: risk to six decimals, money to the cent, one amount per family;
        ``base_amount`` and the amounts add up to ``value_at_risk``.
    families
        The amounts per family, unrounded, without prefix.
    """

    features: pd.DataFrame
    table: pd.DataFrame
    families: pd.DataFrame


def scores_of(model: CustomerModel, features: pd.DataFrame, config: Config) -> Scores:
    """Score and explain customers.

    Parameters
    ----------
    model
        The champion.
    features
        ``customer_id`` and features at the cutoff, one row per customer.
    config
        For the tiers.
    """
    said = model.predict(features)
    at_risk = said["churn_risk"].to_numpy() * said["value_if_kept"].to_numpy()
    base, amounts = _amounts(model, features)
    cents, family_cents = round_to_cents(base, amounts.to_numpy(), at_risk)
    money = ["value_if_kept", "future_value", "future_value_low", "future_value_high"]
    table = pd.DataFrame(
        {
            CUSTOMER: features[CUSTOMER],
            "tier": assign_tiers(features["spend_365d"], features[CUSTOMER], config.tiers),
            "churn_risk": said["churn_risk"].round(6),
            **{name: said[name].round(2) + 0.0 for name in money},
            "value_at_risk": np.rint(at_risk * 100) / 100 + 0.0,  # as its parts are rounded, so that they add up
            "base_amount": cents + 0.0,
            **{f"amount_{name}": family_cents[:, i] + 0.0 for i, name in enumerate(amounts)},
        }
    )
    return Scores(features, table, amounts)


def families_of(model: CustomerModel) -> dict[str, str]:
    """Every column of the contributions -> its family of reasons."""
    return {**model.info.families, "prior": PRIOR_FAMILY}


def feature_amounts(model: CustomerModel, features: pd.DataFrame) -> pd.DataFrame:
    """Money at risk per feature: rows as ``features``, columns the model's features and ``prior``."""
    explained = model.contributions(features)
    names = list(explained.churn.phi.columns)
    _, amounts = value_at_risk_amounts(
        explained.churn.base,
        explained.churn.phi.to_numpy(),
        explained.churn.link,
        explained.value.base,
        explained.value.phi.to_numpy(),
        explained.value.link,
    )
    return pd.DataFrame(amounts, columns=names, index=features.index)


def declared(features: tuple[Feature, ...]) -> dict[str, Feature]:
    """Features by name."""
    return {f.name: f for f in features}


def _amounts(model: CustomerModel, features: pd.DataFrame) -> "tuple[np.ndarray[tuple[int], np.dtype[np.float64]], pd.DataFrame]":
    """Base amount and amount per family of each customer, a bounded number of rows at a time."""
    names = [*model.info.features, "prior"]
    links = model.contributions(features.iloc[:1])

    def chunks() -> Iterator[tuple[object, object, object, object]]:
        for rows in row_chunks(len(features), len(names)):
            explained = model.contributions(features.iloc[rows])
            churn, value = explained.churn, explained.value
            yield churn.base, churn.phi[names].to_numpy(), value.base, value.phi[names].to_numpy()

    base, amounts = amounts_by_family(chunks(), links.churn.link, links.value.link, names, families_of(model))  # type: ignore[arg-type] # arrays are array-like
    order = [f for f in FAMILIES if f in amounts.columns]
    return base, amounts[[*order, *(c for c in amounts.columns if c not in order)]]
