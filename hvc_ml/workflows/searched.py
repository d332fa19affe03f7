"""What a search over settings tried, and what it chose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self

from hvc_ml.estimators.settings import ModelSettings
from hvc_ml.evaluation.choice import Choice
from hvc_ml.search.explore import Trial
from hvc_ml.workflows.refits import Showing


@dataclass(frozen=True)
class Candidate:
    """One trial, without its predictions.

    Attributes
    ----------
    number
        0 is the configuration's own settings.
    settings, changes
        What was searched over, and what of it differs from the configuration.
    figures
        Validation cutoff -> ``churn_auc``, ``value_gini``, ``mean_gini``.
    gain
        Mean difference to the configuration's ``mean_gini``, over the cutoffs it was measured at.
    pruned
        Whether it fell behind and was not measured at every cutoff.
    """

    number: int
    settings: dict[str, Any]
    changes: dict[str, Any]
    figures: dict[date, dict[str, float]]
    gain: float
    pruned: bool
    seconds: float = field(default=0.0, compare=False)

    @classmethod
    def of(cls, trial: Trial[Showing], first: Sequence[Showing], default: Mapping[str, Any]) -> Self:
        """Set a trial beside what the configuration's own settings showed."""
        gaps = [mine.score - theirs.score for mine, theirs in zip(trial.steps, first, strict=False)]
        return cls(
            number=trial.number,
            settings=trial.values,
            changes={name: value for name, value in trial.values.items() if value != default[name]},
            figures={shown.cutoff: shown.figures for shown in trial.steps},
            gain=sum(gaps) / len(gaps) if gaps else float("nan"),
            pruned=trial.pruned,
            seconds=trial.seconds,
        )

    @property
    def name(self) -> str:
        """Such as ``search 03: leaves 31``; what is not named is as configured."""
        changes = ", ".join(f"{n} {'auto' if v is None else format(v, 'g')}" for n, v in self.changes.items())
        return f"search {self.number:02d}: {changes or 'as configured'}"

    @property
    def score(self) -> float | None:
        """Mean Gini over the validation cutoffs; None where it was not measured at all of them."""
        return None if self.pruned else sum(f["mean_gini"] for f in self.figures.values()) / len(self.figures)


@dataclass(frozen=True)
class Leader:
    """The best of those that were measured at every cutoff, the configured settings aside, and whether it is used."""

    candidate: Candidate
    choice: Choice


@dataclass(frozen=True)
class Search:
    """A search and its outcome.

    Attributes
    ----------
    settings
        Of the models: to be tested and put to work.
    reason
        Why these, in words.
    asked
        How many trials were asked for; 0 is no search.
    cutoffs
        Validation cutoffs, newest first.
    candidates
        In the order they were tried.
    best
        None where no other settings were measured at every cutoff.
    """

    settings: ModelSettings
    reason: str
    asked: int = 0
    cutoffs: tuple[date, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    best: Leader | None = None
    seconds: float = field(default=0.0, compare=False)

    @property
    def chosen(self) -> int:
        """Number of the candidate that is used; 0 is the configuration's own settings."""
        return self.best.candidate.number if self.best and self.best.choice.replaces else 0

    @property
    def pruned(self) -> int:
        """How many candidates were ended early."""
        return sum(c.pruned for c in self.candidates)

    def as_json(self) -> dict[str, Any]:
        """The ``search`` of ``train --json``."""
        return {
            "asked": self.asked,
            "trials": len(self.candidates),
            "pruned": self.pruned,
            "cutoffs": [c.isoformat() for c in sorted(self.cutoffs)],
            "best": _best(self.best) if self.best else None,
            "chosen": self.chosen,
            "reason": self.reason,
            "seconds": round(self.seconds, 3),
        }


def _best(best: Leader) -> dict[str, Any]:
    candidate, choice = best.candidate, best.choice
    gain = {"gain": choice.difference.as_list(), "gain_by_cutoff": choice.by_cutoff}
    return {"trial": candidate.number, "settings": candidate.settings, **gain}
