"""Levels: how far all customers together were off at past cutoffs, and how far they will be off at the next one.

Customers of one cutoff move together: a season, a market, a price. Rows cannot show that, only cutoffs can. So the
level of a model, one number per cutoff, is forecast as a Gaussian process (Rasmussen & Williams, *Gaussian Processes
for Machine Learning*, 2006, eq. 2.22-2.24) with a slow drift, a yearly season, and noise that overlapping horizons
share. Its spread is the common shock of totals: the part of their error that does not shrink with more customers.
"""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from hvc_ml.estimators.correction import starts
from hvc_ml.estimators.fitted import Recipe

Array = NDArray[np.float64]

DRIFT, DRIFT_DAYS = 0.10, 365.0
SEASON, SEASON_LENGTH, YEAR = 0.20, 0.7, 365.25
NOISE = 0.06
JUMP = 0.40
"""What rows that were learned from cannot tell: their mean level is right by construction, later ones' need not be."""
YOUNG = 0.10
"""Error of a cutoff with one horizon of history before it; with half of that it is twice as large."""

MOST_ROWS = 10_000
"""Of one cutoff: the error of its level is a hundredth then, a fifth of the noise that all its customers share."""

STRANGE = float(np.log(5.0))
"""A level further off than this is a change of business, not of season."""


@dataclass(frozen=True)
class Levels:
    """Levels seen at past cutoffs, each the shift of the margin that makes the cutoff's mean right.

    Attributes
    ----------
    day
        The cutoffs, in days, shape (k,).
    shift
        Shift of the margin (log-odds of risk, or log of money), shape (k,).
    error
        Its standard error from sampling customers, shape (k,).
    history
        Days of orders before each cutoff, shape (k,).
    learned
        True where the model has learned from the cutoff's rows.
    """

    day: Array
    shift: Array
    error: Array
    history: Array
    learned: NDArray[np.bool_]

    def forecast(self, moment: float, horizon: float) -> tuple[float, float]:
        """The level at ``moment`` and its standard error.

        Parameters
        ----------
        moment
            Days, on the axis of ``day``.
        horizon
            Days that labels look ahead; cutoffs nearer to each other than this share noise.

        Returns
        -------
        float, float
            Expected shift, and the standard error of the true one around it. Without any level: 0 and the spread
            that levels have at all.

        Examples
        --------
        A shop whose quarter before Christmas is 30 % above the rest of the year, every year:

        >>> day = np.arange(0.0, 720.0, 30.0)
        >>> autumn = (day % 365 > 240) & (day % 365 < 330)
        >>> ones = np.ones(24)
        >>> seen = Levels(day, 0.3 * autumn, 0.02 * ones, 365 + day, ones > 0)
        >>> [round(seen.forecast(at, 90)[0], 2) for at in (730 + 120, 730 + 280)]
        [0.06, 0.33]
        """
        day = np.append(self.day, moment)
        later = np.append(~self.learned, True).astype(np.float64)
        shared = _covariance(day, horizon) + JUMP**2 * np.outer(later, later)
        own = self.error**2 + (YOUNG * horizon / np.maximum(self.history, 1.0)) ** 2
        known, ahead = shared[:-1, :-1] + np.diag(own), shared[-1, :-1]
        if not len(self.day):
            return 0.0, float(np.sqrt(shared[-1, -1]))
        weight = np.linalg.solve(known, ahead)
        shift = float(np.clip(weight @ self.shift, -STRANGE, STRANGE))
        return shift, float(np.sqrt(max(shared[-1, -1] - weight @ ahead, 0.0)))


def _covariance(day: Array, horizon: float) -> Array:
    apart = np.abs(day[:, None] - day[None, :])
    drift = DRIFT**2 * np.exp(-apart / DRIFT_DAYS)
    season = SEASON**2 * np.exp(-2 * np.sin(np.pi * apart / YEAR) ** 2 / SEASON_LENGTH**2)
    answer: Array = drift + season + NOISE**2 * np.maximum(0.0, 1 - apart / horizon)
    return answer


