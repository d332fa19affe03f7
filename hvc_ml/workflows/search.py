"""Try other settings of the models at earlier moments; they replace the configured ones only beyond chance.

Every candidate is refitted at validation cutoffs whose labels were known before the first test cutoff, on what was
mature there: the tests stay unseen, and no fold is random.
"""

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from operator import attrgetter
from typing import Any, Final

import pandas as pd

from hvc_ml.config import Config, Project
from hvc_ml.errors import UsageError
from hvc_ml.estimators.prior_columns import Prior
from hvc_ml.evaluation.choice import Choice, choose
from hvc_ml.features.feature import Feature
from hvc_ml.progress import Stage, Stages
from hvc_ml.search.explore import Ladders, Trial, explore
from hvc_ml.search.settings import SearchSettings
from hvc_ml.timeline.calendar import Timeline
from hvc_ml.workflows.refits import Refits, Showing
from hvc_ml.workflows.searched import Candidate, Leader, Search

LADDERS: Final[Ladders] = {
    "learning_rate": (0.02, 0.03, 0.05, 0.08, 0.12, 0.2),
    "leaves": (3, 4, 7, 15, 31, 63),
    "feature_fraction": (0.2, 0.33, 0.5, 0.7, 1.0),
    "min_child_samples": (None, 10, 20, 50, 100, 200, 500),
    "l2": (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0),
    "winsor": (0.97, 0.98, 0.99, 0.995, 0.999, 1.0),
}
"""What is tried: fields of `ModelSettings`, each with its values in order."""

FEWEST: Final = 2
"""Validation cutoffs a search needs: one moment cannot tell better settings from the luck of a season."""


def searching(project: Project, trials: int | None, minutes: float | None) -> Project:
    """The project with the command line's word on the search; None leaves the configuration's.

    Raises
    ------
    UsageError
        If there is a limit for a search that nobody asked for.
    """
    asked = {name: value for name, value in (("trials", trials), ("minutes", minutes)) if value is not None}
    settings = project.config.search.model_copy(update=asked)
    if minutes is not None and not settings.trials:
        raise UsageError(f"--minutes {minutes:g} limits a search, and none was asked for. Add --search N.")
    return Project(project.config.model_copy(update={"search": settings}), project.path)


def validation(line: Timeline, tests: Sequence[date], settings: SearchSettings) -> tuple[date, ...]:
    """Cutoffs at which candidates are compared, newest first; none where no search was asked for.

    Each lies at least horizon and settle before the first test, so that its labels were known there, and has a mature
    cutoff of its own to fit on.
    """
    if not settings.trials:
        return ()
    known = [c for c in line.mature(tests[0]) if line.split(c).by != "nothing"]
    return tuple(reversed(known[-settings.cutoffs :]))


def search(
    line: Timeline,
    tests: Sequence[date],
    frames: Mapping[date, pd.DataFrame],
    priors: Mapping[date, Prior],
    features: tuple[Feature, ...],
    config: Config,
    stages: Stages,
) -> Search:
    """Look for better settings of the models than ``config.model``, before any test.

    Parameters
    ----------
    line, tests
        The calendar, and the test cutoffs.
    frames
        Modelling frames of the `validation` cutoffs and of those their splits name, labelled.
    priors
        By validation cutoff.
    features
        The columns to learn from.
    config
        Settings.
    """
    if not config.search.trials:
        return Search(config.model, "no search was asked for")
    with stages.stage("search settings") as stage:
        stage.step(0, config.search.trials, "as configured")
        start, refits = time.perf_counter(), Refits(line, frames, priors, features, config)
        cutoffs = validation(line, tests, config.search)
        first = [shown for c in cutoffs if (shown := refits.at(c, config.model)) is not None]
        if len(first) < FEWEST:
            reason, seconds = _too_short(len(first), line, tests[0]), time.perf_counter() - start
            return Search(config.model, reason, config.search.trials, seconds=seconds)
        stage.rows = sum(len(shown.said) for shown in first)
        return _raced(first, refits, stage, start)


def _raced(first: list[Showing], refits: Refits, stage: Stage, start: float) -> Search:
    """Measure candidates until trials or minutes are used up, and choose; of predictions only the best one's stay."""
    config, asked = refits.config, refits.config.search
    candidates: list[Candidate] = []
    best: tuple[Candidate, Sequence[Showing]] | None = None
    for trial in itertools.islice(_trials(first, refits), asked.trials):
        candidate = Candidate.of(trial, first, _searched(config))
        candidates.append(candidate)
        if candidate.number and not candidate.pruned and (best is None or candidate.gain > best[0].gain):
            best = candidate, trial.steps
        stage.step(len(candidates), asked.trials, f"{candidate.gain:+.4f} {candidate.name}")
        if asked.minutes is not None and time.perf_counter() - start > 60 * asked.minutes:
            break
    leader = Leader(best[0], _choice(refits, first, best[1], len(candidates) - 1)) if best else None
    return _outcome(config, candidates, leader, time.perf_counter() - start)


def _outcome(config: Config, candidates: Sequence[Candidate], leader: Leader | None, seconds: float) -> Search:
    found = Search(
        settings=config.model,
        reason=_reason(len(candidates) - 1, leader, config.search),
        asked=config.search.trials,
        cutoffs=tuple(candidates[0].figures),
        candidates=tuple(candidates),
        best=leader,
        seconds=seconds,
    )
    return replace(found, settings=config.model.model_copy(update=candidates[found.chosen].changes))


def _trials(first: Sequence[Showing], refits: Refits) -> Iterator[Trial[Showing]]:
    model, cutoffs = refits.config.model, [shown.cutoff for shown in first]

    def measure(values: Mapping[str, Any]) -> Iterator[Showing]:
        return refits.over(cutoffs, model.model_copy(update=dict(values)))

    return explore(LADDERS, _searched(refits.config), first, measure, attrgetter("score"), seed=model.seed)


def _searched(config: Config) -> dict[str, Any]:
    """What the configuration says of the fields that are searched over."""
    return {name: getattr(config.model, name) for name in LADDERS}


def _choice(refits: Refits, default: Sequence[Showing], best: Sequence[Showing], compared: int) -> Choice:
    actual = refits.actual([shown.cutoff for shown in default])
    said = (pd.concat([shown.said for shown in showings], ignore_index=True) for showings in (default, best))
    return choose(actual, *said, compared=compared, seed=refits.config.model.seed)


def _reason(others: int, best: Leader | None, asked: SearchSettings) -> str:
    late = f" (stopped after {asked.minutes:g} minutes)" if asked.minutes and others + 1 < asked.trials else ""
    if not others:
        return f"as configured: no others were tried{late}"
    if best is None:
        return f"as configured: none of {others:,} others{late} was measured at every validation cutoff"
    verdict = "replaces" if best.choice.replaces else "does not replace"
    return (
        f"{best.candidate.name} {verdict} the configured settings: the best of {others:,}{late}, "
        f"it differs in mean Gini {best.choice.says}"
    )


def _too_short(found: int, line: Timeline, first_test: date) -> str:
    return (
        f"no search: {found} of at least {FEWEST} validation cutoffs have a history of their own to boost from and "
        f"labels known before the first test (cutoff + {line.maturing} days <= {first_test}); as configured"
    )
