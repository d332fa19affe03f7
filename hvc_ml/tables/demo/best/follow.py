"""Follow possible members month by month: how well the log agrees with each, and whether they have lost interest.

A hidden Markov model with two states (interested or faded); contracts begin interested.
"""

from typing import Final

import numpy as np

from hvc_ml.tables.demo.best.club_log import SeenClub, SeenMonths
from hvc_ml.tables.demo.best.sampling import log_rounded
from hvc_ml.tables.demo.contracts_log import REFERRALS, SURVEY_SPREAD, survey_mean
from hvc_ml.tables.demo.draws import Floats, Ints
from hvc_ml.tables.demo.members import Members
from hvc_ml.tables.demo.spells import FADED_USE, end_chance, fade_chance

_STATES: Final = (np.array(False), np.array(True))
"""Interested, faded."""
_NEVER: Final = -30.0
"""Log-likelihood of what cannot be."""


def follow(club: SeenClub, rows: Ints, members: Members) -> tuple[Floats, Floats]:
    """Weigh every possible member by the months of its row.

    Parameters
    ----------
    members
        The same number of draws for each of ``rows``, one row after the other.

    Returns
    -------
    tuple
        Log evidence and P(faded at the cutoff), each of shape (n, draws).
    """
    m, draws = club.months, len(members) // len(rows)
    first = np.searchsorted(m.row, rows)
    count = np.searchsorted(m.row, rows, side="right") - first
    evidence, faded = np.zeros((2, len(rows), draws))
    for j in range(int(count.max())):  # everyone's first month, everyone's second, ...
        some = np.flatnonzero(count > j)
        month = first[some] + j
        who = some[:, None] * draws + np.arange(draws)
        belief = np.where(m.month[month][:, None] == 0, 0.0, faded[some])
        belief, gained = _weighed(belief, _seen(club, month, members, who))
        evidence[some] += gained
        over = count[some] > j + 1  # the last month still runs
        belief[over], gained = _weighed(belief[over], _ended(m, month[over], members, who[over]))
        evidence[some[over]] += gained
        belief[over] = _next(belief[over], m, month[over], members, who[over])
        faded[some] = belief
    return evidence, faded


def _weighed(belief: Floats, log: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """P(faded) after an observation with these log-likelihoods by state, and the log of its probability."""
    with np.errstate(divide="ignore"):
        calm, faded = np.log(1 - belief) + log[0], np.log(belief) + log[1]
    total = np.logaddexp(calm, faded)
    return np.exp(faded - total), total


def _seen(club: SeenClub, month: Ints, members: Members, who: Ints) -> tuple[Floats, Floats]:
    """Log-likelihoods by state of visits, uses, referrals and answers in a month."""
    m = club.months
    use, glad = members.visits[who], members.satisfaction[who] > 0
    seen, days, sent = (x[month][:, None] for x in (m.seen, m.days, m.referrals))
    unasked = np.where(sent > 0, _NEVER, 0.0)
    logs = []
    for state in _STATES:
        rate = use * (FADED_USE if state else 1.0)
        referring = unasked if state else np.where(glad, sent * np.log(REFERRALS) - REFERRALS * days, unasked)
        logs.append(seen * np.log(rate) - rate * days + referring)
    _add_answers(logs, club, month, members, who)
    return logs[0], logs[1]


def _add_answers(logs: list[Floats], club: SeenClub, month: Ints, members: Members, who: Ints) -> None:
    """Add the log-likelihoods of the surveys answered in these months."""
    first = np.searchsorted(club.surveys, month)
    count = np.searchsorted(club.surveys, month, side="right") - first
    for q in range(int(count.max(initial=0))):
        some = np.flatnonzero(count > q)
        answer = club.answers[first[some] + q][:, None]
        complained = (club.months.complaints[month[some]] > 0)[:, None]
        satisfaction = members.satisfaction[who[some]]
        for log, state in zip(logs, _STATES, strict=True):
            mean = survey_mean(satisfaction, faded=state, complained=complained)
            log[some] += log_rounded(answer, mean, SURVEY_SPREAD)


def _ended(m: SeenMonths, month: Ints, members: Members, who: Ints) -> tuple[Floats, Floats]:
    """Log-likelihoods by state of whether the contract ended with the month."""
    complained, unpaid, ended = ((x[month] > 0)[:, None] for x in (m.complaints, m.unpaid, m.ended))
    number, plan = m.month[month][:, None], m.plan[month][:, None]
    chances = [
        end_chance(members, who, number, plan, faded=state, complained=complained, unpaid=unpaid) for state in _STATES
    ]
    calm, faded = (np.log(np.where(ended, chance, 1 - chance)) for chance in chances)
    return calm, faded


def _next(belief: Floats, m: SeenMonths, month: Ints, members: Members, who: Ints) -> Floats:
    """P(faded in the next month)."""
    complained = (m.complaints[month] > 0)[:, None]
    stays, loses = (fade_chance(members, who, state, complained) for state in _STATES)
    return np.asarray((1 - belief) * stays + belief * loses)
