"""What a shop can know of its customers' states: Bayesian filtering of what it saw.

A hidden Markov model with three states (active, fading, gone), exact but for steps of five days.
"""

import itertools
from dataclasses import dataclass
from typing import Final

import numpy as np

from hvc_ml.tables.demo.buyers import Buyers
from hvc_ml.tables.demo.draws import Flags, Floats, Ints
from hvc_ml.tables.demo.laws import SHAPES
from hvc_ml.tables.demo.lives import COMPLAINT_DAYS, FADING_DAYS, OPENS, TICKETS, VISITS, Lives, Points
from hvc_ml.tables.demo.renewal import silence
from hvc_ml.tables.demo.season import Season

STEP: Final = 5.0
"""Days between updates; states change at most once within a step."""


def watch(buyers: Buyers, lives: Lives, season: Season, cutoffs: Ints) -> list[Floats]:
    """P(active), P(fading), P(gone) of each customer at each cutoff, given what was seen before it.

    Parameters
    ----------
    cutoffs
        Days since 1970-01-01, ascending.

    Returns
    -------
    list of Floats
        Per cutoff an array of shape (n, 3) whose rows add up to 1 (customers who have not come yet: active).
    """
    edges = _edges(season.first, cutoffs)
    seen = [_counts(points, edges, len(buyers)) for points in (lives.visits, lives.opens, lives.tickets)]
    seen[2] += _counts(lives.complaints, edges, len(buyers))  # a complaint is a ticket, too
    pull = _pull(buyers, lives.complaints, edges)
    last = _last_by_edge(lives.orders, edges, len(buyers))
    belief = np.tile([1.0, 0.0, 0.0], (len(buyers), 1))
    wanted: list[Floats] = []
    for i, (begin, end) in enumerate(itertools.pairwise(edges)):
        new = (buyers.signup >= begin) & (buyers.signup < end)
        belief[new] = np.stack([1 - buyers.one_off[new], np.zeros(new.sum()), buyers.one_off[new]], axis=1)
        row = np.flatnonzero(buyers.signup < end)
        start = np.maximum(buyers.signup[row], begin)
        step = _Step(row, start, end, pull[i, row], [count[i, row] for count in seen], last[i + 1, row])
        belief[row] = _update(buyers, season, step, belief[row])
        if end in cutoffs:
            wanted.append(belief.copy())
    return wanted


@dataclass(frozen=True)
class _Step:
    """What was seen of some buyers in ``[start, end)``: see ``_counts``, ``_pull``, ``_last_by_edge``."""

    row: Ints
    start: Floats
    end: float
    pull: Floats
    seen: list[Ints]
    last: Floats

    @property
    def days(self) -> Floats:
        return np.maximum(self.end - self.start, 1e-9)

    @property
    def ordered(self) -> Flags:
        """Whether there was an order; the first one, at signup, opens its step and does not count."""
        return self.last > self.start


def _edges(first: int, cutoffs: Ints) -> Floats:
    """Steps of about ``STEP`` days that meet every cutoff."""
    stops = [float(first), *(float(c) for c in cutoffs)]
    parts = [np.linspace(a, b, max(int(np.ceil((b - a) / STEP)), 1) + 1)[1:] for a, b in itertools.pairwise(stops)]
    return np.concatenate([[stops[0]], *parts])


def _update(buyers: Buyers, season: Season, step: _Step, belief: Floats) -> Floats:
    """One step: states move, then what was seen weighs them."""
    ordered = step.ordered
    fades = 1 - np.exp(-(buyers.fade_hazard[step.row] * step.days + step.pull))
    leaves = 1 - np.exp(-step.days / FADING_DAYS)
    weights = _weights(buyers, step)
    quiet = _silence(buyers, season, step)
    active, fading, gone = belief.T
    may_leave = np.where(ordered, (step.end - step.last) / step.days, 1.0)  # who orders has not left before
    both = fades * leaves / 2  # fading and leaving within one step
    faded = active * (fades - both) * (weights[0] + weights[1]) / 2 + fading * (1 - leaves) * weights[1]
    left = (fading * leaves + active * both) * may_leave * (1 + quiet) / 2 * (weights[1] + weights[2]) / 2
    new = np.stack(
        [active * (1 - fades) * quiet * weights[0], faded * quiet, left + gone * ~ordered * weights[2]], axis=1
    )
    return np.asarray(new / new.sum(axis=1, keepdims=True))


def _weights(buyers: Buyers, step: _Step) -> list[Floats]:
    """Likelihood of the counts seen in a step, up to a common factor, by state."""
    rates = (buyers.visits, buyers.opens, buyers.tickets + buyers.complaints)
    weights = []
    for state in range(3):
        log = np.zeros(len(step.row))
        for found, rate, habit in zip(step.seen, rates, (VISITS, OPENS, TICKETS), strict=True):
            log += found * np.log(habit[state]) - step.days * rate[step.row] * (habit[state] - 1)
        weights.append(np.exp(log))
    return weights


def _silence(buyers: Buyers, season: Season, step: _Step) -> Floats:
    """P(no order from the last one, or the step's start, to the step's end | not gone)."""
    segment, rate = buyers.segment[step.row], buyers.rate[step.row]
    quiet_from = season.till_time(segment, np.maximum(step.start, step.last))
    since = rate * (quiet_from - season.till_time(segment, step.last))
    ahead = rate * (season.till_time(segment, np.full(len(rate), step.end)) - quiet_from)
    quiet = np.empty(len(rate))
    for shape in SHAPES:
        rows = buyers.shape[step.row] == shape
        quiet[rows] = silence(shape, since[rows], ahead[rows])
    return quiet


def _counts(points: Points, edges: Floats, n: int) -> Ints:
    """How many points fall into each step, shape (steps, n)."""
    steps = len(edges) - 1
    step = np.searchsorted(edges, points.at, side="right") - 1
    inside = step < steps
    return np.bincount(step[inside] * n + points.row[inside], minlength=steps * n).reshape(steps, n)


def _pull(buyers: Buyers, complaints: Points, edges: Floats) -> Floats:
    """Cumulative hazard that complaints seen add within each step, shape (steps, n)."""
    n, steps = len(buyers), len(edges) - 1
    total = np.zeros((steps, n))
    first = np.searchsorted(edges, complaints.at, side="right") - 1
    for later in range(int(COMPLAINT_DAYS / np.diff(edges).min()) + 2):
        step = first + later
        inside = step < steps
        at, row, step = complaints.at[inside], complaints.row[inside], step[inside]
        overlap = np.minimum(edges[step + 1], at + COMPLAINT_DAYS) - np.maximum(edges[step], at)
        np.add.at(total, (step, row), buyers.complaint_pull[row] * np.maximum(overlap, 0.0) / COMPLAINT_DAYS)
    return total


def _last_by_edge(orders: Points, edges: Floats, n: int) -> Floats:
    """The moment of the last order before each edge, shape (steps + 1, n); -inf before the first."""
    last = np.full((len(edges), n), -np.inf)
    step = np.searchsorted(edges, orders.at, side="right")
    inside = step < len(edges)
    np.maximum.at(last, (step[inside], orders.row[inside]), orders.at[inside])
    return np.asarray(np.maximum.accumulate(last, axis=0))
