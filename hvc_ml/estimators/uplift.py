"""What an action changes, customer by customer: a DR-learner on randomised campaigns.

Nobody sees both what a customer did with a contact and without it. Where chance drew who is contacted, each row still
gives an unbiased, noisy reading of its own effect, the doubly robust score

    (treated - propensity) / (propensity (1 - propensity)) x (outcome - expected(x)),

whatever the function ``expected`` is, as long as it was learned from other customers. Its mean given the features is
the effect; the less noise, the nearer ``expected`` is to ``(1 - propensity) mu1 + propensity mu0``, and with exactly
that it is the pseudo-outcome of the DR-learner (Kennedy 2023, "Towards optimal doubly robust estimation of
heterogeneous causal effects", Electronic Journal of Statistics 17(2), 3008-3049, algorithm 1). That mixture is one
weighted regression over both groups, which a small holdout bears better than two. Trees then regress the scores on the
features, starting from an effect in proportion to ``Trial.start`` (such as the churn risk: a constant save rate).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from hvc_ml.errors import NotEnoughData
from hvc_ml.estimators.boosting import Boosted, Rows, binned, train
from hvc_ml.estimators.encoder import Encoder
from hvc_ml.estimators.expected import DEFAULT, UpliftPlan, boosting, expected_from, fit_expected, folds_of
from hvc_ml.estimators.frames import make_encoder
from hvc_ml.estimators.losses import Plan, Target

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

FEWEST_OF_EACH: Final = 50
"""Rows of the smaller group that a leaf of the effect holds on average, at least."""
PATIENCE: Final = 20
"""Rounds without a gain on other customers after which no more are tried."""


@dataclass(frozen=True)
class Trial:
    """Rows whose treatment chance has drawn, n of them.

    Parameters
    ----------
    frame
        Features known before the draw, and nothing else.
    treated
        Whether drawn to be contacted (not: whether contacted), shape (n,).
    outcome
        What came of it, more is better: stayed (1.0, 0.0) or money; shape (n,).
    propensity
        The known chance to be drawn, in (0, 1), shape (n,).
    customer
        Whose row it is, shape (n,): rows of one customer are never on two sides of a comparison.
    start
        The column of ``frame`` that the effect is proportional to until trees say otherwise; None: it is the same for
        everyone.

    Raises
    ------
    NotEnoughData
        If one of the groups is empty.
    ValueError
        If a propensity is no chance, or an outcome is not finite.
    """

    frame: pd.DataFrame
    treated: Bools
    outcome: Array
    propensity: Array
    customer: npt.NDArray[Any]
    start: str | None = None

    def __post_init__(self) -> None:
        if not (self.treated.any() and (~self.treated).any()):
            raise NotEnoughData(
                f"{self.treated.sum():,} of {len(self.treated):,} rows are treated: an effect needs both groups."
            )
        if ((self.propensity <= 0) | (self.propensity >= 1)).any() or not np.isfinite(self.outcome).all():
            raise ValueError("a trial needs chances between 0 and 1, and finite outcomes")

    def part(self, rows: Bools) -> Self:
        """The trial of some rows."""
        picked = {name: getattr(self, name)[rows] for name in ("frame", "treated", "outcome", "propensity", "customer")}
        return replace(self, **picked)


class CrossFitted(NamedTuple):
    """What models that know nothing of a row's customer say of the row; each of shape (n,).

    Attributes
    ----------
    effect
        The effect.
    expected
        The outcome, whatever the group.
    part
        Which models said it: rank rows within their part only. A part whose customers happened to gain much is one
        whose models, learned from the others, promise little; ranked together, chance alone would look like harm.
    """

    effect: Array
    expected: Array
    part: Ints


@dataclass(frozen=True)
class Uplift:
    """A learned effect: ``scale x start + trees``, in the unit of the outcome.

    Attributes
    ----------
    start
        The column that ``scale`` multiplies; None multiplies 1.
    scale
        With the churn risk as start: the save rate of everyone together.
    trees
        The departure from it; without any tree where none helped on other customers.
    """

    start: str | None
    scale: float
    trees: Boosted

    def effect(self, frame: pd.DataFrame, threads: int | None = None) -> Array:
        """Change of the mean outcome that the treatment makes, shape (n,).

        Raises
        ------
        ModelRefused
            If the frame lacks a column.
        """
        return self.scale * _start(frame, self.start) + self.trees.margin(frame, threads)

    def to_json(self) -> dict[str, Any]:
        """Everything but the trees' text."""
        return {"start": self.start, "scale": self.scale, "trees": self.trees.to_json()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], text: str) -> Self:
        """Put JSON and text together again; the caller has checked their checksums."""
        return cls(values["start"], float(values["scale"]), Boosted.from_text(text, values["trees"]))


