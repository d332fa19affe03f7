"""Who the made-up buyers are: segments, professions, and each one's own rate, rhythm, spend, patience and habits."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from hvc_ml.tables.demo import laws
from hvc_ml.tables.demo.draws import Flags, Floats, Ints, logistic, pick
from hvc_ml.tables.demo.season import Season

REGIONS: Final = ("north", "south", "east", "west", "abroad")
SIGNUP_CHANNELS: Final = ("search", "social", "store", "friend", "newsletter")
GENDERS: Final = ("female", "male", "diverse")


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
    profession = pick(rng, laws.PROFESSION_SHARES[None, :], np.zeros(n, dtype=np.int64))
    segment = pick(rng, laws.SEGMENT_SHARES, profession)
    eagerness = rng.gamma(*laws.EAGERNESS, n)
    satisfaction = rng.standard_normal(n)
    loyal = rng.random(n) < laws.loyal_chance(segment, satisfaction)
    rate = laws.order_rate(segment, profession, eagerness, loyal)
    own = laws.SPEND_BY_EAGERNESS * np.log(np.maximum(eagerness, laws.LEAST_EAGER))
    own += laws.SPEND_SPREAD * rng.standard_normal(n)
    bargain = logistic(laws.BARGAIN[segment] + laws.BARGAIN_SPREAD * rng.standard_normal(n))
    stay = laws.stay_days(segment, satisfaction, rng.standard_normal(n), loyal)
    tickets = laws.ticket_rate(rate) * rng.gamma(*laws.COMPLAINING, n) * laws.trouble(satisfaction)
    grumbling = laws.grumbling(satisfaction)
    return Buyers(
        number=number,
        segment=segment,
        profession=profession,
        region=pick(rng, np.array([[0.2, 0.28, 0.16, 0.3, 0.06]]), np.zeros(n, dtype=np.int64)),
        signup_channel=pick(rng, np.array([[0.34, 0.22, 0.18, 0.12, 0.14]]), np.zeros(n, dtype=np.int64)),
        gender=pick(rng, np.array([[0.54, 0.45, 0.01]]), np.zeros(n, dtype=np.int64)),
        channel=pick(rng, laws.CHANNEL_SHARES, segment),
        favourite=rng.integers(0, categories, n),
        signup=season.arrivals(rng, n),
        rate=rate,
        shape=np.array(laws.SHAPES)[pick(rng, laws.SHAPE_SHARES, segment)],
        spend=laws.SPEND[segment] * laws.PROFESSION_SPEND[profession] * np.exp(own),
        loyal=loyal,
        satisfaction=satisfaction,
        bargain=bargain,
        refund_chance=logistic(laws.REFUND[segment] + laws.REFUND_SPREAD * rng.standard_normal(n)),
        cost_share=np.clip(0.55 + 0.04 * rng.standard_normal(n) + 0.08 * (bargain - 0.25), 0.35, 0.8),
        visits=laws.visit_rate(rate) * rng.gamma(*laws.VISITING, n),
        opens=laws.open_rate(rate) * rng.gamma(*laws.OPENING, n),
        tickets=tickets * (1 - grumbling),
        complaints=tickets * grumbling,
        one_off=laws.one_off_chance(segment, satisfaction),
        fade_hazard=1.0 / stay,
        complaint_pull=laws.complaint_pull(satisfaction, loyal),
    )
