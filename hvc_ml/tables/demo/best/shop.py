"""The best that can be said of a shop's customers: possible customers weighed by the log, their prospects averaged."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from hvc_ml.tables.demo.best.evidence import complaint_rate, weigh
from hvc_ml.tables.demo.best.figures import Best
from hvc_ml.tables.demo.best.lifelines import LifeLines, life_lines
from hvc_ml.tables.demo.best.log import UNKNOWN, SeenLog, read_log
from hvc_ml.tables.demo.best.possible import Possible, draw_possible
from hvc_ml.tables.demo.best.receipts import Receipts, receipts_of
from hvc_ml.tables.demo.draws import Flags, Floats, Ints
from hvc_ml.tables.demo.lives import COMPLAINT_DAYS, Points
from hvc_ml.tables.demo.prospects import Standing, Traits, prospects, refunds_due
from hvc_ml.tables.demo.season import Season

CHUNK: Final = 25_000
"""Draws at once, with some 160 life lines each."""


def best_of_shop(data: Path, season: Season, cutoff: int, horizon: int, asked: frozenset[str], draws: int) -> Best:
    """Work out the figures of those who were asked for, in the order of their ids (of all where none was)."""
    seen = read_log(data, cutoff)
    receipts, ids = receipts_of(seen, season), seen.ids.to_pylist()
    wanted = np.array([not asked or customer in asked for customer in ids])
    rng = np.random.default_rng(cutoff)
    quiet, money, refund = np.zeros((3, len(seen)))
    for rows in _chunks(seen, wanted, max(CHUNK // draws, 1)):
        quiet[rows], money[rows], refund[rows] = _means(rng, seen, receipts, season, rows, draws, horizon)
    back = refunds_due(refund, seen.till, cutoff, horizon)
    kept = money / np.maximum(1 - quiet, 1e-12) - back
    names = [customer for customer, flag in zip(ids, wanted, strict=True) if flag]
    return Best(names, quiet[wanted], (money - back)[wanted], kept[wanted])


def _chunks(seen: SeenLog, wanted: Flags, size: int) -> Iterator[Ints]:
    """Rows in parts: first whose profession is known, then the others."""
    known = seen.profession != UNKNOWN
    for part in (known, ~known):
        rows = np.flatnonzero(wanted & part)
        yield from (rows[begin : begin + size] for begin in range(0, len(rows), size))


def _means(
    rng: np.random.Generator, seen: SeenLog, receipts: Receipts, season: Season, rows: Ints, draws: int, horizon: int
) -> tuple[Floats, Floats, Floats]:
    """Posterior means of these rows: P(no order), money of new orders, and the chance of a refund."""
    possible, lines = draw_possible(rng, seen, receipts, rows, draws), life_lines(seen, rows)
    weight, state = weigh(seen, season, lines, possible)
    ahead = prospects(_traits(seen, lines, possible), season, _standing(seen, lines, draws), horizon)
    quiet = state[:, :, 2].copy()
    money = np.zeros_like(quiet)
    for code, prospect in enumerate(ahead):
        quiet += state[:, :, code] * prospect.quiet.reshape(quiet.shape)
        money += state[:, :, code] * prospect.money.reshape(quiet.shape)
    quiet_mean, money_mean, refund = ((weight * x).sum(axis=1) for x in (quiet, money, possible.refund_chance))
    return np.minimum(quiet_mean, 1.0), money_mean, refund


def _traits(seen: SeenLog, lines: LifeLines, possible: Possible) -> Traits:
    """Every draw as a customer of its own."""
    same = ("segment", "shape", "rate", "spend", "refund_chance", "fade_hazard", "complaint_pull")
    rate = complaint_rate(seen, lines, possible)
    return Traits(**{name: getattr(possible, name).reshape(-1) for name in same}, complaints=rate.reshape(-1))


def _standing(seen: SeenLog, lines: LifeLines, draws: int) -> Standing:
    """Where they stand: all draws of a customer where the customer does."""
    recent = np.isin(seen.complaints.row, lines.rows) & (seen.complaints.at >= seen.cutoff - COMPLAINT_DAYS)
    order = np.argsort(lines.rows)
    row = order[np.searchsorted(lines.rows, seen.complaints.row[recent], sorter=order)]
    each = (row[:, None] * draws + np.arange(draws)).reshape(-1)
    complaints = Points(each, np.repeat(seen.complaints.at[recent], draws))
    return Standing(seen.cutoff, np.repeat(lines.last, draws), complaints)
