"""Possible members behind each row of a club's log.

Use is drawn around what was seen, evenly in logs; everything else from the population, or as its mean given what was
seen. Weights correct for that, and count what does not depend on whether a member has lost interest; the rest of the
log is the business of ``follow.py``.
"""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from hvc_ml.tables.demo import members as laws
from hvc_ml.tables.demo.best.club_log import SeenClub
from hvc_ml.tables.demo.best.sampling import normals, systematic
from hvc_ml.tables.demo.contracts_log import EXTRA_SPREAD
from hvc_ml.tables.demo.draws import Floats, Ints, logistic
from hvc_ml.tables.demo.members import Members
from hvc_ml.tables.demo.spells import FADED_USE
from hvc_ml.tables.demo.subscription_outlook import GRACE

_WIDE: Final = 2.5
"""Rough use goes as far as so many standard deviations of its count from what would explain it."""
_WIDER: Final = 1.3
"""Refined use is spread so much wider than what was found likely."""


@dataclass(frozen=True)
class Totals:
    """What members did under contract before the cutoff, each of shape (n, 1); ``log_extra`` as in ``SeenClub``."""

    days: Floats
    months: Floats
    seen: Floats
    complaints: Floats
    unpaid: Floats
    tickets: Floats
    extras: Floats
    log_extra: Floats
    lapses: Floats
    comebacks: Floats

    def of(self, rows: Ints) -> "Totals":
        """Those of some rows."""
        return Totals(*(getattr(self, field.name)[rows] for field in fields(self)))


def totals_of(club: SeenClub) -> Totals:
    """Sum up the months."""
    m, n = club.months, len(club)
    again = np.flatnonzero((m.month == 0) & np.append(False, m.row[1:] == m.row[:-1]))
    soon = m.begin[again] - m.end[again - 1] <= GRACE
    by_month = (np.bincount(m.row, x, n) for x in (m.days, np.ones(len(m.row)), m.seen, m.complaints, m.unpaid))
    returns = (np.bincount(m.row[again], weight, n) for weight in (soon, ~soon))
    sums = (*by_month, club.tickets, club.extras, club.log_extra, *returns)
    return Totals(*(np.asarray(x, dtype=np.float64)[:, None] for x in sums))


def draw_possible(
    rng: np.random.Generator, club: SeenClub, totals: Totals, rows: Ints, use: Floats
) -> tuple[Members, Floats]:
    """Possible members of these ``use``, shape (n, draws), one row after the other, and their log-weights.

    Weights are for use drawn evenly in logs. Of fields that neither the past nor the future depends on, nothing is
    drawn: they are 0.
    """
    n, draws = shape = use.shape
    plan = club.plan[rows]
    persona = systematic(rng, np.log(laws.PERSONA_SHARES * laws.PLAN_SHARES[:, plan].T), draws)
    satisfaction, own_thrift, own_leaving, own_fading = (normals(rng, shape) for _ in range(4))
    thrift = logistic(laws.THRIFT[persona] + laws.THRIFT_SPREAD * own_thrift)
    found = {
        "plan": plan[:, None],
        "satisfaction": satisfaction,
        "thrift": thrift,
        "leaving": laws.leaving_odds(persona, satisfaction, own_leaving),
        "fading": laws.fading_chance(persona, satisfaction, own_fading),
        "visits": use,
        "complaints": _mean(laws.ticket_rate(use), laws.COMPLAINING, totals.tickets, totals.days)
        * laws.grumbling(satisfaction),
        "extras": _mean(laws.EXTRAS, laws.BUYING, totals.extras, totals.days),
        "extra_spend": _extra_spend(totals),
        "discount": club.discount[rows][:, None],
        "payment_fails": np.minimum(_mean(laws.FAILS, laws.FAILING, totals.unpaid, totals.months), 0.3),
        "lapse": laws.lapse_chance(satisfaction),
    }
    flat = {name: np.broadcast_to(values, shape).reshape(-1) for name, values in found.items()}
    nothing = np.zeros(n * draws)
    members = Members(**{field.name: flat.get(field.name, nothing) for field in fields(Members)})
    at_discount = np.where(
        club.discount[rows][:, None] > 0, laws.discount_chance(thrift), 1 - laws.discount_chance(thrift)
    )
    weight = _log_use(use, persona, satisfaction) + _log_trouble(totals, use, satisfaction)
    return members, weight + _log_returns(totals, satisfaction) + np.log(at_discount)


