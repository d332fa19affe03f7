"""Campaigns of the demo shop whose true effects are known: real lists, worked in a world that goes on in time.

Each month's list is scored by the commands themselves. What every listed customer does with and without contact is
known to the world; the lots are drawn again and again, and each draw is a campaign of its own.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from hvc_ml.campaigns.measure import effect
from hvc_ml.campaigns.outcomes import CONTACT, HOLDOUT, Costs, outcomes
from hvc_ml.config import Project, load_config
from hvc_ml.planning.holdout import draw_holdout
from hvc_ml.progress import Stages
from hvc_ml.publish import write_bytes_atomic
from hvc_ml.tables.demo.config_text import demo_config
from hvc_ml.tables.demo.settings import DemoSettings, months_before
from hvc_ml.tables.demo.world import World
from hvc_ml.workflows.past_lists import past_list
from hvc_ml.workflows.score import Limits, score
from hvc_ml.workflows.train import train

FORECASTS = {"stayed": ["churn_risk"], "future_value": ["churn_risk", "forecast"], "net": ["churn_risk", "forecast"]}
"""Outcome -> the forecasts that its effect is adjusted by."""


@dataclass(frozen=True)
class KnownList:
    """A list of which both futures are known.

    Parameters
    ----------
    name
        Its folder's name.
    listed
        Its rows.
    alone, contacted
        Rows of `outcomes`, in the same order, if nobody and if everybody is contacted.
    """

    name: str
    listed: pd.DataFrame
    alone: pd.DataFrame
    contacted: pd.DataFrame

    def drawn(self, share: float, seed: str) -> pd.DataFrame:
        """What is seen when these lots are drawn."""
        held = draw_holdout(self.listed, share, seed)
        seen = self.contacted.assign(group=np.where(held, HOLDOUT, CONTACT), list=self.name)
        for name in FORECASTS:
            seen[name] = np.where(held, self.alone[name], self.contacted[name])
        return seen

    def truth(self, name: str) -> float:
        """The true effect on an outcome, per listed customer."""
        return float((self.contacted[name] - self.alone[name]).mean())


def known_lists(customers: int, months: int, seed: int) -> list[KnownList]:
    """The lists of a demo shop on the first of so many months, trained once before the first."""
    world = World(DemoSettings(customers=customers, seed=seed), months=months + 6)
    with tempfile.TemporaryDirectory() as folder:
        world.write(Path(folder), world.today)
        write_bytes_atomic(Path(folder) / "hvc.yaml", demo_config(world.settings).encode())
        project = load_config(Path(folder) / "hvc.yaml")
        train(project, promote=True, stages=Stages())
        return list(_lists(project, world, months))


def _lists(project: Project, world: World, months: int) -> Iterator[KnownList]:
    costs = {a.name: Costs(a.contact_cost, a.offer_cost, a.take_up) for a in project.config.playbook.actions}
    for day in (months_before(world.end, months + 6 - m) for m in range(months)):
        world.write(project.folder, day)
        past = past_list(score(project, cutoff=day, limits=Limits(), stages=Stages()).list_dir)
        listed = past.rows()
        ids = listed["customer_id"].tolist()
        told = world.foresee(ids, listed["action"].tolist(), day).to_pandas()
        gone = told["leaves"] & ~told["saved"]
        futures = [
            outcomes(listed, told[["customer_id"]].assign(churned=churned, future_value=money), contacted, costs)
            for churned, money, contacted in (
                (told["leaves"], told["money_alone"], ()),
                (gone, told["money_contacted"], ids),
            )
        ]
        yield KnownList(past.name, listed, *futures)


def demo_rows(lists: list[KnownList], draws: int, share: float = 0.1) -> pd.DataFrame:
    """One row per list, draw and outcome, and per draw and outcome of all lists together.

    Returns
    -------
    DataFrame
        ``lists`` (``each`` or ``all together``), ``outcome``, ``covered``, ``high``, ``low``, ``half``, ``reduction``.
    """
    found = []
    together = {
        name: np.average([known.truth(name) for known in lists], weights=[len(k.listed) for k in lists])
        for name in FORECASTS
    }
    for draw in range(draws):
        seen = [known.drawn(share, f"{known.name}/{draw}") for known in lists]
        told = [("each", rows, known.truth) for rows, known in zip(seen, lists, strict=True)]
        for which, rows, truth in [*told, ("all together", pd.concat(seen, ignore_index=True), together.__getitem__)]:
            for name, forecasts in FORECASTS.items():
                e = effect(rows[name], rows["group"] == CONTACT, rows[forecasts], rows["list"])
                if e is not None:
                    above, below = truth(name) > e.high, truth(name) < e.low
                    half = (e.high - e.low) / 2.0
                    found.append((which, name, not above and not below, above, below, half, e.reduction))
    columns = ["lists", "outcome", "covered", "high", "low", "half", "reduction"]
    return pd.DataFrame(found, columns=columns)
