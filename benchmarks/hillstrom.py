"""A real randomised mailing: the published effects, what uplift is worth, and whether noise is taken for effect.

The MineThatData e-mail challenge (Hillstrom 2008): 64,000 customers, a third each got an e-mail about men's goods, one
about women's, or none; then visits and spend over two weeks. What is said of a customer, and what decides about them,
was learned from other customers. On copies whose treatments are dealt out anew nothing can be found; how often
something is claimed all the same is counted over seeds.

python -m benchmarks.hillstrom
python -m benchmarks.hillstrom path/to/hillstrom.csv --seeds 0
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.logs import DATA
from benchmarks.tables import machine, table
from hvc_ml.campaigns.policy import Interval, arm_scores, mean_interval, policy_difference, policy_value
from hvc_ml.campaigns.qini import qini_coefficient
from hvc_ml.estimators.expected import UpliftPlan, fit_expected, folds_of
from hvc_ml.estimators.uplift import Trial, fit_uplift

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FILE: Final = DATA / "hillstrom" / "hillstrom.csv"
ARMS: Final = ("No E-Mail", "Mens E-Mail", "Womens E-Mail")
FEATURES: Final = ("recency", "history", "history_segment", "mens", "womens", "zip_code", "newbie", "channel")
PUBLISHED: Final = {"visit": (0.1062, 0.1828, 0.1514), "spend": (0.6528, 1.4226, 1.0772)}
"""Means of the arms, in the order of ``ARMS``."""
COSTS: Final = {"visit": (0.0, 0.075), "spend": (0.0, 0.5)}
"""What one e-mail costs, in visits and in dollars: nothing, and so much that it matters who gets it."""
EXPECTED: Final = "expected"
"""Effects start in proportion to the outcome expected of a customer, as those of a list do to the churn risk."""
PER: Final = 1_000
FOLDS: Final = 5
SURE: Final = 2.4977
"""Standard errors at which four two-sided tests, two e-mails by two outcomes, together err once in twenty."""
CLAIMS: Final = ("an e-mail has an effect", "uplift ranks (Qini)", "uplift beats every policy without it")
SHUFFLED: Final = UpliftPlan(folds=2)
"""Cheaper, since there is nothing to find."""


@dataclass(frozen=True)
class Mailing:
    """One row per customer: features, the arm they were drawn into (place in ``ARMS``), visit and spend."""

    frame: pd.DataFrame
    arm: Ints
    outcomes: pd.DataFrame

    @property
    def propensity(self) -> Floats:
        """Share of each arm."""
        return np.bincount(self.arm, minlength=len(ARMS)) / len(self.arm)

    def shuffled(self, seed: int) -> "Mailing":
        """The same customers and outcomes, with treatments dealt out anew."""
        return replace(self, arm=np.random.default_rng(seed).permutation(self.arm))

    def some(self, rows: NDArray[Any]) -> "Mailing":
        """The mailing of some rows."""
        picked = (self.frame[rows], self.arm[rows], self.outcomes[rows])
        return Mailing(picked[0].reset_index(drop=True), picked[1], picked[2].reset_index(drop=True))


@dataclass(frozen=True)
class Said:
    """What models that do not know a row say of it.

    Attributes
    ----------
    effects
        Effect of each arm against none, shape (n, arms); 0 in the first column.
    scores
        Doubly robust scores, shape (n, arms).
    part
        Which models said it, shape (n,).
    """

    effects: Floats
    scores: Floats
    part: Ints


def main() -> None:
    """Print four Markdown tables, and where they were measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, default=FILE)
    parser.add_argument("--folds", type=int, default=FOLDS)
    parser.add_argument("--seeds", type=int, default=20, help="copies with treatments dealt out anew")
    asked = parser.parse_args()
    mailing = read(asked.file)
    print(machine("lightgbm", "numpy"), "\n")
    plan = UpliftPlan(folds=asked.folds)
    said = {name: learned(mailing, name, plan) for name in PUBLISHED}
    response = {name: responses(mailing, name, plan) for name in PUBLISHED}
    print(table(["outcome", "arm", "mean", "published", "effect", "adjusted effect"], effects(mailing, said)), "\n")
    head = ["outcome", "e-mail costs", "policy", "contacted", f"value per {PER:,}", "uplift earns more by"]
    print(table(head, (row for name in PUBLISHED for row in policies(said[name], response[name], name))), "\n")
    print(table(["outcome", "e-mail", "Qini by uplift", "by response"], qinis(said, response)), "\n", flush=True)
    if asked.seeds:
        print(table(["treatments dealt out anew", *CLAIMS], false_claims(mailing, asked.seeds)))


