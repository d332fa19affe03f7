"""What happens to buyers over time: they are active, then fade, then are gone; and what they let us see of it."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from hvc_ml.tables.demo.buyers import Buyers
from hvc_ml.tables.demo.draws import Floats, Ints, scatter
from hvc_ml.tables.demo.season import Season

FADING_DAYS: Final = 55.0
"""Mean days between the moment a customer starts to fade and the moment the customer is gone (exponential)."""
COMPLAINT_DAYS: Final = 45.0
"""For so many days a complaint raises the hazard of fading, evenly."""

VISITS: Final = (1.0, 0.30, 0.03)
OPENS: Final = (1.0, 0.45, 0.10)
TICKETS: Final = (1.0, 1.0, 0.05)
"""What remains of each habit in the three states: active, fading, gone. Orders go on unchanged while fading, so that
only engagement warns of what is coming."""

NEVER: Final = np.inf


@dataclass(frozen=True)
class Points:
    """Moments in lives: whose (row of the buyers, ascending), and when (days since 1970)."""

    row: Ints
    at: Floats


@dataclass(frozen=True)
class Lives:
    """How each life went, up to ``Season.last``. Moments beyond it may be set, but nothing is recorded there."""

    fading_at: Floats
    gone_at: Floats
    orders: Points
    visits: Points
    opens: Points
    tickets: Points
    complaints: Points


def live(rng: np.random.Generator, buyers: Buyers, season: Season, done: Ints | None = None) -> Lives:
    """Let the buyers live from their first order to the end of the season's days.

    An active customer starts to fade with hazard ``fade_hazard + complaint_pull / COMPLAINT_DAYS`` per complaint of
    the last ``COMPLAINT_DAYS``; a fading one is gone after an exponential time. A share ``one_off`` is gone right after
    the first order. Orders are a renewal process on the till's clock: gaps are Erlang with ``shape`` steps.

    Lives may also begin between two orders (at ``signup``, too): with ``done`` steps of the current gap done.
    """
    last = np.full(len(buyers), float(season.last))
    troubled = Points(*scatter(rng, buyers.signup, last, buyers.complaints))
    fading_at = _fading(rng, buyers, troubled)
    gone_at = fading_at + rng.exponential(FADING_DAYS, len(buyers))
    at_once = rng.random(len(buyers)) < buyers.one_off
    fading_at = np.where(at_once, buyers.signup, fading_at)
    gone_at = np.where(at_once, buyers.signup, gone_at)
    kept = rng.random(len(troubled.row)) < _remaining(TICKETS, troubled, fading_at, gone_at)
    phases = (buyers.signup, np.minimum(fading_at, last), np.minimum(gone_at, last), last)
    return Lives(
        fading_at=fading_at,
        gone_at=gone_at,
        orders=_orders(rng, buyers, season, np.minimum(gone_at, last), done),
        visits=_habit(rng, phases, buyers.visits, VISITS),
        opens=_habit(rng, phases, buyers.opens, OPENS),
        tickets=_habit(rng, phases, buyers.tickets, TICKETS),
        complaints=Points(troubled.row[kept], troubled.at[kept]),
    )


def _fading(rng: np.random.Generator, buyers: Buyers, troubled: Points) -> Floats:
    """The first of several causes that compete: weariness, and each complaint for its own weeks."""
    weary = buyers.signup + rng.exponential(1.0 / buyers.fade_hazard)
    needed = rng.exponential(1.0, len(troubled.row)) / buyers.complaint_pull[troubled.row]
    angry = np.where(needed < 1.0, troubled.at + COMPLAINT_DAYS * needed, NEVER)
    np.minimum.at(weary, troubled.row, angry)
    return weary


def _remaining(habit: tuple[float, float, float], points: Points, fading_at: Floats, gone_at: Floats) -> Floats:
    """What remains of a habit at each point."""
    state = (points.at >= fading_at[points.row]).astype(np.int64) + (points.at >= gone_at[points.row])
    return np.array(habit)[state]


def _habit(
    rng: np.random.Generator,
    phases: tuple[Floats, Floats, Floats, Floats],
    rate: Floats,
    habit: tuple[float, float, float],
) -> Points:
    """Points of a habit over the three phases of each life, rows ascending."""
    parts = [scatter(rng, phases[state], phases[state + 1], rate * habit[state]) for state in range(3)]
    row = np.concatenate([row for row, _ in parts])
    at = np.concatenate([at for _, at in parts])
    order = np.argsort(row, kind="stable")
    return Points(row[order], at[order])


def _orders(rng: np.random.Generator, buyers: Buyers, season: Season, stop: Floats, done: Ints | None = None) -> Points:
    """First orders at signup, further ones with Erlang gaps: every ``shape``-th point of a Poisson process.

    Without a first order where steps are ``done`` already.
    """
    n = len(buyers)
    first = np.arange(n if done is None else 0)
    begun = np.zeros(n, dtype=np.int64) if done is None else done
    born = season.till_time(buyers.segment, buyers.signup)
    length = np.maximum(season.till_time(buyers.segment, stop) - born, 0.0)
    counts = rng.poisson(buyers.rate * buyers.shape * length)
    row = np.repeat(np.arange(n), counts)
    where = np.sort(row + rng.random(len(row))) - row  # sorted within each row
    step = np.arange(len(row)) - (np.cumsum(counts) - counts)[row] + 1 + begun[row]
    kept = step % buyers.shape[row] == 0
    row, where = row[kept], where[kept]
    later = season.clock_time(buyers.segment[row], born[row] + where * length[row])
    rows = np.concatenate([first, row])
    times = np.concatenate([buyers.signup[first], np.minimum(later, np.nextafter(season.last, 0))])
    order = np.lexsort((times, rows))
    return Points(rows[order], times[order])