class Level(NamedTuple):
    """The level now (at the calibrate cutoff), the one ahead (at the moment of use), and the standard error of it."""

    now: float
    ahead: float
    error: float


def levels_ahead(
    recipe: Recipe, fit: pd.DataFrame | None, late: pd.DataFrame, moment: date | None
) -> tuple[Level, Level]:
    """Levels of risk and of value if kept.

    Parameters
    ----------
    recipe
        With its calibrator and weights, its shifts still 0.
    fit
        Rows it has learned from; None where it has learned from none.
    late
        Rows of the calibrate cutoff.
    moment
        When it is to be used; None keeps the levels of now.

    Returns
    -------
    Level, Level
        Of the risk's margin before calibration, in log-odds; of the log of value if kept.
    """
    now = _seen(recipe, late)
    if moment is None:
        return now.kept("churn"), now.kept("value")
    earlier = [] if fit is None else [rows for _, rows in fit.groupby("cutoff", sort=True)]
    trained = recipe.risk.boosted.trees is not None
    seen = [*(_seen(recipe, rows, learned=trained) for rows in earlier), now]
    return _ahead(seen, "churn", recipe.horizon, moment), _ahead(seen, "value", recipe.horizon, moment)


class _Seen(NamedTuple):
    """One cutoff's levels, each with its standard error."""

    cutoff: str
    history: float
    learned: bool
    churn: tuple[float, float]
    value: tuple[float, float]

    def kept(self, name: str) -> Level:
        """The level of this cutoff, kept as it is."""
        shift, error = getattr(self, name)
        return Level(shift, shift, error)


def _ahead(seen: list[_Seen], name: str, horizon: int, moment: date) -> Level:
    usable = [s for s in seen if np.isfinite(getattr(s, name)[0])]
    shift, error = (np.array([getattr(s, name)[i] for s in usable]) for i in (0, 1))
    levels = Levels(
        day=np.array([float(date.fromisoformat(s.cutoff).toordinal()) for s in usable]),
        shift=shift,
        error=error,
        history=np.array([s.history for s in usable]),
        learned=np.array([s.learned for s in usable], dtype=bool),
    )
    ahead, spread = levels.forecast(float(moment.toordinal()), float(horizon))
    return Level(getattr(seen[-1], name)[0], ahead, spread)


def _seen(recipe: Recipe, rows: pd.DataFrame, *, learned: bool = False) -> _Seen:
    cutoff, first = str(rows["cutoff"].iloc[0]) if "cutoff" in rows else "", rows.get("days_since_first_order")
    history = 365.0 if first is None else float(np.nan_to_num(first.max(), nan=1.0))
    rows = rows.iloc[:: -(-len(rows) // MOST_ROWS)]
    margin = recipe.risk.margin(starts(rows, recipe.floor), rows, recipe.threads)
    gone = rows["churned"].to_numpy() == 1
    stayed, risk = rows[~gone], recipe.risk.calibrator(margin[~gone])
    money = np.exp(recipe.value.margin(starts(stayed, recipe.floor), stayed, risk, recipe.threads))
    observed = stayed["future_value"].to_numpy(np.float64)
    return _Seen(cutoff, history, learned, _risk_level(margin, gone), _money_level(money, observed))


def _risk_level(margin: Array, gone: NDArray[np.bool_]) -> tuple[float, float]:
    """The shift of the log-odds that makes the mean risk the share that left, and its standard error."""
    share, n = float(gone.mean()), len(gone)
    if not 0 < share < 1:
        return float("nan"), float("nan")
    shift = brentq(lambda b: float(expit(margin + b).mean()) - share, -30.0, 30.0)
    return float(shift), float(1 / np.sqrt(n * share * (1 - share)))


def _money_level(money: Array, observed: Array) -> tuple[float, float]:
    """The log of what came over what was expected of those who stayed, and its standard error."""
    came, expected = float(observed.sum()), float(money.sum())
    if came <= 0 or expected <= 0:
        return 0.0, STRANGE
    shift = float(np.clip(np.log(came / expected), -STRANGE, STRANGE))
    residual = observed - np.exp(shift) * money
    return shift, float(np.sqrt(residual @ residual) / came)
