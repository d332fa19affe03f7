"""What the made-up club recorded: contracts, invoices, extras, refunds, and events."""

from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import pyarrow as pa

from hvc_ml.tables.demo.draws import (
    MICROSECONDS_PER_DAY,
    Flags,
    Floats,
    Ints,
    cents,
    clock,
    from_cents,
    numbered,
    ranks,
    scatter,
    stamps,
    texts,
)
from hvc_ml.tables.demo.members import PLANS, PRICES, Members
from hvc_ml.tables.demo.spells import Months, run_contracts

RETRY_DAYS: Final = 3
"""An invoice whose payment fails is paid so many days later."""
REFUNDED: Final = 0.4
"""Chance that a complaint brings back half a month's price, the same day."""
EXTRA_SPREAD: Final = 0.4
CATEGORIES: Final = ("subscription", "extra")
KINDS: Final = ("visit", "feature_use", "ticket", "complaint", "payment_failed", "nps", "referral")
SURVEYS: Final = 1 / 180
"""Answered surveys per day."""
SURVEY_SPREAD: Final = 1.1
"""Standard deviation of answers before they are rounded."""
REFERRALS: Final = 0.0012
"""Newcomers a day whom a member sends who is satisfied and interested."""


@dataclass(frozen=True)
class Trouble:
    """Complaints: the contract month each fell into (index into the months), and the day."""

    month: Ints
    day: Ints


@dataclass(frozen=True)
class Uses:
    """Visits and uses: the contract month of each (index, ascending), the day, and whether it is a visit."""

    month: Ints
    day: Ints
    visit: Flags


@dataclass(frozen=True)
class Book:
    """Money by member and day: whose, when, how much (cents, refunds negative), money off, and which category."""

    row: Ints
    day: Ints
    amount: Ints
    discount: Ints
    category: Ints


@dataclass(frozen=True)
class Club:
    """Members and everything that happened to them, beyond the end of the data too."""

    members: Members
    months: Months
    uses: Uses
    trouble: Trouble
    book: Book


def draw_club(rng: np.random.Generator, members: Members, last: int) -> Club:
    """Let the members live until the day ``last``."""
    months = run_contracts(rng, members, last)
    trouble = Trouble(*_within(rng, months, months.complaints))
    month, day = _within(rng, months, months.seen)
    member = months.row[month]
    share = members.visits[member] / (members.visits[member] + members.uses[member])
    uses = Uses(month, day, rng.random(len(month)) < share)
    return Club(members, months, uses, trouble, _book(rng, members, months, trouble))


def net_price(members: Members, row: Ints, plan: Ints) -> Ints:
    """Cents a month that a member pays for a plan, after the discount."""
    return cents(PRICES[plan] * (1 - members.discount[row]))


def _within(rng: np.random.Generator, months: Months, counts: Ints) -> tuple[Ints, Ints]:
    """So many things in each month: the month of each, and a day in it."""
    month = np.repeat(np.arange(len(months.row)), counts)
    days = months.end[month] - months.begin[month]
    return month, months.begin[month] + np.floor(rng.random(len(month)) * days).astype(np.int64)


