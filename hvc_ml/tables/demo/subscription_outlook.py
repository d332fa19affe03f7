"""The truth about the future of the made-up subscribers, computed, not peeked at.

As for the shop (``outlook.py``, which also tells of the bound for a model), the **oracle** sees the hidden state (faded
or not) at the cutoff, the **onlooker** infers it by exact filtering of use, complaints, payments and months survived.
Both know every parameter, this month's complaints and failed payment so far, and nothing that happens at the cutoff or
after it.

Churned means: the last contract to end in ``[cutoff, cutoff + horizon)`` is not taken up again within the grace.
Figures are exact sums over the states (plan, faded) of each month that ends in the horizon, worked out backwards, but
for two shortcuts: a contract that lapses in the horizon and is taken up again is followed at its mean delay and does
not lapse a second time; and members who return after months (at least 60 days) bring no money within the horizon.
"""

from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np

from hvc_ml.tables.demo.contracts_log import REFUNDED, RETRY_DAYS, Book, Club, net_price
from hvc_ml.tables.demo.draws import Flags, Floats, Ints
from hvc_ml.tables.demo.members import PLANS, Members, anchored
from hvc_ml.tables.demo.spells import LAPSE_DAYS, Months, end_chance, fade_chance, month_later, plan_moves, seen_faded

GRACE: Final = 14
"""Days in which a contract taken up again was not left."""
STATES: Final = tuple(product((False, True), range(len(PLANS))))
"""Hidden and visible state of a month: faded or not, and the plan."""
FIGURES: Final = ("stays", "money", "money_stays")
_PAUSE: Final = sum(LAPSE_DAYS) // 2 + 1


@dataclass(frozen=True)
class Ahead:
    """Expectations by state at a month's end or start, each of shape (states, n).

    ``stays``: P(not churned); ``money``: expected money; ``money_stays``: expected money x not churned.
    """

    stays: Floats
    money: Floats
    money_stays: Floats


@dataclass(frozen=True)
class ContractOutlook:
    """Figures of one cutoff for the members (``row``) whose contract runs at it."""

    cutoff: int
    row: Ints
    state: Ints
    churn_risk: Floats
    future_value: Floats
    value_if_kept: Floats
    churn_risk_seen: Floats
    future_value_seen: Floats
    value_if_kept_seen: Floats
    churned: Flags
    realised_value: Floats
    tenure: Ints
    complained: Flags


def look_ahead(club: Club, cutoffs: Ints, horizon: int) -> list[ContractOutlook]:
    """The outlook of every cutoff (days since 1970, ascending)."""
    return [_outlook(club, int(cutoff), horizon) for cutoff in cutoffs]


@dataclass(frozen=True)
class Now:
    """The month each contract is in at a cutoff, as far as it was seen; one row each.

    ``number`` counts from 0; days lie in ``[begin, end)``; ``unpaid``: its payment failed; ``complained``: so far.
    """

    number: Ints
    begin: Ints
    end: Ints
    plan: Ints
    unpaid: Flags
    complained: Flags


@dataclass(frozen=True)
class View:
    """Members looked at, up to the day ``stop``; ``again``: contracts that lapse are followed."""

    members: Members
    row: Ints
    stop: int
    again: bool

    @property
    def size(self) -> int:
        """How many members."""
        return len(self.row)

    def price(self, plan: Ints) -> Floats:
        """Money a month on a plan."""
        return net_price(self.members, self.row, plan) / 100.0

    def per_day(self, plan: Ints) -> Floats:
        """Expected money a day beside invoices: extras, less refunds for complaints."""
        refund = self.members.complaints[self.row] * REFUNDED * self.price(plan) / 2
        return self.members.extras[self.row] * self.members.extra_spend[self.row] - refund


@dataclass(frozen=True)
class _Month:
    """One month of each contract: its number and end, P(complaint in it), P(its payment failed), and what follows.

    ``after``: expectations by state where the contract goes on; ``gone``: where it ends.
    """

    number: Ints
    end: Ints
    trouble: Floats
    fails: Floats
    after: Ahead
    gone: Ahead


def _outlook(club: Club, cutoff: int, horizon: int) -> ContractOutlook:
    members, months = club.members, club.months
    now = np.flatnonzero((months.begin < cutoff) & (months.end >= cutoff))
    row, n = months.row[now], len(months.row)
    seen = np.bincount(club.uses.month[club.uses.day < cutoff], minlength=n)[now]
    complained = np.bincount(club.trouble.month[club.trouble.day < cutoff], minlength=n)[now] > 0
    days = (cutoff - months.begin[now]).astype(np.float64)
    belief = seen_faded(members, row, months.belief[now], seen=seen, days=days)
    month = Now(months.month[now], months.begin[now], months.end[now], months.plan[now], months.unpaid[now], complained)
    by_state = this_month(View(members, row, cutoff + horizon, again=True), month, cutoff)
    oracle, onlooker = _mixed(by_state, months.faded[now].astype(np.float64)), _mixed(by_state, belief)
    return ContractOutlook(
        cutoff=cutoff,
        row=row,
        state=months.faded[now].astype(np.int64),
        churn_risk=oracle[0],
        future_value=oracle[1],
        value_if_kept=oracle[2],
        churn_risk_seen=onlooker[0],
        future_value_seen=onlooker[1],
        value_if_kept_seen=onlooker[2],
        churned=_churned(months, cutoff, horizon, len(members))[row],
        realised_value=_paid(club.book, cutoff, horizon, len(members))[row],
        tenure=months.month[now],
        complained=complained,
    )


