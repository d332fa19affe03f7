"""Who the made-up subscribers are: personas, plans, and each one's own use, patience and habits."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from hvc_ml.tables.demo.buyers import GENDERS, PROFESSIONS, REGIONS, SIGNUP_CHANNELS
from hvc_ml.tables.demo.draws import Floats, Ints, logistic, pick
from hvc_ml.tables.demo.season import Season

PERSONAS: Final = ("professional", "hobbyist", "family", "student", "curious")
PLANS: Final = ("basic", "plus", "premium")
PRICES: Final = np.array([12.90, 24.90, 49.90])
"""Price a month, by plan."""

# One column per persona, in the order of PERSONAS.
_PERSONA_SHARES: Final = np.array([[0.22, 0.30, 0.20, 0.13, 0.15]])
_PLAN_SHARES: Final = np.array(
    [[0.1, 0.4, 0.5], [0.5, 0.4, 0.1], [0.3, 0.6, 0.1], [0.85, 0.14, 0.01], [0.7, 0.25, 0.05]]
)
_LEAVING: Final = np.array([-4.6, -3.9, -4.2, -3.6, -3.1])
_FADING: Final = np.array([0.02, 0.045, 0.035, 0.055, 0.08])
_USE: Final = np.array([0.22, 0.11, 0.13, 0.12, 0.08])
_THRIFT: Final = np.array([-2.0, -1.0, -0.9, 0.6, -0.4])


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


def draw_members(rng: np.random.Generator, number: Ints, season: Season) -> Members:
    """Draw the subscribers with these running numbers, 0 for the first."""
    n = len(number)
    nobody = np.zeros(n, dtype=np.int64)
    persona = pick(rng, _PERSONA_SHARES, nobody)
    satisfaction = rng.standard_normal(n)
    thrift = logistic(_THRIFT[persona] + 0.7 * rng.standard_normal(n))
    use = _USE[persona] * rng.gamma(3.0, 1 / 3, n) * np.exp(0.2 * satisfaction)
    share = rng.uniform(0.4, 0.8, n)
    tickets = (0.002 + 0.012 * use) * rng.gamma(2.0, 0.5, n)
    grumbling = logistic(-1.0 - 0.7 * satisfaction)
    return Members(
        number=number,
        persona=persona,
        profession=pick(rng, np.full((1, len(PROFESSIONS)), 1.0), nobody),
        region=pick(rng, np.full((1, len(REGIONS)), 1.0), nobody),
        signup_channel=pick(rng, np.full((1, len(SIGNUP_CHANNELS)), 1.0), nobody),
        gender=pick(rng, np.array([[0.5, 0.49, 0.01]])[:, : len(GENDERS)], nobody),
        signup=anchored(np.floor(season.arrivals(rng, n)).astype(np.int64)),
        plan=pick(rng, _PLAN_SHARES, persona),
        satisfaction=satisfaction,
        thrift=thrift,
        leaving=_LEAVING[persona] - 0.4 * satisfaction + 0.4 * rng.standard_normal(n),
        fading=np.clip(_FADING[persona] * np.exp(-0.3 * satisfaction + 0.4 * rng.standard_normal(n)), 0.002, 0.4),
        visits=use * share,
        uses=use * (1 - share),
        tickets=tickets * (1 - grumbling),
        complaints=tickets * grumbling,
        extras=0.004 * rng.gamma(0.8, 1 / 0.8, n),
        extra_spend=18.0 * np.exp(0.4 * rng.standard_normal(n)),
        discount=np.where(rng.random(n) < 0.3 * thrift + 0.05, rng.choice([0.1, 0.2], n), 0.0),
        payment_fails=np.clip(0.015 * rng.gamma(0.7, 1 / 0.7, n), 0.0, 0.3),
        lapse=np.clip(0.05 + 0.02 * satisfaction, 0.01, 0.2),
        comeback=np.clip(0.18 + 0.06 * satisfaction, 0.02, 0.5),
    )
