"""Who is compared: each takes what was known at a moment, and returns what it says of the customers of that moment."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.logs import History
from hvc_ml.config import Config
from hvc_ml.errors import NotEnoughData
from hvc_ml.estimators.encoder import categories_of
from hvc_ml.estimators.frames import fewest_in_leaf
from hvc_ml.estimators.prior import BuyTillYouDie, fit_buy_till_you_die
from hvc_ml.estimators.prior_columns import Prior, prior_columns
from hvc_ml.features.feature import Feature
from hvc_ml.timeline.calendar import Split
from hvc_ml.workflows.fitting import fit_at

Predict = Callable[[pd.DataFrame], pd.DataFrame]
"""From features at the moment to ``churn_risk`` (a probability) and ``value`` (expected money in the horizon)."""

FLOOR_SHARE: Final = 0.01  # of the mean: what a stayer with refunds only counts as, where logarithms are taken


@dataclass(frozen=True)
class Task:
    """What a model used at a moment may learn from.

    Attributes
    ----------
    split
        The moment, and the cutoffs mature at it that fit and calibrate.
    frames
        Features and labels by cutoff, those of ``split`` at least; with the prior's columns where ``recipe`` is run.
    features
        The columns to learn from.
    """

    config: Config
    split: Split
    frames: Mapping[date, pd.DataFrame]
    features: tuple[Feature, ...]


def fit_prior(history: History, default_spend: float) -> BuyTillYouDie:
    """BG/NBD and gamma-gamma of our own, from one row per customer; compressing the rows is part of the work."""
    return fit_buy_till_you_die(counted(history.buying), counted(history.spend), default_spend=default_spend)


def prior_alone(prior: Prior, horizon: int) -> Predict:
    """The prior's own columns as a forecast."""

    def predict(frame: pd.DataFrame) -> pd.DataFrame:
        said = prior_columns(frame, prior, horizon)
        return pd.DataFrame({"churn_risk": 1 - said["prior_active"], "value": said["prior_value"]})

    return predict


def recipe(task: Task, prior: Prior) -> Predict:
    """The full recipe, fitted as production does; the frames bring the prior's columns of their own cutoffs."""
    fitted = fit_at(task.split, task.frames, prior, task.features, task.config).recipe

    def predict(frame: pd.DataFrame) -> pd.DataFrame:
        return fitted.predict(frame)[["churn_risk", "future_value"]].rename(columns={"future_value": "value"})

    return predict


def lightgbm_alone(task: Task) -> Predict:
    """What a practitioner would boost: leaves or not, and the money of those who stay; no prior, no calibration.

    Two LightGBM models on the features of the fit cutoffs, stopped early on the calibrate cutoff, with the rounds,
    rate, leaves and penalty of our own config: log-loss, and the gamma deviance of value capped at its 99.5 % quantile.

    Raises
    ------
    NotEnoughData
        If no earlier cutoff has a known future.
    """
    if task.split.by != "time":
        raise NotEnoughData("no earlier cutoff with a known future to learn from")
    fit, late = (_stacked(task, cutoffs) for cutoffs in (task.split.fit, task.split.calibrate))
    encode = _encoder(fit, [f.name for f in task.features])
    plan = _plan(task.config, len(fit))
    churn = _boosted(lightgbm.LGBMClassifier(**plan), encode, fit, late, fit["churned"], late["churned"])
    kept, late_kept = (rows[rows["churned"] == 0] for rows in (fit, late))
    limits = _limits(kept["future_value"], task.config.model.winsor)
    target, late_target = (rows["future_value"].clip(*limits) for rows in (kept, late_kept))
    value = _boosted(lightgbm.LGBMRegressor(objective="gamma", **plan), encode, kept, late_kept, target, late_target)

    def predict(frame: pd.DataFrame) -> pd.DataFrame:
        X = encode(frame)
        risk = churn.predict_proba(X)[:, 1]
        return pd.DataFrame({"churn_risk": risk, "value": (1 - risk) * value.predict(X)}, index=frame.index)

    return predict


def counted(rows: pd.DataFrame) -> pd.DataFrame:
    """Unique rows and how many customers have each, in column ``n``."""
    return rows.groupby(list(rows.columns), as_index=False).size().rename(columns={"size": "n"})


def _stacked(task: Task, cutoffs: tuple[date, ...]) -> pd.DataFrame:
    return pd.concat([task.frames[c] for c in cutoffs], ignore_index=True)


def _encoder(fit: pd.DataFrame, names: list[str]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Numbers as they are, text as categories of the fit rows."""
    numeric = {name: pd.api.types.is_numeric_dtype(fit[name]) for name in names}
    known = {name: categories_of(fit[name]) for name in names if not numeric[name]}

    def encode(frame: pd.DataFrame) -> pd.DataFrame:
        columns: dict[str, Any] = {
            name: frame[name].astype(np.float64) if numeric[name] else pd.Categorical(frame[name], known[name])
            for name in names
        }
        return pd.DataFrame(columns, index=frame.index)

    return encode


def _plan(config: Config, rows: int) -> dict[str, Any]:
    model = config.model
    return {
        "n_estimators": model.rounds,
        "learning_rate": model.learning_rate,
        "num_leaves": model.leaves,
        "min_child_samples": fewest_in_leaf(model.min_child_samples, rows),
        "reg_lambda": model.l2,
        "random_state": model.seed,
        "n_jobs": model.threads,
        "deterministic": True,
        "force_row_wise": True,
        "verbose": -1,
    }


def _boosted(
    model: Any,
    encode: Callable[[pd.DataFrame], pd.DataFrame],
    fit: pd.DataFrame,
    late: pd.DataFrame,
    y: "pd.Series[Any]",
    late_y: "pd.Series[Any]",
) -> Any:
    stop = lightgbm.early_stopping(30, verbose=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of LightGBM's scikit-learn door, about its own attributes
        return model.fit(encode(fit), y, eval_set=[(encode(late), late_y)], callbacks=[stop])


def _limits(y: "pd.Series[Any]", winsor: float) -> tuple[float, float]:
    positive: NDArray[np.float64] = y[y > 0].to_numpy(np.float64)
    cap = float(np.quantile(positive, winsor))
    return FLOOR_SHARE * float(np.minimum(positive, cap).mean()), cap
