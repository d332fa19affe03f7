"""When: how the churn risk of the whole horizon spreads over its days, and by which day to act.

Within the horizon something either happens to a customer or not. Where leaving means no order, that event is the order
of somebody who comes back; with contracts, it is the end of one. ``G(k) = P(event within k days | event within the
horizon)`` says when. It rises with k and ends at 1, so with the churn risk p of the whole horizon

    no order:      P(no order within k days)       = p + (1 - p) (1 - G(k)), which falls to p;
    contract end:  P(contract ended within k days) = p G(k),                 which rises to p.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from hvc_ml.errors import ModelRefused
from hvc_ml.estimators import bg_nbd
from hvc_ml.estimators.churn import churn_offset
from hvc_ml.estimators.contract_prior import ContractPrior
from hvc_ml.estimators.prior_columns import Prior

Array = NDArray[np.float64]
Kind = Literal["no_order", "contract_end"]

REPORTED: Final = (30, 60, 90, 180, 365)
"""Days at which the risk is told, where they lie within the horizon."""

STEPS: Final = (7, 14, 21, 30, 45, 60, 90, 120, 180, 270, 365)
"""Ends of the time steps, days from the cutoff; the last step of a model ends at its horizon."""

ACT_BEFORE: Final = "act_before_days"
FEWEST_EVENTS: Final = 50
"""With fewer events on the calibrate cutoff, the prior's word on when is taken as it is."""

MOST_EVENTS: Final = 50_000
"""More say no more about a handful of numbers."""

RIDGE: Final = (1.0, 30.0)
"""Pull to the prior, in rows: of each step's shift, of each slope."""

CLIP: Final = 1e-4
"""The prior's hazards stay this far from 0 and 1."""


def timing_columns(horizon: int) -> tuple[str, ...]:
    """What ``Timing.predict`` adds.

    Examples
    --------
    >>> timing_columns(90)
    ('churn_risk_30d', 'churn_risk_60d', 'act_before_days')
    """
    return (*(f"churn_risk_{k}d" for k in REPORTED if k < horizon), ACT_BEFORE)


@dataclass(frozen=True)
class Timing:
    """Discrete-time hazards of the event, given that it happens: the prior's, recalibrated.

    ``logit h(step) = belief x logit h_prior(step) + shift(step) + slopes . (figures - means)``, with the figures of
    `_figures`; in the last step h is 1 (Singer & Willett 1993, Journal of Educational Statistics 18(2), 155-195, with
    the prior as a predictor).

    Attributes
    ----------
    kind
        What leaving means.
    horizon
        Days that the churn risk looks ahead.
    belief
        How far the prior's differences between customers and steps are believed; 1 is as they are.
    shifts
        Of every step but the last; empty where there is one step only.
    means, slopes
        Of the customer's figures.
    events
        How many it was learned from; 0 where the prior's hazards stand alone.
    """

    kind: Kind
    horizon: int
    belief: float
    shifts: tuple[float, ...]
    means: tuple[float, ...]
    slopes: tuple[float, ...]
    events: int

    def predict(self, frame: pd.DataFrame, churn_risk: Array, prior: Prior | None) -> pd.DataFrame:
        """Churn risk over shorter stretches, and the day to act by.

        Parameters
        ----------
        frame
            ``days_since_last_order``, ``mean_gap_days`` and what the prior reads.
        churn_risk
            Of the whole horizon, shape (n,).
        prior
            That of the recipe; without one the event is as likely on every day.

        Returns
        -------
        DataFrame
            ``churn_risk_30d`` and so on for each of ``REPORTED`` within the horizon. Without contracts, P(no order in
            ``[cutoff, cutoff + k)``): at least ``churn_risk``, and falling in k. With contracts, P(the contract ends
            in it): at most ``churn_risk``, and rising in k. ``act_before_days``, whole days from the cutoff, in
            ``[0, horizon)``: by then half of those who come back on their own within the horizon have done so, and
            waiting longer tells ever less; with contracts, half of those who leave within it have left.
        """
        risk = np.asarray(churn_risk, dtype=np.float64)
        shape = self.shape(frame, risk, prior)
        ends = list(steps(self.horizon))
        told = {f"churn_risk_{k}d": self._risk(risk, shape[:, ends.index(k)]) for k in REPORTED if k < self.horizon}
        return pd.DataFrame({**told, ACT_BEFORE: np.floor(_halfway(shape, self.horizon))}, index=frame.index)

    def shape(self, frame: pd.DataFrame, churn_risk: Array, prior: Prior | None) -> Array:
        """G at the end of every step, shape (n, steps): rising, and 1 at the horizon."""
        figures = _figures(frame, churn_risk) - np.asarray(self.means)
        margin = self.belief * _prior_margins(frame, prior, self.horizon) + np.asarray(self.shifts)
        still = np.cumprod(expit(-margin - (figures @ np.asarray(self.slopes))[:, None]), axis=1)
        return np.column_stack([1 - still, np.ones(len(frame))])

    def _risk(self, risk: Array, shape: Array) -> Array:
        if self.kind == "contract_end":
            return risk * shape
        return np.minimum(risk + (1 - risk) * (1 - shape), 1.0)

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a file."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` wrote; refuses one of another make."""
        horizon = int(values["horizon"])
        lists = {k: tuple(float(v) for v in values[k]) for k in ("shifts", "means", "slopes")}
        sizes = [len(v) for v in lists.values()]
        if sizes != [len(steps(horizon)) - 1, FIGURES, FIGURES] or values["kind"] not in ("no_order", "contract_end"):
            raise ModelRefused(f"timing: {sizes} numbers for a horizon of {horizon} days. Train again.")
        return cls(values["kind"], horizon, float(values["belief"]), **lists, events=int(values["events"]))


