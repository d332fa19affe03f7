"""Learn from worked lists whom an action helps, and let that rank the next list where it is worth more."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from hvc_ml.campaigns.policy import Interval
from hvc_ml.campaigns.qini import qini_coefficient
from hvc_ml.config import Config, Project
from hvc_ml.errors import ModelRefused
from hvc_ml.estimators.expected import UpliftPlan
from hvc_ml.estimators.uplift import Uplift, cross_fitted, fit_uplift, trial_scores
from hvc_ml.explanation.formatting import money
from hvc_ml.planning.learned import Learned
from hvc_ml.planning.playbook import Action
from hvc_ml.scoring.bundle import read_bundle, self_test, selftest_rows, write_bundle
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.workflows.fitting import learnable
from hvc_ml.workflows.shop import Shop
from hvc_ml.workflows.uplift_trials import RISK, advantage, lacking, randomised, trial_of

FOLDER: Final = "uplift"
"""Below the project's folder of campaigns."""
MODELS: Final = "uplift.json"


@dataclass(frozen=True)
class ActionUplift:
    """What is known of one action's effect on single customers.

    Parameters
    ----------
    action
        Its name.
    n_contact, n_holdout
        Randomised rows, as drawn.
    campaigns
        Lists they stood on.
    taken_over
        Whether the uplift model ranks it from now on.
    why
        The reason, in words.
    advantage
        What ranking by uplift earns more than ranking by the save rate, out of sample: money per listed customer, mean
        over all lengths of the list; None where there is too little to tell.
    qini
        Qini coefficient of the model, out of sample, in customers kept per listed customer.
    """

    action: str
    n_contact: int
    n_holdout: int
    campaigns: int
    taken_over: bool
    why: str
    advantage: Interval | None = None
    qini: Interval | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values; intervals as ``[low, mid, high]``."""
        intervals = {"advantage": self.advantage, "qini": self.qini}
        return {**vars(self), **{name: i if i is None else i.as_list() for name, i in intervals.items()}}


@dataclass(frozen=True)
class LearnedUplift:
    """What is known of every action that was worked."""

    actions: tuple[ActionUplift, ...]

    @property
    def taken_over(self) -> tuple[str, ...]:
        """Actions that are ranked by uplift from now on, in the playbook's order: ``Learned.uplift``."""
        return tuple(a.action for a in self.actions if a.taken_over)

    def as_json(self) -> list[dict[str, Any]]:
        """One object per action."""
        return [a.as_json() for a in self.actions]


def learn_uplift(project: Project, shop: Shop, rows: pd.DataFrame, learned: Learned) -> LearnedUplift:
    """Learn each action's effect, hold it against the save-rate rule out of sample, and keep the models that win.

    The models are written to ``campaigns/uplift/``; `effects_of` reads them for the actions of ``Learned.uplift``.

    Parameters
    ----------
    project
        Where the models go.
    shop
        For the features at the lists' cutoffs.
    rows
        One per customer and matured, worked list: ``customer_id``, ``cutoff``, ``tier``, ``action``, ``group`` as
        drawn (``contact``, ``holdout``), ``churn_risk`` and ``value_if_kept`` as the list had them, ``churned`` (0, 1);
        optionally ``list``, where lists share a cutoff.
    learned
        The save rates that an uplift model has to beat.

    Returns
    -------
    LearnedUplift
        One entry per action of the playbook that stands in ``rows``.
    """
    drawn = randomised(rows)
    actions = [a for a in project.config.playbook.actions if (rows["action"] == a.name).any()]
    enough = {a.name for a in actions if lacking(_of(drawn, a)) is None}
    panel, features = features_at_lists(shop, drawn[drawn["action"].isin(enough)])
    found: list[ActionUplift] = []
    models: dict[str, Uplift] = {}
    with shop.stages.stage("learn uplift") as stage:
        for i, action in enumerate(actions):
            stage.step(i, len(actions), action.name)
            mine = _of(panel if action.name in enough else drawn, action)
            told, model = judged(mine, features, action, learned, project.config)
            found.append(told)
            models |= {} if model is None else {action.name: model}
        stage.rows = len(drawn)
    if models:
        write_models(project.campaigns / FOLDER, models, features)
    return LearnedUplift(tuple(found))


def effects_of(project: Project, learned: Learned, features: pd.DataFrame) -> pd.DataFrame | None:
    """How much likelier each customer is to stay because of each action that is ranked by uplift.

    Parameters
    ----------
    project
        Where the models lie.
    learned
        Names the actions.
    features
        The features at a cutoff, and the champion's ``churn_risk``.

    Returns
    -------
    DataFrame or None
        Rows as ``features``, one column per action of ``learned.uplift``, in ``[churn_risk - 1, churn_risk]``: nobody
        can be surer to stay, or to leave, than sure. None where no action is ranked by uplift.

    Raises
    ------
    ModelRefused
        If the models are missing, damaged, or read features that are not there.
    """
    if not learned.uplift:
        return None
    folder = project.campaigns / FOLDER
    models = read_models(folder)
    unknown = sorted(set(learned.uplift) - set(models))
    lost = sorted({c for m in models.values() for c in m.trees.encoder.columns} - set(features.columns))
    if unknown or lost:
        what = f"no model of {unknown[0]}" if unknown else f"{len(lost)} columns the features lack (first: {lost[0]})"
        raise ModelRefused(f"{folder}: {what}. Run `hvc-ml campaign measure` again.")
    asked = {name: models[name] for name in learned.uplift}
    return _effects(asked, features, project.config.model.threads)


