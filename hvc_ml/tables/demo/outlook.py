"""The truth about the future of the made-up buyers, computed, not peeked at.

Two observers look at each cutoff; neither sees anything that happens after it, and both know each customer's parameters
(rate, regularity, spend, hazards, habits, the season):

- the **oracle** (``churn_risk``, ``future_value``) also sees the state: active, fading, or gone already;
- the **onlooker** (``churn_risk_seen``, ``future_value_seen``) sees what a shop can see (orders, visits, opened mails,
  tickets, complaints) and infers the state by Bayesian filtering (``states.py``). It is the fair yardstick: a
  model has to learn the parameters as well (only surveys and referrals, which tell little, are not used).

Churned means: no order on any day of ``[cutoff, cutoff + horizon)``. Value is the money of orders less refunds paid
back on those days, in the currency of the orders; refunds still to come for older orders count. Leaving is integrated
on a grid of 18 steps per horizon (five days for 90), everything else is closed form. Costs are a share of amounts
(``cost_share`` of the truth's customers), so expected margins are ``1 - cost_share`` times these values.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from hvc_ml.tables.demo.buyers import SHAPES, Buyers
from hvc_ml.tables.demo.draws import Flags, Floats, Ints, at_midnight, stamps, texts
from hvc_ml.tables.demo.lives import COMPLAINT_DAYS, FADING_DAYS, Lives
from hvc_ml.tables.demo.orders import REFUND_DAYS, REFUND_MEAN, Shop, Till
from hvc_ml.tables.demo.renewal import expected_orders, silence
from hvc_ml.tables.demo.season import Season
from hvc_ml.tables.demo.states import watch

STEPS: Final = 18


@dataclass(frozen=True)
class Prospect:
    """What lies ahead of each customer in one state: P(no order), and expected money of new orders."""

    quiet: Floats
    money: Floats


@dataclass(frozen=True)
class Outlook:
    """Figures of one cutoff for the customers (``row``) whose first order lies before it."""

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


def look_ahead(shop: Shop, cutoffs: Ints, horizon: int) -> list[Outlook]:
    """The outlook of every cutoff (days since 1970, ascending).

    ``value_if_kept`` is the expected money given at least one order in the horizon; for a customer who is gone, given
    one order or more if the customer were active.
    """
    beliefs = watch(shop.buyers, shop.lives, shop.season, cutoffs)
    return [_outlook(shop, int(cutoff), horizon, belief) for cutoff, belief in zip(cutoffs, beliefs, strict=True)]


def outlook_table(outlooks: Sequence[Any], ids: Any, states: tuple[str, ...] = ("active", "fading", "gone")) -> Any:
    """The table ``truth/outlook.parquet``: one row per customer and cutoff, by cutoff."""
    rows = np.concatenate([look.row for look in outlooks])
    cutoff = np.concatenate([np.full(len(look.row), look.cutoff, dtype=np.float64) for look in outlooks])
    columns: dict[str, Any] = {"customer_id": ids.take(pa.array(rows)), "cutoff": stamps(at_midnight(cutoff))}
    columns["cutoff"] = columns["cutoff"].cast(pa.date32())
    state = np.concatenate([look.state for look in outlooks])
    columns["state"] = texts(states, state)
    for name in (
        "churn_risk",
        "future_value",
        "value_if_kept",
        "churn_risk_seen",
        "future_value_seen",
        "value_if_kept_seen",
        "churned",
        "realised_value",
    ):
        columns[name] = pa.array(np.concatenate([getattr(look, name) for look in outlooks]))
    return pa.table(columns)


def _outlook(shop: Shop, cutoff: int, horizon: int, belief: Floats) -> Outlook:
    buyers, lives, till = shop.buyers, shop.lives, shop.till
    row = np.flatnonzero(np.floor(buyers.signup) < cutoff)
    belief = belief[row]
    state = (lives.fading_at[row] < cutoff).astype(np.int64) + (lives.gone_at[row] < cutoff)
    active, fading = _prospects(shop, row, cutoff, horizon)
    back = _refunds_due(buyers, till, cutoff, horizon)[row]
    quiet = np.stack([active.quiet, fading.quiet, np.ones(len(row))])
    money = np.stack([active.money, fading.money, np.zeros(len(row))])
    at = np.arange(len(row))
    if_there = np.where(state == 2, 0, state)  # the value of those who are gone is what they would bring if active
    kept = money[if_there, at] / (1 - quiet[if_there, at])
    quiet_seen = (belief.T * quiet).sum(axis=0)
    money_seen = (belief.T * money).sum(axis=0)
    ordered, paid = _realised(till, cutoff, horizon, len(buyers))
    return Outlook(
        cutoff=cutoff,
        row=row,
        state=state,
        churn_risk=quiet[state, at],
        future_value=money[state, at] - back,
        value_if_kept=kept - back,
        churn_risk_seen=quiet_seen,
        future_value_seen=money_seen - back,
        value_if_kept_seen=money_seen / np.maximum(1 - quiet_seen, 1e-12) - back,
        churned=~ordered[row],
        realised_value=paid[row],
    )


def _prospects(shop: Shop, row: Ints, cutoff: int, horizon: int) -> tuple[Prospect, Prospect]:
    """Prospects of each customer, if active and if fading at the cutoff."""
    buyers, lives, season = shop.buyers, shop.lives, shop.season
    grid = np.linspace(0.0, horizon, STEPS + 1)
    segment = buyers.segment[row]
    last = _last_order(lives, len(buyers), cutoff)[row]
    rate = buyers.rate[row]
    now = season.till_time(segment, np.full(len(row), float(cutoff)))
    since = rate * (now - season.till_time(segment, last))
    ahead = (
        np.stack([season.till_time(segment, np.full(len(row), cutoff + x)) - now for x in grid], axis=1) * rate[:, None]
    )
    quiet, orders = np.empty_like(ahead), np.empty_like(ahead)
    for shape in SHAPES:
        rows = buyers.shape[row] == shape
        quiet[rows] = silence(shape, since[rows][:, None], ahead[rows])
        orders[rows] = expected_orders(shape, since[rows], ahead[rows])
    worth = _worth(buyers, season, row, cutoff, grid)
    return (
        _prospect(_staying(buyers, lives, row, cutoff, grid), quiet, orders, worth),
        _prospect(np.broadcast_to(np.exp(-grid / FADING_DAYS), ahead.shape), quiet, orders, worth),
    )


def _prospect(staying: Floats, quiet: Floats, orders: Floats, worth: Floats) -> Prospect:
    """Integrate over the moment of dropping out; ``staying[:, i]`` = P(not gone at grid point i)."""
    gone = staying[:, :-1] - staying[:, 1:]
    no_order = (gone * (quiet[:, :-1] + quiet[:, 1:]) / 2).sum(axis=1) + staying[:, -1] * quiet[:, -1]
    there = (staying[:, :-1] + staying[:, 1:]) / 2
    return Prospect(no_order, (np.diff(orders, axis=1) * there * worth).sum(axis=1))


def _worth(buyers: Buyers, season: Season, row: Ints, cutoff: int, grid: Floats) -> Floats:
    """Expected net money of one order in each step of the grid, shape (n, steps)."""
    middle = (grid[:-1] + grid[1:]) / 2
    days = np.arange(REFUND_DAYS[0], REFUND_DAYS[1] + 1)
    back_in_time = (days[:, None] < grid[-1] - middle + 0.5).mean(axis=0)  # + 0.5: orders fall within a day
    price = season.price(cutoff + middle)
    refund = REFUND_MEAN * buyers.refund_chance[row][:, None] * back_in_time
    return np.asarray(buyers.spend[row][:, None] * price * (1 - refund))


def _staying(buyers: Buyers, lives: Lives, row: Ints, cutoff: int, grid: Floats) -> Floats:
    """P(not gone at each grid point | active at the cutoff), shape (n, steps + 1).

    Past complaints add their remaining hazard; future ones come at a known rate and are integrated out (the Laplace
    functional of a Poisson process).
    """
    pull = buyers.complaint_pull
    hazard = buyers.fade_hazard[row][:, None] * grid
    near = (lives.complaints.at < cutoff) & (lives.complaints.at >= cutoff - COMPLAINT_DAYS)
    who, age = lives.complaints.row[near], cutoff - lives.complaints.at[near]
    for i, x in enumerate(grid):
        share = (np.minimum(age + x, COMPLAINT_DAYS) - age) / COMPLAINT_DAYS
        hazard[:, i] += (pull * np.bincount(who, share, len(pull)))[row]
    j = pull[row][:, None]
    within = np.minimum(grid, COMPLAINT_DAYS)
    settled = (1 - np.exp(-j * within / COMPLAINT_DAYS)) * COMPLAINT_DAYS / j
    past = np.maximum(grid - COMPLAINT_DAYS, 0.0) * (1 - np.exp(-j))
    hazard += buyers.complaints[row][:, None] * (within - settled + past)
    active = np.exp(-hazard)
    step = grid[1] / FADING_DAYS
    fading = np.zeros_like(active)
    for i in range(1, len(grid)):
        entered = active[:, i - 1] - active[:, i]
        fading[:, i] = fading[:, i - 1] * np.exp(-step) + entered * (1 - np.exp(-step)) / step
    return active + fading


def _last_order(lives: Lives, n: int, cutoff: int) -> Floats:
    """The moment of each customer's last order before the cutoff."""
    before = lives.orders.at < cutoff
    last = np.full(n, -np.inf)
    np.maximum.at(last, lives.orders.row[before], lives.orders.at[before])
    return last