def _mixed(by_state: tuple[Ahead, Ahead], faded: Floats) -> tuple[Floats, Floats, Floats]:
    """Churn risk, future value, value if kept, for a probability of being faded."""
    stays, money, both = (
        (1 - faded) * getattr(by_state[0], name)[0] + faded * getattr(by_state[1], name)[0] for name in FIGURES
    )
    return 1 - stays, money, both / np.maximum(stays, 1e-12)


def this_month(view: View, now: Now, cutoff: int) -> tuple[Ahead, Ahead]:
    """Expectations at the cutoff, not faded and faded; arrays of shape (1, n)."""
    late = now.unpaid & (now.begin + RETRY_DAYS >= cutoff)
    due = late * view.price(now.plan) + (np.minimum(now.end, view.stop) - cutoff) * view.per_day(now.plan)
    to_come = 1 - np.exp(-view.members.complaints[view.row] * (now.end - cutoff))
    month = _Month(
        number=now.number,
        end=now.end,
        trouble=np.where(now.complained, 1.0, to_come),
        fails=now.unpaid.astype(np.float64),
        after=_months_ahead(view, month_later(now.begin, -now.number), now.number),
        gone=_taken_up_again(view, now.end),
    )
    calm, faded = (_with_money(_month_end(view, month, now.plan, faded=state), due) for state in (False, True))
    return calm, faded


def _months_ahead(view: View, anchor: Ints, number: Ints) -> Ahead:
    """Expectations at the start of the month after ``number``, by state, for contracts that reach it; backwards."""
    shape = (len(STATES), view.size)
    after = Ahead(np.ones(shape), np.zeros(shape), np.zeros(shape))
    if not view.size:
        return after
    most = (view.stop - int(month_later(anchor, number + 1).min())) // 28 + 1
    for later in range(most, 0, -1):
        after = _one_month(view, anchor, number + later, after)
    return after


def _one_month(view: View, anchor: Ints, number: Ints, after: Ahead) -> Ahead:
    """Expectations at the start of a month, by state, given those at the start of the next."""
    begin, end = month_later(anchor, number), month_later(anchor, number + 1)
    fails = view.members.payment_fails[view.row]
    trouble = 1 - np.exp(-view.members.complaints[view.row] * (end - begin))
    days = np.clip(np.minimum(end, view.stop) - begin, 0, None)
    paid = (begin < view.stop) * (1 - fails) + (begin + RETRY_DAYS < view.stop) * fails
    month = _Month(number, end, trouble, fails, after, _taken_up_again(view, end))
    parts = []
    for faded, code in STATES:
        plan = np.full(view.size, code)
        money = paid * view.price(plan) + days * view.per_day(plan)
        parts.append(_with_money(_month_end(view, month, plan, faded=faded), money))
    return Ahead(*(np.concatenate([getattr(part, name) for part in parts]) for name in FIGURES))


def _month_end(view: View, month: _Month, plan: Ints, *, faded: bool) -> Ahead:
    """Expectations at the end of a month in one state, over whether there was a complaint and a failed payment."""
    n = view.size
    state = np.full(n, faded)
    totals = np.zeros((len(FIGURES), n))
    moves = plan_moves()[plan]
    for complained, unpaid in product((False, True), (False, True)):
        trouble, fails = np.full(n, complained), np.full(n, unpaid)
        weight = (month.trouble if complained else 1 - month.trouble) * (month.fails if unpaid else 1 - month.fails)
        ends = end_chance(view.members, view.row, month.number, plan, faded=state, complained=trouble, unpaid=fails)
        fades = fade_chance(view.members, view.row, state, trouble)
        to = np.stack([(fades if f else 1 - fades) * moves[:, p] for f, p in STATES])
        for i, name in enumerate(FIGURES):
            goes_on = (to * getattr(month.after, name)).sum(axis=0)
            totals[i] += weight * ((1 - ends) * goes_on + ends * getattr(month.gone, name)[0])
    beyond = month.end >= view.stop  # the month outlasts the horizon: nobody leaves within it
    totals = np.where(beyond, np.array([1.0, 0.0, 0.0])[:, None], totals)
    return Ahead(totals[:1], totals[1:2], totals[2:])


def _taken_up_again(view: View, end: Ints) -> Ahead:
    """Expectations once a contract has ended: a lapse, then a fresh contract on the plan the member first chose."""
    if not view.again:
        zero = np.zeros((1, view.size))
        return Ahead(zero, zero, zero)
    fresh = _months_ahead(replace(view, again=False), anchored(end + _PAUSE), np.full(view.size, -1))
    back, plan, each = view.members.lapse[view.row], view.members.plan[view.row], np.arange(view.size)
    return Ahead(*((back * getattr(fresh, name)[plan, each])[None, :] for name in FIGURES))  # plan: not faded


def _with_money(ahead: Ahead, money: Floats) -> Ahead:
    """The same, with money that comes in any case."""
    return Ahead(ahead.stays, ahead.money + money, ahead.money_stays + money * ahead.stays)


def _churned(months: Months, cutoff: int, horizon: int, n: int) -> Flags:
    """What came true: the last contract to end in the horizon was not taken up again within the grace."""
    over = months.ended & (months.end >= cutoff) & (months.end < cutoff + horizon)
    last = np.full(n, -1)
    np.maximum.at(last, months.row[over], months.end[over])
    begun = (months.month == 0) & (last[months.row] >= 0)
    begun &= (months.begin >= last[months.row]) & (months.begin <= last[months.row] + GRACE)
    return np.asarray((last >= 0) & (np.bincount(months.row[begun], minlength=n) == 0))


def _paid(book: Book, cutoff: int, horizon: int, n: int) -> Floats:
    """What came true: net money."""
    inside = (book.day >= cutoff) & (book.day < cutoff + horizon)
    return np.bincount(book.row[inside], book.amount[inside], n) / 100.0
