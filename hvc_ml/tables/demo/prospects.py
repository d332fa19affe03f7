"""What lies ahead of a customer whose parameters and state are given: no order at all, or how much money."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from hvc_ml.tables.demo.draws import Floats, Ints
from hvc_ml.tables.demo.laws import SHAPES
from hvc_ml.tables.demo.lives import COMPLAINT_DAYS, FADING_DAYS, Points
from hvc_ml.tables.demo.orders import REFUND_DAYS, REFUND_MEAN, Till
from hvc_ml.tables.demo.renewal import expected_orders, silence
from hvc_ml.tables.demo.season import Season

STEPS: Final = 18


@dataclass(frozen=True)
class Traits:
    """What decides customers' future orders; one row each, fields as in ``Buyers``."""

    segment: Ints
    shape: Ints
    rate: Floats
    spend: Floats
    refund_chance: Floats
    fade_hazard: Floats
    complaint_pull: Floats
    complaints: Floats


@dataclass(frozen=True)
class Standing:
    """Where they stand at a cutoff: each one's last order before it, and complaints of the last ``COMPLAINT_DAYS``."""

    cutoff: int
    last: Floats
    complaints: Points


@dataclass(frozen=True)
class Prospect:
    """What lies ahead of each customer in one state: P(no order), and expected money of new orders."""

    quiet: Floats
    money: Floats


def prospects(traits: Traits, season: Season, standing: Standing, horizon: int) -> tuple[Prospect, Prospect]:
    """Prospects of each customer over the horizon, if active and if fading at the cutoff."""
    grid = np.linspace(0.0, horizon, STEPS + 1)
    segment, rate, cutoff = traits.segment, traits.rate, standing.cutoff
    now = season.till_time(segment, np.full(len(rate), float(cutoff)))
    since = rate * (now - season.till_time(segment, standing.last))
    ahead = (
        np.stack([season.till_time(segment, np.full(len(rate), cutoff + x)) - now for x in grid], axis=1)
        * rate[:, None]
    )
    quiet, orders = np.empty_like(ahead), np.empty_like(ahead)
    for shape in SHAPES:
        rows = traits.shape == shape
        quiet[rows] = silence(shape, since[rows][:, None], ahead[rows])
        orders[rows] = expected_orders(shape, since[rows], ahead[rows])
    worth = _worth(traits, season, cutoff, grid)
    return (
        _prospect(_staying(traits, standing, grid), quiet, orders, worth),
        _prospect(np.broadcast_to(np.exp(-grid / FADING_DAYS), ahead.shape), quiet, orders, worth),
    )


def refunds_due(chance: Floats, till: Till, cutoff: int, horizon: int) -> Floats:
    """Expected refunds of orders before the cutoff that are paid back within the horizon; ``chance`` by customer."""
    low, high = REFUND_DAYS
    open_ = (till.day < cutoff) & (till.day >= cutoff - high) & ~((till.refund_day >= 0) & (till.refund_day < cutoff))
    row, age = till.row[open_], cutoff - till.day[open_]
    days = high - low + 1
    later = np.clip(high - np.maximum(age, low) + 1, 0, days) / days
    beyond = np.clip(high - np.maximum(age + horizon, low) + 1, 0, days) / days
    own = chance[row]
    due = own * (later - beyond) / (1 - own * (1 - later))
    money = np.bincount(row, REFUND_MEAN * due * till.amount[open_] / 100.0, len(chance))
    return np.asarray(money, dtype=np.float64)


def _prospect(staying: Floats, quiet: Floats, orders: Floats, worth: Floats) -> Prospect:
    """Integrate over the moment of dropping out; ``staying[:, i]`` = P(not gone at grid point i)."""
    gone = staying[:, :-1] - staying[:, 1:]
    no_order = (gone * (quiet[:, :-1] + quiet[:, 1:]) / 2).sum(axis=1) + staying[:, -1] * quiet[:, -1]
    there = (staying[:, :-1] + staying[:, 1:]) / 2
    return Prospect(no_order, (np.diff(orders, axis=1) * there * worth).sum(axis=1))


def _worth(traits: Traits, season: Season, cutoff: int, grid: Floats) -> Floats:
    """Expected net money of one order in each step of the grid, shape (n, steps)."""
    middle = (grid[:-1] + grid[1:]) / 2
    days = np.arange(REFUND_DAYS[0], REFUND_DAYS[1] + 1)
    back_in_time = (days[:, None] < grid[-1] - middle + 0.5).mean(axis=0)  # + 0.5: orders fall within a day
    price = season.price(cutoff + middle)
    refund = REFUND_MEAN * traits.refund_chance[:, None] * back_in_time
    return np.asarray(traits.spend[:, None] * price * (1 - refund))


def _staying(traits: Traits, standing: Standing, grid: Floats) -> Floats:
    """P(not gone at each grid point | active at the cutoff), shape (n, steps + 1).

    Past complaints add their remaining hazard; future ones come at a known rate and are integrated out (the Laplace
    functional of a Poisson process).
    """
    pull = traits.complaint_pull
    hazard = traits.fade_hazard[:, None] * grid
    who, age = standing.complaints.row, standing.cutoff - standing.complaints.at
    for i, x in enumerate(grid):
        share = (np.minimum(age + x, COMPLAINT_DAYS) - age) / COMPLAINT_DAYS
        hazard[:, i] += pull * np.bincount(who, share, len(pull))
    j = pull[:, None]
    within = np.minimum(grid, COMPLAINT_DAYS)
    settled = (1 - np.exp(-j * within / COMPLAINT_DAYS)) * COMPLAINT_DAYS / j
    past = np.maximum(grid - COMPLAINT_DAYS, 0.0) * (1 - np.exp(-j))
    hazard += traits.complaints[:, None] * (within - settled + past)
    active = np.exp(-hazard)
    step = grid[1] / FADING_DAYS
    fading = np.zeros_like(active)
    for i in range(1, len(grid)):
        entered = active[:, i - 1] - active[:, i]
        fading[:, i] = fading[:, i - 1] * np.exp(-step) + entered * (1 - np.exp(-step)) / step
    return active + fading