def fit_timing(
    late: pd.DataFrame | None, churn_risk: Array | None, *, horizon: int, kind: Kind, prior: Prior | None
) -> Timing:
    """Learn when from the calibrate cutoff, starting from the prior; never stops the pipeline.

    Parameters
    ----------
    late
        Rows of the calibrate cutoff: what ``Timing.predict`` reads, and ``days_to_event`` (days from the cutoff to the
        event, NaN where none came within the horizon). None, or few events: the prior's hazards stand alone.
    churn_risk
        What the recipe says of these rows, shape (n,).
    horizon
        Days.
    kind
        What leaving means.
    prior
        That of the recipe.

    Examples
    --------
    >>> days = [3.0, 9.0, 25.0] * 500
    >>> late = pd.DataFrame({"days_since_last_order": 9.0, "mean_gap_days": np.nan, "days_to_event": days})
    >>> timing = fit_timing(late, np.full(1500, 0.4), horizon=60, kind="no_order", prior=None)
    >>> timing.predict(late.head(1), np.array([0.4]), None).round(2)
       churn_risk_30d  act_before_days
    0             0.4             10.0
    """
    alone = Timing(kind, horizon, 1.0, (0.0,) * (len(steps(horizon)) - 1), (0.0,) * FIGURES, (0.0,) * FIGURES, 0)
    if late is None or churn_risk is None or not alone.shifts or "days_to_event" not in late.columns:
        return alone
    rows = np.flatnonzero(late["days_to_event"].notna().to_numpy())
    if len(rows) < FEWEST_EVENTS:
        return alone
    rows = rows[:: -(-len(rows) // MOST_EVENTS)]
    some = late.iloc[rows]
    figures = _figures(some, np.asarray(churn_risk, dtype=np.float64)[rows])
    means = np.round(figures.mean(axis=0), 6)
    in_step = np.searchsorted(steps(horizon), some["days_to_event"].to_numpy(np.float64), side="right")
    b = _hazards(in_step, _prior_margins(some, prior, horizon), figures - means)
    count = len(alone.shifts)
    return Timing(kind, horizon, 1 + b[0], b[1 : count + 1], tuple(float(m) for m in means), b[count + 1 :], len(rows))


def steps(horizon: int) -> tuple[int, ...]:
    """Ends of the time steps up to a horizon.

    Examples
    --------
    >>> steps(50)
    (7, 14, 21, 30, 45, 50)
    """
    return (*(day for day in STEPS if day < horizon), horizon)


FIGURES: Final = 5


def _figures(frame: pd.DataFrame, churn_risk: Array) -> Array:
    """What moves the hazards beside the prior: risk, silence, whether a gap is known, the gap, silence against it."""
    silence, gap = (frame[c].to_numpy(np.float64, na_value=np.nan) for c in ("days_since_last_order", "mean_gap_days"))
    known, gap = np.isfinite(gap), np.maximum(np.nan_to_num(gap, nan=1.0), 1.0)
    silence = np.maximum(np.nan_to_num(silence, nan=0.0), 0.0)
    against = np.where(known, np.log1p(silence / gap), 0.0)
    return np.column_stack([churn_offset(churn_risk), np.log1p(silence), known, known * np.log(gap), against])


def _prior_margins(frame: pd.DataFrame, prior: Prior | None, horizon: int) -> Array:
    """Log-odds of the prior's hazards in every step but the last, given an event within the horizon."""
    days = steps(horizon)
    happened = np.column_stack([_happened(frame, prior, day) for day in (0, *days)])
    happened = happened / np.maximum(happened[:, -1:], 1e-300)
    ahead = np.maximum(1 - happened[:, :-2], 1e-12)
    hazards = np.diff(happened[:, :-1], axis=1) / ahead
    margins: Array = logit(np.clip(hazards, CLIP, 1 - CLIP))
    return margins


def _happened(frame: pd.DataFrame, prior: Prior | None, day: int) -> Array:
    """P(event before ``day``), up to a factor of the customer's own that does not depend on the day."""
    if prior is None:
        return np.full(len(frame), float(day))
    if isinstance(prior, ContractPrior):
        return prior.predict(frame["contract_age_days"], day)
    frequency = (frame["purchase_days"].fillna(1.0) - 1).clip(lower=0).to_numpy(np.float64)
    age = (frame["days_since_first_order"].fillna(1.0) - 1).clip(lower=0).to_numpy(np.float64)
    return bg_nbd.buys_if_alive(prior.buying, frequency, age, day)


def _halfway(shape: Array, horizon: int) -> Array:
    """The day at which G is one half, on straight lines between the ends of steps."""
    level = np.column_stack([np.zeros(len(shape)), shape])
    days = np.array([0, *steps(horizon)], dtype=np.float64)
    after = np.argmax(level >= 0.5, axis=1)
    row = np.arange(len(shape))
    low, high = level[row, after - 1], level[row, after]
    day: Array = days[after - 1] + (0.5 - low) / (high - low) * (days[after] - days[after - 1])
    return day


def _hazards(in_step: NDArray[np.intp], offset: Array, figures: Array) -> tuple[float, ...]:
    """Penalised logistic regression on one row per event and step until it; Newton's method to the optimum.

    The numbers are what is added to the belief in the offset, the shift of each step, and the slope of each figure.
    """
    count = offset.shape[1]
    row, step = np.nonzero(np.arange(count) <= in_step[:, None])
    y, start = (in_step[row] == step).astype(np.float64), offset[row, step]
    design = np.column_stack([start, step[:, None] == np.arange(count), figures[row]]).astype(np.float64)
    pull = np.array([RIDGE[1], *[RIDGE[0]] * count, *[RIDGE[1]] * figures.shape[1]])
    b = np.zeros(design.shape[1])
    for _ in range(50):
        p = expit(start + design @ b)
        bend = (design * (p * (1 - p))[:, None]).T @ design + np.diag(pull)
        change = np.linalg.solve(bend, design.T @ (p - y) + pull * b)
        b = b - np.clip(change, -2.0, 2.0)  # the first steps must not leap where the prior is far off
        if np.abs(change).max() < 1e-10:
            break
    return tuple(float(v) for v in np.round(b, 6))  # the last digits depend on the order of sums
