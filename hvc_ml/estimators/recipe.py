"""From a modelling frame to a recipe."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.errors import ModelRefused, NotEnoughData
from hvc_ml.estimators.calibration import FOLDS, Calibrator, fit_calibrator
from hvc_ml.estimators.churn import ChurnClassifier
from hvc_ml.estimators.fitted import Contributions, Correction, Explained, Kind, Recipe, offsets
from hvc_ml.estimators.intervals import fit_intervals
from hvc_ml.estimators.line import line_columns
from hvc_ml.estimators.losses import LevelFreeLoss, Objective, Plan, Rows
from hvc_ml.estimators.prior import PRIOR_COLUMNS
from hvc_ml.estimators.prior_columns import Prior, with_prior
from hvc_ml.estimators.prior_intervals import prior_intervals
from hvc_ml.estimators.settings import ModelSettings
from hvc_ml.estimators.value import FLOOR_SHARE, ValueIfKeptRegressor

Array = NDArray[np.float64]

RISK_START, VALUE_START = "prior_risk_start", "prior_value_start"

WEIGHTS = tuple(k / 8 for k in range(9))
USUAL_WEIGHT = 0.75
PULL = 10.0
"""A weight of the correction other than the usual one must earn its distance: PULL nats at distance 1."""

SCALE_LIMITS = (0.2, 5.0)
"""A total further off than this is a change of business, not of season."""


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
    knowns = _Knowns(tuple(features), settings, horizon, kind, prior)
    if why is None and fit_rows is not None and late_rows is not None:
        return _boosted(fit_rows, late_rows, categorical, knowns)
    enough = late_rows if late_rows is not None and not _few(late_rows, settings) else None
    return _prior_alone(why or "", enough, knowns)


class _Knowns(NamedTuple):
    """What every recipe carries along."""

    features: tuple[str, ...]
    settings: ModelSettings
    horizon: int
    kind: Kind
    prior: Prior | None


def _boosted(
    fit: pd.DataFrame, late: pd.DataFrame, categorical: Mapping[str, Sequence[str] | None], knowns: _Knowns
) -> Recipe:
    """Correct the prior by a line and trees, each believed as far as the calibrate cutoff bears it out."""
    settings = knowns.settings
    columns = [*knowns.features, *(c for c in PRIOR_COLUMNS if c not in knowns.features)]
    shared = _shared(settings, categorical) | {"line": line_columns(knowns.features, knowns.horizon)}
    churn = ChurnClassifier(RISK_START, **shared)
    churn.fit(
        _starts(fit)[[*columns, RISK_START]],
        fit["churned"].to_numpy(int),
        eval_X=_starts(late)[[*columns, RISK_START]],
        eval_y=late["churned"].to_numpy(int),
    )
    kept, late_kept = fit[fit["churned"] == 0], late[late["churned"] == 0]
    value = ValueIfKeptRegressor(VALUE_START, winsor=settings.winsor, **shared)
    value.fit(
        _starts(kept)[[*columns, VALUE_START]],
        kept["future_value"].to_numpy(np.float64),
        eval_X=_starts(late_kept)[[*columns, VALUE_START]],
        eval_y=late_kept["future_value"].to_numpy(np.float64),
    )
    middle = [float(np.median(o)) for o in offsets(fit, value.floor_)]
    risk = Correction(churn.line_, churn.boosted_, 1.0, middle[0])
    money = Correction(value.line_, value.boosted_, 1.0, middle[1])
    risk = _weighted(risk, offsets(late, value.floor_)[0], late, late["churned"].to_numpy(np.float64), "binary")
    target = np.clip(late_kept["future_value"].to_numpy(np.float64), value.floor_, value.cap_)
    money = _weighted(money, offsets(late_kept, value.floor_)[1], late_kept, target, "gamma")
    notes = {
        "fit_rows": len(fit),
        "calibrate_rows": len(late),
        "rounds": {"churn": churn.boosted_.rounds, "value": value.boosted_.rounds},
        "weights": {"churn": risk.weight, "value": money.weight},
        "value_cap": value.cap_,
    }
    why = f"{len(fit):,} rows to fit and {len(late):,} to calibrate"
    return _finish("boosted", why, late, risk, money, value.floor_, notes, knowns)


def _weighted(part: Correction, offset: Array, late: pd.DataFrame, y: Array, objective: Objective) -> Correction:
    """Choose how far the correction is believed: by its loss on the calibrate cutoff, pulled to USUAL_WEIGHT."""
    rows = Rows(np.empty((len(y), 0)), y)
    measure = LevelFreeLoss(Plan(objective), rows)
    correction = part.correction(offset, late, None)
    losses = [len(y) * measure(offset + w * correction) + PULL * (w - USUAL_WEIGHT) ** 2 for w in WEIGHTS]
    return replace(part, weight=WEIGHTS[int(np.argmin(losses))])


def _prior_alone(why: str, late: pd.DataFrame | None, knowns: _Knowns) -> Recipe:
    """No correction; still calibrated, where a mature cutoff allows it."""
    floor, middle = 1e-6, [0.0, 0.0]
    if late is not None:
        floor = FLOOR_SHARE * float(late["prior_value_if_kept"].mean())
        middle = [float(np.median(o)) for o in offsets(late, floor)]
    churn, value = (Correction(None, None, 0.0, m) for m in middle)
    notes = {"fit_rows": 0, "calibrate_rows": 0 if late is None else len(late)}
    return _finish("prior", why, late, churn, value, floor, notes, knowns)


def _finish(
    rung: Literal["boosted", "prior"],
    why: str,
    late: pd.DataFrame | None,
    churn: Correction,
    value: Correction,
    floor: float,
    notes: dict[str, Any],
    knowns: _Knowns,
) -> Recipe:
    """Calibrate risk and totals, and learn intervals, on the calibrate cutoff."""
    mass = knowns.kind == "no_order"
    recipe = Recipe(
        rung=rung,
        why=why,
        kind=knowns.kind,
        horizon=knowns.horizon,
        features=knowns.features,
        prior=knowns.prior,
        churn=churn,
        value=value,
        calibrator=Calibrator("identity"),
        intervals=prior_intervals(knowns.prior, knowns.horizon, knowns.settings, point_mass=mass),
        floor=floor,
        notes=notes,
        threads=knowns.settings.threads,
    )
    return recipe if late is None else _calibrated(recipe, late, knowns.settings)


def _calibrated(recipe: Recipe, late: pd.DataFrame, settings: ModelSettings) -> Recipe:
    fold, threads = _folds(late), settings.threads
    offset_churn, offset_value = offsets(late, recipe.floor)
    gone, observed = late["churned"].to_numpy() == 1, late["future_value"].to_numpy(np.float64)
    margin = recipe.churn.margin(offset_churn, late, threads)
    calibrator, brier = fit_calibrator(margin, gone, fold)
    risk = calibrator(margin)
    money = np.exp(recipe.value.margin(offset_value, late, threads))
    expected = np.sum((1 - Calibrator("identity")(margin)) * money)
    drift = float(np.log(np.clip(observed.sum() / expected, *SCALE_LIMITS)))  # since the fit cutoffs, in all at once
    scale = float(np.clip(observed[~gone].sum() / money[~gone].sum(), *SCALE_LIMITS))
    value = replace(recipe.value, shift=recipe.value.shift + float(np.log(scale)))
    money = money * scale
    mass = recipe.kind == "no_order"
    leavers = 0.0 if mass else float(np.clip(observed[gone].sum() / money[gone].sum(), 0.0, 1.0))
    future = (1 - risk) * money + risk * leavers * money
    intervals = fit_intervals(
        risk,
        money,
        future,
        observed,
        ~gone,
        settings.coverage,
        point_mass=mass,
        fold=fold,
        shock=float(np.exp(abs(drift) / 2)),
    )
    notes = {**recipe.notes, "brier": brier, "calibrator": calibrator.kind, "value_scale": scale, "drift": drift}
    return replace(recipe, value=value, calibrator=calibrator, intervals=intervals, leavers_share=leavers, notes=notes)


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


def _shared(settings: ModelSettings, categorical: Mapping[str, Sequence[str] | None]) -> dict[str, Any]:
    return {
        "categories": dict(categorical),
        "rounds": settings.rounds,
        "learning_rate": settings.learning_rate,
        "leaves": settings.leaves,
        "min_child_samples": settings.min_child_samples,
        "l2": settings.l2,
        "seed": settings.seed,
        "threads": settings.threads,
    }


def _starts(frame: pd.DataFrame) -> pd.DataFrame:
    """Copies of the prior's columns to start from: the trees may learn from the originals too."""
    risk = 1 - frame["prior_active"].to_numpy(np.float64)
    return frame.assign(**{RISK_START: risk, VALUE_START: frame["prior_value_if_kept"].to_numpy(np.float64)})


def _folds(frame: pd.DataFrame) -> NDArray[np.int_]:
    """Folds by customer: rows of one customer never stand on both sides."""
    if "customer_id" not in frame.columns:
        return np.arange(len(frame)) % FOLDS
    codes, _ = pd.factorize(frame["customer_id"], sort=True)
    answer: NDArray[np.int_] = codes % FOLDS
    return answer


__all__ = ["Contributions", "Explained", "Recipe", "fit_recipe"]
