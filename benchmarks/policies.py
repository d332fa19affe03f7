"""Ways to choose whom to contact with the same money and people: by expected gain, or down a ranking."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.config import Config
from hvc_ml.planning.allocation import NOTHING
from hvc_ml.planning.candidates import Candidates, Known, candidates
from hvc_ml.planning.holdout import draw_holdout
from hvc_ml.planning.learned import Learned
from hvc_ml.planning.priority import retention_list

Policy = Callable[[pd.DataFrame, frozenset[str], Config, date], pd.DataFrame]
"""Scores (with ``spend_365d``), who rests, the config, the day -> the list: ``customer_id, tier, action, group``."""


def by_gain(scores: pd.DataFrame, resting: frozenset[str], config: Config, day: date) -> pd.DataFrame:
    """The product's own list, while no campaign is measured."""
    return retention_list(
        scores,
        config.playbook,
        config.list,
        cutoff=day.isoformat(),
        horizon=config.labels.horizon,
        suppressed=resting,
    )


def down(column: str) -> Policy:
    """Work down a ranking: whoever stands higher is first to get the action that the playbook deems best for them.

    Capacities, budget and holdout are those of `by_gain`, and an action that is used up is followed by the next best.
    Only the order differs; a customer without a gain is contacted, too, when it is their turn.
    """

    def choose(scores: pd.DataFrame, resting: frozenset[str], config: Config, day: date) -> pd.DataFrame:
        found = candidates(
            scores, config.playbook, config.list, known=Known(), suppressed=resting, learned=Learned.NOTHING
        )
        choice = _worked_down(found, found.scores[column].to_numpy(np.float64))
        rows: pd.DataFrame = found.scores[choice != NOTHING].reset_index(drop=True)
        names = np.array([action.name for action in config.playbook.actions], dtype=object)
        held = draw_holdout(rows, config.list.holdout, seed=day.isoformat())
        rows["action"], rows["group"] = names[choice[choice != NOTHING]], np.where(held, "holdout", "contact")
        return rows

    return choose


def _worked_down(found: Candidates, figure: NDArray[np.float64]) -> NDArray[np.int64]:
    """Which action each customer gets, highest figure first; ties by customer_id."""
    choice, left = np.full(len(figure), NOTHING, dtype=np.int64), found.limits.as_array()
    gains, spending = np.where(found.allowed, found.offers.gains, -np.inf), found.offers.spending
    k = gains.shape[1]
    for i in np.argsort(-figure, kind="stable"):
        for j in np.argsort(-gains[i], kind="stable"):
            used = np.zeros(k + 2)
            used[[j, k, k + 1]] = 1, spending[i, j], 1
            if np.isfinite(gains[i, j]) and (used <= left).all():
                choice[i], left = j, left - used
                break
    return choice


POLICIES: Final[Mapping[str, Policy]] = {
    "fixed prior": by_gain,
    "by value at risk": down("value_at_risk"),
    "by risk": down("churn_risk"),
    "by spend": down("spend_365d"),
}