def _book(rng: np.random.Generator, members: Members, months: Months, trouble: Trouble) -> Book:
    """Invoices, extras and refunds."""
    price = net_price(members, months.row, months.plan)
    full = cents(PRICES)[months.plan]
    extra, extra_day = _scattered(rng, months, members.extras[months.row])
    owner = months.row[extra]
    noise = np.exp(EXTRA_SPREAD * rng.standard_normal(len(owner)) - EXTRA_SPREAD**2 / 2)
    hit = np.flatnonzero(rng.random(len(trouble.month)) < REFUNDED)
    month = trouble.month[hit]
    parts = [
        Book(months.row, months.begin + RETRY_DAYS * months.unpaid, price, full - price, np.zeros_like(price)),
        Book(owner, extra_day, cents(members.extra_spend[owner] * noise), np.zeros_like(owner), np.ones_like(owner)),
        Book(months.row[month], trouble.day[hit], -(price[month] // 2), np.zeros_like(month), np.zeros_like(month)),
    ]
    joined = {f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Book)}
    order = np.lexsort((joined["amount"], joined["day"], joined["row"]))
    return Book(**{name: values[order] for name, values in joined.items()})


def _scattered(rng: np.random.Generator, months: Months, rate: Floats) -> tuple[Ints, Ints]:
    """Poisson points of each month: the month of each, and its day."""
    month, at = scatter(rng, months.begin.astype(np.float64), months.end.astype(np.float64), rate)
    return month, np.floor(at).astype(np.int64)


def order_table(rng: np.random.Generator, club: Club, end: int, ids: Any) -> Any:
    """The table of orders before the day ``end``, by time."""
    members, book = club.members, club.book
    at = clock(rng, book.day)
    order = np.lexsort((book.row, at))
    order = order[book.day[order] < end]
    number = (ranks(book.row, len(members)) + 1)[order]
    owner = book.row[order]
    return pa.table(
        {
            "order_id": numbered("I", members.number[owner] * 10_000 + number, 11),
            "customer_id": ids.take(pa.array(owner)),
            "ordered_at": stamps(at[order]),
            "amount": from_cents(book.amount[order]),
            "discount": from_cents(book.discount[order]),
            "category": texts(CATEGORIES, book.category[order]),
        }
    )


def contract_table(club: Club, end: int, ids: Any) -> Any:
    """The table of contracts begun before the day ``end``: one row per member, spell and plan; still running: null."""
    members, months = club.members, club.months
    n = len(months.row)
    fresh = np.ones(n, dtype=bool)
    fresh[1:] = (months.month[1:] == 0) | (months.plan[1:] != months.plan[:-1])
    first = np.flatnonzero(fresh)
    final = np.append(first[1:], n) - 1  # the last month of each contract
    moved = np.append(months.month[first[1:]] > 0, [False])
    stop = months.end[final]
    known = (months.ended[final] | moved) & (stop < end)
    kept = np.flatnonzero(months.begin[first] < end)
    kept = kept[np.lexsort((months.row[first[kept]], months.begin[first[kept]]))]
    begun = first[kept]
    return pa.table(
        {
            "customer_id": ids.take(pa.array(months.row[begun])),
            "started_at": stamps(months.begin[begun] * MICROSECONDS_PER_DAY),
            "ended_at": stamps(stop[kept] * MICROSECONDS_PER_DAY, known[kept]),
            "plan": texts(PLANS, months.plan[begun]),
            "price": from_cents(net_price(members, months.row[begun], months.plan[begun])),
        }
    )


def event_table(rng: np.random.Generator, club: Club, end: int, ids: Any) -> Any:
    """The table of events before the day ``end``, by time."""
    members, months, uses, trouble = club.members, club.months, club.uses, club.trouble
    ticket, ticket_day = _scattered(rng, months, members.tickets[months.row])
    survey, survey_day = _scattered(rng, months, np.full(len(months.row), SURVEYS))
    glad = (members.satisfaction[months.row] > 0) & ~months.faded
    friend, friend_day = _scattered(rng, months, np.where(glad, REFERRALS, 0.0))
    unpaid = np.flatnonzero(months.unpaid)
    parts: list[tuple[str, Ints, Ints, Floats | None]] = [
        ("visit", uses.month[uses.visit], uses.day[uses.visit], None),
        ("feature_use", uses.month[~uses.visit], uses.day[~uses.visit], None),
        ("ticket", np.concatenate([ticket, trouble.month]), np.concatenate([ticket_day, trouble.day]), None),
        ("complaint", trouble.month, trouble.day, None),
        ("payment_failed", unpaid, months.begin[unpaid], None),
        ("nps", survey, survey_day, _answers(rng, members, months, survey)),
        ("referral", friend, friend_day, np.ones(len(friend))),
    ]
    kind = np.concatenate([np.full(len(month), KINDS.index(name)) for name, month, _, _ in parts])
    row = months.row[np.concatenate([month for _, month, _, _ in parts])]
    day = np.concatenate([day for _, _, day, _ in parts])
    value = np.concatenate([np.full(len(month), np.nan) if given is None else given for _, month, _, given in parts])
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


def _answers(rng: np.random.Generator, members: Members, months: Months, survey: Ints) -> Floats:
    """Answers from 0 to 10."""
    satisfaction, complained = members.satisfaction[months.row[survey]], months.complaints[survey] > 0
    mean = survey_mean(satisfaction, faded=months.faded[survey], complained=complained)
    return np.clip(np.rint(mean + SURVEY_SPREAD * rng.standard_normal(len(survey))), 0, 10)


def survey_mean(satisfaction: Floats, *, faded: Flags, complained: Flags) -> Floats:
    """Mean answer before it is rounded: lower when interest is lost, and in months with a complaint."""
    return np.asarray(7.6 + 1.3 * satisfaction - (1.6 * faded + 2.0 * complained))
