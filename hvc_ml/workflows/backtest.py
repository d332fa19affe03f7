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
from hvc_ml.timeline.calendar import Timeline
from hvc_ml.workflows.fitting import Fitted, fit_at, prior_of

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
    actual
        What happened: ``customer_id, cutoff, churned, future_value``.
    predictions
        What the recipes said of the same rows.
    rules
        What each baseline said of them.
    panel
        The model beside the baselines.
    """

    fitted: dict[date, Fitted]
    frames: pd.DataFrame
    actual: pd.DataFrame
    predictions: pd.DataFrame
    rules: dict[str, pd.DataFrame]
    panel: Panel


def needed(line: Timeline, tests: tuple[date, ...]) -> tuple[date, ...]:
    """Every cutoff whose labels the tests and the production model ask for."""
    splits = [line.split(moment) for moment in (*tests, line.end)]
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
    rules: dict[str, list[pd.DataFrame]] = {}
    with stages.stage("test out of time") as stage:
        for i, cutoff in enumerate(tests):
            stage.step(i, len(tests), cutoff.isoformat())
            frame, split = frames[cutoff], line.split(cutoff)
            prior = prior_of(partitions[cutoff], frame, config)
            fitted[cutoff] = fit_at(split, frames, prior, features, config)
            said.append(pd.concat([frame[KEYS], fitted[cutoff].recipe.predict(frame)], axis=1))
            past = pd.concat([frames[c] for c in split.fit], ignore_index=True) if split.fit else None
            for name, rule in baselines(frame, past, config.labels.horizon).items():
                rules.setdefault(name, []).append(pd.concat([frame[KEYS], rule], axis=1))
        rows = pd.concat([frames[c] for c in tests], ignore_index=True)
        actual = rows[[*KEYS, "churned", "future_value"]]
        predictions = pd.concat(said, ignore_index=True)
        named = {name: pd.concat(parts, ignore_index=True) for name, parts in rules.items()}
        panel = honesty_panel(actual, predictions, named, seed=config.model.seed)
        stage.rows = len(actual)
    return Backtest(fitted, rows, actual, predictions, named, panel)
