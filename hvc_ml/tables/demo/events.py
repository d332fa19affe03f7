"""Everything else the made-up shop recorded: visits, opened mails, points, tickets, complaints, surveys, referrals."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from hvc_ml.tables.demo.buyers import Buyers
from hvc_ml.tables.demo.draws import Flags, Floats, Ints, clock, scatter, stamps, texts
from hvc_ml.tables.demo.lives import COMPLAINT_DAYS, Lives
from hvc_ml.tables.demo.orders import Shop, Till

KINDS: Final = (
    "visit",
    "email_open",
    "points_earned",
    "points_redeemed",
    "ticket",
    "complaint",
    "nps",
    "referral",
)
SURVEYS: Final = 1 / 240
"""Answered surveys per day."""
SURVEY_SPREAD: Final = 1.1
"""Standard deviation of answers before they are rounded."""
REFERRED: Final = 0.6
"""Chance that a happy, active customer whom a newcomer happens to know has sent the newcomer."""


@dataclass(frozen=True)
class Happened:
    """Events of one kind; ``value`` is NaN where the kind has none."""

    kind: str
    row: Ints
    day: Ints
    value: Floats


def referrers(rng: np.random.Generator, buyers: Buyers, lives: Lives) -> Ints:
    """Who sent each customer: the row of an active customer who came earlier, or -1."""
    n = len(buyers)
    chosen = np.floor(rng.random(n) * np.arange(n)).astype(
        np.int64
    )  # of a lower number, so that the first n stand alone
    happy = rng.random(n) < np.clip(0.6 + 0.3 * buyers.satisfaction[chosen], 0.05, 1.0)
    known = np.floor(buyers.signup[chosen]) < np.floor(buyers.signup)
    active = lives.fading_at[chosen] > np.floor(buyers.signup) + 1
    sent = known & active & happy & (rng.random(n) < REFERRED)
    return np.where(sent, chosen, -1)


def event_table(rng: np.random.Generator, shop: Shop, sent_by: Ints, ids: Any) -> Any:
    """The table of events before the end of the season, by time; ``sent_by`` as from `referrers`."""
    buyers, lives, end = shop.buyers, shop.lives, shop.season.end
    parts = [
        *(_plain(kind, points.row, points.at) for kind, points in _seen(lives)),
        *_points(rng, buyers, shop.till),
        _surveys(rng, buyers, lives, end),
        _referrals(buyers, sent_by),
    ]
    kind = np.concatenate([np.full(len(part.row), KINDS.index(part.kind)) for part in parts])
    row = np.concatenate([part.row for part in parts])
    day = np.concatenate([part.day for part in parts])
    value = np.concatenate([part.value for part in parts])
    at = clock(rng, day)
    order = np.lexsort((kind, row, at))
    order = order[day[order] < end]
    value = value[order]
    return pa.table(
        {
            "customer_id": ids.take(pa.array(row[order])),
            "happened_at": stamps(at[order]),
            "kind": texts(KINDS, kind[order]),
            "value": pa.array(value, mask=np.isnan(value)),
        }
    )


def _seen(lives: Lives) -> tuple[tuple[str, Any], ...]:
    """A complaint is a ticket, too."""
    return (
        ("visit", lives.visits),
        ("email_open", lives.opens),
        ("ticket", lives.tickets),
        ("ticket", lives.complaints),
        ("complaint", lives.complaints),
    )


def _plain(kind: str, row: Ints, at: Floats) -> Happened:
    return Happened(kind, row, np.floor(at).astype(np.int64), np.full(len(row), np.nan))


def _points(rng: np.random.Generator, buyers: Buyers, till: Till) -> tuple[Happened, Happened]:
    """Members of the programme earn a point per unit of currency and now and then redeem some with an order."""
    earned: Flags = buyers.loyal[till.row]
    redeemed = earned & (rng.random(len(till.row)) < 0.12)
    worth = 100 * rng.integers(1, 6, len(till.row)).astype(np.float64)
    points = (till.amount // 100).astype(np.float64)
    return (
        Happened("points_earned", till.row[earned], till.day[earned], points[earned]),
        Happened("points_redeemed", till.row[redeemed], till.day[redeemed], worth[redeemed]),
    )


def _surveys(rng: np.random.Generator, buyers: Buyers, lives: Lives, end: int) -> Happened:
    """Answers from 0 to 10: lower when fading, and in the weeks after a complaint."""
    stop = np.minimum(lives.gone_at, float(end))
    row, at = scatter(rng, buyers.signup, stop, np.full(len(buyers), SURVEYS))
    fading = at >= lives.fading_at[row]
    answer = survey_mean(buyers.satisfaction[row], fading=fading, lately=_lately(lives, row, at))
    value = np.clip(np.rint(answer + SURVEY_SPREAD * rng.standard_normal(len(row))), 0, 10)
    return Happened("nps", row, np.floor(at).astype(np.int64), value)


def survey_mean(satisfaction: Floats, *, fading: Flags, lately: Flags) -> Floats:
    """Mean answer before it is rounded; ``lately``: a complaint lies less than ``COMPLAINT_DAYS`` before."""
    return np.asarray(7.6 + 1.3 * satisfaction - 1.6 * fading - 2.5 * lately)


def _lately(lives: Lives, row: Ints, at: Floats) -> Flags:
    """Whether a complaint lies less than ``COMPLAINT_DAYS`` before."""
    span = 1e6  # wider than any date, so that one sorted key holds row and time
    key = np.sort(lives.complaints.row * span + lives.complaints.at)
    here = row * span + at
    return np.asarray(np.searchsorted(key, here) > np.searchsorted(key, here - COMPLAINT_DAYS))


def _referrals(buyers: Buyers, sent_by: Ints) -> Happened:
    new = np.flatnonzero(sent_by >= 0)
    return Happened("referral", sent_by[new], np.floor(buyers.signup[new]).astype(np.int64), np.ones(len(new)))