def read(file: Path) -> Mailing:
    """The mailing, as it was published."""
    log = pd.read_csv(file)
    arm = pd.Index(ARMS).get_indexer(pd.Index(log["segment"])).astype(np.int64)
    return Mailing(log[[*FEATURES]], arm, log[[*PUBLISHED]].astype(np.float64))


def learned(mailing: Mailing, outcome: str, plan: UpliftPlan) -> Said:
    """Learn effects on all folds but one, and predict that one."""
    y, n = mailing.outcomes[outcome].to_numpy(), len(mailing.arm)
    effect, expected, fold = np.zeros((n, len(ARMS))), np.zeros(n), parts(mailing, plan)
    for k in range(plan.folds):
        others, rest = fold != k, fold == k
        mean = fit_expected(mailing.frame[others], y[others], plan).predict(mailing.frame)
        known = mailing.frame.assign(**{EXPECTED: mean})
        expected[rest] = mean[rest]
        for arm in (1, 2):
            model = fit_uplift(trial(replace(mailing, frame=known), y, arm, others), plan)
            effect[rest, arm] = model.effect(known[rest])
    return Said(effect, arm_scores(y, mailing.arm, mailing.propensity, expected), fold)


def responses(mailing: Mailing, outcome: str, plan: UpliftPlan) -> Floats:
    """Outcome expected in each arm, from models of that arm alone that do not know the row, shape (n, arms)."""
    y, fold = mailing.outcomes[outcome].to_numpy(), parts(mailing, plan)
    found = np.zeros((len(y), len(ARMS)))
    for k, arm in product(range(plan.folds), range(len(ARMS))):
        inside = (fold != k) & (mailing.arm == arm)
        found[fold == k, arm] = fit_expected(mailing.frame[inside], y[inside], plan).predict(mailing.frame[fold == k])
    return found


def parts(mailing: Mailing, plan: UpliftPlan) -> Ints:
    """The fold of each row."""
    return folds_of(np.arange(len(mailing.arm)), plan.folds, seed=plan.seed + 1)


def trial(mailing: Mailing, outcome: Floats, arm: int, rows: NDArray[np.bool_]) -> Trial:
    """One e-mail against none."""
    pair = rows & np.isin(mailing.arm, (0, arm))
    none, some = mailing.propensity[[0, arm]]
    treated = mailing.arm[pair] == arm
    chance = np.full(len(treated), some / (none + some))
    return Trial(mailing.frame[pair], treated, outcome[pair], chance, np.flatnonzero(pair), start=EXPECTED)


def effects(mailing: Mailing, said: dict[str, Said]) -> Iterator[list[str]]:
    """Means of the arms beside the published ones; effects as they are, and adjusted for what was to be expected."""
    for outcome, means in PUBLISHED.items():
        y = mailing.outcomes[outcome].to_numpy()
        for i, arm in enumerate(ARMS):
            mean = f"{y[mailing.arm == i].mean():.4f}"
            plain, adjusted = plain_effect(mailing, y, i), adjusted_effect(said[outcome], i)
            told = [shown(e, 4) for e in (plain, adjusted)] if i else ["", ""]
            yield [outcome, arm, mean, f"{means[i]:.4f}", *told]


def plain_effect(mailing: Mailing, outcome: Floats, arm: int) -> Interval:
    """Difference of two arms' means, with Welch's interval."""
    some, none = (mean_interval(outcome[mailing.arm == a]) for a in (arm, 0))
    mid, error = some.mid - none.mid, float(np.hypot(some.error, none.error))
    return Interval(mid - 1.96 * error, mid, mid + 1.96 * error, error)


def adjusted_effect(said: Said, arm: int) -> Interval:
    """Mean effect of an e-mail by doubly robust scores."""
    n = len(said.scores)
    return policy_difference(said.scores, np.full(n, arm), np.zeros(n, dtype=np.int64))


