"""Who the made-up subscribers are: personas, plans, and each one's own use, patience and habits."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from hvc_ml.tables.demo.buyers import GENDERS, REGIONS, SIGNUP_CHANNELS
from hvc_ml.tables.demo.draws import Floats, Ints, logistic, pick
from hvc_ml.tables.demo.laws import PROFESSIONS
from hvc_ml.tables.demo.season import Season

PERSONAS: Final = ("professional", "hobbyist", "family", "student", "curious")
PLANS: Final = ("basic", "plus", "premium")
PRICES: Final = np.array([12.90, 24.90, 49.90])
"""Price a month, by plan."""

# One column per persona, in the order of PERSONAS.
PERSONA_SHARES: Final = np.array([0.22, 0.30, 0.20, 0.13, 0.15])
PLAN_SHARES: Final = np.array(
    [[0.1, 0.4, 0.5], [0.5, 0.4, 0.1], [0.3, 0.6, 0.1], [0.85, 0.14, 0.01], [0.7, 0.25, 0.05]]
)
LEAVING: Final = np.array([-4.6, -3.9, -4.2, -3.6, -3.1])
FADING: Final = np.array([0.02, 0.045, 0.035, 0.055, 0.08])
USE: Final = np.array([0.22, 0.11, 0.13, 0.12, 0.08])
THRIFT: Final = np.array([-2.0, -1.0, -0.9, 0.6, -0.4])

# Gamma laws of what differs from member to member: (shape, scale), mean 1.
USING: Final = (3.0, 1 / 3)
COMPLAINING: Final = (2.0, 0.5)
BUYING: Final = (0.8, 1 / 0.8)
FAILING: Final = (0.7, 1 / 0.7)

EXTRAS: Final = 0.004
"""Extras a day of the mean member."""
EXTRA_SPEND: Final = 18.0
FAILS: Final = 0.015
"""Chance that a payment fails, of the mean member."""

# Normal laws: how much the log (or the log-odds) differs from member to member.
THRIFT_SPREAD: Final = 0.7
LEAVING_SPREAD: Final = 0.4
FADING_SPREAD: Final = 0.4
EXTRA_SPEND_SPREAD: Final = 0.4


@dataclass(frozen=True)
class Members:
    """Subscribers as they are; one row each. Days since 1970-01-01, local; rates per day while a contract runs.

    ``leaving`` is the log-odds of ending the contract at the end of an ordinary month, ``fading`` the chance a month to
    lose interest; ``lapse`` and ``comeback`` the chances to take the contract up again within days or after months.
    """

    number: Ints
    persona: Ints
    profession: Ints
    region: Ints
    signup_channel: Ints
    gender: Ints
    signup: Ints
    plan: Ints
    satisfaction: Floats
    thrift: Floats
    leaving: Floats
    fading: Floats
    visits: Floats
    uses: Floats
    tickets: Floats
    complaints: Floats
    extras: Floats
    extra_spend: Floats
    discount: Floats
    payment_fails: Floats
    lapse: Floats
    comeback: Floats

    def __len__(self) -> int:
        return len(self.number)


def anchored(day: Ints) -> Ints:
    """The day itself, or the 28th where the month runs longer: contracts start on days that every month has.

    Examples
    --------
    >>> anchored(np.array([0, 27, 30, 31])).tolist()
    [0, 27, 27, 31]
    """
    start = day.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return np.asarray(np.minimum(day, start + 27))


def use_factor(satisfaction: Floats) -> Floats:
    """Factor on visits and uses: the satisfied come more often."""
    return np.asarray(np.exp(0.2 * satisfaction))


def leaving_odds(persona: Ints, satisfaction: Floats, own: Floats) -> Floats:
    """Log-odds of ending the contract at the end of an ordinary month; ``own`` is standard normal."""
    return np.asarray(LEAVING[persona] - 0.4 * satisfaction + LEAVING_SPREAD * own)


def fading_chance(persona: Ints, satisfaction: Floats, own: Floats) -> Floats:
    """Chance a month to lose interest; ``own`` is standard normal."""
    return np.asarray(np.clip(FADING[persona] * np.exp(-0.3 * satisfaction + FADING_SPREAD * own), 0.002, 0.4))


def ticket_rate(use: Floats) -> Floats:
    """Tickets per day, complaints among them, of the mean member with this use."""
    return 0.002 + 0.012 * use


def grumbling(satisfaction: Floats) -> Floats:
    """Share of tickets that are complaints."""
    return logistic(-1.0 - 0.7 * satisfaction)


def discount_chance(thrift: Floats) -> Floats:
    """P(a price below the list's)."""
    return 0.3 * thrift + 0.05


def lapse_chance(satisfaction: Floats) -> Floats:
    """P(a contract that ended is taken up again within days)."""
    return np.asarray(np.clip(0.05 + 0.02 * satisfaction, 0.01, 0.2))


def comeback_chance(satisfaction: Floats) -> Floats:
    """P(a contract that ended is taken up again after months)."""
    return np.asarray(np.clip(0.18 + 0.06 * satisfaction, 0.02, 0.5))


def draw_members(rng: np.random.Generator, number: Ints, season: Season) -> Members:
    """Draw the subscribers with these running numbers, 0 for the first."""
    n = len(number)
    nobody = np.zeros(n, dtype=np.int64)
    persona = pick(rng, PERSONA_SHARES[None, :], nobody)
    satisfaction = rng.standard_normal(n)
    thrift = logistic(THRIFT[persona] + THRIFT_SPREAD * rng.standard_normal(n))
    use = USE[persona] * rng.gamma(*USING, n) * use_factor(satisfaction)
    share = rng.uniform(0.4, 0.8, n)
    tickets = ticket_rate(use) * rng.gamma(*COMPLAINING, n)
    complaining = grumbling(satisfaction)
    return Members(
        number=number,
        persona=persona,
        profession=pick(rng, np.full((1, len(PROFESSIONS)), 1.0), nobody),
        region=pick(rng, np.full((1, len(REGIONS)), 1.0), nobody),
        signup_channel=pick(rng, np.full((1, len(SIGNUP_CHANNELS)), 1.0), nobody),
        gender=pick(rng, np.array([[0.5, 0.49, 0.01]])[:, : len(GENDERS)], nobody),
        signup=anchored(np.floor(season.arrivals(rng, n)).astype(np.int64)),
        plan=pick(rng, PLAN_SHARES, persona),
        satisfaction=satisfaction,
        thrift=thrift,
        leaving=leaving_odds(persona, satisfaction, rng.standard_normal(n)),
        fading=fading_chance(persona, satisfaction, rng.standard_normal(n)),
        visits=use * share,
        uses=use * (1 - share),
        tickets=tickets * (1 - complaining),
        complaints=tickets * complaining,
        extras=EXTRAS * rng.gamma(*BUYING, n),
        extra_spend=EXTRA_SPEND * np.exp(EXTRA_SPEND_SPREAD * rng.standard_normal(n)),
        discount=np.where(rng.random(n) < discount_chance(thrift), rng.choice([0.1, 0.2], n), 0.0),
        payment_fails=np.clip(FAILS * rng.gamma(*FAILING, n), 0.0, 0.3),
        lapse=lapse_chance(satisfaction),
        comeback=comeback_chance(satisfaction),
    )
