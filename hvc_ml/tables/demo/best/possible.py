"""Possible customers behind each row of a log: kinds, rhythms and rates drawn from what the till says of them.

Gaps between orders, amounts, discounts, channels and refunds tell segment, regularity and order rate whether or not a
customer is still there, and their likelihoods have closed forms. They are worked out on a grid (profession, segment,
shape, eagerness), from which draws are made; satisfaction and patience are drawn from the population. How the rest of
the log weighs the draws is the business of ``evidence.py``.
"""

from dataclasses import dataclass
from math import lgamma
from typing import Final

import numpy as np

from hvc_ml.tables.demo import laws
from hvc_ml.tables.demo.best.log import UNKNOWN, SeenLog
from hvc_ml.tables.demo.best.receipts import Receipts
from hvc_ml.tables.demo.best.sampling import normals, systematic
from hvc_ml.tables.demo.draws import Floats, Ints
from hvc_ml.tables.demo.orders import AMOUNT_SPREAD

_EDGES: Final = np.exp(np.linspace(np.log(laws.LEAST_EAGER), np.log(6.0), 65))
_EAGER: Final = np.sqrt(_EDGES[:-1] * _EDGES[1:])


@dataclass(frozen=True)
class Possible:
    """Draws of what customers may be like, each of shape (n, draws).

    Fields are as in ``Buyers``; ``spend`` and ``refund_chance`` are means given the draw. ``log_weight`` corrects for
    how the draw was made.
    """

    segment: Ints
    shape: Ints
    rate: Floats
    spend: Floats
    refund_chance: Floats
    satisfaction: Floats
    one_off: Floats
    fade_hazard: Floats
    complaint_pull: Floats
    log_weight: Floats


def draw_possible(rng: np.random.Generator, seen: SeenLog, receipts: Receipts, rows: Ints, draws: int) -> Possible:
    """Draw so many possible customers for each of these rows, whose professions are all known or all unknown."""
    log = log_posterior(seen, receipts, rows)
    cell = systematic(rng, log.reshape(len(rows), -1), draws)
    at, segment, shape, node = (np.asarray(axis) for axis in np.unravel_index(cell, log.shape[1:]))
    profession = np.take_along_axis(_professions(seen, rows), at, axis=1)
    eagerness = _EDGES[node] * (_EDGES[1] / _EDGES[0]) ** rng.random(node.shape)
    satisfaction, own = (normals(rng, node.shape) for _ in range(2))
    loyal = np.broadcast_to(seen.loyal[rows][:, None], node.shape)
    chance = laws.loyal_chance(segment, satisfaction)
    weight = np.where(loyal, chance / laws.LOYAL[segment], (1 - chance) / (1 - laws.LOYAL[segment]))
    return Possible(
        segment=segment,
        shape=np.array(laws.SHAPES)[shape],
        rate=laws.order_rate(segment, profession, eagerness, loyal),
        spend=_spend(receipts, rows, np.log(_usual(segment, profession, eagerness))),
        refund_chance=receipts.refund_chance[rows[:, None], segment],
        satisfaction=satisfaction,
        one_off=laws.one_off_chance(segment, satisfaction),
        fade_hazard=1 / laws.stay_days(segment, satisfaction, own, loyal),
        complaint_pull=laws.complaint_pull(satisfaction, loyal),
        log_weight=np.log(weight),
    )


def log_posterior(seen: SeenLog, receipts: Receipts, rows: Ints) -> Floats:
    """Log posterior of the kinds of customers given the till, up to a constant by row.

    Returns
    -------
    Floats
        Shape (n, professions, segments, shapes, nodes of eagerness); one profession where it is known.
    """
    profession = _professions(seen, rows)[:, :, None, None]  # axes: customer, profession, segment, eagerness
    segment = np.arange(len(laws.SEGMENTS))[:, None]
    rate = laws.order_rate(segment, profession, _EAGER, seen.loyal[rows][:, None, None, None])
    kind = _log_kind(seen, receipts, rows)[..., None] + _log_eager() + _log_amounts(receipts, rows, profession, segment)
    with np.errstate(divide="ignore"):
        shape = np.log(laws.SHAPE_SHARES)[:, :, None]
    return np.asarray(_log_gaps(receipts, rows, rate) + kind[:, :, :, None, :] + shape)


def _professions(seen: SeenLog, rows: Ints) -> Ints:
    """The profession of each row, shape (n, 1); where unknown all there are, shape (n, professions)."""
    own = seen.profession[rows][:, None]
    return own if (own != UNKNOWN).all() else np.tile(np.arange(len(laws.PROFESSIONS)), (len(rows), 1))


def _log_kind(seen: SeenLog, receipts: Receipts, rows: Ints) -> Floats:
    """Log-probability of profession and segment, shape (n, professions, segments)."""
    profession, loyal = _professions(seen, rows), seen.loyal[rows][:, None]
    with np.errstate(divide="ignore"):
        log = np.log(laws.PROFESSION_SHARES[profession][:, :, None] * laws.SEGMENT_SHARES[profession])
    member = np.where(loyal, np.log(laws.LOYAL), np.log(1 - laws.LOYAL))
    return np.asarray(log + (receipts.kind[rows] + member)[:, None, :])


def _log_eager() -> Floats:
    """Log of the mass of each node; as nodes are even in logs, the density is multiplied by eagerness."""
    shape, scale = laws.EAGERNESS
    return np.asarray(shape * np.log(_EAGER) - _EAGER / scale)


def _log_amounts(receipts: Receipts, rows: Ints, profession: Ints, segment: Ints) -> Floats:
    """Log-likelihood of the mean amount: normal in logs around what is usual for the kind."""
    mean = np.log(_usual(segment, profession, _EAGER))
    orders, amount = (x[rows][:, None, None, None] for x in (receipts.orders, receipts.log_amount))
    variance = laws.SPEND_SPREAD**2 + AMOUNT_SPREAD**2 / orders
    return np.asarray(-((amount - mean) ** 2) / (2 * variance))


def _usual(segment: Ints, profession: Ints, eagerness: Floats) -> Floats:
    """Median spend of customers like this."""
    return np.asarray(laws.SPEND[segment] * laws.PROFESSION_SPEND[profession] * eagerness**laws.SPEND_BY_EAGERNESS)


def _spend(receipts: Receipts, rows: Ints, prior: Floats) -> Floats:
    """Posterior mean of spend, whose log is normal around ``prior`` with normal observations."""
    before, seen = 1 / laws.SPEND_SPREAD**2, receipts.orders[rows][:, None] / AMOUNT_SPREAD**2
    mean = (before * prior + seen * receipts.log_amount[rows][:, None]) / (before + seen)
    return np.asarray(np.exp(mean + 0.5 / (before + seen)))


def _log_gaps(receipts: Receipts, rows: Ints, rate: Floats) -> Floats:
    """Log-likelihood of the gaps, Erlang by the till's clock; ``rate`` has axes (n, professions, segments, nodes)."""
    shape = np.array(laws.SHAPES, dtype=np.float64)[:, None]
    steps = rate[:, :, :, None, :] * shape
    gaps = receipts.gaps[rows][:, None, None, None, None]
    total, logs = (x[rows][:, None, :, None, None] for x in (receipts.till_time, receipts.log_gaps))
    constant = np.array([lgamma(k) for k in laws.SHAPES])[:, None]
    return np.asarray(gaps * (shape * np.log(steps) - constant) + (shape - 1) * logs - steps * total)
