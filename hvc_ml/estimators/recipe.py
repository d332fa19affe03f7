"""From a modelling frame to a recipe."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.errors import ModelRefused, NotEnoughData
from hvc_ml.estimators.algebra import one_thread
from hvc_ml.estimators.blend import Rule, ValueBlend, Weights, learn_weights
from hvc_ml.estimators.calibration import FOLDS, Calibrator, fit_calibrator
from hvc_ml.estimators.correction import Array, Correction, Starts, starts
from hvc_ml.estimators.fitted import Contributions, Explained, Kind, Recipe, Rung
from hvc_ml.estimators.intervals import fit_intervals
from hvc_ml.estimators.levels import Level, levels_ahead
from hvc_ml.estimators.losses import LevelFreeLoss, Plan, Target
from hvc_ml.estimators.members import Members, fit_members
from hvc_ml.estimators.mixing import best_mix
from hvc_ml.estimators.prior import PRIOR_COLUMNS, BuyTillYouDie
from hvc_ml.estimators.prior_columns import Prior, with_prior
from hvc_ml.estimators.prior_intervals import prior_intervals
from hvc_ml.estimators.risk import USUAL as RISK_USUAL
from hvc_ml.estimators.risk import RiskModel, RiskWeights, log_stay
from hvc_ml.estimators.settings import ModelSettings
from hvc_ml.estimators.value import FLOOR_SHARE

SCALE_LIMITS = (0.2, 5.0)
"""A total further off than this is a change of business, not of season."""

SHOCK = 1 / 3
"""Share of the error of the total's logarithm by which each customer's ends move apart: customers differ far more from
each other than seasons do, so a common shift costs little coverage (measured: 78 to 81 % inside on three logs)."""

RULE_FLOOR = 0.02
"""Of the mean spend: what nothing spent counts as in a rule of thumb."""


def fit_recipe(
    fit: pd.DataFrame | None,
    calibrate: pd.DataFrame | None,
    features: Sequence[str],
    categorical: Mapping[str, Sequence[str] | None],
    settings: ModelSettings,
    *,
    horizon: int,
    kind: Kind = "no_order",
    prior: Prior | None = None,
    moment: date | None = None,
) -> Recipe:
    """Fit everything at a moment T.

    Parameters
    ----------
    fit
        Rows of the fit cutoffs, each mature at the calibrate cutoff: features, ``prior_*`` columns (or those that
        ``prior`` computes them from), ``churned`` (0 or 1), ``future_value`` (currency). None or few rows: the prior
        stands alone.
    calibrate
        Rows of a later cutoff, mature at T; decides rounds, weights, calibration, totals and intervals.
    features
        Columns to learn from.
    categorical
        Text columns among them, with their categories (None: those found in ``fit``).
    settings
        How.
    horizon
        Days that the labels look ahead.
    kind
        What leaving means.
    prior
        The prior at T: scores customers whose frame brings no ``prior_*`` columns.
    moment
        T. With it, and ISO dates in the frames' ``cutoff``, levels are forecast from those of all cutoffs; without it
        they stay as the calibrate cutoff has them.

    Raises
    ------
    NotEnoughData
        If labels are missing, or everybody or nobody churned.
    ModelRefused
        If a column is missing or infinite.
    """
    fit_rows = _checked(fit, "fit", prior, horizon)
    late_rows = _checked(calibrate, "calibrate", prior, horizon)
    why = _too_few(fit_rows, late_rows, settings)
    knowns = _Knowns(tuple(features), settings, horizon, kind, prior, moment)
    with one_thread():
        if why is None and fit_rows is not None and late_rows is not None:
            return _blended(fit_rows, late_rows, categorical, knowns)
        enough = late_rows if late_rows is not None and not _few(late_rows, settings) else None
        return _prior_alone(why or "", None if enough is None else fit_rows, enough, knowns)


class _Knowns(NamedTuple):
    """What every recipe carries along."""

    features: tuple[str, ...]
    settings: ModelSettings
    horizon: int
    kind: Kind
    prior: Prior | None
    moment: date | None


def _blended(
    fit: pd.DataFrame, late: pd.DataFrame, categorical: Mapping[str, Sequence[str] | None], knowns: _Knowns
) -> Recipe:
    """Correct the prior, and blend what the members say, as far as the calibrate cutoff bears it out."""
    settings = knowns.settings
    members = fit_members(fit, late, knowns.features, categorical, settings, knowns.horizon)
    risk = _mixed_risk(members, late, settings)
    value = ValueBlend(
        hurdle=members.hurdle,
        tweedie=members.tweedie,
        trees=members.value_trees,
        rule=_rule(fit, late, knowns) if "rule" in settings.members else None,
    )
    notes = {
        "fit_rows": len(fit),
        "calibrate_rows": len(late),
        "rounds": {name: part.trees.rounds for name, part in members._asdict().items() if _has_trees(part)},
        "value_cap": members.cap,
        "tweedie_power": members.power,
    }
    why = f"{len(fit):,} rows to fit and {len(late):,} to calibrate"
    recipe = _recipe("boosted", why, risk, value, members.floor, notes, knowns)
    return _calibrated(recipe, fit, late, knowns, members)


def _has_trees(part: object) -> bool:
    return isinstance(part, Correction) and part.trees is not None


def _mixed_risk(members: Members, late: pd.DataFrame, settings: ModelSettings) -> RiskModel:
    """Mix the prior and both kinds of trees by their loss on the calibrate cutoff, whatever its level and slope."""
    start, threads = starts(late, members.floor), settings.threads
    target = Target(late["churned"].to_numpy(np.float64))
    said = {"prior": start.churn, "boosted": start.churn + members.churn.margin(start.churn, late, threads)}
    if "trees" in settings.members:
        said["trees"] = members.churn_trees.alone(late, threads)
    mix = best_mix(said, LevelFreeLoss(Plan("binary"), target), len(late), RISK_USUAL._asdict())
    return RiskModel(members.churn, members.churn_trees, RiskWeights(**mix))


def _rule(fit: pd.DataFrame, late: pd.DataFrame, knowns: _Knowns) -> Rule | None:
    """Past spend as a member: all of it, or that of the last horizon, whichever goes with what came."""
    columns = [c for c in ("spend_lifetime", f"spend_{knowns.horizon}d") if c in fit.columns]
    if not columns:
        return None
    came = late["future_value"].rank() - (len(late) + 1) / 2
    best = max(columns, key=lambda c: (float(late[c].rank().to_numpy() @ came.to_numpy()), c))
    spent = np.maximum(fit[best].to_numpy(np.float64), 0.0)
    rule = Rule(best, RULE_FLOOR * float(np.nanmean(spent)) or 1.0)
    return replace(rule, reference=float(np.median(rule.margin(fit))))


def _prior_alone(why: str, fit: pd.DataFrame | None, late: pd.DataFrame | None, knowns: _Knowns) -> Recipe:
    """No correction; still calibrated, where a mature cutoff allows it."""
    floor, middle = 1e-6, Starts(np.zeros(1), np.zeros(1), np.zeros(1))
    if late is not None:
        floor = FLOOR_SHARE * float(late["prior_value_if_kept"].mean())
        middle = starts(late, floor)
    risk = RiskModel(Correction(reference=float(np.median(middle.churn))))
    value = ValueBlend(hurdle=Correction(reference=float(np.median(middle.kept))))
    notes = {"fit_rows": 0, "calibrate_rows": 0 if late is None else len(late)}
    rung: Rung = "prior"
    if isinstance(knowns.prior, BuyTillYouDie) and knowns.prior.fallback:
        rung, why = "heuristic", f"{why}, and even that is a simple rate ({knowns.prior.fallback})"
    recipe = _recipe(rung, why, risk, value, floor, notes, knowns)
    return recipe if late is None else _calibrated(recipe, fit, late, knowns, None)


def _recipe(
    rung: Rung, why: str, risk: RiskModel, value: ValueBlend, floor: float, notes: dict[str, Any], knowns: _Knowns
) -> Recipe:
    mass = knowns.kind == "no_order"
    return Recipe(
        rung=rung,
        why=why,
        kind=knowns.kind,
        horizon=knowns.horizon,
        features=knowns.features,
        prior=knowns.prior,
        risk=risk,
        value=value,
        intervals=prior_intervals(knowns.prior, knowns.horizon, knowns.settings, point_mass=mass),
        floor=floor,
        notes=notes,
        threads=knowns.settings.threads,
    )


def _calibrated(
    recipe: Recipe, fit: pd.DataFrame | None, late: pd.DataFrame, knowns: _Knowns, members: Members | None
) -> Recipe:
    """Calibrate risk, mix the members, forecast levels and learn intervals, on rows nobody has learned from."""
    settings, fold = knowns.settings, _folds(late)
    gone, observed = late["churned"].to_numpy() == 1, late["future_value"].to_numpy(np.float64)
    start = starts(late, recipe.floor)
    margin = recipe.risk.margin(start, late, settings.threads)
    calibrator, brier = fit_calibrator(margin, gone, fold)
    risk = calibrator(margin)
    value = recipe.value
    if recipe.kind == "contract_end":
        value = replace(value, leavers_share=_leavers(value, start, late, settings.threads))
    if members is not None:
        value = replace(value, weights=_weights(value, start, late, risk, settings, members))
    recipe = replace(recipe, risk=replace(recipe.risk, calibrator=calibrator), value=value)
    churn_level, value_level = levels_ahead(recipe, fit, late, knowns.moment)
    money = np.exp(value.margin(start, late, risk, settings.threads) + value_level.now)
    money *= float(np.clip(observed[~gone].sum() / money[~gone].sum(), *SCALE_LIMITS))
    future = money * np.exp(log_stay(risk, value.leavers_share))
    total_error = _total_error(churn_level, value_level, risk, money)
    intervals = fit_intervals(
        risk,
        money,
        future,
        observed,
        ~gone,
        settings.coverage,
        point_mass=recipe.kind == "no_order",
        fold=fold,
        shock=float(np.exp(SHOCK * total_error)),
    )
    rung, why = _rung(recipe, members)
    notes = {
        **recipe.notes,
        "brier": brier,
        "calibrator": calibrator.kind,
        "weights": {"churn": recipe.risk.weights._asdict(), "value": value.weights._asdict()},
        "levels": {"churn": churn_level._asdict(), "value": value_level._asdict()},
    }
    return replace(
        recipe,
        rung=rung,
        why=why,
        risk=replace(recipe.risk, shift=churn_level.ahead - churn_level.now),
        value=replace(value, shift=value_level.ahead),
        intervals=intervals,
        total_error=total_error,
        notes=notes,
    )


def _leavers(value: ValueBlend, start: Starts, late: pd.DataFrame, threads: int | None) -> float:
    """What leavers of contracts still bring, as a share of what they would have brought."""
    gone, observed = late["churned"].to_numpy() == 1, late["future_value"].to_numpy(np.float64)
    money = np.exp(start.kept + value.hurdle.margin(start.kept, late, threads))
    scale = observed[~gone].sum() / money[~gone].sum()
    return float(np.clip(observed[gone].sum() / (scale * money[gone].sum()), 0.0, 1.0))


def _weights(
    value: ValueBlend, start: Starts, late: pd.DataFrame, risk: Array, settings: ModelSettings, members: Members
) -> Weights:
    every = value.members(start, late, risk, settings.threads, every=True)
    stay = log_stay(risk, value.leavers_share)
    asked = [m for m in every if m in settings.members and (m != "rule" or value.rule is not None)]
    observed = np.clip(late["future_value"].to_numpy(np.float64), 0.0, members.cap)
    return learn_weights({m: every[m] + stay for m in asked or ["prior"]}, observed)


def _total_error(churn: Level, value: Level, risk: Array, money: Array) -> float:
    """Standard error of the log of the total: both levels together, as a season moves them."""
    stays = float((1 - risk) @ money)
    elasticity = float((risk * (1 - risk)) @ money) / stays if stays > 0 else 0.0
    return value.error + elasticity * churn.error


def _rung(recipe: Recipe, members: Members | None) -> tuple[Rung, str]:
    """Which rung of the ladder the weights have left the recipe on."""
    value, churn = recipe.value.weights, recipe.risk.weights
    if members is None:
        return recipe.rung, recipe.why
    if churn.prior == 1 and value.prior == 1:
        return "prior", f"{recipe.why}, and nothing learned from them bore out on the later ones"
    several = churn.trees or value.tweedie or value.trees or value.rule
    return "blended" if several else "boosted", f"{recipe.why}; risk is {_mix(churn)}, value is {_mix(value)}"


def _mix(weights: RiskWeights | Weights) -> str:
    return ", ".join(f"{name} {share:.0%}" for name, share in weights._asdict().items() if share)


def _checked(frame: pd.DataFrame | None, name: str, prior: Prior | None, horizon: int) -> pd.DataFrame | None:
    if frame is None or not len(frame):
        return None
    for label in ("churned", "future_value"):
        if label not in frame.columns:
            raise NotEnoughData(f"{name}: the frame has no {label}; label the cutoffs first.")
        values = frame[label].to_numpy(np.float64, na_value=np.nan)
        bad = int((~np.isfinite(values)).sum())
        if bad:
            raise NotEnoughData(
                f"{name}.{label}: {bad:,} of {len(frame):,} labels are missing or infinite; is it mature?"
            )
    churned = frame["churned"].to_numpy(np.float64)
    if len(np.unique(churned)) < 2:
        what = "everybody" if churned[0] else "nobody"
        raise NotEnoughData(
            f"{name}: {what} of {len(frame):,} customers churned; choose another horizon or churn rule."
        )
    frame = with_prior(frame, prior, horizon)
    for column in PRIOR_COLUMNS:
        if not np.isfinite(frame[column].to_numpy(np.float64)).all():
            raise ModelRefused(f"{name}.{column}: holds missing or infinite values.")
    return frame


def _too_few(fit: pd.DataFrame | None, late: pd.DataFrame | None, settings: ModelSettings) -> str | None:
    if fit is None:
        return "no earlier cutoff is mature enough to learn from: the prior stands alone"
    if late is None:
        return "no cutoff is mature enough to calibrate on: the prior stands alone"
    if not {"hurdle", "tweedie", "trees"} & set(settings.members):
        return "model.members names none with trees: the prior stands alone"
    for name, rows in (("fit", fit), ("calibrate", late)):
        if _few(rows, settings):
            gone = int(rows["churned"].sum())
            return (
                f"{len(rows):,} rows to {name} ({gone:,} churned) are too few "
                f"(at least {settings.min_rows:,}, {settings.min_each:,} of each): the prior stands alone"
            )
    return None


def _few(rows: pd.DataFrame, settings: ModelSettings) -> bool:
    gone = int(rows["churned"].sum())
    return len(rows) < settings.min_rows or min(gone, len(rows) - gone) < settings.min_each


def _folds(frame: pd.DataFrame) -> NDArray[np.int_]:
    """Folds by customer: rows of one customer never stand on both sides."""
    if "customer_id" not in frame.columns:
        return np.arange(len(frame)) % FOLDS
    codes, _ = pd.factorize(frame["customer_id"], sort=True)
    answer: NDArray[np.int_] = codes % FOLDS
    return answer


__all__ = ["Calibrator", "Contributions", "Explained", "Recipe", "fit_recipe"]