def _refunds_due(buyers: Buyers, till: Till, cutoff: int, horizon: int) -> Floats:
    """Expected refunds of orders before the cutoff that are paid back within the horizon."""
    low, high = REFUND_DAYS
    open_ = (till.day < cutoff) & (till.day >= cutoff - high) & ~((till.refund_day >= 0) & (till.refund_day < cutoff))
    row, age = till.row[open_], cutoff - till.day[open_]
    days = high - low + 1
    later = np.clip(high - np.maximum(age, low) + 1, 0, days) / days
    beyond = np.clip(high - np.maximum(age + horizon, low) + 1, 0, days) / days
    chance = buyers.refund_chance[row]
    due = chance * (later - beyond) / (1 - chance * (1 - later))
    money = np.bincount(row, REFUND_MEAN * due * till.amount[open_] / 100.0, len(buyers))
    return np.asarray(money, dtype=np.float64)


def _realised(till: Till, cutoff: int, horizon: int, n: int) -> tuple[Flags, Floats]:
    """What came true: any order, and net money."""
    ordered = (till.day >= cutoff) & (till.day < cutoff + horizon)
    back = (till.refund_day >= cutoff) & (till.refund_day < cutoff + horizon)
    paid = np.bincount(till.row[ordered], till.amount[ordered], n) - np.bincount(till.row[back], till.refund[back], n)
    return np.bincount(till.row[ordered], minlength=n) > 0, paid / 100.0
