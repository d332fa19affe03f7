"""Score every eligible customer with the champion and publish the retention list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from hvc_ml.config import Project
from hvc_ml.errors import UsageError
from hvc_ml.planning.learned import LEARNED, read_learned
from hvc_ml.progress import Stages
from hvc_ml.publish import RunLock
from hvc_ml.workflows.arrivals import refuse_collapsed
from hvc_ml.workflows.champions import load_champion
from hvc_ml.workflows.drafting import Plan, planned
from hvc_ml.workflows.listing import ScoreResult, published
from hvc_ml.workflows.scores import scores_of
from hvc_ml.workflows.shop import open_shop
from hvc_ml.workflows.standing import tiers_before


@dataclass(frozen=True)
class Limits:
    """What the command line says beside the config: None leaves the config's own."""

    top: int | None = None
    budget: float | None = None
    capacity: Mapping[str, int] = field(default_factory=dict)


def capacities(given: Sequence[str]) -> dict[str, int]:
    """Read ``ACTION=N`` options.

    Examples
    --------
    >>> capacities(["personal call=50"])
    {'personal call': 50}
    """
    found: dict[str, int] = {}
    for text in given:
        name, _, number = text.rpartition("=")
        if not name or not number.isdecimal():
            raise UsageError(f"--capacity {text}: expected ACTION=N with a whole number, such as 'personal call=50'.")
        found[name] = int(number)
    return found


def score(project: Project, *, cutoff: date | None, limits: Limits, stages: Stages) -> ScoreResult:
    """Score, explain, plan, and publish ``lists/<cutoff>_<run>/``.

    Raises
    ------
    ModelRefused
        If there is no champion, or it is damaged, or made for other features.
    NotEnoughData
        If nobody is eligible at the cutoff.
    DataError
        If the data are refused, or much smaller than they were for the last list.
    """
    plan = _plan(project, limits)
    with RunLock(project.state / "run.lock"):
        with stages.stage("load the champion"):
            champion = load_champion(project)
        with open_shop(project, stages) as shop:
            moment = shop.cutoff(cutoff)
            refuse_collapsed(project, shop.reports, moment)
            panel = shop.panel(moment)
            with stages.stage("score and explain") as stage:
                scores = scores_of(champion.model, panel, project.config, tiers_before(shop, moment))
                stage.rows = panel.num_rows
            with stages.stage("plan and reasons") as stage:
                drafted = planned(shop, champion, scores, plan, moment)
                stage.rows = len(drafted.rows)
            return published(shop, champion, drafted)


def _plan(project: Project, limits: Limits) -> Plan:
    """The config's playbook and list with what the command line says, and what campaigns have taught."""
    config = project.config
    settings = config.list.model_copy(
        update={name: value for name, value in (("top", limits.top), ("budget", limits.budget)) if value is not None}
    )
    learned = read_learned(project.campaigns / LEARNED)
    return Plan(config.playbook.with_capacities(limits.capacity), settings, learned)
