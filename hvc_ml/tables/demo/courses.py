"""Courses that customers' lives may take: as they would go by themselves, and from any day on for those won back."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hvc_ml.tables.demo.buyers import Buyers
from hvc_ml.tables.demo.draws import MICROSECONDS_PER_DAY, Floats, Ints, numbered
from hvc_ml.tables.demo.events import event_table
from hvc_ml.tables.demo.lives import Lives
from hvc_ml.tables.demo.orders import Shop, Till, order_table, ring_up
from hvc_ml.tables.demo.retail import draw_shop, recorded
from hvc_ml.tables.demo.season import Season
from hvc_ml.tables.demo.second_lives import second_lives
from hvc_ml.tables.demo.settings import BLOCK


@dataclass(frozen=True)
class Book:
    """A table with, of each row, whose it is, the day it was recorded, and the day it belongs to.

    A refund belongs to the day of its order, and a newcomer's referral to no day (-1): they stay when lives change.
    """

    table: Any
    row: Ints
    day: Ints
    of: Ints


@dataclass(frozen=True)
class Course:
    """One course of everyone's lives, and what is recorded of it.

    ``luck`` is two numbers in [0, 1) for each customer: an action saves where the first is below the save probability,
    and a stayer takes an offer up where the second is below the take-up.
    """

    lives: Lives
    till: Till
    orders: Book
    events: Book
    luck: Floats


class Courses:
    """All courses that one block of customers can take; each is worked out once and the same for whoever asks.

    Parameters
    ----------
    seed
        Of the whole business.
    block
        Which block of ``BLOCK`` customers.
    season
        The span: nothing is recorded after its end.
    horizon
        Days within which whoever is won back orders.
    """

    def __init__(self, seed: int, block: int, season: Season, horizon: int) -> None:
        self.season, self.horizon, self.number = season, horizon, block * BLOCK + np.arange(BLOCK)
        self._entropy = seed, block
        self._won_back: dict[int, Course] = {}

    @cached_property
    def ids(self) -> Any:
        """Ids of the customers."""
        return numbered("C", self.number + 1, 7)

    @property
    def buyers(self) -> Buyers:
        """Who they are."""
        return self._base[0].buyers

    @property
    def customers(self) -> Any:
        """The table of customers."""
        return self._base[1]["customers"]

    @cached_property
    def first(self) -> Course:
        """How everyone lives when nothing is done."""
        shop, tables = self._base
        return Course(shop.lives, shop.till, *_books(tables["orders"], tables["events"]), np.ones((BLOCK, 2)))

    def won_back(self, day: int) -> Course:
        """How everyone would live on when won back on a day (since 1970-01-01)."""
        if day not in self._won_back:
            self._won_back[day] = self._drawn(day)
        return self._won_back[day]

    @cached_property
    def _base(self) -> tuple[Shop, dict[str, Any]]:
        """As ``write_demo`` draws it."""
        rng = self._rng()
        shop = draw_shop(rng, self.number, self.season)
        return shop, recorded(rng, shop, self.ids)

    def _drawn(self, day: int) -> Course:
        rng, buyers = self._rng(day), self.buyers
        lives = second_lives(rng, buyers, self.season, at=day, horizon=self.horizon, since=self._silence(day))
        again = replace(buyers, signup=np.full(len(buyers), float(day)))
        shop = Shop(again, self.season, lives, ring_up(rng, buyers, lives, self.season))
        orders = order_table(rng, shop, self.ids, prefix=f"O{day}-")
        events = event_table(rng, shop, np.full(len(buyers), -1), self.ids)
        return Course(lives, shop.till, *_books(orders, events), rng.random((len(buyers), 2)))

    def _rng(self, *day: int) -> np.random.Generator:
        seed, block = self._entropy
        return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(block, *day)))

    def _silence(self, day: int) -> Floats:
        """Mean gaps since the last order of the first course; infinite before the first order."""
        buyers, season, orders = self.buyers, self.season, self.first.lives.orders
        last = np.full(len(buyers), -np.inf)
        before = orders.at < day
        np.maximum.at(last, orders.row[before], orders.at[before])
        now = season.till_time(buyers.segment, np.full(len(buyers), float(day)))
        since = buyers.rate * (now - season.till_time(buyers.segment, np.maximum(last, season.first)))
        return np.where(np.isfinite(last), since, np.inf)


def _books(orders: Any, events: Any) -> tuple[Book, Book]:
    return _order_book(orders), _event_book(events)


def _order_book(table: Any) -> Book:
    day = _days(table["ordered_at"])
    number = table["order_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    of = np.full(number.max(initial=-1) + 1, np.iinfo(np.int64).max)
    np.minimum.at(of, number, day)
    return Book(table, _rows(table), day, of[number])


def _event_book(table: Any) -> Book:
    day = _days(table["happened_at"])
    sent = pc.equal(table["kind"], "referral").to_numpy(zero_copy_only=False)
    return Book(table, _rows(table), day, np.where(sent, -1, day))


def _rows(table: Any) -> Ints:
    return (_number(table["customer_id"]) - 1) % BLOCK


def _number(ids: Any) -> Ints:
    """The running number in ids such as C0000123."""
    return np.asarray(pc.utf8_slice_codeunits(ids, 1).cast(pa.int64()).to_numpy(), dtype=np.int64)


def _days(moments: Any) -> Ints:
    return np.asarray(moments.cast(pa.int64()).to_numpy() // MICROSECONDS_PER_DAY, dtype=np.int64)
