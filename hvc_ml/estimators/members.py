"""The members with trees: churn risk, value if kept, and all future value, on top of the prior and without it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.estimators.churn import ChurnClassifier
from hvc_ml.estimators.correction import Array, Correction, starts
from hvc_ml.estimators.encoder import Encoder
from hvc_ml.estimators.frames import Table, encoder_of
from hvc_ml.estimators.line import line_columns
from hvc_ml.estimators.losses import Plan
from hvc_ml.estimators.prior import PRIOR_COLUMNS
from hvc_ml.estimators.settings import ModelSettings
from hvc_ml.estimators.value import ValueIfKeptRegressor

RISK_START, KEPT_START, TOTAL_START = "prior_risk_start", "prior_kept_start", "prior_total_start"
"""Copies of the prior's columns to start from: the trees may learn from the originals too."""

NOTHING = Correction()
POWER_BINS = 20
POWERS = (1.1, 1.9)


class Members(NamedTuple):
    """Fitted corrections, and the limits their targets were held to.

    Attributes
    ----------
    churn, hurdle, tweedie
        Line and trees (Tweedie: trees alone) on top of the prior.
    churn_trees, value_trees
        Trees that know nothing of the prior.
    floor, cap
        The smallest and largest training target of value if kept, in the currency.
    power
        Of the Tweedie deviance.
    """

    churn: Correction
    hurdle: Correction
    tweedie: Correction
    churn_trees: Correction
    value_trees: Correction
    floor: float
    cap: float
    power: float


def fit_members(
    fit: pd.DataFrame,
    late: pd.DataFrame,
    features: Sequence[str],
    categorical: Mapping[str, Sequence[str] | None],
    settings: ModelSettings,
    horizon: int,
) -> Members:
    """Fit every member on ``fit``; rows of a later cutoff decide how many rounds each takes.

    Parameters
    ----------
    fit, late
        Labelled modelling frames with the prior's columns.
    features
        Columns to learn from, besides the prior's.
    categorical
        Text columns and their categories.
    settings
        How.
    horizon
        Days.
    """
    added = [c for c in PRIOR_COLUMNS if c not in features]
    columns = [*features, *added]
    encoder = encoder_of(fit, columns, categorical)
    line = line_columns(features, horizon)
    everyone = _Rows.of(fit, late, encoder, line, settings)
    stayed = everyone.some(*(frame["churned"].to_numpy() == 0 for frame in (fit, late)))
    falling, rising = _churn_directions(columns, settings), _value_directions(columns, settings)
    shared = _shared(settings)
    money = {**shared, "monotone": rising, "winsor": settings.winsor}
    risk = ChurnClassifier(RISK_START, line=line, monotone=falling, **shared)
    everyone.teach(risk, "churned")
    hurdle = ValueIfKeptRegressor(KEPT_START, line=line, **money)
    stayed.teach(hurdle, "future_value")
    floor, cap = hurdle.floor_, hurdle.cap_
    middle = starts(fit, floor)
    power, tweedie = tweedie_power(middle.total, np.clip(fit["future_value"].to_numpy(np.float64), 0.0, cap)), NOTHING
    if "tweedie" in settings.members:
        total = ValueIfKeptRegressor(TOTAL_START, objective="tweedie", power=power, **money)
        everyone.starting_at(floor).teach(total, "future_value")
        tweedie = Correction(None, total.boosted_, float(np.median(middle.total)))
    churn_trees, value_trees = NOTHING, NOTHING
    if "trees" in settings.members:
        plain = ChurnClassifier(monotone=falling, **shared)
        everyone.teach(plain, "churned", unused=added)
        churn_trees = Correction(None, plain.boosted_, plain.base_)
        amount = ValueIfKeptRegressor(**money)
        stayed.teach(amount, "future_value", unused=added)
        value_trees = Correction(None, amount.boosted_, amount.base_)
    return Members(
        churn_trees=churn_trees,
        value_trees=value_trees,
        churn=Correction(risk.line_, risk.boosted_, float(np.median(middle.churn))),
        hurdle=Correction(hurdle.line_, hurdle.boosted_, float(np.median(middle.kept))),
        tweedie=tweedie,
        floor=floor,
        cap=cap,
        power=power,
    )


