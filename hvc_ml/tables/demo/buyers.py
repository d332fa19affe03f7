"""Who the made-up buyers are: segments, professions, and each one's own rate, rhythm, spend, patience and habits."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from hvc_ml.tables.demo.draws import Flags, Floats, Ints, logistic, pick
from hvc_ml.tables.demo.season import Season

SEGMENTS: Final = ("regular", "occasional", "enthusiast", "bargain", "gift", "business")
PROFESSIONS: Final = (
    "teacher",
    "nurse",
    "engineer",
    "craftsman",
    "office clerk",
    "self-employed",
    "student",
    "retired",
)
REGIONS: Final = ("north", "south", "east", "west", "abroad")
SIGNUP_CHANNELS: Final = ("search", "social", "store", "friend", "newsletter")
CHANNELS: Final = ("web", "app", "store", "phone")
GENDERS: Final = ("female", "male", "diverse")
SHAPES: Final = (1, 2, 3, 6)
"""Regularity: gaps between orders are Erlang of this shape. 1 is pure chance (Poisson), 6 is nearly clockwork."""

# One column per segment, in the order of SEGMENTS.
_GAP_DAYS: Final = np.array([42.0, 82.0, 25.0, 58.0, 88.0, 42.0])
_STAY_DAYS: Final = np.array([680.0, 430.0, 700.0, 280.0, 520.0, 800.0])
_ONE_OFF: Final = np.array([0.08, 0.24, 0.05, 0.26, 0.20, 0.07])
_SPEND: Final = np.array([38.0, 35.0, 48.0, 25.0, 46.0, 72.0])
_BARGAIN: Final = np.array([-1.4, -1.2, -1.6, 1.0, -1.2, -2.0])
_LOYAL: Final = np.array([0.55, 0.22, 0.70, 0.40, 0.18, 0.35])
_REFUND: Final = np.array([-3.0, -2.9, -2.5, -2.6, -2.8, -3.4])
_SHAPE_SHARES: Final = np.array(
    [
        [0.15, 0.25, 0.35, 0.25],
        [0.7, 0.2, 0.1, 0.0],
        [0.3, 0.4, 0.2, 0.1],
        [0.8, 0.2, 0.0, 0.0],
        [0.6, 0.3, 0.1, 0.0],
        [0.05, 0.1, 0.25, 0.6],
    ]
)
_CHANNEL_SHARES: Final = np.array(
    [
        [0.45, 0.35, 0.18, 0.02],
        [0.6, 0.15, 0.22, 0.03],
        [0.3, 0.6, 0.09, 0.01],
        [0.5, 0.42, 0.07, 0.01],
        [0.5, 0.1, 0.37, 0.03],
        [0.7, 0.05, 0.05, 0.2],
    ]
)

# One column per profession: how likely each segment is, and what it does to spend and rate.
_SEGMENT_SHARES: Final = np.array(
    [
        [0.24, 0.34, 0.09, 0.10, 0.18, 0.05],
        [0.22, 0.36, 0.07, 0.18, 0.15, 0.02],
        [0.20, 0.30, 0.14, 0.08, 0.16, 0.12],
        [0.16, 0.38, 0.05, 0.16, 0.13, 0.12],
        [0.20, 0.38, 0.06, 0.18, 0.15, 0.03],
        [0.14, 0.26, 0.08, 0.10, 0.12, 0.30],
        [0.10, 0.36, 0.06, 0.38, 0.10, 0.00],
        [0.24, 0.34, 0.05, 0.14, 0.23, 0.00],
    ]
)
_PROFESSION_SPEND: Final = np.array([1.05, 0.95, 1.25, 1.0, 0.95, 1.2, 0.65, 0.9])
_PROFESSION_RATE: Final = np.array([1.0, 1.0, 1.05, 0.9, 1.0, 1.15, 0.9, 1.1])
_PROFESSION_SHARES: Final = np.array([0.12, 0.13, 0.13, 0.12, 0.20, 0.09, 0.10, 0.11])


@dataclass(frozen=True)
class Buyers:
    """Customers as they are; one row each, columns side by side. Times are days since 1970-01-01, local.

    ``rate`` is orders per day in an average season; ``visits``, ``opens``, ``tickets`` and ``complaints`` are per day
    while the customer is active; ``fade_hazard`` is the chance per day that an active, untroubled customer starts to
    fade; ``complaint_pull`` the cumulative hazard that one complaint adds over the following weeks.
    """

    number: Ints
    segment: Ints
    profession: Ints
    region: Ints
    signup_channel: Ints
    gender: Ints
    channel: Ints
    favourite: Ints
    signup: Floats
    rate: Floats
    shape: Ints
    spend: Floats
    loyal: Flags
    satisfaction: Floats
    bargain: Floats
    refund_chance: Floats
    cost_share: Floats
    visits: Floats
    opens: Floats
    tickets: Floats
    complaints: Floats
    one_off: Floats
    fade_hazard: Floats
    complaint_pull: Floats

    def __len__(self) -> int:
        return len(self.number)


def draw_buyers(rng: np.random.Generator, number: Ints, season: Season, categories: int) -> Buyers:
    """Draw the customers with these running numbers.

    Parameters
    ----------
    number
        Running numbers, 0 for the first customer, shape (n,).
    season
        Gives the span over which customers arrive.
    categories
        How many product categories there are to prefer.

    Returns
    -------
    Buyers
        n customers, in the order of ``number``.
    """
    n = len(number)
    profession = pick(rng, _PROFESSION_SHARES[None, :], np.zeros(n, dtype=np.int64))
    segment = pick(rng, _SEGMENT_SHARES, profession)
    eagerness = rng.gamma(2.5, 0.4, n)  # mean 1: gamma-mixed rates are what makes few customers hold much of the value
    satisfaction = rng.standard_normal(n)
    loyal = rng.random(n) < np.clip(_LOYAL[segment] + 0.06 * satisfaction, 0.02, 0.95)
    rate = _PROFESSION_RATE[profession] / _GAP_DAYS[segment] * np.maximum(eagerness, 0.04) * np.where(loyal, 1.25, 0.92)
    own = 0.25 * np.log(np.maximum(eagerness, 0.04)) + 0.38 * rng.standard_normal(n)
    bargain = logistic(_BARGAIN[segment] + 0.6 * rng.standard_normal(n))
    stay = (
        _STAY_DAYS[segment] * np.exp(0.45 * satisfaction + 0.35 * rng.standard_normal(n)) * np.where(loyal, 1.35, 0.95)
    )
    tickets = (0.0012 + 0.05 * rate) * rng.gamma(2.0, 0.5, n) * np.exp(-0.25 * satisfaction)
    grumbling = logistic(-0.9 - 0.7 * satisfaction)
    return Buyers(
        number=number,
        segment=segment,
        profession=profession,
        region=pick(rng, np.array([[0.2, 0.28, 0.16, 0.3, 0.06]]), np.zeros(n, dtype=np.int64)),
        signup_channel=pick(rng, np.array([[0.34, 0.22, 0.18, 0.12, 0.14]]), np.zeros(n, dtype=np.int64)),
        gender=pick(rng, np.array([[0.54, 0.45, 0.01]]), np.zeros(n, dtype=np.int64)),
        channel=pick(rng, _CHANNEL_SHARES, segment),
        favourite=rng.integers(0, categories, n),
        signup=season.arrivals(rng, n),
        rate=rate,
        shape=np.array(SHAPES)[pick(rng, _SHAPE_SHARES, segment)],
        spend=_SPEND[segment] * _PROFESSION_SPEND[profession] * np.exp(own),
        loyal=loyal,
        satisfaction=satisfaction,
        bargain=bargain,
        refund_chance=logistic(_REFUND[segment] + 0.5 * rng.standard_normal(n)),
        cost_share=np.clip(0.55 + 0.04 * rng.standard_normal(n) + 0.08 * (bargain - 0.25), 0.35, 0.8),
        visits=(0.015 + 0.9 * rate) * rng.gamma(4.0, 0.25, n),
        opens=(0.015 + 0.2 * rate) * rng.gamma(1.5, 1 / 1.5, n),
        tickets=tickets * (1 - grumbling),
        complaints=tickets * grumbling,
        one_off=np.clip(_ONE_OFF[segment] * np.exp(-0.2 * satisfaction), 0.01, 0.8),
        fade_hazard=1.0 / stay,
        complaint_pull=np.where(loyal, 0.45, 0.8) * np.exp(-0.2 * satisfaction),
    )
