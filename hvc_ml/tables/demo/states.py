"""What a shop can know of its customers' states: exact filtering of what it saw (a hidden Markov model in three states)."""

from typing import Final

import numpy as np

from hvc_ml.tables.demo.buyers import SHAPES, Buyers
from hvc_ml.tables.demo.draws import Flags, Floats, Ints
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
    seen = [_counts(points, edges, len(buyers)) for points in (lives.visits, lives.opens, lives.tickets, lives.complaints)]
    pull = _pull(buyers, lives.complaints, edges)
    last = _last_by_edge(lives.orders, edges, len(buyers))
    belief = np.tile([1.0, 0.0, 0.0], (len(buyers), 1))
    wanted: list[Floats] = []
    for i in range(len(edges) - 1):
        new = (buyers.signup >= edges[i]) & (buyers.signup < edges[i + 1])
        belief[new] = np.stack([1 - buyers.one_off[new], np.zeros(new.sum()), buyers.one_off[new]], axis=1)
        here = np.flatnonzero(buyers.signup < edges[i + 1])
        counts = [count[i, here] for count in seen]
        belief[here] = _update(
            buyers, season, here, belief[here], (edges[i], edges[i + 1]), pull[i, here], counts, last[i + 1, here]
        )
        if edges[i + 1] in cutoffs:
            wanted.append(belief.copy())
    return wanted


def _edges(first: int, cutoffs: Ints) -> Floats:
    """Steps of about ``STEP`` days that meet every cutoff."""
    stops = [float(first), *(float(c) for c in cutoffs)]
    parts = [
        np.linspace(a, b, max(int(np.ceil((b - a) / STEP)), 1) + 1)[1:] for a, b in zip(stops[:-1], stops[1:], strict=True)
    ]
    return np.concatenate([[stops[0]], *parts])


def _update(
    buyers: Buyers,
    season: Season,
    here: Ints,
    belief: Floats,
    step: tuple[float, float],
    pull: Floats,
    counts: list[Ints],
    last: Floats,
) -> Floats:
    """One step: states move, then what was seen weighs them."""
    start = np.maximum(buyers.signup[here], step[0])
    days = np.maximum(step[1] - start, 1e-9)
    fades = 1 - np.exp(-(buyers.fade_hazard[here] * days + pull))
    leaves = 1 - np.exp(-days / FADING_DAYS)
    weights = _weights(buyers, here, days, counts)
    quiet, ordered = _silence(buyers, season, here, (start, step[1]), last)
    active, fading, gone = belief.T
    may_leave = np.where(ordered, (step[1] - last) / days, 1.0)  # who orders has not left before
    both = fades * leaves / 2  # fading and leaving within one step
    faded = active * (fades - both) * (weights[0] + weights[1]) / 2 + fading * (1 - leaves) * weights[1]
    left = (fading * leaves + active * both) * may_leave * (1 + quiet) / 2 * (weights[1] + weights[2]) / 2
    new = np.stack([active * (1 - fades) * quiet * weights[0], faded * quiet, left + gone * ~ordered * weights[2]], axis=1)
    return np.asarray(new / new.sum(axis=1, keepdims=True))


def _weights(buyers: Buyers, here: Ints, days: Floats, counts: list[Ints]) -> list[Floats]:
    """Likelihood of the counts seen in a step, up to a common factor, by state."""
    visits, opens, tickets, complaints = counts
    rates = (buyers.visits[here], buyers.opens[here], buyers.tickets[here] + buyers.complaints[here])
    found = (visits, opens, tickets + complaints)
    return [
        np.exp(
            sum(
                n * np.log(habit[state]) - days * rate * (habit[state] - 1)
                for n, rate, habit in zip(found, rates, (VISITS, OPENS, TICKETS), strict=True)
            )
        )
        for state in range(3)
    ]


def _silence(
    buyers: Buyers, season: Season, here: Ints, step: tuple[Floats, float], last: Floats
) -> tuple[Floats, Flags]:
    """P(as quiet as it was from the last order, or the step's start, to the step's end | not gone); and if any order."""
    start, end = step
    ordered = last > start  # the first order, at signup, opens the first step
    segment, rate = buyers.segment[here], buyers.rate[here]
    since_till = season.till_time(segment, last)
    quiet_from = season.till_time(segment, np.maximum(start, last))
    ahead = rate * (season.till_time(segment, np.full(len(here), end)) - quiet_from)
    since = rate * (quiet_from - since_till)
    quiet = np.empty(len(here))
    for shape in SHAPES:
        rows = buyers.shape[here] == shape
        quiet[rows] = silence(shape, since[rows], ahead[rows])
    return quiet, ordered


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
