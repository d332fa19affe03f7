"""From scores to a draft of the list: who may be contacted, with what, and why."""

import math
from dataclasses import dataclass
from datetime import date
from statistics import NormalDist

import numpy as np
import pandas as pd

from hvc_ml.explanation.reasons import reasons
from hvc_ml.planning.candidates import candidates
from hvc_ml.planning.learned import Learned
from hvc_ml.planning.playbook import ListSettings, Playbook
from hvc_ml.planning.priority import RetentionPlan, retention_plan
from hvc_ml.planning.suppression import REASONS
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.workflows.champions import LoadedChampion
from hvc_ml.workflows.contact_rules import known_of, suppressed
from hvc_ml.workflows.scores import Scores, declared, medians, with_prior_figure
from hvc_ml.workflows.shop import Shop
from hvc_ml.workflows.uplift import effects_of


@dataclass(frozen=True)
class Plan:
    """What the team can do, how long the list may be, and what campaigns have taught."""

    playbook: Playbook
    settings: ListSettings
    learned: Learned


@dataclass(frozen=True)
class Draft:
    """A list that is not written yet.

    Parameters
    ----------
    plan
        What it was made with.
    moment
        The cutoff.
    everyone
        The scores of all who are eligible; only sums of them are told.
    scores
        Of those who may be contacted: nobody else is named anywhere.
    suppressed
        Reason -> how many it keeps away.
    outlook
        The list before its reasons, what it may bring, and what another budget would.
    rows
        The list with its reasons, in the order in which to begin.
    """

    plan: Plan
    moment: date
    everyone: pd.DataFrame
    scores: Scores
    suppressed: dict[str, int]
    outlook: RetentionPlan
    rows: pd.DataFrame


def planned(shop: Shop, champion: LoadedChampion, everyone: Scores, plan: Plan, moment: date) -> Draft:
    """Leave out whom the team may not contact, choose among the others, and say why.

    Parameters
    ----------
    everyone
        Scores of all who are eligible: tiers are told, and peers are counted, with everybody.
    """
    playbook, settings, config = plan.playbook, plan.settings, shop.project.config
    why_not = suppressed(shop, playbook, settings, moment, everyone.table[CUSTOMER])
    scores = everyone.only(np.flatnonzero((why_not == "").to_numpy(dtype=np.bool_)))
    effects = _effects(shop, plan.learned, scores)
    known = known_of(shop, playbook, settings, moment, scores, effects)
    found = candidates(scores.table, playbook, settings, known=known, suppressed=(), learned=plan.learned)
    outlook = retention_plan(
        found,
        playbook,
        settings,
        cutoff=moment.isoformat(),
        horizon=config.labels.horizon,
        shock=_shock(champion, everyone.table),
    )
    rows = _with_reasons(shop, champion, everyone, scores, outlook.rows)
    counts = {reason: int((why_not == reason).sum()) for reason in REASONS}
    return Draft(plan, moment, everyone.table, scores, counts, outlook, rows)


def _shock(champion: LoadedChampion, everyone: pd.DataFrame) -> float:
    """Standard deviation of the logarithm of the error that all forecasts of money share, from everyone's total."""
    _, expected, high = champion.model.recipe.total(everyone, 0.8)
    return math.log(high / expected) / NormalDist().inv_cdf(0.9) if 0.0 < expected < high else 0.0


def _effects(shop: Shop, learned: Learned, scores: Scores) -> pd.DataFrame | None:
    """Measured effects of the actions that are ranked by uplift; the features are only looked at where there are."""
    if not learned.uplift:
        return None
    return effects_of(shop.project, learned, scores.figures().assign(churn_risk=scores.table["churn_risk"]))


def _with_reasons(
    shop: Shop, champion: LoadedChampion, everyone: Scores, scores: Scores, rows: pd.DataFrame
) -> pd.DataFrame:
    listed = rows.index.to_numpy(np.int64)
    told = reasons(
        scores.family_cents(listed),
        scores.told_by.at(listed),
        with_prior_figure(scores.figures(rows=listed)),
        declared(shop.plan().features),
        peers=medians(everyone.panel),
        currency=shop.project.config.currency,
    )
    return pd.concat([rows, told], axis=1).assign(model_version=champion.version)
