"""How well each possible customer and each life line agree with what was seen.

Visits, opened mails and tickets are Poisson, and each customer's own factor on their rates is gamma-distributed: it is
integrated out, so that their likelihoods have closed forms.
"""

from typing import Final

import numpy as np

from hvc_ml.tables.demo import laws
from hvc_ml.tables.demo.best.lifelines import END, ONE_OFF, STATE, LifeLines
from hvc_ml.tables.demo.best.log import SeenLog, counted, upto
from hvc_ml.tables.demo.best.possible import Possible
from hvc_ml.tables.demo.best.receipts import by_season
from hvc_ml.tables.demo.best.sampling import log_rounded
from hvc_ml.tables.demo.draws import Floats
from hvc_ml.tables.demo.events import SURVEY_SPREAD, SURVEYS, survey_mean
from hvc_ml.tables.demo.lives import COMPLAINT_DAYS, OPENS, TICKETS, VISITS, Points
from hvc_ml.tables.demo.renewal import silence
from hvc_ml.tables.demo.season import Season

_FADED: Final = np.flatnonzero((STATE > 0) & (np.arange(len(STATE)) != ONE_OFF))


def weigh(seen: SeenLog, season: Season, lines: LifeLines, possible: Possible) -> tuple[Floats, Floats]:
    """Weigh every draw, and tell what state it would be in at the cutoff.

    Returns
    -------
    tuple
        Weights of the draws, shape (n, draws), each row adding up to 1; and P(active), P(fading), P(gone) given the
        draw and the log, shape (n, draws, 3).
    """
    log = _fate(seen, lines, possible) + _habits(seen, lines, possible)
    log += _quiet(season, lines, possible)[:, :, END]
    log += _answers(seen, lines, possible)
    top = log.max(axis=2)
    by_line = np.exp(log - top[:, :, None])
    by_state = np.stack([by_line[:, :, state == STATE].sum(axis=2) for state in range(3)], axis=2)
    total = by_state.sum(axis=2)
    evidence = top + np.log(total) + _grumbles(seen, lines, possible) + possible.log_weight
    weight = np.exp(evidence - evidence.max(axis=1, keepdims=True))
    return weight / weight.sum(axis=1, keepdims=True), by_state / total[:, :, None]


def complaint_rate(seen: SeenLog, lines: LifeLines, possible: Possible) -> Floats:
    """Expected complaints per day of each draw while active, given the tickets so far, shape (n, draws)."""
    base = laws.ticket_rate(possible.rate) * laws.trouble(possible.satisfaction)
    shape, scale = laws.COMPLAINING
    days = (seen.cutoff - lines.first)[:, None]
    own = (shape + counted(seen.tickets, lines.rows)[:, None]) / (1 / scale + base * days)
    return np.asarray(base * own * laws.grumbling(possible.satisfaction))


def _fate(seen: SeenLog, lines: LifeLines, possible: Possible) -> Floats:
    """Log prior of each line, shape (n, draws, lines): weariness, complaints, or gone at once."""
    fade, pull = possible.fade_hazard[:, :, None], possible.complaint_pull[:, :, None]
    pulled, pulling = _pulled(seen.complaints, lines)
    days = (lines.fading - lines.first[:, None])[:, None, :]
    log = lines.log_mass[:, None, :] - fade * days - pull * pulled[:, None, :]
    log[:, :, _FADED] += np.log(fade + pull * pulling[:, None, _FADED])
    log[:, :, :ONE_OFF] += np.log(1 - possible.one_off)[:, :, None]
    log[:, :, ONE_OFF] = lines.log_mass[:, None, ONE_OFF] + np.log(possible.one_off)
    return np.asarray(log)


def _pulled(complaints: Points, lines: LifeLines) -> tuple[Floats, Floats]:
    """Cumulative hazard of complaints until fading, and their hazard at it, per unit of pull; shape (n, lines)."""
    came, times = upto(complaints, lines.rows, lines.fading)
    over, old_times = upto(complaints, lines.rows, lines.fading - COMPLAINT_DAYS)
    at_work = came - over
    return over + (at_work * lines.fading - (times - old_times)) / COMPLAINT_DAYS, at_work / COMPLAINT_DAYS


