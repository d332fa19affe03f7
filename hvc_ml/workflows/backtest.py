"""Test out of time: refit at each test cutoff what would have been in production, beside the simple rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd

from hvc_ml.config import Config
from hvc_ml.dataset.store import Partition
from hvc_ml.estimators.baselines import baselines
from hvc_ml.evaluation.honesty import Panel, honesty_panel
from hvc_ml.features.feature import Feature
from hvc_ml.progress import Stages
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.timeline.calendar import Split, Timeline
from hvc_ml.workflows.fitting import Fitted, fit_at, prior_of
from hvc_ml.workflows.further import with_further
from hvc_ml.workflows.sampling import learned
from hvc_ml.workflows.yardstick import campaign_of, what_happened

KEYS = ["customer_id", "cutoff"]


@dataclass(frozen=True)
class Backtest:
    """What the test cutoffs showed.

    Parameters
    ----------
    fitted
        By test cutoff, the recipe as it would have stood then.
    frames
        The test rows, with their features.
    seen
        Of each of these rows: whether its customer is in any row that the recipe of its cutoff learned from. (The
        prior reads everyone's past, and nobody's future.)
    actual
        What happened: ``customer_id, cutoff, churned, future_value``, and what it is measured by (`what_happened`).
    predictions
        What the recipes said of the same rows.
    rules
        What each baseline said of them.
    panel
        The model beside the baselines.
    """

    fitted: dict[date, Fitted]
    frames: pd.DataFrame
    seen: "pd.Series[bool]"
    actual: pd.DataFrame
    predictions: pd.DataFrame
    rules: dict[str, pd.DataFrame]
    panel: Panel


def needed(line: Timeline, tests: tuple[date, ...], *, production: bool = True) -> tuple[date, ...]:
    """Every cutoff whose labels the tests ask for, and the production model where one is made."""
    splits = [line.split(moment) for moment in (*tests, *((line.end,) if production else ()))]
    return tuple(sorted({*tests, *(c for s in splits for c in (*s.fit, *s.calibrate))}))


def backtest(
    line: Timeline,
    tests: tuple[date, ...],
    frames: Mapping[date, pd.DataFrame],
    partitions: Mapping[date, Partition],
    features: tuple[Feature, ...],
    config: Config,
    stages: Stages,
) -> Backtest:
    """Refit at each test cutoff on what was mature then, and measure on what came after."""
    fitted: dict[date, Fitted] = {}
    said: list[pd.DataFrame] = []
    seen: list[pd.Series[bool]] = []
    rules: dict[str, list[pd.DataFrame]] = {}
    with stages.stage("test out of time") as stage:
        for i, cutoff in enumerate(tests):
            stage.step(i, len(tests), cutoff.isoformat())
            frame, split = frames[cutoff], line.split(cutoff)
            prior = prior_of(partitions[cutoff], frame, config)
            fitted[cutoff] = with_further(fit_at(split, frames, prior, features, config), frames, config)
            seen.append(_seen(frame, split, frames))
            said.append(pd.concat([frame[KEYS], fitted[cutoff].recipe.predict(frame)], axis=1))
            past = pd.concat([frames[c] for c in split.fit], ignore_index=True) if split.fit else None
            for name, rule in baselines(frame, past, config.labels.horizon).items():
                rules.setdefault(name, []).append(pd.concat([frame[KEYS], rule], axis=1))
        rows = pd.concat([frames[c] for c in tests], ignore_index=True)
        actual = what_happened(rows, config)
        predictions = pd.concat(said, ignore_index=True)
        named = {name: pd.concat(parts, ignore_index=True) for name, parts in rules.items()}
        campaign = campaign_of(config.playbook)
        panel = honesty_panel(actual, predictions, named, campaign=campaign, seed=config.model.seed)
        stage.rows = len(actual)
    return Backtest(fitted, rows, pd.concat(seen, ignore_index=True), actual, predictions, named, panel)


def _seen(frame: pd.DataFrame, split: Split, frames: Mapping[date, pd.DataFrame]) -> "pd.Series[bool]":
    """Whether each row's customer is in a row that the split fits or calibrates on."""
    known = {customer for c in (*split.fit, *split.calibrate) for customer in learned(frames[c])[CUSTOMER]}
    return frame[CUSTOMER].isin(known)