def choices(said: Said, response: Floats, cost: float) -> dict[str, Ints]:
    """What each policy does with each customer."""
    n = len(said.effects)
    uplift = _best(said.effects, cost)
    constant = {name: np.full(n, i) for name, i in (("nobody", 0), ("men's to all", 1), ("women's to all", 2))}
    return {"uplift": uplift, **constant, "response model": by_response(response, int((uplift > 0).sum()))}


def by_response(response: Floats, contacts: int) -> Ints:
    """As many contacts as uplift makes, to those with the greatest expected outcome once contacted."""
    best = np.argmax(response[:, 1:], axis=1) + 1
    first = np.argsort(-response[:, 1:].max(axis=1), kind="stable")[:contacts]
    chosen = np.zeros(len(best), dtype=np.int64)
    chosen[first] = best[first]
    return chosen


def policies(said: Said, response: Floats, outcome: str) -> Iterator[list[str]]:
    """Value of each policy after costs, and by how much uplift beats it."""
    for cost in COSTS[outcome]:
        costs, found = np.array([0.0, cost, cost]), choices(said, response, cost)
        for name, choice in found.items():
            value = policy_value(said.scores, choice, cost=costs)
            more = policy_difference(said.scores, found["uplift"], choice, cost=costs)
            beaten = "" if name == "uplift" else shown(_times(more), 1)
            yield [outcome, f"{cost:g}", name, f"{(choice > 0).mean():.0%}", shown(_times(value), 1, sign=""), beaten]


def qinis(said: dict[str, Said], response: dict[str, Floats]) -> Iterator[list[str]]:
    """Qini coefficients, per 1,000 customers."""
    for outcome, told in said.items():
        for arm in (1, 2):
            found = (ranking_worth(told, told.effects, arm), ranking_worth(told, response[outcome], arm))
            yield [outcome, ARMS[arm], *(shown(_times(qini), 2) for qini in found)]


def ranking_worth(said: Said, promised: Floats, arm: int) -> Interval:
    """Qini coefficient of a ranking for one e-mail against none, among all customers."""
    return qini_coefficient(promised[:, arm], said.scores[:, arm] - said.scores[:, 0], part=said.part)


def claims(mailing: Mailing, outcome: str, plan: UpliftPlan) -> tuple[bool, bool, bool]:
    """Which of ``CLAIMS`` would be made: two e-mails and two outcomes are four tests, together at a level of 95 %."""
    said = learned(mailing, outcome, plan)
    n, means = len(mailing.arm), [adjusted_effect(said, arm) for arm in (1, 2)]
    ranks = [ranking_worth(said, said.effects, arm) for arm in (1, 2)]
    uplift = _best(said.effects, 0.0)
    ahead = [policy_difference(said.scores, uplift, np.full(n, arm)).low > 0 for arm in range(len(ARMS))]
    return (
        any(abs(e.mid) > SURE * e.error for e in means),
        any(q.error > 0 and q.mid > SURE * q.error for q in ranks),
        all(ahead),
    )


def false_claims(mailing: Mailing, seeds: int) -> Iterator[list[str]]:
    """How often each claim is made where nothing can be claimed."""
    for outcome in PUBLISHED:
        found = np.array([claims(mailing.shuffled(seed), outcome, SHUFFLED) for seed in range(seeds)])
        yield [outcome, *(f"{int(count)} of {seeds}" for count in found.sum(axis=0))]


def shown(found: Interval, digits: int, sign: str = "+") -> str:
    """A figure and its interval.

    Examples
    --------
    >>> shown(Interval(0.1, 0.25, 0.4, 0.1), 1)
    '+0.2 (+0.1 to +0.4)'
    """
    low, mid, high = (f"{round(x, digits) + 0.0:{sign}.{digits}f}" for x in found[:3])
    return f"{mid} ({low} to {high})"


def _best(effect: Floats, cost: float) -> Ints:
    """The arm with the greatest gain after its cost; none where there is no gain."""
    gain = effect - np.array([0.0, cost, cost])
    return np.asarray(np.argmax(gain, axis=1))


def _times(found: Interval) -> Interval:
    return Interval(*(PER * x for x in found))


if __name__ == "__main__":
    main()