def _habits(seen: SeenLog, lines: LifeLines, possible: Possible) -> Floats:
    """Log-likelihood of visits, opened mails and tickets, shape (n, draws, lines)."""
    rate, cutoff = possible.rate, float(seen.cutoff)
    trouble = laws.ticket_rate(rate) * laws.trouble(possible.satisfaction)
    return (
        _habit(seen.visits, lines, laws.visit_rate(rate), VISITS, laws.VISITING, cutoff)
        + _habit(seen.opens, lines, laws.open_rate(rate), OPENS, laws.OPENING, cutoff)
        + _habit(seen.tickets, lines, trouble, TICKETS, laws.COMPLAINING, cutoff)
    )


def _habit(
    points: Points,
    lines: LifeLines,
    base: Floats,
    left: tuple[float, float, float],
    law: tuple[float, float],
    cutoff: float,
) -> Floats:
    """Log-likelihood of one habit, the customer's own factor on its rate (gamma with this law) integrated out."""
    shape, scale = law
    n = counted(points, lines.rows)[:, None]
    fading, gone = (upto(points, lines.rows, at)[0] for at in (lines.fading, lines.gone))
    kept = np.log(left[1]) * (gone - fading) + np.log(left[2]) * (n - gone)
    days = lines.fading - lines.first[:, None] + left[1] * (lines.gone - lines.fading) + left[2] * (cutoff - lines.gone)
    log = np.log(1 / scale + base[:, :, None] * days[:, None, :])
    log *= -(shape + n)[:, :, None]
    log += kept[:, None, :] + (n * np.log(base))[:, :, None]
    return np.asarray(log)


def _quiet(season: Season, lines: LifeLines, possible: Possible) -> Floats:
    """Log P(no order from the last one to each of ``ends``), shape (n, draws, ends)."""
    n, ends = lines.ends.shape
    till = by_season(season, np.maximum(lines.ends, lines.last[:, None]).reshape(-1)).reshape(n, ends, -1)
    since = till - by_season(season, lines.last)[:, None, :]
    ahead = since[np.arange(n)[:, None], :, possible.segment] * possible.rate[:, :, None]
    log = np.empty_like(ahead)
    for shape in laws.SHAPES:
        rows = possible.shape == shape
        log[rows] = np.log(np.maximum(silence(shape, np.zeros(1), ahead[rows]), np.finfo(float).tiny))
    return log


def _grumbles(seen: SeenLog, lines: LifeLines, possible: Possible) -> Floats:
    """Log-likelihood of how many tickets are complaints, shape (n, draws)."""
    complaints, tickets = (counted(points, lines.rows)[:, None] for points in (seen.complaints, seen.tickets))
    share = laws.grumbling(possible.satisfaction)
    return np.asarray(complaints * np.log(share) + (tickets - complaints) * np.log(1 - share))


def _answers(seen: SeenLog, lines: LifeLines, possible: Possible) -> Floats:
    """Log-likelihood of surveys: that there were so many, and their answers; shape (n, draws, lines)."""
    log = np.repeat(-SURVEYS * (lines.gone - lines.first[:, None])[:, None, :], possible.rate.shape[1], axis=1)
    first, count = np.searchsorted(seen.surveys.row, lines.rows), counted(seen.surveys, lines.rows)
    for q in range(int(count.max(initial=0))):  # everyone's first answer, everyone's second, ...
        some = np.flatnonzero(count > q)
        at, answer = seen.surveys.at[first[some] + q], seen.answers[first[some] + q][:, None]
        came = upto(seen.complaints, lines.rows[some], np.stack([at, at - COMPLAINT_DAYS], axis=1))[0]
        lately = (came[:, 0] > came[:, 1])[:, None]
        calm, fading = (
            log_rounded(
                answer,
                survey_mean(possible.satisfaction[some], fading=np.array(state), lately=lately),
                SURVEY_SPREAD,
            )
            for state in (False, True)
        )
        faded = (lines.fading[some] <= at[:, None])[:, None, :]
        log[some] += np.where(faded, fading[:, :, None], calm[:, :, None])
    return log
