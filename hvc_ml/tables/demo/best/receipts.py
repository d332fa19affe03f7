"""What the till says of a customer, summed up: enough for every likelihood of ``possible.py``."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from hvc_ml.tables.demo import laws
from hvc_ml.tables.demo.best.log import SeenLog
from hvc_ml.tables.demo.draws import Floats, Ints, logistic
from hvc_ml.tables.demo.orders import AMOUNT_SPREAD, OWN_CHANNEL, REFUND_DAYS, sales
from hvc_ml.tables.demo.season import Season

SAME_DAY: Final = 1 / 3
"""Orders of one day lie this far apart, in days: the mean distance of two moments of it."""
_NODES, _MASS = np.polynomial.hermite_e.hermegauss(7)


@dataclass(frozen=True)
class Receipts:
    """Sums over each customer's orders; ``[:, s]`` is for segment s and its season.

    ``gaps``: how many, shape (n,); ``till_time`` and ``log_gaps``: sums over them, shape (n, segments); ``kind``:
    log-likelihood of the days of orders, discounts, channels and refunds; ``orders``: how many; ``log_amount``: the
    mean of their log at constant prices, corrected to the mean amount's; ``refund_chance``: its posterior mean.
    """

    gaps: Ints
    till_time: Floats
    log_gaps: Floats
    kind: Floats
    orders: Ints
    log_amount: Floats
    refund_chance: Floats


def receipts_of(seen: SeenLog, season: Season) -> Receipts:
    """Sum up the till."""
    till, n, orders = seen.till, len(seen), seen.orders
    again = np.flatnonzero(till.row[1:] == till.row[:-1]) + 1
    owner = till.row[again]
    when, day = by_season(season, till.at), np.floor(till.at[again])
    pace = by_season(season, day + 1) - by_season(season, day)  # of that day, in average days
    gap = np.maximum(when[again] - when[again - 1], SAME_DAY * pace)
    amount = np.log(till.amount / 100.0 / season.price(till.at)) + AMOUNT_SPREAD**2 / 2
    refunds, chance = _refunds(seen)
    return Receipts(
        gaps=orders - 1,
        till_time=_sums(owner, gap, n),
        log_gaps=_sums(owner, np.log(gap), n),
        kind=_sums(owner, np.log(pace), n) + _discounts(seen) + _channels(seen) + refunds,
        orders=orders,
        log_amount=np.bincount(till.row, amount, n) / orders,
        refund_chance=chance,
    )


def by_season(season: Season, at: Floats) -> Floats:
    """Till time of each moment under each segment's season, shape (n, segments)."""
    return np.stack([season.till_time(np.full(len(at), s), at) for s in range(len(laws.SEGMENTS))], axis=1)


def _sums(owner: Ints, x: Floats, n: int) -> Floats:
    return np.stack([np.bincount(owner, column, n) for column in x.T], axis=1)


def _discounts(seen: SeenLog) -> Floats:
    """Log-likelihood of which orders were at a discount."""
    pull = sales(seen.till.day)
    log = np.zeros((len(seen), len(laws.SEGMENTS), len(_NODES)))
    liking = logistic(laws.BARGAIN[:, None] + laws.BARGAIN_SPREAD * _NODES)
    for factor in np.unique(pull):
        chance = np.clip(liking * factor, 0, 0.95)
        for at_discount, share in ((True, chance), (False, 1 - chance)):
            some = (pull == factor) & (seen.discounted == at_discount)
            log += np.bincount(seen.till.row[some], minlength=len(seen))[:, None, None] * np.log(share)
    return _integrated(log)


def _channels(seen: SeenLog) -> Floats:
    """Log-likelihood of the orders' channels: mostly the customer's own, others at random."""
    count = len(laws.CHANNELS)
    found = np.stack([np.bincount(seen.till.row[seen.channel == c], minlength=len(seen)) for c in range(count)], axis=1)
    other = (1 - OWN_CHANNEL) / count
    log = found * np.log(OWN_CHANNEL + other) + (found.sum(axis=1, keepdims=True) - found) * np.log(other)
    top = log.max(axis=1, keepdims=True)
    return np.asarray(top + np.log(np.exp(log - top) @ laws.CHANNEL_SHARES.T))


def _refunds(seen: SeenLog) -> tuple[Floats, Floats]:
    """Log-likelihood of which orders were refunded so far, and the mean chance of a refund given that."""
    low, high = REFUND_DAYS
    ripe = np.clip((seen.cutoff - seen.till.day - low) / (high - low + 1), 0, 1)  # P(seen by now, if any)
    back = seen.till.refund_day >= 0
    hits = np.bincount(seen.till.row[back], minlength=len(seen))[:, None, None]
    misses = np.bincount(seen.till.row[~back], ripe[~back], len(seen))[:, None, None]
    chance = logistic(laws.REFUND[:, None] + laws.REFUND_SPREAD * _NODES)
    log = np.asarray(hits * np.log(chance) + misses * np.log(1 - chance), dtype=np.float64)
    total = _integrated(log)
    return total, np.exp(_integrated(log + np.log(chance)) - total)


def _integrated(log: Floats) -> Floats:
    """Log of the mean likelihood over the last axis, a standard normal at ``_NODES``."""
    top = log.max(axis=-1, keepdims=True)
    return np.asarray(top[..., 0] + np.log((np.exp(log - top) * _MASS).sum(axis=-1) / _MASS.sum()))
