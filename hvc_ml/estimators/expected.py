"""What was to be expected of a customer, whatever is done: the mean outcome given the features."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, logit

from hvc_ml.estimators.boosting import Boosted, Rows, binned, train
from hvc_ml.estimators.encoder import Encoder
from hvc_ml.estimators.frames import fewest_in_leaf, make_encoder
from hvc_ml.estimators.losses import Plan, Target

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Kind = Literal["binary", "tweedie", "regression"]

_LINKS: Final[dict[Kind, Callable[[Array], Array]]] = {"binary": expit, "tweedie": np.exp, "regression": np.asarray}

BINS: Final = 63
"""Of each figure: a score is mostly noise, which finer steps would only follow."""
RARE: Final = 1e-3
"""Chances to start boosting from are kept this far from 0 and 1."""
FEWEST: Final = 30
"""Rows that the mean of a leaf is taken over, at least."""


@dataclass(frozen=True)
class UpliftPlan:
    """How to learn an effect.

    Parameters
    ----------
    folds
        Parts of the customers: what is said of a part was learned from the others.
    rounds
        Trees of the expected outcome, and at most as many of the effect (cross-validation decides how many).
    learning_rate, leaves, l2
        Of the trees: few and shallow, because a score is mostly noise.
    seed
        Shuffles customers into parts.
    threads
        None uses all; the result does not depend on it.
    """

    folds: int = 5
    rounds: int = 40
    learning_rate: float = 0.1
    leaves: int = 6
    l2: float = 10.0
    seed: int = 7
    threads: int | None = None


DEFAULT: Final = UpliftPlan()
"""Settings that were not tuned to a business."""


@dataclass(frozen=True)
class Expected:
    """The mean outcome given the features: a level and trees behind a link.

    Attributes
    ----------
    kind
        ``binary`` where all outcomes are 0 or 1, ``tweedie`` where none is negative (money), else ``regression``.
    """

    kind: Kind
    level: float
    trees: Boosted

    def predict(self, frame: pd.DataFrame, threads: int | None = None) -> Array:
        """Expected outcome of each row, shape (n,); within the bounds of its kind."""
        return _LINKS[self.kind](self.level + self.trees.margin(frame, threads))


def fit_expected(frame: pd.DataFrame, outcome: Array, plan: UpliftPlan, weight: Array | None = None) -> Expected:
    """Learn the mean outcome given the features.

    Parameters
    ----------
    frame
        Features, n rows.
    outcome
        Shape (n,): chances are learned where all are 0 or 1, money where none is negative.
    plan
        How.
    weight
        Of each row, shape (n,); all count the same by default.
    """
    encoder = make_encoder(frame, (), {})
    return expected_from(encoder, encoder.encode(frame), outcome, weight, plan)


def expected_from(encoder: Encoder, matrix: Array, outcome: Array, weight: Array | None, plan: UpliftPlan) -> Expected:
    """`fit_expected` on rows that are encoded already."""
    kind = _kind(outcome)
    level = _level(kind, float(np.average(outcome, weights=weight)))
    how = replace(boosting(plan), objective=kind, min_child_samples=_fewest(len(outcome), weight))
    target = Target(outcome, np.full(len(outcome), level), weight)
    return Expected(kind, level, train(how, Rows(binned(encoder, matrix, how), target)))


def folds_of(customer: npt.ArrayLike, folds: int, seed: int) -> Ints:
    """The part of each row, 0 to ``folds - 1``: a hash of its customer, the same on every machine.

    Examples
    --------
    >>> a, b, again = folds_of(["ann", "bob", "ann"], 5, seed=7)
    >>> bool(a == again)
    True
    """
    names = np.asarray(customer).astype(str).astype(object)
    return (pd.util.hash_array(names, hash_key=f"{seed:016d}", categorize=False) % folds).astype(np.int64)


def boosting(plan: UpliftPlan) -> Plan:
    """How every model of a trial is boosted."""
    return Plan(
        "regression",
        rounds=plan.rounds,
        learning_rate=plan.learning_rate,
        leaves=plan.leaves,
        l2=plan.l2,
        seed=plan.seed,
        threads=plan.threads,
        max_bin=BINS,
    )


def _fewest(rows: int, weight: Array | None) -> int:
    """Rows in a leaf, so that it holds at least ``FEWEST`` rows' worth of weight (Kish's effective sample size)."""
    spread = 1.0 if weight is None else float(np.mean(weight**2) / np.mean(weight) ** 2)
    return max(fewest_in_leaf(None, rows), int(FEWEST * spread))


def _kind(outcome: Array) -> Kind:
    if np.isin(outcome, (0.0, 1.0)).all():
        return "binary"
    return "tweedie" if outcome.min() >= 0 else "regression"


def _level(kind: Kind, mean: float) -> float:
    """The mean behind the link."""
    if kind == "binary":
        return float(logit(np.clip(mean, RARE, 1 - RARE)))
    return float(np.log(mean)) if kind == "tweedie" else mean
