"""How buyers live on once they are won back: active again, and with an order before the horizon is over."""

from dataclasses import fields, replace
from typing import Final

import numpy as np

from hvc_ml.tables.demo.buyers import Buyers
from hvc_ml.tables.demo.draws import Floats, Ints, pick
from hvc_ml.tables.demo.laws import SHAPES
from hvc_ml.tables.demo.lives import NEVER, Lives, Points, live
from hvc_ml.tables.demo.renewal import steps_done
from hvc_ml.tables.demo.season import Season

ROUNDS: Final = 60
"""So often a life is drawn anew until it holds an order within the horizon; after that one order is put there."""


def second_lives(
    rng: np.random.Generator, buyers: Buyers, season: Season, *, at: int, horizon: int, since: Floats
) -> Lives:
    """Draw how everyone would live on as an active customer from a day on, given an order within the horizon.

    Orders go on where the gap between them stands after the silence so far. That is the case whose expected money
    ``Outlook.value_if_kept`` tells, for customers who are gone and for those who are active.

    Parameters
    ----------
    at
        The day, in days since 1970-01-01: nothing of these lives lies before its midnight.
    horizon
        Days from ``at`` in which everyone orders at least once.
    since
        Each buyer's silence before ``at``, in mean gaps; infinite for those who have not come yet, who stay away.

    Returns
    -------
    Lives
        For all buyers, up to ``season.last``. What one lives depends on nobody who would have come later.
    """
    there = np.flatnonzero(np.isfinite(since))
    restarted = replace(buyers, signup=np.full(len(buyers), float(at)), one_off=np.zeros(len(buyers)))
    parts: list[tuple[Ints, Lives]] = []
    for _ in range(ROUNDS):
        drawn = _drawn(rng, restarted, season, there, since)
        back = np.bincount(drawn.orders.row[drawn.orders.at < at + horizon], minlength=len(there)) > 0
        parts.append((np.where(back, there, -1), drawn))
        there = there[~back]
        if not len(there):
            break
    else:
        parts.append((there, _put_back(rng, _drawn(rng, restarted, season, there, since), at, horizon)))
    return _joined(parts, len(buyers))


def _drawn(rng: np.random.Generator, restarted: Buyers, season: Season, rows: Ints, since: Floats) -> Lives:
    """Lives of these rows, from between two orders on."""
    some = Buyers(**{field.name: getattr(restarted, field.name)[rows] for field in fields(Buyers)})
    done = np.zeros(len(rows), dtype=np.int64)
    for shape in SHAPES:
        mine = np.flatnonzero(some.shape == shape)
        done[mine] = pick(rng, steps_done(shape, since[rows[mine]]), np.arange(len(mine)))
    return live(rng, some, season, done)


def _put_back(rng: np.random.Generator, lives: Lives, at: int, horizon: int) -> Lives:
    """The same lives with one order more, at any moment of the horizon, and none of them gone before it."""
    when = at + horizon * rng.random(len(lives.gone_at))
    rows = np.concatenate([lives.orders.row, np.arange(len(when))])
    times = np.concatenate([lives.orders.at, when])
    order = np.lexsort((times, rows))
    return replace(lives, gone_at=np.maximum(lives.gone_at, when), orders=Points(rows[order], times[order]))


def _joined(parts: list[tuple[Ints, Lives]], n: int) -> Lives:
    """Lives of n buyers out of parts: where each row of a part belongs, -1 for those that do not count."""
    fading_at, gone_at = np.full(n, NEVER), np.full(n, NEVER)
    for rows, lives in parts:
        kept = rows >= 0
        fading_at[rows[kept]], gone_at[rows[kept]] = lives.fading_at[kept], lives.gone_at[kept]
    habits = ("orders", "visits", "opens", "tickets", "complaints")
    points = {name: _joined_points([(rows, getattr(lives, name)) for rows, lives in parts]) for name in habits}
    return Lives(fading_at, gone_at, **points)


def _joined_points(parts: list[tuple[Ints, Points]]) -> Points:
    row = np.concatenate([rows[points.row] for rows, points in parts])
    at = np.concatenate([points.at for _, points in parts])
    order = np.lexsort((at, row))
    order = order[row[order] >= 0]
    return Points(row[order], at[order])
