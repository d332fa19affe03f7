"""Who may come on a list, with what: suppressed customers out, every action worked out, triggers and limits."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.planning.learned import Learned
from hvc_ml.planning.offers import Offers, offers
from hvc_ml.planning.playbook import ListSettings, Playbook
from hvc_ml.planning.prices import Limits
from hvc_ml.planning.triggers import Mask, allowed_actions

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Known:
    """What is known of the customers beside their scores; frames, series and arrays have rows as the scores.

    Parameters
    ----------
    family_amounts
        Money at risk by family of reasons, one column per family.
    figures
        Features that actions ask for.
    birthdays
        Attribute -> days from the cutoff to the next birthday.
    owners
        Who looks after each customer; empty or missing where nobody does.
    effects
        Measured effects of the actions that are ranked by uplift, one column per action.
    """

    family_amounts: pd.DataFrame | None = None
    figures: pd.DataFrame | None = None
    birthdays: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    owners: pd.Series | None = None
    effects: pd.DataFrame | None = None

    def at(self, positions: Integers) -> "Known":
        """The same of some customers."""
        amounts, figures, effects = (
            None if frame is None else frame.iloc[positions]
            for frame in (self.family_amounts, self.figures, self.effects)
        )
        birthdays = {name: days[positions] for name, days in self.birthdays.items()}
        owners = None if self.owners is None else self.owners.iloc[positions]
        return Known(amounts, figures, birthdays, owners, effects)


@dataclass(frozen=True)
class Candidates:
    """Customers by customer_id, so that ties fall the same way in any order of the scores.

    Parameters
    ----------
    positions
        Each customer's position in the scores, shape (n,).
    scores
        Their scores.
    known
        What else is known of them.
    offers
        Gain and spending of each action.
    allowed
        Whether it may be proposed, shape (n, k).
    limits
        What the list may use.
    """

    positions: Integers
    scores: pd.DataFrame
    known: Known
    offers: Offers
    allowed: Mask
    limits: Limits


def candidates(
    scores: pd.DataFrame,
    playbook: Playbook,
    settings: ListSettings,
    *,
    known: Known,
    suppressed: Collection[str],
    learned: Learned,
) -> Candidates:
    """Gather what a list is chosen from.

    Parameters
    ----------
    scores : DataFrame
        One row per eligible customer.
    playbook, settings
        What the team can do, and how much of it.
    known
        What is known beside the scores.
    suppressed : collection of str
        Ids that leave before anything is ranked.
    learned
        What measured campaigns say.

    Raises
    ------
    ValueError
        If a customer stands twice.
    """
    ids = scores["customer_id"]
    if ids.duplicated().any():
        raise ValueError("a customer stands twice in the scores")
    keep = np.flatnonzero(~ids.isin(set(suppressed)).to_numpy(dtype=np.bool_))
    positions = keep[np.argsort(ids.to_numpy(dtype=object)[keep], kind="stable")]
    eligible, own = scores.iloc[positions], known.at(positions)
    allowed = allowed_actions(
        eligible["tier"],
        playbook,
        own.family_amounts,
        figures=own.figures,
        birthdays=own.birthdays,
        weeks=settings.weeks,
        learned=learned,
    )
    worked_out = offers(eligible, playbook, learned=learned, effects=own.effects)
    return Candidates(positions, eligible, own, worked_out, allowed, limits_of(playbook, settings))


def limits_of(playbook: Playbook, settings: ListSettings) -> Limits:
    """What a list may use: the capacities of its weeks, its budget, its length.

    Examples
    --------
    >>> limits_of(Playbook(), ListSettings(weeks=4, budget=500)).capacities
    (800, None, None)
    """
    capacities = (None if a.capacity is None else a.capacity * settings.weeks for a in playbook.actions)
    return Limits(tuple(capacities), settings.budget, settings.top)
