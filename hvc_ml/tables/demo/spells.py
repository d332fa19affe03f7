"""Contracts month by month: use, trouble, changes of plan, the end, and the return."""

import itertools
from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from hvc_ml.tables.demo.draws import Flags, Floats, Ints, logistic, pick
from hvc_ml.tables.demo.members import PLANS, PRICES, Members, anchored

FADED_USE: Final = 0.30
"""What remains of visits and uses of a member who has lost interest."""
RECOVERY: Final = 0.12
"""Chance a month that a member finds interest again."""
COMPLAINT_FADES: Final = 0.18
"""A complaint in a month adds this chance of losing interest in the next."""
UPGRADE: Final = 0.012
DOWNGRADE: Final = 0.010
"""Chance a month of the next plan up or down, where there is one."""
LAPSE_DAYS: Final = (1, 10)
"""Lapsed contracts are taken up again after so many days, each as likely as the next."""
COMEBACK_DAYS: Final = (60, 240.0)
"""Others return after at least 60 days and 240 more on average."""
_SPIKES: Final = {1: 1.3, 2: 0.4, 3: 0.2, 12: 1.5, 24: 1.2}
_FADED: Final = 2.3
_COMPLAINED: Final = 0.9
_UNPAID: Final = 1.2
_DEAR: Final = 0.012


@dataclass(frozen=True)
class Months:
    """Contract months that were begun, one row each: whose, which spell, which month of it (0 first), and how it went.

    Days lie in ``[begin, end)``; ``belief`` is P(faded) as an onlooker sees it at ``begin``, by exact filtering of use,
    complaints, payments and months survived. ``ended``: the contract ended with the month.
    """

    row: Ints
    spell: Ints
    month: Ints
    begin: Ints
    end: Ints
    plan: Ints
    faded: Flags
    unpaid: Flags
    belief: Floats
    seen: Ints
    complaints: Ints
    ended: Flags


def month_later(anchor: Ints, months: Ints) -> Ints:
    """The day so many calendar months after ``anchor`` (whose day of the month is at most 28).

    Examples
    --------
    >>> month_later(np.array([0, 27]), np.array([1, 2])).tolist()
    [31, 86]
    """
    start = anchor.astype("datetime64[D]").astype("datetime64[M]")
    day_of_month = anchor - start.astype("datetime64[D]").astype(np.int64)
    return np.asarray((start + months).astype("datetime64[D]").astype(np.int64) + day_of_month)


def end_chance(
    members: Members, row: Ints, month: Ints, plan: Ints, *, faded: Flags, complained: Flags, unpaid: Flags
) -> Floats:
    """P(the contract ends with this month), given everything about the month.

    ``month`` counts from 0, so month 0 ends at age 1, month 11 at age 12: the ages at which many leave.
    """
    spike = np.array([_SPIKES.get(age, 0.0) for age in range(1, 202)])[np.minimum(month, 200)]
    price = _DEAR * (PRICES[plan] - PRICES[0]) * (0.5 + members.thrift[row])
    trouble = _FADED * faded + _COMPLAINED * complained + _UNPAID * unpaid
    return logistic(members.leaving[row] + spike + price + trouble)


def fade_chance(members: Members, row: Ints, faded: Flags, complained: Flags) -> Floats:
    """P(faded in the next month), given this one."""
    return np.where(faded, 1 - RECOVERY, np.minimum(members.fading[row] + COMPLAINT_FADES * complained, 0.9))


def plan_moves() -> Floats:
    """P(plan in the next month | plan in this one), shape (plans, plans)."""
    count = len(PLANS)
    moves = np.diag(np.full(count - 1, UPGRADE), 1) + np.diag(np.full(count - 1, DOWNGRADE), -1)
    return np.asarray(moves + np.diag(1 - moves.sum(axis=1)))


def run_contracts(rng: np.random.Generator, members: Members, last: int) -> Months:
    """Let contracts run, end and return until the day ``last``; months sorted by member and time."""
    parts: list[Months] = []
    row, start, spell = np.arange(len(members)), members.signup, 0
    while len(row):
        months = _spell(rng, members, row, start, spell=spell, last=last)
        parts += months
        over = [(part.row[part.ended], part.end[part.ended]) for part in months]
        row = np.concatenate([r for r, _ in over])
        row, start = _return(rng, members, row, np.concatenate([e for _, e in over]))
        row, start, spell = row[start < last], start[start < last], spell + 1
    joined = {f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Months)}
    order = np.lexsort((joined["begin"], joined["row"]))
    return Months(**{name: values[order] for name, values in joined.items()})


