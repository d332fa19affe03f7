"""The population's laws: what kinds of buyers there are, and what each trait does to rates, hazards and spend.

The shop is drawn by them (``buyers.py``), and whoever knows them judges a log best (``best.py``).
"""

from typing import Final

import numpy as np

from hvc_ml.tables.demo.draws import Flags, Floats, Ints, logistic

SEGMENTS: Final = ("regular", "occasional", "enthusiast", "bargain", "gift", "business")
PROFESSIONS: Final = (
    "teacher",
    "nurse",
    "engineer",
    "craftsman",
    "office clerk",
    "self-employed",
    "student",
    "retired",
)
CHANNELS: Final = ("web", "app", "store", "phone")
SHAPES: Final = (1, 2, 3, 6)
"""Regularity: gaps between orders are Erlang of this shape. 1 is pure chance (Poisson), 6 is nearly clockwork."""

# One column per segment, in the order of SEGMENTS.
GAP_DAYS: Final = np.array([42.0, 82.0, 25.0, 58.0, 88.0, 42.0])
STAY_DAYS: Final = np.array([680.0, 430.0, 700.0, 280.0, 520.0, 800.0])
ONE_OFF: Final = np.array([0.08, 0.24, 0.05, 0.26, 0.20, 0.07])
SPEND: Final = np.array([38.0, 35.0, 48.0, 25.0, 46.0, 72.0])
BARGAIN: Final = np.array([-1.4, -1.2, -1.6, 1.0, -1.2, -2.0])
LOYAL: Final = np.array([0.55, 0.22, 0.70, 0.40, 0.18, 0.35])
REFUND: Final = np.array([-3.0, -2.9, -2.5, -2.6, -2.8, -3.4])
SHAPE_SHARES: Final = np.array(
    [
        [0.15, 0.25, 0.35, 0.25],
        [0.7, 0.2, 0.1, 0.0],
        [0.3, 0.4, 0.2, 0.1],
        [0.8, 0.2, 0.0, 0.0],
        [0.6, 0.3, 0.1, 0.0],
        [0.05, 0.1, 0.25, 0.6],
    ]
)
CHANNEL_SHARES: Final = np.array(
    [
        [0.45, 0.35, 0.18, 0.02],
        [0.6, 0.15, 0.22, 0.03],
        [0.3, 0.6, 0.09, 0.01],
        [0.5, 0.42, 0.07, 0.01],
        [0.5, 0.1, 0.37, 0.03],
        [0.7, 0.05, 0.05, 0.2],
    ]
)

# One row or column per profession: how likely each segment is, and what it does to spend and rate.
SEGMENT_SHARES: Final = np.array(
    [
        [0.24, 0.34, 0.09, 0.10, 0.18, 0.05],
        [0.22, 0.36, 0.07, 0.18, 0.15, 0.02],
        [0.20, 0.30, 0.14, 0.08, 0.16, 0.12],
        [0.16, 0.38, 0.05, 0.16, 0.13, 0.12],
        [0.20, 0.38, 0.06, 0.18, 0.15, 0.03],
        [0.14, 0.26, 0.08, 0.10, 0.12, 0.30],
        [0.10, 0.36, 0.06, 0.38, 0.10, 0.00],
        [0.24, 0.34, 0.05, 0.14, 0.23, 0.00],
    ]
)
PROFESSION_SPEND: Final = np.array([1.05, 0.95, 1.25, 1.0, 0.95, 1.2, 0.65, 0.9])
PROFESSION_RATE: Final = np.array([1.0, 1.0, 1.05, 0.9, 1.0, 1.15, 0.9, 1.1])
PROFESSION_SHARES: Final = np.array([0.12, 0.13, 0.13, 0.12, 0.20, 0.09, 0.10, 0.11])

# Gamma laws of what differs from buyer to buyer: (shape, scale), mean 1.
EAGERNESS: Final = (2.5, 0.4)
"""Gamma-mixed rates are what makes few customers hold much of the value."""
LEAST_EAGER: Final = 0.04
VISITING: Final = (4.0, 0.25)
OPENING: Final = (1.5, 1 / 1.5)
COMPLAINING: Final = (2.0, 0.5)

# Normal laws: how much the log (or the log-odds) differs from buyer to buyer.
SPEND_BY_EAGERNESS: Final = 0.25
SPEND_SPREAD: Final = 0.38
BARGAIN_SPREAD: Final = 0.6
REFUND_SPREAD: Final = 0.5
STAY_BY_SATISFACTION: Final = 0.45
STAY_SPREAD: Final = 0.35


def loyal_chance(segment: Ints, satisfaction: Floats) -> Floats:
    """P(member of the loyalty programme)."""
    return np.asarray(np.clip(LOYAL[segment] + 0.06 * satisfaction, 0.02, 0.95))


def order_rate(segment: Ints, profession: Ints, eagerness: Floats, loyal: Flags) -> Floats:
    """Orders per day in an average season."""
    return np.asarray(
        PROFESSION_RATE[profession]
        / GAP_DAYS[segment]
        * np.maximum(eagerness, LEAST_EAGER)
        * np.where(loyal, 1.25, 0.92)
    )


def stay_days(segment: Ints, satisfaction: Floats, own: Floats, loyal: Flags) -> Floats:
    """Mean days until an untroubled customer starts to fade; ``own`` is standard normal."""
    return np.asarray(
        STAY_DAYS[segment]
        * np.exp(STAY_BY_SATISFACTION * satisfaction + STAY_SPREAD * own)
        * np.where(loyal, 1.35, 0.95)
    )


def visit_rate(rate: Floats) -> Floats:
    """Visits per day of the mean customer with this order rate."""
    return 0.015 + 0.9 * rate


def open_rate(rate: Floats) -> Floats:
    """Opened mails per day of the mean customer with this order rate."""
    return 0.015 + 0.2 * rate


def ticket_rate(rate: Floats) -> Floats:
    """Tickets per day, complaints among them, of the mean customer with this order rate."""
    return 0.0012 + 0.05 * rate


def trouble(satisfaction: Floats) -> Floats:
    """Factor on the ticket rate: the satisfied run into less."""
    return np.asarray(np.exp(-0.25 * satisfaction))


def grumbling(satisfaction: Floats) -> Floats:
    """Share of tickets that are complaints."""
    return logistic(-0.9 - 0.7 * satisfaction)


def one_off_chance(segment: Ints, satisfaction: Floats) -> Floats:
    """P(gone right after the first order)."""
    return np.asarray(np.clip(ONE_OFF[segment] * np.exp(-0.2 * satisfaction), 0.01, 0.8))


def complaint_pull(satisfaction: Floats, loyal: Flags) -> Floats:
    """Cumulative hazard of fading that one complaint adds over the following weeks."""
    return np.asarray(np.where(loyal, 0.45, 0.8) * np.exp(-0.2 * satisfaction))
