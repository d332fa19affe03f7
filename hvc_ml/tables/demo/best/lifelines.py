"""How lives may have gone before a cutoff: when customers began to fade, and when they were gone."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from hvc_ml.tables.demo.best.log import SeenLog
from hvc_ml.tables.demo.draws import Floats, Ints
from hvc_ml.tables.demo.lives import FADING_DAYS

ENDS: Final = 12
"""Moments at which a customer may be gone; closer together just after the last sign of life."""
LAGS: Final = 12
"""How long customers may have been fading: equally likely spans of the exponential law."""
STATE: Final = np.concatenate([[0], np.full(LAGS, 1), np.full(ENDS * LAGS + 1, 2)])
"""The state at the cutoff of each life line: active, fading, gone."""
END: Final = np.concatenate([np.full(1 + LAGS, ENDS), np.repeat(np.arange(ENDS), LAGS), [ENDS + 1]])
"""Which of ``LifeLines.ends`` each life line ends at."""
ONE_OFF: Final = len(STATE) - 1
"""The life line of those who are gone right after the first order."""


@dataclass(frozen=True)
class LifeLines:
    """A grid of lives for each of some ``rows``: when fading began and when it ended, shape (n, lines).

    ``log_mass`` is the log of what each line stands for: days of leaving and share of spans; -inf where it cannot be.
    ``ends`` (n, ENDS + 2): the moments of leaving, the cutoff (not gone), the first order (gone at once).
    """

    rows: Ints
    first: Floats
    last: Floats
    fading: Floats
    ends: Floats
    log_mass: Floats

    @property
    def gone(self) -> Floats:
        """When each line was gone; the cutoff where it was not."""
        return np.asarray(self.ends[:, END])


def life_lines(seen: SeenLog, rows: Ints) -> LifeLines:
    """Lay out the lives of some customers."""
    n, cutoff = len(rows), np.full((len(rows), 1), float(seen.cutoff))
    first, last, answered = (x[rows] for x in (seen.first, seen.last, seen.answered))
    alive = np.maximum(last, answered)[:, None]
    edges = alive + (cutoff - alive) * (np.arange(ENDS + 1) / ENDS) ** 2
    ends = np.hstack([(edges[:, 1:] + edges[:, :-1]) / 2, cutoff, first[:, None]])
    lag = -FADING_DAYS * np.log(1 - (np.arange(LAGS) + 0.5) / LAGS)
    began = (ends[:, :ENDS, None] - lag).reshape(n, -1)
    fading = np.hstack([cutoff, cutoff - lag, began, first[:, None]])
    days = np.hstack([np.full((n, LAGS), FADING_DAYS), np.repeat(np.diff(edges, axis=1), LAGS, axis=1)]) / LAGS
    can_be = fading >= first[:, None]
    can_be[:, ONE_OFF] = (seen.orders[rows] == 1) & np.isinf(answered)
    mass = np.where(can_be, np.hstack([np.ones((n, 1)), days, np.ones((n, 1))]), 0.0)
    with np.errstate(divide="ignore"):
        return LifeLines(rows, first, last, np.maximum(fading, first[:, None]), ends, np.log(mass))