def features_at_lists(shop: Shop, rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows whose customers are still in the panel of their list's cutoff, and their features in the same order."""
    names = [f.name for f in learnable(shop.plan().features, shop.project.config)]
    cutoffs = pd.to_datetime(rows["cutoff"]).dt.date
    panels = shop.partitions(tuple(sorted(set(cutoffs)))) if len(rows) else {}
    parts: list[pd.DataFrame] = []
    for cutoff, partition in panels.items():
        panel: pd.DataFrame = partition.panel.to_pandas()
        place = pd.Index(panel[CUSTOMER]).get_indexer(pd.Index(rows.loc[cutoffs == cutoff, CUSTOMER]))
        here = rows.index[cutoffs == cutoff]
        parts.append(panel[names].iloc[place[place >= 0]].set_axis(here[place >= 0], axis=0))
    features = pd.concat(parts).sort_index() if parts else pd.DataFrame(index=rows.index[:0])
    return rows.loc[features.index], features


def judged(
    rows: pd.DataFrame, features: pd.DataFrame, action: Action, learned: Learned, config: Config
) -> tuple[ActionUplift, Uplift | None]:
    """Learn one action's effect and decide whether it takes over; the model, where it does.

    Parameters
    ----------
    rows
        Of `randomised`, of this action.
    features
        Looked up by the index of ``rows``.
    action
        Its costs.
    learned
        The save rates to beat.
    config
        Seed, threads, currency.
    """
    held = int((~rows["treated"]).sum())
    drawn = (action.name, len(rows) - held, held, int(rows["campaign"].nunique()))
    if short := lacking(rows):
        return ActionUplift(*drawn, taken_over=False, why=f"{short}; the save rate ranks it."), None
    trial = trial_of(rows, features.loc[rows.index])
    plan = UpliftPlan(seed=config.model.seed, threads=config.model.threads)
    said = cross_fitted(trial, plan)
    said = said._replace(effect=possible(said.effect, trial.frame))
    scores = trial_scores(trial, said.expected)
    more = advantage(rows, action, learned, said, scores)
    qini = qini_coefficient(said.effect, scores, part=said.part, customer=trial.customer, seed=plan.seed)
    wins = more.low > 0
    told = ActionUplift(*drawn, taken_over=wins, why=_why(more, config.currency, wins=wins), advantage=more, qini=qini)
    return told, fit_uplift(trial, plan) if wins else None


def possible(effect: np.ndarray[Any, np.dtype[np.float64]], frame: pd.DataFrame) -> Any:
    """Effects on the chance to stay, kept where that chance stays one: in ``[churn_risk - 1, churn_risk]``."""
    risk = frame[RISK].to_numpy(np.float64)
    return np.clip(effect, risk - 1, risk)


def write_models(folder: Path, models: dict[str, Uplift], features: pd.DataFrame) -> None:
    """Write models as text and JSON, with rows they must still predict bit for bit; replaces older ones."""
    columns = sorted({c for model in models.values() for c in model.trees.encoder.columns})
    files = {f"uplift_{i:02d}.txt": model.trees.text.encode() for i, model in enumerate(models.values())}
    told = {name: model.to_json() for name, model in models.items()}
    files[MODELS] = json.dumps(told, indent=1, allow_nan=False).encode()
    risks = pd.Series(np.linspace(0, 1, len(features)), index=features.index)  # nobody's own
    rows = selftest_rows(features.assign(**{RISK: risks}), columns)
    write_bundle(folder, files, meta={"features": columns}, selftest=(rows, _effects(models, rows, None)), replace=True)


def read_models(folder: Path) -> dict[str, Uplift]:
    """Read and try what `write_models` wrote, by action.

    Raises
    ------
    ModelRefused
        If it is missing, damaged, or something else.
    """
    files = read_bundle(folder)[0] if folder.is_dir() else {}
    if MODELS not in files:
        raise ModelRefused(f"{folder}: no uplift models of campaigns. Run `hvc-ml campaign measure` again.")
    told = json.loads(files[MODELS])
    models = {
        name: Uplift.from_json(values, files[f"uplift_{i:02d}.txt"].decode())
        for i, (name, values) in enumerate(told.items())
    }
    self_test(lambda rows: _effects(models, rows, None), files)
    return models


def _effects(models: dict[str, Uplift], frame: pd.DataFrame, threads: int | None) -> pd.DataFrame:
    found = {name: possible(model.effect(frame, threads), frame) for name, model in models.items()}
    return pd.DataFrame(found, index=frame.index)


def _why(more: Interval, currency: str, *, wins: bool) -> str:
    low, mid, high = (money(x, currency) for x in (more.low, more.mid, more.high))
    told = f"{mid} per listed customer ({low} to {high}) on customers it was not learned from"
    if wins:
        return f"ranking by uplift earns more than by the save rate: {told}."
    return f"ranking by uplift is not shown to earn more than by the save rate: {told}; the save rate ranks it."


def _of(rows: pd.DataFrame, action: Action) -> pd.DataFrame:
    return rows[rows["action"] == action.name]
