"""The prior's columns on a modelling frame: computed from the core features, the same way for fitting and scoring."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from hvc_ml.errors import ModelRefused
from hvc_ml.estimators.contract_prior import ContractPrior
from hvc_ml.estimators.prior import PRIOR_COLUMNS, BuyTillYouDie

Prior = BuyTillYouDie | ContractPrior


def prior_columns(frame: pd.DataFrame, prior: Prior, horizon: int) -> pd.DataFrame:
    """What the prior expects of each row of a modelling frame.

    Parameters
    ----------
    frame
        With ``purchase_days, days_since_first_order, days_since_last_order, purchase_day_spend`` (buy-till-you-die) or
        ``contract_age_days, days_since_first_order, spend_<horizon>d`` (contracts).
    prior
        Fitted on history before the rows' cutoff.
    horizon
        Days.

    Returns
    -------
    DataFrame
        ``prior_active, prior_purchases, prior_value, prior_value_if_kept``, with the frame's index.
    """
    if isinstance(prior, ContractPrior):
        return _contract_columns(frame, prior, horizon)
    _need(frame, ("purchase_days", "days_since_first_order", "days_since_last_order", "purchase_day_spend"))
    first = frame["days_since_first_order"].fillna(1.0)
    recency = (first - frame["days_since_last_order"].fillna(1.0)).clip(lower=0)
    frequency = (frame["purchase_days"].fillna(1.0) - 1).clip(lower=0)
    spend = frame["purchase_day_spend"]
    found = prior.predict(frequency, recency, (first - 1).clip(lower=0), spend, horizon, spend_days=frequency + 1)
    return found.set_index(frame.index)


def with_prior(frame: pd.DataFrame, prior: Prior | None, horizon: int) -> pd.DataFrame:
    """Return ``frame`` with the prior's columns; those already there stay as they are."""
    missing = [c for c in PRIOR_COLUMNS if c not in frame.columns]
    if not missing:
        return frame
    if prior is None:
        raise ModelRefused(f"the frame lacks {', '.join(missing)}, and no prior was given to compute them.")
    return pd.concat([frame, prior_columns(frame, prior, horizon)[missing]], axis=1)


def _contract_columns(frame: pd.DataFrame, prior: ContractPrior, horizon: int) -> pd.DataFrame:
    spend = f"spend_{horizon}d"
    _need(frame, ("contract_age_days", "days_since_first_order", spend))
    active = 1 - prior.predict(frame["contract_age_days"], horizon)
    seen = np.minimum(frame["days_since_first_order"].to_numpy(np.float64), horizon)
    kept = prior.value_if_kept(frame[spend], seen, horizon)
    columns = (active, active, active * kept, kept)
    return pd.DataFrame(dict(zip(PRIOR_COLUMNS, columns, strict=True)), index=frame.index)


def prior_from_json(values: Mapping[str, Any] | None) -> Prior | None:
    """Read either kind of prior, told apart by its parameters."""
    if values is None:
        return None
    return ContractPrior.from_json(values) if "hazards" in values else BuyTillYouDie.from_json(values)


def _need(frame: pd.DataFrame, columns: tuple[str, ...]) -> None:
    missing = [c for c in columns if c not in frame.columns]
    if missing:
        raise ModelRefused(
            f"the prior needs the features {', '.join(missing)}; switch their families on and train again."
        )