@dataclass(frozen=True)
class _Running:
    """Contracts at the start of a month."""

    row: Ints
    start: Ints
    plan: Ints
    faded: Flags
    belief: Floats

    def only(self, kept: Flags) -> "_Running":
        return _Running(self.row[kept], self.start[kept], self.plan[kept], self.faded[kept], self.belief[kept])


def _spell(
    rng: np.random.Generator, members: Members, row: Ints, start: Ints, *, spell: int, last: int
) -> list[Months]:
    """One contract of each of these members, from its start to its end or to the day ``last``."""
    parts: list[Months] = []
    running = _Running(row, start, members.plan[row], np.zeros(len(row), dtype=bool), np.zeros(len(row)))
    for month in itertools.count():
        running = running.only(month_later(running.start, np.full(len(running.row), month)) < last)
        if not len(running.row):
            break
        part = _month(rng, members, running, spell, month)
        parts.append(part)
        running = _next_month(rng, members, running, part)
    return parts


def _month(rng: np.random.Generator, members: Members, now: _Running, spell: int, month: int) -> Months:
    which = np.full(len(now.row), month)
    begin, end = month_later(now.start, which), month_later(now.start, which + 1)
    days = (end - begin).astype(np.float64)
    use = (members.visits[now.row] + members.uses[now.row]) * np.where(now.faded, FADED_USE, 1.0)
    complaints = rng.poisson(members.complaints[now.row] * days)
    unpaid = rng.random(len(now.row)) < members.payment_fails[now.row]
    chance = end_chance(members, now.row, which, now.plan, faded=now.faded, complained=complaints > 0, unpaid=unpaid)
    return Months(
        row=now.row,
        spell=np.full(len(now.row), spell),
        month=which,
        begin=begin,
        end=end,
        plan=now.plan,
        faded=now.faded,
        unpaid=unpaid,
        belief=now.belief,
        seen=rng.poisson(use * days),
        complaints=complaints,
        ended=rng.random(len(now.row)) < chance,
    )


def _next_month(rng: np.random.Generator, members: Members, now: _Running, month: Months) -> _Running:
    """Those who stay, on the plan and in the mood of the next month."""
    faded = rng.random(len(now.row)) < fade_chance(members, now.row, month.faded, month.complaints > 0)
    plan = pick(rng, plan_moves(), month.plan)
    return _Running(now.row, now.start, plan, faded, next_belief(members, month)).only(~month.ended)


def seen_faded(members: Members, row: Ints, belief: Floats, *, seen: Ints, days: Floats) -> Floats:
    """P(faded), after ``seen`` visits and uses in ``days``; ``belief`` before them."""
    use = (members.visits[row] + members.uses[row]) * days
    ratio = np.exp(seen * np.log(FADED_USE) + use * (1 - FADED_USE))  # likelihood if faded : if not
    return np.asarray(belief * ratio / (belief * ratio + 1 - belief))


def next_belief(members: Members, m: Months) -> Floats:
    """P(faded at the start of the next month | what was seen until the end of this one, which was not the last)."""
    posterior = seen_faded(members, m.row, m.belief, seen=m.seen, days=(m.end - m.begin).astype(np.float64))
    complained = m.complaints > 0
    yes, no = np.ones(len(m.row), dtype=bool), np.zeros(len(m.row), dtype=bool)
    stays = [
        1 - end_chance(members, m.row, m.month, m.plan, faded=state, complained=complained, unpaid=m.unpaid)
        for state in (no, yes)
    ]
    posterior = posterior * stays[1] / (posterior * stays[1] + (1 - posterior) * stays[0])
    fades = [fade_chance(members, m.row, state, complained) for state in (no, yes)]
    return np.asarray((1 - posterior) * fades[0] + posterior * fades[1])


def _return(rng: np.random.Generator, members: Members, row: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Who takes the contract up again, and when."""
    draw = rng.random(len(row))
    lapsed = draw < members.lapse[row]
    late = ~lapsed & (draw < members.lapse[row] + members.comeback[row])
    soon = rng.integers(LAPSE_DAYS[0], LAPSE_DAYS[1] + 1, len(row))
    later = COMEBACK_DAYS[0] + np.floor(rng.exponential(COMEBACK_DAYS[1], len(row))).astype(np.int64)
    back = lapsed | late
    return row[back], next_anchor(end + np.where(lapsed, soon, later))[back]


def next_anchor(day: Ints) -> Ints:
    """The day itself, or the first of the next month after a 28th: contracts start on days that every month has."""
    clipped = anchored(day)
    return np.asarray(np.where(clipped < day, month_later(clipped - 27, np.ones(len(day), dtype=np.int64)), day))
