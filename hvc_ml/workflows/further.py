"""What else a recipe says of the future: when customers leave, and which of them move between tiers."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd

from hvc_ml.config import Config
from hvc_ml.estimators.moves import DOWNGRADE, PLACE, UPGRADE, Floors, Moves, expected_ahead, fit_moves, standing
from hvc_ml.estimators.timing import REPORTED, fit_timing
from hvc_ml.evaluation.metrics import brier_skill, churn_auc, ece
from hvc_ml.segments.migration import tier_floors
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.workflows.fitting import Fitted, calibrated_on, learned_from

METRICS = {"auc": churn_auc, "brier_skill": brier_skill, "ece": ece}


def with_further(fitted: Fitted, frames: Mapping[date, pd.DataFrame], config: Config) -> Fitted:
    """Add timing and moves to a recipe, learned from the rows that it was learned from.

    Parameters
    ----------
    fitted
        As ``fit_at`` made it.
    frames
        Modelling frames by cutoff, among them those of the split and, for today's tiers, of its moment.
    config
        For horizon, tiers and model settings.
    """
    recipe, horizon = fitted.recipe, config.labels.horizon
    late = calibrated_on(fitted.split, frames)
    risk = None if late is None else recipe.predict(late)["churn_risk"].to_numpy(np.float64)
    timing = fit_timing(late, risk, horizon=horizon, kind=recipe.kind, prior=recipe.prior)
    moves = _moves(fitted, frames, config)
    told = {} if moves is None else {name: chance.why for name, chance in moves.chances.items()}
    notes = {**recipe.notes, "timing_events": timing.events, **told}
    return replace(fitted, recipe=replace(recipe, timing=timing, moves=moves, notes=notes))


def _moves(fitted: Fitted, frames: Mapping[date, pd.DataFrame], config: Config) -> Moves | None:
    """None where no cutoff is mature, or nobody spends enough to tell tiers apart."""
    split, horizon = fitted.split, config.labels.horizon
    newest = split.moment if split.moment in frames else max((*split.fit, *split.calibrate), default=None)
    if newest is None or not split.calibrate:
        return None
    floors = floors_of(frames[newest], config)
    if not floors.now or not np.isfinite([*floors.now, *floors.ahead]).all():
        return None
    standings = {c: _with_standing(frames[c], config) for c in {*split.fit, *split.calibrate}}
    fit, late = learned_from(split, standings)
    if fit is None or late is None:
        return None
    features = fitted.recipe.features
    return fit_moves(fit, late, features, fitted.categories, config.model, horizon=horizon, floors=floors)


def floors_of(frame: pd.DataFrame, config: Config) -> Floors:
    """What a place in each tier takes at a cutoff, now and at the end of the horizon."""
    expected = expected_ahead(frame, config.labels.horizon)
    now, ahead = (tier_floors(money, frame[CUSTOMER], config.tiers) for money in (frame["spend_365d"], expected))
    return Floors(now, ahead)


def _with_standing(frame: pd.DataFrame, config: Config) -> pd.DataFrame:
    """Where each customer stood who stayed: only they can have moved."""
    found = standing(frame, floors_of(frame, config), config.labels.horizon)
    stayed = frame["churned"] == 0
    return pd.concat([frame[stayed], found[stayed]], axis=1)


def further_metrics(rows: pd.DataFrame, predictions: pd.DataFrame, config: Config) -> dict[str, float]:
    """How timing and moves did on test rows: the mean over cutoffs of AUC, Brier skill and ECE.

    Parameters
    ----------
    rows
        Labelled modelling frames of the test cutoffs, stacked.
    predictions
        What the recipes said of the same rows, in the same order.
    config
        For the horizon, what leaving means, and the tiers.

    Returns
    -------
    dict
        ``churn_30d/auc``, ``churn_30d/brier_skill``, ``churn_30d/ece`` and so on, then ``downgrade/auc`` and the rest
        (over customers with a lower tier to fall to) and ``upgrade/auc`` (over those not in the best tier). A figure
        that is undefined at every cutoff (nothing happened) is left out.
    """
    found: dict[str, list[float]] = {}
    for _, at in rows.groupby("cutoff", sort=True):
        for name, event, chance in _events(at, predictions.loc[at.index], config):
            for metric, measure in METRICS.items():
                if len(event):
                    found.setdefault(f"{name}/{metric}", []).append(measure(event, chance))
    means = {name: [v for v in values if np.isfinite(v)] for name, values in found.items()}
    return {name: float(np.mean(values)) for name, values in means.items() if values}


def _events(
    rows: pd.DataFrame, said: pd.DataFrame, config: Config
) -> Iterator[tuple[str, "np.ndarray[tuple[int], np.dtype[np.float64]]", pd.Series]]:
    """Name, what happened, and the chance that was given to it, over the customers to whom it could."""
    days = rows["days_to_event"].to_numpy(np.float64)
    for k in (k for k in REPORTED if f"churn_risk_{k}d" in said):
        came = days < k  # a missing day compares as false: nothing came
        gone = came if config.labels.churn == "contract_end" else ~came
        yield f"churn_{k}d", gone.astype(np.float64), said[f"churn_risk_{k}d"]
    if DOWNGRADE in said and said[DOWNGRADE].notna().all():
        place = standing(rows, floors_of(rows, config), config.labels.horizon)[PLACE]
        moves = (
            ("downgrade", "downgraded", DOWNGRADE, place < len(config.tiers) - 1),
            ("upgrade", "upgraded", UPGRADE, place > 0),
        )
        for name, label, column, could in moves:
            yield name, rows.loc[could, label].to_numpy(np.float64), said.loc[could, column]
