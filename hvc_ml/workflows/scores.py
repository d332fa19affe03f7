"""Risk, value and reasons in money for every customer at a cutoff: what a list and a customer's page are made of."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.config import Config
from hvc_ml.explanation.families import amounts_by_family, row_chunks
from hvc_ml.explanation.money import round_to_cents, value_at_risk_amounts
from hvc_ml.features.algebra import since_last
from hvc_ml.features.feature import FAMILIES, Feature
from hvc_ml.scoring.model import CustomerModel
from hvc_ml.segments.tiers import assign_tiers
from hvc_ml.tables.schema import CUSTOMER

Floats = NDArray[np.float64]
PRIOR = "prior"
PRIOR_FAMILY = "rhythm"
"""What the prior says is a function of how often, how long ago and how much: the buying rhythm."""

MONEY = ("value_if_kept", "future_value", "future_value_low", "future_value_high")

_BUYING = Feature(
    PRIOR, since_last(), "no order for {value:days}; usually every {mean_gap_days:days}", PRIOR_FAMILY, "days"
)
_UNDER_CONTRACT = Feature(PRIOR, since_last("contracts"), "the contract has run for {value:days}", PRIOR_FAMILY, "days")


@dataclass(frozen=True)
class Scores:
    """Every customer's figures at a cutoff.

    Parameters
    ----------
    features
        ``customer_id`` and the features.
    table
        The contract's columns of ``scores.parquet``: risk to six decimals, money to the cent, one amount per family;
        ``base_amount`` and the amounts add up to ``value_at_risk``. Then what else the model says (`further`).
    families
        The amounts per family, unrounded, without prefix.
    family_cents
        The same to the cent.
    """

    features: pd.DataFrame
    table: pd.DataFrame
    families: pd.DataFrame
    family_cents: pd.DataFrame


def scores_of(model: CustomerModel, features: pd.DataFrame, config: Config, before: pd.Series | None = None) -> Scores:
    """Score and explain customers.

    Parameters
    ----------
    model
        The champion.
    features
        ``customer_id`` and features at the cutoff, one row per customer.
    config
        For the tiers.
    before
        The tiers of the month before, by customer id, where tiers have a memory (`workflows.standing.tiers_before`).
    """
    said = model.predict(features)
    at_risk = said["churn_risk"].to_numpy() * said["value_if_kept"].to_numpy()
    base, amounts = _amounts(model, features)
    cents, family_cents = round_to_cents(base, amounts.to_numpy(), at_risk)
    table = pd.DataFrame(
        {
            CUSTOMER: features[CUSTOMER],
            "tier": assign_tiers(
                features["spend_365d"],
                features[CUSTOMER],
                config.tiers,
                before=before,
                margin=config.profile.tier_margin,
            ),
            "churn_risk": said["churn_risk"].round(6),
            **{name: said[name].round(2) + 0.0 for name in MONEY},
            "value_at_risk": np.rint(at_risk * 100) / 100 + 0.0,  # as its parts are rounded, so that they add up
            "base_amount": cents + 0.0,
            **{f"amount_{name}": family_cents[:, i] + 0.0 for i, name in enumerate(amounts)},
        }
    )
    table = pd.concat([table, further(said, table["tier"], config)], axis=1)
    rounded = pd.DataFrame(family_cents + 0.0, columns=amounts.columns, index=amounts.index)
    return Scores(features, table, amounts, rounded)


def further(said: pd.DataFrame, tier: pd.Series, config: Config) -> pd.DataFrame:
    """What the model says beside risk and money: risk over shorter stretches, the day to act by, moves between tiers.

    Parameters
    ----------
    said
        The model's predictions.
    tier
        Each customer's tier today; the model knows the tiers of the moment it was fitted at.
    config
        For the tiers' names.

    Returns
    -------
    DataFrame
        ``churn_risk_30d`` and so on, ``act_before_days`` (whole days from the cutoff), ``downgrade_risk`` (0 in the
        last tier), ``upgrade_chance`` (0 in the best); chances to six decimals; columns as far as the model has them.
    """
    found = said.drop(columns=["churn_risk", *MONEY]).round(6)
    if "act_before_days" in found:
        found["act_before_days"] = found["act_before_days"].astype(np.int64)
    for column, nowhere in (("downgrade_risk", config.tiers[-1].name), ("upgrade_chance", config.tiers[0].name)):
        if column in found:
            found[column] = found[column].where(tier != nowhere, 0.0)
    return found


def families_of(model: CustomerModel) -> dict[str, str]:
    """Every column of the contributions -> its family of reasons."""
    return {**model.info.families, PRIOR: PRIOR_FAMILY}


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
    """Features by name, and the prior as one of them: what it says is the customer's own rhythm."""
    known = {f.name: f for f in features}
    return {**known, PRIOR: _UNDER_CONTRACT if "contract_age_days" in known else _BUYING}


def with_prior_figure(features: pd.DataFrame) -> pd.DataFrame:
    """Features with the figure that stands for the prior in sentences."""
    figure = "contract_age_days" if "contract_age_days" in features else "days_since_last_order"
    return features.assign(**{PRIOR: features[figure]}) if figure in features else features


def medians(features: pd.DataFrame) -> dict[str, float]:
    """The median of each number: what a customer's own figure is held against."""
    return {str(name): float(value) for name, value in features.select_dtypes("number").median().items()}


def _amounts(model: CustomerModel, features: pd.DataFrame) -> tuple[Floats, pd.DataFrame]:
    """Base amount and amount per family of each customer, a bounded number of rows at a time."""
    names = [*model.info.features, PRIOR]
    links = model.contributions(features.iloc[:1])

    def chunks() -> Iterator[tuple[object, object, object, object]]:
        for rows in row_chunks(len(features), len(names)):
            explained = model.contributions(features.iloc[rows])
            churn, value = explained.churn, explained.value
            yield churn.base, churn.phi[names].to_numpy(), value.base, value.phi[names].to_numpy()

    base, amounts = amounts_by_family(chunks(), links.churn.link, links.value.link, names, families_of(model))  # type: ignore[arg-type] # arrays are array-like
    order = [f for f in FAMILIES if f in amounts.columns]
    return base, amounts[[*order, *(c for c in amounts.columns if c not in order)]]
