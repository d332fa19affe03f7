"""From a modelling frame to a recipe."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.errors import ModelRefused, NotEnoughData
from hvc_ml.estimators.calibration import FOLDS, Calibrator, fit_calibrator
from hvc_ml.estimators.churn import ChurnClassifier
from hvc_ml.estimators.intervals import Intervals, default_intervals, fit_intervals
from hvc_ml.estimators.prior import PRIOR_COLUMNS
from hvc_ml.estimators.prior_columns import Prior, with_prior
from hvc_ml.estimators.fitted import Contributions, Correction, Explained, Kind, Recipe, offsets
from hvc_ml.estimators.settings import ModelSettings
from hvc_ml.estimators.value import ValueIfKeptRegressor

Array = NDArray[np.float64]

PRIOR_RISK = "prior_churn_risk"


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
        Rows of the fit cutoffs, each mature at the calibrate cutoff: features, ``prior_*`` columns (or those that ``prior``
        computes them from), ``churned`` (0 or 1), ``future_value`` (currency). None or few rows: the prior stands alone.
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
    if why is None and fit_rows is not None and late_rows is not None:
        return _boosted(fit_rows, late_rows, tuple(features), categorical, settings, horizon, kind, prior)
    known = late_rows if late_rows is not None and not _few(late_rows, settings) else None
    return _prior_alone(why or "", known, tuple(features), settings, horizon, kind, prior)


def _boosted(
    fit: pd.DataFrame,
    late: pd.DataFrame,
    features: tuple[str, ...],
    categorical: Mapping[str, Sequence[str] | None],
    settings: ModelSettings,
    horizon: int,
    kind: Kind,
    prior: Prior | None,
) -> Recipe:
    columns = [*features, *(c for c in PRIOR_COLUMNS if c not in features)]
    shared = _shared(settings, categorical)
    churn = ChurnClassifier(PRIOR_RISK, **shared)
    churn.fit(
        fit[[*columns, PRIOR_RISK]],
        fit["churned"].to_numpy(),
        eval_X=late[[*columns, PRIOR_RISK]],
        eval_y=late["churned"].to_numpy(),
    )
    kept, late_kept = fit[fit["churned"] == 0], late[late["churned"] == 0]
    value = ValueIfKeptRegressor("prior_value_if_kept_start", winsor=settings.winsor, **shared)
    value.fit(
        _start(kept[columns]),
        kept["future_value"].to_numpy(),
        eval_X=_start(late_kept[columns]),
        eval_y=late_kept["future_value"].to_numpy(),
    )
    start_churn, start_value = offsets(fit, value.floor_)
    rounds = {"churn": churn.boosted_.rounds, "value": value.boosted_.rounds}
    notes = {"fit_rows": len(fit), "calibrate_rows": len(late), "rounds": rounds, "value_cap": value.cap_}
    return _finish(
        rung="boosted",
        why=f"{len(fit):,} rows to fit and {len(late):,} to calibrate",
        late=late,
        features=features,
        settings=settings,
        horizon=horizon,
        kind=kind,
        prior=prior,
        churn=Correction(churn.boosted_, 1.0, float(np.median(start_churn))),
        value=Correction(value.boosted_, 1.0, float(np.median(start_value))),
        floor=value.floor_,
        notes=notes,
    )


def _prior_alone(
    why: str,
    late: pd.DataFrame | None,
    features: tuple[str, ...],
    settings: ModelSettings,
    horizon: int,
    kind: Kind,
    prior: Prior | None,
) -> Recipe:
    floor, churn, value = 1e-6, 0.0, 0.0
    if late is not None:
        floor = 0.01 * float(late["prior_value_if_kept"].mean())
        churn, value = (float(np.median(o)) for o in offsets(late, floor))
    return _finish(
        rung="prior",
        why=why,
        late=late,
        features=features,
        settings=settings,
        horizon=horizon,
        kind=kind,
        prior=prior,
        churn=Correction(None, 0.0, churn),
        value=Correction(None, 0.0, value),
        floor=floor,
        notes={"fit_rows": 0, "calibrate_rows": 0 if late is None else len(late)},
    )


def _finish(
    *,
    late: pd.DataFrame | None,
    churn: Correction,
    value: Correction,
    floor: float,
    settings: ModelSettings,
    kind: Kind,
    notes: dict[str, Any],
    **known: Any,
) -> Recipe:
    """Calibrate risk and totals, and learn intervals, on the calibrate cutoff."""
    mass = kind == "no_order"
    if late is None:
        plain: Intervals = default_intervals(settings.coverage, point_mass=mass)
        return Recipe(
            churn=churn,
            value=value,
            floor=floor,
            kind=kind,
            calibrator=Calibrator("identity"),
            intervals=plain,
            notes=notes,
            threads=settings.threads,
            **known,
        )
    fold = _folds(late)
    offset_churn, offset_value = offsets(late, floor)
    gone, observed = late["churned"].to_numpy() == 1, late["future_value"].to_numpy(np.float64)
    calibrator, brier = fit_calibrator(churn.margin(offset_churn, late, settings.threads), gone, fold)
    risk = calibrator(churn.margin(offset_churn, late, settings.threads))
    money = np.exp(value.margin(offset_value, late, settings.threads))
    scale = float(np.clip(observed[~gone].sum() / money[~gone].sum(), 0.2, 5.0))
    value = Correction(value.trees, value.weight, value.reference, value.shift + float(np.log(scale)))
    money = np.exp(value.margin(offset_value, late, settings.threads))
    leavers = 0.0 if mass else float(np.clip(observed[gone].sum() / money[gone].sum(), 0.0, 1.0))
    future = (1 - risk) * money + risk * leavers * money
    intervals = fit_intervals(
        risk, money, future, observed, ~gone, settings.coverage, point_mass=mass, fold=fold
    )
    return Recipe(
        churn=churn,
        value=value,
        floor=floor,
        kind=kind,
        calibrator=calibrator,
        intervals=intervals,
        leavers_share=leavers,
        notes={**notes, "brier": brier, "calibrator": calibrator.kind, "value_scale": scale},
        threads=settings.threads,
        **known,
    )


def _checked(frame: pd.DataFrame | None, name: str, prior: Prior | None, horizon: int) -> pd.DataFrame | None:
    if frame is None or not len(frame):
        return None
    for label in ("churned", "future_value"):
        if label not in frame.columns:
            raise NotEnoughData(f"{name}: the frame has no {label}; label the cutoffs first.")
        values = frame[label].to_numpy(np.float64, na_value=np.nan)
        bad = int((~np.isfinite(values)).sum())
        if bad:
            raise NotEnoughData(f"{name}.{label}: {bad:,} of {len(frame):,} labels are missing or infinite; is it mature?")
    churned = frame["churned"].to_numpy(np.float64)
    if len(np.unique(churned)) < 2:
        what = "everybody" if churned[0] else "nobody"
        raise NotEnoughData(f"{name}: {what} of {len(frame):,} customers churned; choose another horizon or churn rule.")
    frame = with_prior(frame, prior, horizon)
    for column in PRIOR_COLUMNS:
        if not np.isfinite(frame[column].to_numpy(np.float64)).all():
            raise ModelRefused(f"{name}.{column}: holds missing or infinite values.")
    return frame.assign(**{PRIOR_RISK: 1 - frame["prior_active"].to_numpy(np.float64)})


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


def _start(frame: pd.DataFrame) -> pd.DataFrame:
    """The offset's column goes in twice: once to start from, once to learn from."""
    return frame.assign(prior_value_if_kept_start=frame["prior_value_if_kept"])


def _folds(frame: pd.DataFrame) -> NDArray[np.int_]:
    """Folds by customer: rows of one customer never stand on both sides."""
    if "customer_id" not in frame.columns:
        return np.arange(len(frame)) % FOLDS
    codes, _ = pd.factorize(frame["customer_id"], sort=True)
    answer: NDArray[np.int_] = codes % FOLDS
    return answer


__all__ = ["Contributions", "Explained", "Recipe", "fit_recipe"]
