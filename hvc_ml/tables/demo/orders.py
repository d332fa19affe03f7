"""What the made-up till recorded: line items, discounts, costs, and goods that came back."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from hvc_ml.tables.demo.buyers import Buyers
from hvc_ml.tables.demo.draws import Floats, Ints, cents, clock, from_cents, numbered, pick, ranks, stamps, texts
from hvc_ml.tables.demo.laws import CHANNELS
from hvc_ml.tables.demo.lives import Lives
from hvc_ml.tables.demo.season import Season

CATEGORIES: Final = ("home", "garden", "toys", "fashion", "books", "kitchen", "office", "gifts")
PRODUCTS: Final = 60
"""Products in each category."""
AMOUNT_SPREAD: Final = 0.55
"""Standard deviation of the log of one customer's amounts."""
LINE_SHARES: Final = np.array([[0.55, 0.25, 0.13, 0.07]])
"""Shares of orders with 1, 2, 3, 4 line items."""
REFUND_DAYS: Final = (3, 28)
"""Goods come back this many days after the order, each day as likely as the next."""
REFUND_MEAN: Final = 0.8
"""Mean share of an order's amount that a refund pays back: all of it (3 in 5) or 20-80 %."""
OWN_CHANNEL: Final = 0.8
"""Chance that an order comes through the customer's own channel; otherwise each channel is as likely as the next."""
_DISCOUNTS: Final = np.array([0.05, 0.10, 0.15, 0.20, 0.30])


@dataclass(frozen=True)
class Till:
    """Orders of a block, by customer and time, and their refunds (aligned; ``refund_day`` -1 where none comes)."""

    row: Ints
    at: Floats
    amount: Ints
    refund: Ints
    refund_day: Ints

    @property
    def day(self) -> Ints:
        """The day of each order."""
        return np.floor(self.at).astype(np.int64)


@dataclass(frozen=True)
class Shop:
    """Buyers, their lives, and what the till saw of them, beyond the end of the data too."""

    buyers: Buyers
    season: Season
    lives: Lives
    till: Till


def ring_up(rng: np.random.Generator, buyers: Buyers, lives: Lives, season: Season) -> Till:
    """Draw what each order cost, in cents, and what was paid back of it, and when."""
    row, at = lives.orders.row, lives.orders.at
    noise = np.exp(AMOUNT_SPREAD * rng.standard_normal(len(row)) - AMOUNT_SPREAD**2 / 2)
    amount = np.maximum(cents(buyers.spend[row] * season.price(at) * noise), 100)
    comes_back = rng.random(len(row)) < buyers.refund_chance[row]
    share = np.where(rng.random(len(row)) < 0.6, 1.0, rng.uniform(0.2, 0.8, len(row)))
    refund = np.where(comes_back, np.maximum(np.rint(amount * share).astype(np.int64), 1), 0)
    delay = rng.integers(REFUND_DAYS[0], REFUND_DAYS[1] + 1, len(row))
    return Till(row, at, amount, refund, np.where(comes_back, np.floor(at).astype(np.int64) + delay, -1))


def order_table(rng: np.random.Generator, shop: Shop, ids: Any, *, prefix: str = "O") -> Any:
    """The table of orders before the end of the season: one row per line item or refund, by time.

    Parameters
    ----------
    ids
        Ids of the buyers.
    prefix
        Order ids begin with it: two tables of the same customers share no order where it differs.
    """
    buyers, till = shop.buyers, shop.till
    lines = _lines(rng, buyers, till)
    back = _refunds(rng, till, lines)
    columns = {name: np.concatenate([lines[name], back[name]]) for name in lines}
    columns = {name: values[columns["day"] < shop.season.end] for name, values in columns.items()}
    order = np.lexsort((columns["line"], columns["order"], columns["at"]))
    c = {name: values[order] for name, values in columns.items()}
    number = ranks(till.row, len(buyers))[c["order"]] + 1
    owner = till.row[c["order"]]
    return pa.table(
        {
            "order_id": numbered(prefix, buyers.number[owner] * 10_000 + number, 11),
            "customer_id": ids.take(pa.array(owner)),
            "ordered_at": stamps(c["at"]),
            "amount": from_cents(c["amount"]),
            "discount": from_cents(c["discount"]),
            "cost": from_cents(c["cost"]),
            "category": texts(CATEGORIES, c["category"]),
            "product_id": numbered("P", c["category"] * 1000 + c["product"], 4),
            "channel": texts(CHANNELS, c["channel"]),
            "quantity": pa.array(c["quantity"]),
        }
    )