def fit_uplift(trial: Trial, plan: UpliftPlan = DEFAULT) -> Uplift:
    """Learn who gains how much from the treatment.

    Parameters
    ----------
    trial
        Randomised rows.
    plan
        How.

    Returns
    -------
    Uplift
        The same bytes for the same rows in the same order, whatever the number of threads.

    Examples
    --------
    Contact helps the young only:

    >>> rng = np.random.default_rng(0)
    >>> young, treated = rng.random(4000) < 0.5, rng.random(4000) < 0.5
    >>> stayed = (rng.random(4000) < 0.4 + 0.3 * (young & treated)).astype(float)
    >>> trial = Trial(pd.DataFrame({"young": young * 1.0}), treated, stayed, np.full(4000, 0.5), np.arange(4000))
    >>> model = fit_uplift(trial, UpliftPlan(threads=1))
    >>> model.effect(pd.DataFrame({"young": [0.0, 1.0]})).round(1) + 0.0
    array([0. , 0.3])
    """
    encoder = make_encoder(trial.frame, (), {})
    fold = folds_of(trial.customer, plan.folds, plan.seed)
    scores = trial_scores(trial, _cross_expected(trial, fold, plan, encoder))
    start = _start(trial.frame, trial.start)
    scale = float(start @ scores) / max(float(start @ start), 1e-12)
    matrix, target = encoder.encode(trial.frame), Target(scores, offset=scale * start)
    how = _effect_plan(trial, plan)
    rounds = _best_rounds(matrix, target, fold, how, encoder)
    rows = Rows(binned(encoder, matrix, how), target)
    trees = train(replace(how, rounds=rounds), rows) if rounds else Boosted(encoder, "")
    return Uplift(trial.start, scale, trees)


def cross_fitted(trial: Trial, plan: UpliftPlan = DEFAULT) -> CrossFitted:
    """Predict every row's effect and outcome by models learned without its customer: the honest test of `fit_uplift`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> treated, stayed = rng.random(600) < 0.5, (rng.random(600) < 0.5) * 1.0
    >>> trial = Trial(pd.DataFrame({"x": rng.random(600)}), treated, stayed, np.full(600, 0.5), np.arange(600))
    >>> cross_fitted(trial, UpliftPlan(folds=2, threads=1)).effect.shape
    (600,)
    """
    fold = folds_of(trial.customer, plan.folds, plan.seed + 1)  # other parts than within each fit
    effect, expected = np.empty(len(fold)), np.empty(len(fold))
    for k in range(plan.folds):
        others, rest = trial.part(fold != k), trial.frame[fold == k]
        effect[fold == k] = fit_uplift(others, plan).effect(rest, plan.threads)
        model = fit_expected(others.frame, others.outcome, plan, mixing_weights(others))
        expected[fold == k] = model.predict(rest, plan.threads)
    return CrossFitted(effect, expected, fold)


def trial_scores(trial: Trial, expected: Array) -> Array:
    """The doubly robust score of each row: its mean over any group of customers is their mean effect; shape (n,)."""
    chance = trial.propensity
    return np.asarray((trial.treated - chance) / (chance * (1 - chance)) * (trial.outcome - expected))


def mixing_weights(trial: Trial) -> Array:
    """Weights under which a regression over both groups gives ``(1 - propensity) mu1 + propensity mu0``; mean 1."""
    odds = (1 - trial.propensity) / trial.propensity
    weight = np.where(trial.treated, odds, 1 / odds)
    return np.asarray(weight / weight.mean())


def _cross_expected(trial: Trial, fold: Ints, plan: UpliftPlan, encoder: Encoder) -> Array:
    matrix, weight, found = encoder.encode(trial.frame), mixing_weights(trial), np.empty(len(fold))
    for k in range(plan.folds):
        others = fold != k
        model = expected_from(encoder, matrix[others], trial.outcome[others], weight[others], plan)
        found[~others] = model.predict(trial.frame[~others], plan.threads)
    return found


def _effect_plan(trial: Trial, plan: UpliftPlan) -> Plan:
    smaller = min(float(trial.propensity.mean()), 1 - float(trial.propensity.mean()))
    fewest = max(len(trial.treated) / 50, FEWEST_OF_EACH / smaller)
    return replace(boosting(plan), min_child_samples=int(fewest), patience=PATIENCE)


def _best_rounds(matrix: Array, target: Target, fold: Ints, how: Plan, encoder: Encoder) -> int:
    """The number of trees, from none on, with the least squared error on customers they were not learned from."""
    total = np.zeros(how.rounds + 1)
    for k in np.unique(fold):
        others = fold != k
        fit = binned(encoder, matrix[others], how)  # bins of their own: these rows know nothing of the rest
        stop = Rows(binned(encoder, matrix[~others], how, fit), target.some(~others))
        curve = np.asarray(train(how, Rows(fit, target.some(others)), stop).curves["stop"])
        total[: len(curve)] += curve * len(stop.bins)
        total[len(curve) :] += curve[-1] * len(stop.bins)  # it ended early: no gain was in sight
    return int(np.argmin(total))


def _start(frame: pd.DataFrame, start: str | None) -> Array:
    return np.ones(len(frame)) if start is None else frame[start].to_numpy(np.float64)