def tweedie_power(margin: Array, observed: Array) -> float:
    """How fast the variance of money grows with its mean: the slope of their logarithms over bins of expected money.

    Parameters
    ----------
    margin
        Log of what was expected, shape (n,).
    observed
        What came, not negative, shape (n,).

    Returns
    -------
    float
        Within 1.1 and 1.9, where a Tweedie distribution has zeros and amounts; 1.5 where nothing can be told.

    References
    ----------
    Taylor's law; Joergensen, *The Theory of Dispersion Models*, 1997, ch. 4: ``variance = dispersion * mean ** power``.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> mean = np.exp(rng.normal(0, 1.5, 20_000))
    >>> round(tweedie_power(np.log(mean), rng.poisson(mean / 5) * 5.0), 1)
    1.1
    >>> round(tweedie_power(np.log(mean), mean * rng.exponential(size=20_000)), 1)
    1.9
    """
    order = np.argsort(margin, kind="stable")
    bins = [part for part in np.array_split(observed[order], POWER_BINS) if len(part) > 1]
    pairs = [(part.mean(), part.var()) for part in bins]
    logs = np.array([(np.log(m), np.log(v)) for m, v in pairs if m > 0 and v > 0])
    if len(logs) < 3 or np.ptp(logs[:, 0]) < 1e-6:
        return 1.5
    slope = np.polyfit(logs[:, 0], logs[:, 1], 1)[0]
    return float(np.round(np.clip(slope, *POWERS), 2))  # two digits: not worth a different model


class _Rows(NamedTuple):
    """Rows to fit and later ones to stop by, in the same bins: all members learn from them."""

    fit: Table
    late: Table

    @classmethod
    def of(
        cls, fit: pd.DataFrame, late: pd.DataFrame, encoder: Encoder, line: Sequence[str], settings: ModelSettings
    ) -> Self:
        plan = Plan("regression", seed=settings.seed, threads=settings.threads)
        table = Table.of(fit, encoder, plan)
        later = table.like(late, plan)
        return cls(*(replace(t, frame=_started(t.frame, line)) for t in (table, later)))

    def some(self, fit: NDArray[np.bool_], late: NDArray[np.bool_]) -> Self:
        """Fewer of them."""
        return type(self)(self.fit.some(fit), self.late.some(late))

    def starting_at(self, floor: float) -> Self:
        """With all future value to start from, the prior's value if kept counting as ``floor`` at least."""
        totals = (np.exp(starts(table.frame, floor).total) for table in self)
        return type(self)(
            *(replace(t, frame=t.frame.assign(**{TOTAL_START: v})) for t, v in zip(self, totals, strict=True))
        )

    def teach(self, model: Any, label: str, unused: Sequence[str] = ()) -> None:
        """Fit a model to one of the labels."""
        target, later = (table.frame[label].to_numpy(np.float64) for table in self)
        model.learn(self.fit, target, later=(self.late, later), unused=unused)


def _started(frame: pd.DataFrame, line: Sequence[str]) -> pd.DataFrame:
    """What lines, offsets and targets are made of."""
    wanted = [*line, "prior_active", "prior_value_if_kept", "churned", "future_value"]
    begun = {RISK_START: 1 - frame["prior_active"], KEPT_START: frame["prior_value_if_kept"]}
    return frame[list(dict.fromkeys(wanted))].assign(**begun)


def _churn_directions(columns: Sequence[str], settings: ModelSettings) -> dict[str, int] | None:
    """More silence is never a good sign. More orders may be: who bought often and has stopped, has left."""
    known = {"days_since_last_order": 1, "prior_active": -1}
    return {c: known[c] for c in columns if c in known} if settings.monotone else None


def _value_directions(columns: Sequence[str], settings: ModelSettings) -> dict[str, int] | None:
    rising = ("prior_value", "prior_value_if_kept", "spend_lifetime")
    found = {c: 1 for c in columns if c in rising or (c.startswith("spend_") and c.endswith("d"))}
    return found if settings.monotone else None


def _shared(settings: ModelSettings) -> dict[str, Any]:
    return {
        "rounds": settings.rounds,
        "learning_rate": settings.learning_rate,
        "leaves": settings.leaves,
        "feature_fraction": settings.feature_fraction,
        "min_child_samples": settings.min_child_samples,
        "l2": settings.l2,
        "seed": settings.seed,
        "threads": settings.threads,
    }