def _lines(rng: np.random.Generator, buyers: Buyers, till: Till) -> dict[str, Ints]:
    """One to four line items per order; their amounts add up to the order's, to the cent."""
    count = 1 + pick(rng, LINE_SHARES, np.zeros(len(till.row), dtype=np.int64))
    order = np.repeat(np.arange(len(till.row)), count)
    line = ranks(order, len(till.row))
    owner = till.row[order]
    amount = _split(rng, till.amount, count, order)
    at_discount = rng.random(len(till.row)) < np.clip(buyers.bargain[till.row] * sales(till.day), 0, 0.95)
    discount = np.where(at_discount, rng.choice(_DISCOUNTS, len(till.row)), 0.0)[order]
    favourite = rng.random(len(order)) < 0.6
    own_way = rng.random(len(till.row)) < OWN_CHANNEL
    channel = np.where(own_way, buyers.channel[till.row], rng.integers(0, len(CHANNELS), len(till.row)))
    cost = amount * buyers.cost_share[owner] * rng.uniform(0.9, 1.1, len(order))
    return {
        "order": order,
        "line": line,
        "day": till.day[order],
        "at": clock(rng, till.day)[order],
        "amount": amount,
        "discount": np.rint(amount * discount / (1 - discount)).astype(np.int64),
        "cost": np.rint(cost).astype(np.int64),
        "category": np.where(favourite, buyers.favourite[owner], rng.integers(0, len(CATEGORIES), len(order))),
        "product": np.floor(PRODUCTS * rng.random(len(order)) ** 2).astype(np.int64),
        "channel": channel[order],
        "quantity": 1 + rng.poisson(0.3, len(order)),
    }


def sales(day: Ints) -> Floats:
    """How much likelier a discount is on a day: twice at the turn of the year and in July, half otherwise."""
    of_year = (day - 10_957) % 365.25
    sale = (of_year < 28) | ((of_year > 180) & (of_year < 205)) | (np.abs(of_year - 330) < 5)
    return np.where(sale, 1.8, 0.8)


def _split(rng: np.random.Generator, total: Ints, count: Ints, order: Ints) -> Ints:
    """Split whole cents at random, without losing one."""
    weight = rng.uniform(0.3, 1.0, len(order))
    last = np.cumsum(count)
    sums = np.cumsum(weight)
    before = np.concatenate([[0.0], sums])[last - count]
    upto = (sums - before[order]) / (sums[last - 1] - before)[order]
    upto[last - 1] = 1.0
    edges = np.rint(upto * total[order]).astype(np.int64)
    start = np.concatenate([[0], edges[:-1]])
    start[last - count] = 0
    return np.asarray(edges - start)


def _refunds(rng: np.random.Generator, till: Till, lines: dict[str, Ints]) -> dict[str, Ints]:
    """One negative row per refund: under the order's id, on a later day, in the category of its first line."""
    order = np.flatnonzero(till.refund_day >= 0)
    first = np.searchsorted(lines["order"], order)
    back = {name: values[first] for name, values in lines.items()}
    share = till.refund[order] / till.amount[order]
    cost = np.bincount(lines["order"], lines["cost"], len(till.row))[order]
    back["line"] = np.full(len(order), 9)
    back["day"] = till.refund_day[order]
    back["at"] = clock(rng, till.refund_day[order])
    back["amount"] = -till.refund[order]
    back["discount"] = np.zeros(len(order), dtype=np.int64)
    back["cost"] = -np.rint(cost * share).astype(np.int64)
    return back
