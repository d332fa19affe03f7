"""Measure every worked list whose horizon is over, and write down what the next list should believe."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import pandas as pd

from hvc_ml.campaigns.groups import four_groups
from hvc_ml.campaigns.outcomes import CONTACT, HOLDOUT
from hvc_ml.campaigns.ratio import sample_ratio
from hvc_ml.campaigns.save_rates import save_rates
from hvc_ml.campaigns.stopping import looks, stop_reason
from hvc_ml.config import Config, Project
from hvc_ml.explanation.formatting import money
from hvc_ml.planning.learned import LEARNED, Learned, SaveRate, Stopped, write_learned
from hvc_ml.progress import Stages
from hvc_ml.publish import RunLock, write_bytes_atomic
from hvc_ml.workflows.campaign_results import Effects, MeasuredAction, MeasuredCampaign, MeasureResult, names
from hvc_ml.workflows.campaign_rows import Worked, worked_lists
from hvc_ml.workflows.shop import Shop, open_shop
from hvc_ml.workflows.uplift import learn_uplift

MEASURED: Final = "measured.json"

_NOBODY: Final = (
    "list",
    "cutoff",
    "tier",
    "action",
    "group",
    "churn_risk",
    "forecast",
    "stayed",
    "future_value",
    "net",
)


def measure(project: Project, *, stages: Stages) -> MeasureResult:
    """Measure, learn, and write ``campaigns/learned.json`` and ``campaigns/measured.json``.

    Groups are compared as they were drawn, whoever was in fact contacted. A campaign whose groups are not as large as
    they were drawn is told and teaches nothing.

    Raises
    ------
    DataError
        If a list or its contacts were changed since they were written, or the data are refused.
    """
    with RunLock(project.state / "run.lock"), open_shop(project, stages) as shop:
        with stages.stage("outcomes of worked lists") as stage:
            worked, others = worked_lists(project, shop)
            stage.rows = sum(len(one.rows) for one in worked)
        with stages.stage("effects and save rates"):
            campaigns = tuple(_campaign(one, project.config) for one in worked)
            sound = [one for one, c in zip(worked, campaigns, strict=True) if c.ratio is None or c.ratio.passed]
            result = _result(project, campaigns, sound, others)
        result = _with_uplift(result, project, shop, sound)
        write_learned(project.campaigns / LEARNED, result.learned)
        text = json.dumps(result.as_json(), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
        write_bytes_atomic(project.campaigns / MEASURED, (text + "\n").encode())
        return result


def _result(
    project: Project, campaigns: tuple[MeasuredCampaign, ...], sound: Sequence[Worked], others: Mapping[str, str]
) -> MeasureResult:
    """What the campaigns with sound groups show together."""
    config = project.config
    in_words = partial(money, currency=config.currency)
    rows = _stacked([one.rows for one in sound])
    pooled = Effects.of(rows)
    actions = tuple(_action(rows[rows["action"] == name], name, config) for name in names([rows]))
    people = [one.people for one in sound]
    return MeasureResult(
        campaigns=campaigns,
        pooled=pooled,
        actions=actions,
        groups=four_groups(pd.concat(people, ignore_index=True), pooled.stay, in_words) if people else (),
        learned=_learned(actions, len(sound)),
        others=dict(others),
        currency=config.currency,
        path=project.campaigns,
    )


def _with_uplift(result: MeasureResult, project: Project, shop: Shop, sound: Sequence[Worked]) -> MeasureResult:
    """Let measured uplift rank the actions for which it earns more out of sample."""
    if not sound:
        return result
    found = learn_uplift(project, shop, _stacked([one.rows for one in sound]), result.learned)
    learned = result.learned
    if found.taken_over:
        learned = replace(learned, stage="uplift", uplift=found.taken_over)
    return replace(result, learned=learned, uplift=tuple(found.as_json()))


def _stacked(rows: Sequence[pd.DataFrame]) -> pd.DataFrame:
    empty = pd.DataFrame({name: pd.Series([], dtype=str if name in _NOBODY[:5] else float) for name in _NOBODY})
    return pd.concat(rows, ignore_index=True) if rows else empty


def _campaign(one: Worked, config: Config) -> MeasuredCampaign:
    rows, effects = one.rows, Effects.of(one.rows)
    held, in_words = rows["group"] == HOLDOUT, partial(money, currency=config.currency)
    return MeasuredCampaign(
        name=one.past.name,
        cutoff=one.past.cutoff.isoformat(),
        n_contact=int((~held).sum()),
        n_holdout=int(held.sum()),
        reached=int((rows["contacted"] & ~held).sum()),
        contaminated=int((rows["contacted"] & held).sum()),
        ratio=sample_ratio(held, one.share, rows["tier"]) if one.share > 0.0 else None,
        effects=effects,
        groups=four_groups(one.people, effects.stay, in_words),
    )


def _action(rows: pd.DataFrame, name: str, config: Config) -> MeasuredAction:
    """One action over all its campaigns; save rates only where the playbook still has it."""
    action = next((a for a in config.playbook.actions if a.name == name), None)
    tiers = [tier.name for tier in config.tiers]
    seen = looks(rows)
    return MeasuredAction(
        name=name,
        campaigns=int(rows.loc[rows["group"] == CONTACT, "list"].nunique()),
        prior=None if action is None else round(action.save_rate, 6),
        effects=Effects.of(rows),
        rates=() if action is None else save_rates(rows, action.save_rate_prior, tiers),
        looks=seen,
        stopped=stop_reason(seen),
    )


def _learned(actions: Sequence[MeasuredAction], campaigns: int) -> Learned:
    rates = tuple(
        SaveRate(
            action=action.name,
            tier=rate.tier,
            alpha=round(rate.beta[0], 6),
            beta=round(rate.beta[1], 6),
            low=round(rate.low, 6),
            high=round(rate.high, 6),
            n_contact=rate.n_contact,
            n_holdout=rate.n_holdout,
            campaigns=action.campaigns,
        )
        for action in actions
        for rate in action.rates
    )
    stopped = tuple(Stopped(action.name, None, action.stopped) for action in actions if action.stopped)
    return Learned("posterior" if rates else "prior", campaigns, rates, stopped)
