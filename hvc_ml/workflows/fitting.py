"""Fit the recipe at a moment: the same steps for a test in the past and for production."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from hvc_ml.config import Config
from hvc_ml.dataset.store import Partition
from hvc_ml.estimators.contract_prior import at_risk_counts, fit_contract_prior
from hvc_ml.estimators.encoder import categories_of
from hvc_ml.estimators.prior import fit_buy_till_you_die
from hvc_ml.estimators.prior_columns import Prior, prior_columns
from hvc_ml.estimators.recipe import Recipe, fit_recipe
from hvc_ml.features.feature import Feature
from hvc_ml.features.standing import STAYING
from hvc_ml.segments.migration import MOVES, moved
from hvc_ml.tables.schema import CUSTOMER, TICKS
from hvc_ml.timeline.calendar import Split
from hvc_ml.workflows.sampling import Sample, learned, sampled

LABELS = ("churned", "future_value", "days_to_event", *MOVES)
"""What a modelling frame says of the future."""

FOLDS = 5
"""Where history is too short for a later calibrate cutoff, one customer of so many calibrates."""


@dataclass(frozen=True)
class Fitted:
    """A recipe fitted at a moment, and what it was fitted on."""

    recipe: Recipe
    split: Split
    n_rows: int
    n_customers: int
    categories: dict[str, list[str]]


def frames_of(
    partitions: Mapping[date, Partition], config: Config, sample: Sample, whole: Collection[date]
) -> dict[date, pd.DataFrame]:
    """Modelling frames of the sample's customers, and of everybody at the cutoffs where the whole is needed."""
    return {c: sampled(rows_of(p, config), sample, whole=c in whole) for c, p in partitions.items()}


def rows_of(partition: Partition, config: Config) -> pd.DataFrame:
    """A partition as a modelling frame: features, the prior's columns, and labels where they are mature."""
    frame: pd.DataFrame = partition.panel.to_pandas()
    frame.insert(1, "cutoff", partition.cutoff.isoformat())
    prior = prior_of(partition, frame, config)
    frame = pd.concat([frame, prior_columns(frame, prior, config.labels.horizon)], axis=1)
    if partition.labels is not None:
        labels = partition.labels.to_pandas()
        if not labels[CUSTOMER].equals(frame[CUSTOMER]):
            message = "labels and features of a cutoff must have the same customers in the same order"
            raise ValueError(message)
        ahead = moved(frame["spend_365d"], labels["spend_ahead"], labels["churned"] == 0, frame[CUSTOMER], config.tiers)
        labels = labels.assign(days_to_event=labels["days_to_event"].astype(np.float64), **ahead)
        frame = pd.concat([frame, labels[[*LABELS]]], axis=1)
    return frame


def prior_of(partition: Partition, frame: pd.DataFrame, config: Config) -> Prior:
    """The prior at a cutoff, from that cutoff's history alone."""
    if config.labels.churn == "contract_end" and partition.contract_ages is not None:
        counts = at_risk_counts(partition.contract_ages.to_pandas())
        horizon = config.labels.horizon
        seen = np.minimum(frame["days_since_first_order"].to_numpy(np.float64, na_value=np.nan), horizon)
        daily = float(np.nansum(frame[f"spend_{horizon}d"]) / max(np.nansum(seen), 1.0))
        return fit_contract_prior(counts, daily_spend=daily)
    spend = partition.repeat_spend.to_pandas()
    spend["mean_spend"] = spend["repeat_spend"] / TICKS / spend["frequency"]
    default = float(frame["mean_order"].mean()) if "mean_order" in frame and len(frame) else 1.0
    return fit_buy_till_you_die(partition.repeat_buying.to_pandas(), spend, default_spend=default)


def fit_at(
    split: Split, frames: Mapping[date, pd.DataFrame], prior: Prior, features: tuple[Feature, ...], config: Config
) -> Fitted:
    """Fit on the split's cutoffs what is used at its moment.

    Parameters
    ----------
    split
        Which cutoffs fit and calibrate, and how they are kept apart.
    frames
        Modelling frames by cutoff, labelled.
    prior
        The prior at the moment itself.
    features
        The columns to learn from.
    config
        Settings.
    """
    fit, late = learned_from(split, frames)
    features = learnable(features, config)
    text = [f.name for f in features if f.unit == "text"]
    categories = {name: list(categories_of(fit[name])) for name in text} if fit is not None else {}
    recipe = fit_recipe(
        fit,
        late,
        [f.name for f in features if f.unit != "text" or f.name in categories],
        categories,
        config.model,
        horizon=config.labels.horizon,
        kind=config.labels.churn,
        prior=prior,
        moment=split.moment,
    )
    used = pd.concat([f[CUSTOMER] for f in (fit, late) if f is not None]) if fit is not None else pd.Series(dtype=str)
    return Fitted(recipe, split, len(used), int(used.nunique()), categories)


def learnable(features: tuple[Feature, ...], config: Config) -> tuple[Feature, ...]:
    """The features that models learn from: of families that are on, and of the customer, not of how we treat them."""
    ours = {f"profile_{name}" for name in config.contact_columns.values()}
    return tuple(f for f in features if f.family in config.features.families and f.name not in {STAYING, *ours})


def learned_from(split: Split, frames: Mapping[date, pd.DataFrame]) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """The rows to fit and those to calibrate on, of customers in the sample; None where there are none."""
    late = calibrated_on(split, frames)
    fit = _stack([learned(frames[c]) for c in split.fit])
    if split.by == "customers" and fit is not None and late is not None:
        fit = fit[~_held_back(fit)]
    return fit, late


def calibrated_on(split: Split, frames: Mapping[date, pd.DataFrame]) -> pd.DataFrame | None:
    """The rows to calibrate on."""
    late = _stack([learned(frames[c]) for c in split.calibrate])
    if split.by == "customers" and split.fit and late is not None:
        late = late[_held_back(late)]
    return late


def _stack(frames: list[pd.DataFrame]) -> pd.DataFrame | None:
    """Rows in one canonical order: by cutoff, then customer."""
    return pd.concat(frames, ignore_index=True) if frames else None


def _held_back(frame: pd.DataFrame) -> "pd.Series[bool]":
    """One customer of five, the same at every cutoff and on every machine."""
    hashes = pd.util.hash_array(frame[CUSTOMER].to_numpy(dtype=object), categorize=False)
    return pd.Series(hashes % FOLDS == 0, index=frame.index)