def rough_use(rng: np.random.Generator, totals: Totals, shape: tuple[int, int]) -> Floats:
    """Visits and uses per day while interested: as if always or never interested so far, or anything in between."""
    usual = np.log((totals.seen + 1) / totals.days)
    margin = _WIDE / np.sqrt(totals.seen + 1)
    low, high = usual - margin, usual - np.log(FADED_USE) + margin
    part = rng.permuted(np.broadcast_to(np.arange(shape[1]), shape), axis=1)
    return np.asarray(np.exp(low + (high - low) * (part + rng.random(shape)) / shape[1]))


def refined_use(rng: np.random.Generator, use: Floats, log: Floats, draws: int) -> tuple[Floats, Floats]:
    """Use around what draws with these log-weights found likely: normal in logs; and the log of its density."""
    weight = np.exp(log - log.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    mean = (weight * np.log(use)).sum(axis=1, keepdims=True)
    spread = np.sqrt((weight * (np.log(use) - mean) ** 2).sum(axis=1, keepdims=True))
    spread = _WIDER * spread + 0.5 * np.ptp(np.log(use), axis=1, keepdims=True) / use.shape[1]
    z = normals(rng, (len(use), draws))
    return np.exp(mean + spread * z), -(z**2) / 2


def _log_use(use: Floats, persona: Ints, satisfaction: Floats) -> Floats:
    """Log prior density of the log of use, gamma around the persona's."""
    shape, scale = laws.USING
    own = use / (laws.USE[persona] * laws.use_factor(satisfaction) * scale)
    return np.asarray(shape * np.log(own) - own)


def _log_trouble(totals: Totals, use: Floats, satisfaction: Floats) -> Floats:
    """Log-likelihood of tickets, each member's own factor integrated out, and of complaints among them."""
    shape, scale = laws.COMPLAINING
    base, angry = laws.ticket_rate(use), laws.grumbling(satisfaction)
    tickets = totals.tickets * np.log(base) - (shape + totals.tickets) * np.log(1 / scale + base * totals.days)
    calm = totals.tickets - totals.complaints
    return np.asarray(tickets + totals.complaints * np.log(angry) + calm * np.log(1 - angry))


def _log_returns(totals: Totals, satisfaction: Floats) -> Floats:
    """Log-likelihood of contracts taken up again, soon or late."""
    soon, late = laws.lapse_chance(satisfaction), laws.comeback_chance(satisfaction)
    return np.asarray(totals.lapses * np.log(soon) + totals.comebacks * np.log(late))


def _mean(base: Floats | float, law: tuple[float, float], count: Floats, exposure: Floats) -> Floats:
    """Posterior mean of a rate ``base x gamma``, given so many events."""
    shape, scale = law
    return np.asarray(base * (shape + count) / (1 / scale + base * exposure))


def _extra_spend(totals: Totals) -> Floats:
    """Posterior mean of what an extra costs: normal in logs."""
    before, seen = 1 / laws.EXTRA_SPEND_SPREAD**2, totals.extras / EXTRA_SPREAD**2
    observed = totals.log_extra + totals.extras * EXTRA_SPREAD**2 / 2
    mean = (before * np.log(laws.EXTRA_SPEND) + observed / EXTRA_SPREAD**2) / (before + seen)
    return np.asarray(np.exp(mean + 0.5 / (before + seen)))
