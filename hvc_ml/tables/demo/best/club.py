"""The best that can be said of a club's members: possible members weighed month by month, their prospects averaged."""

from pathlib import Path
from typing import Final

import numpy as np

from hvc_ml.tables.demo.best.club_log import SeenClub, read_club
from hvc_ml.tables.demo.best.figures import Best
from hvc_ml.tables.demo.best.follow import follow
from hvc_ml.tables.demo.best.possible_members import Totals, draw_possible, refined_use, rough_use, totals_of
from hvc_ml.tables.demo.best.sampling import systematic
from hvc_ml.tables.demo.draws import Floats, Ints
from hvc_ml.tables.demo.members import Members
from hvc_ml.tables.demo.subscription_outlook import FIGURES, Now, View, this_month

CHUNK: Final = 50_000
"""Draws at once."""
KEPT: Final = 4
"""One draw of so many looks ahead, which takes longer than weighing: chosen by weight, at even steps."""


def best_of_club(data: Path, cutoff: int, horizon: int, asked: frozenset[str], draws: int) -> Best:
    """Work out the figures of those who were asked for, in the order of their ids (of all where none was)."""
    club = read_club(data, cutoff)
    ids = club.ids.to_pylist()
    wanted = np.flatnonzero([not asked or member in asked for member in ids])
    rng, totals = np.random.default_rng(cutoff), totals_of(club)
    figures = np.zeros((len(FIGURES), len(club)))
    size = max(CHUNK // draws, 1)
    for begin in range(0, len(wanted), size):
        rows = wanted[begin : begin + size]
        figures[:, rows] = _means(rng, club, totals, rows, draws, cutoff + horizon)
    stays, money, both = figures[:, wanted]
    return Best([ids[i] for i in wanted], np.clip(1 - stays, 0.0, 1.0), money, both / np.maximum(stays, 1e-12))


def _means(rng: np.random.Generator, club: SeenClub, totals: Totals, rows: Ints, draws: int, stop: int) -> Floats:
    """Posterior means of these rows, one line for each of ``FIGURES``."""
    members, faded, log = _weighed(rng, club, totals, rows, draws)
    few = max(draws // KEPT, 1)
    kept = systematic(rng, log, few)
    who = (np.arange(len(rows))[:, None] * draws + kept).reshape(-1)
    by_state = this_month(View(members, who, stop, again=True), _now(club, np.repeat(rows, few)), club.cutoff)
    share = faded.reshape(-1)[who]
    mixed = [(1 - share) * getattr(by_state[0], f)[0] + share * getattr(by_state[1], f)[0] for f in FIGURES]
    return np.stack([x.reshape(len(rows), few).mean(axis=1) for x in mixed])


def _weighed(
    rng: np.random.Generator, club: SeenClub, totals: Totals, rows: Ints, draws: int
) -> tuple[Members, Floats, Floats]:
    """Possible members, P(faded) and log-weight of each, shape (n, draws).

    Use is drawn twice: roughly, and then around what the rough draws found likely, which saves nine draws in ten where
    much was seen.
    """
    found = totals.of(rows)
    use = rough_use(rng, found, (len(rows), max(draws // 4, 16)))
    members, weight = draw_possible(rng, club, found, rows, use)
    log = weight + follow(club, rows, members)[0]
    use, density = refined_use(rng, use, log, draws)
    members, weight = draw_possible(rng, club, found, rows, use)
    evidence, faded = follow(club, rows, members)
    return members, faded, weight + evidence - density


def _now(club: SeenClub, rows: Ints) -> Now:
    """The running month of each of these rows."""
    m = club.months
    last = np.searchsorted(m.row, rows, side="right") - 1
    return Now(m.month[last], m.begin[last], m.end[last], m.plan[last], m.unpaid[last], m.complaints[last] > 0)
