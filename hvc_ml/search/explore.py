"""Candidates one after the other, each ended early where it falls behind. Optuna's only door."""

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

STARTUP: Final = 8
"""Candidates drawn at random before the tree-structured Parzen estimator proposes."""

PRUNING: Final = 4
"""Candidates that must have gone the whole way before another may be ended early."""

Step = TypeVar("Step")
Ladders = Mapping[str, Sequence[Any]]
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Trial(Generic[Step]):
    """One candidate.

    Parameters
    ----------
    number
        0 is the default.
    values
        Name -> value.
    steps
        What was measured, in order; fewer than the default has where it was pruned.
    """

    number: int
    values: dict[str, Any]
    steps: tuple[Step, ...]
    pruned: bool = False
    seconds: float = field(default=0.0, compare=False)


def explore(
    ladders: Ladders,
    default: Values,
    first: Sequence[Step],
    measure: Callable[[Values], Iterator[Step]],
    score: Callable[[Step], float],
    *,
    seed: int,
) -> Iterator[Trial[Step]]:
    """Propose and measure candidates without end, the default first; stop asking when the budget is used up.

    Each is compared with the default step by step: its mean difference so far is what the sampler learns from, and a
    candidate that was never above the median of the others at the same step is not measured further. The sampler is
    the tree-structured Parzen estimator (Bergstra et al., NeurIPS 24, 2011), over places on the ladders rather than
    values, so that the order counts and the spacing is the ladder's.

    Parameters
    ----------
    ladders
        Name -> values in their order; a default that is not among them is put in its place.
    default
        Name -> value, of trial 0.
    first
        What was measured of the default.
    measure
        Measures a candidate step by step, the same steps as ``first``; one that ends before them counts as pruned.
    score
        Of a step; higher is better, finite.
    seed
        Of the proposals: the same seed and measures give the same trials.

    Examples
    --------
    >>> close = lambda values: iter([-abs(values["leaves"] - 30)])
    >>> tried = explore({"leaves": (7, 15, 31)}, {"leaves": 8}, [-22], close, float, seed=7)
    >>> best = max(itertools.islice(tried, 10), key=lambda trial: trial.steps)
    >>> best.values, best.steps
    ({'leaves': 31}, (-1,))
    """
    places = {name: _with(ladder, default[name]) for name, ladder in ladders.items()}
    study = _study(places, default, len(first), seed)
    yield Trial(0, {name: default[name] for name in places}, tuple(first))
    bar = [score(step) for step in first]
    for number in itertools.count(1):
        start, asked = time.perf_counter(), study.ask(_distributions(places))
        values = {name: ladder[asked.params[name]] for name, ladder in places.items()}
        steps, pruned = _measured(asked, measure(values), score, bar)
        _tell(study, asked, None if pruned else _gap(steps, score, bar))
        yield Trial(number, values, steps, pruned, time.perf_counter() - start)


def _measured(
    asked: Any, measured: Iterator[Step], score: Callable[[Step], float], bar: Sequence[float]
) -> tuple[tuple[Step, ...], bool]:
    """Measure until the last step, or until the candidate has fallen behind."""
    steps: list[Step] = []
    for step in measured:
        steps.append(step)
        asked.report(_gap(steps, score, bar), len(steps) - 1)
        if len(steps) < len(bar) and asked.should_prune():
            break
    return tuple(steps), len(steps) < len(bar)


def _gap(steps: Sequence[Step], score: Callable[[Step], float], bar: Sequence[float]) -> float:
    """Mean difference to the default over the steps so far."""
    return sum(score(step) - level for step, level in zip(steps, bar, strict=False)) / len(steps)


def _study(places: Ladders, default: Values, steps: int, seed: int) -> Any:
    """A study that knows the default already: no better than itself at any step."""
    import optuna  # noqa: PLC0415 # heavy

    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it would announce on stderr that it was made
    try:
        study = optuna.create_study(
            direction="maximize",
            sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP, multivariate=True),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=PRUNING),
        )
    finally:
        optuna.logging.set_verbosity(level)
    known = optuna.trial.create_trial(
        params={name: ladder.index(default[name]) for name, ladder in places.items()},
        distributions=_distributions(places),
        value=0.0,
        intermediate_values=dict.fromkeys(range(steps), 0.0),
    )
    study.add_trial(known)
    return study


def _distributions(places: Ladders) -> dict[str, Any]:
    from optuna.distributions import IntDistribution  # noqa: PLC0415 # heavy

    return {name: IntDistribution(0, len(ladder) - 1) for name, ladder in places.items()}


def _tell(study: Any, asked: Any, gap: float | None) -> None:
    """Tell how a candidate did in all; None for one that was pruned."""
    from optuna.trial import TrialState  # noqa: PLC0415 # heavy

    study.tell(asked, gap, TrialState.PRUNED if gap is None else TrialState.COMPLETE)


def _with(ladder: Sequence[Any], value: Any) -> list[Any]:
    """The ladder with ``value`` in its place; None stands first."""
    return list(ladder) if value in ladder else sorted([*ladder, value], key=lambda v: (v is not None, v))
