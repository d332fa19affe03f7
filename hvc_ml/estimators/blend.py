"""Value as a blend of members: a prior, trees on top of it, trees without it, and a simple rule.

Every member forecasts the money of the horizon. Their logarithms are averaged with weights that are not negative, sum
to one, and were learned on a later cutoff (a log-linear pool: Genest & Zidek, *Combining probability distributions*,
Statistical Science 1, 1986, sec. 3). A sum of logarithms stays a sum of contributions, so the blend can be explained
as exactly as each member. What a member says of future value, leaving included, is divided by the share that stays:
risk, value if kept and future value belong together by construction.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from hvc_ml.estimators.correction import Array, Contribution, Correction, Starts, places
from hvc_ml.estimators.losses import LevelFreeLoss, Plan, Target
from hvc_ml.estimators.mixing import best_mix
from hvc_ml.estimators.risk import log_stay

POWER = 1.5
"""Of the deviance that weights are learned by, whatever the members' own: large customers count, but not alone."""


class Weights(NamedTuple):
    """Shares of the members; not negative, summing to 1."""

    prior: float = 1.0
    hurdle: float = 0.0
    tweedie: float = 0.0
    trees: float = 0.0
    rule: float = 0.0

    @property
    def kept(self) -> float:
        """Share of members that start from the prior's value if kept."""
        return self.prior + self.hurdle


ALONE = Weights()
USUAL = Weights(prior=0.125, hurdle=0.375, tweedie=0.25, trees=0.25)


@dataclass(frozen=True)
class Rule:
    """A rule of thumb as a member: who stays goes on spending in proportion to what a column of past spend says.

    Attributes
    ----------
    column
        A feature in the currency.
    floor
        Added to it, in the currency, so that nothing spent has a logarithm.
    reference
        The margin that counts as nobody's in particular.
    """

    column: str
    floor: float
    reference: float = 0.0

    def margin(self, frame: pd.DataFrame) -> Array:
        """Log of the column, shape (n,)."""
        spent = np.nan_to_num(frame[self.column].to_numpy(np.float64), nan=0.0)
        answer: Array = np.log(np.maximum(spent, 0.0) + self.floor)
        return answer


@dataclass(frozen=True)
class ValueBlend:
    """Value if kept, from all members.

    Attributes
    ----------
    hurdle
        Correction of the log of the prior's value if kept, learned from those who stayed.
    tweedie
        Correction of the log of the prior's future value, learned from everybody.
    trees
        Trees of the log of value if kept that know nothing of the prior.
    rule
        What past spend alone says; None where its column is not there.
    weights
        How the members are mixed.
    shift
        Log of the scale that makes totals right.
    leavers_share
        What leavers bring, as a share of value if kept (0 without contracts).
    """

    hurdle: Correction = field(default_factory=Correction)
    tweedie: Correction = field(default_factory=Correction)
    trees: Correction = field(default_factory=Correction)
    rule: Rule | None = None
    weights: Weights = ALONE
    shift: float = 0.0
    leavers_share: float = 0.0

    def margin(self, start: Starts, frame: pd.DataFrame, risk: Array, threads: int | None) -> Array:
        """Log of value if kept, shape (n,); ``risk`` is the calibrated churn risk."""
        return self._mixed(self.members(start, frame, risk, threads))

    def members(
        self, start: Starts, frame: pd.DataFrame, risk: Array, threads: int | None, *, every: bool = False
    ) -> dict[str, Array]:
        """Log of value if kept by each member that has a weight (or by every one), shape (n,) each."""
        wanted = Weights._fields if every else [name for name, _ in self._used()]
        parts = {
            name: part.margin(offset, frame, threads) for name, part, offset in self._parts(start) if name in wanted
        }
        return self._members(wanted, start, frame, risk, parts)

    def _parts(self, start: Starts) -> tuple[tuple[str, Correction, Array], ...]:
        """Members with a line or trees, and where each starts."""
        return (
            ("hurdle", self.hurdle, start.kept),
            ("tweedie", self.tweedie, start.total),
            ("trees", self.trees, start.kept),
        )

    def _members(
        self, wanted: Sequence[str], start: Starts, frame: pd.DataFrame, risk: Array, parts: Mapping[str, Array]
    ) -> dict[str, Array]:
        """Each member's logarithm, from what its line and trees add."""
        made: dict[str, Callable[[], Array]] = {
            "prior": lambda: start.kept,
            "hurdle": lambda: start.kept + parts["hurdle"],
            "tweedie": lambda: start.total + parts["tweedie"] - log_stay(risk, self.leavers_share),
            "trees": lambda: self.trees.reference + parts["trees"],
            "rule": lambda: start.kept if self.rule is None else self.rule.margin(frame),
        }
        return {name: made[name]() for name in wanted}

    def _mixed(self, members: Mapping[str, Array]) -> Array:
        used = [weight * members[name] for name, weight in self._used()]
        return sum(used, np.zeros(1)) + self.shift

    def contributions(
        self,
        start: Starts,
        frame: pd.DataFrame,
        features: Sequence[str],
        churn: Contribution,
        risk_of: Any,
        threads: int | None,
    ) -> Contribution:
        """Split ``margin`` over the features and the prior.

        Parameters
        ----------
        start, frame, features, threads
            As elsewhere.
        churn
            The split of the risk's margin: the member that forecasts future value is divided by the share that stays,
            whose rise over its base is shared in proportion to the contributions to the risk.
        risk_of
            Map of the risk's margin to the risk.
        """
        w, at = self.weights, self.hurdle.reference
        phi, base = np.zeros((len(frame), len(features) + 1)), w.kept * at + self.shift
        phi[:, -1] = w.kept * (start.kept - at)
        used, margins = dict(self._used()), {}
        for name, part, offset in self._parts(start):
            if name in used:
                found = part.contributions(offset, frame, features, threads)
                base, phi = base + used[name] * found.base, phi + used[name] * found.phi
                margins[name] = found.margin
        base += w.tweedie * self.tweedie.reference + w.trees * self.trees.reference
        phi[:, -1] += w.tweedie * (start.total - self.tweedie.reference)
        if w.rule and self.rule is not None:
            base += w.rule * self.rule.reference
            column = places(features).get(self.rule.column, len(features))
            phi[:, column] += w.rule * (self.rule.margin(frame) - self.rule.reference)
        if w.tweedie:
            stay_base, stay_phi = self._stay(churn, risk_of)
            base, phi = base - w.tweedie * stay_base, phi - w.tweedie * stay_phi
        members = self._members([*used], start, frame, risk_of(churn.margin), margins)
        return Contribution(base, phi, self._mixed(members))

    def _stay(self, churn: Contribution, risk_of: Any) -> tuple[float, Array]:
        """Split the log of the share that stays as the risk's margin is split."""
        rise = churn.phi.sum(axis=1)
        flat = np.abs(rise) < 1e-6  # a difference quotient of less is rounding noise: the slope at the base serves
        step = np.where(flat, 1e-4, rise)
        base = float(log_stay(risk_of(np.array([churn.base])), self.leavers_share)[0])
        slope = (log_stay(risk_of(churn.base + step), self.leavers_share) - base) / step
        return base, churn.phi * slope[:, None]

    def _used(self) -> list[tuple[str, float]]:
        return [(name, weight) for name, weight in self.weights._asdict().items() if weight]

    def to_json(self) -> dict[str, Any]:
        """Everything but the trees' texts."""
        return {
            "hurdle": self.hurdle.to_json(),
            "tweedie": self.tweedie.to_json(),
            "trees": self.trees.to_json(),
            "rule": None if self.rule is None else asdict(self.rule),
            "weights": self.weights._asdict(),
            "shift": self.shift,
            "leavers_share": self.leavers_share,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any], texts: Mapping[str, bytes | None]) -> Self:
        """Read what ``to_json`` wrote, with the texts of the trees."""
        return cls(
            hurdle=Correction.from_json(values["hurdle"], texts.get("hurdle")),
            tweedie=Correction.from_json(values["tweedie"], texts.get("tweedie")),
            trees=Correction.from_json(values["trees"], texts.get("value_trees")),
            rule=None if values["rule"] is None else Rule(**values["rule"]),
            weights=Weights(**{name: float(weight) for name, weight in values["weights"].items()}),
            shift=float(values["shift"]),
            leavers_share=float(values["leavers_share"]),
        )


def learn_weights(members: Mapping[str, Array], observed: Array) -> Weights:
    """Weights of the members' logarithms with the least Tweedie deviance on rows they have not learned from.

    Parameters
    ----------
    members
        Log of future value by member, shape (n,) each; names of ``Weights``.
    observed
        What came, not negative, in the currency, shape (n,).

    Returns
    -------
    Weights
        In eighths, at the best level of the blend, and pulled towards the usual mix.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth, noise = rng.normal(size=(2, 2000))
    >>> learn_weights({"prior": noise, "hurdle": truth}, np.exp(truth)).hurdle
    1.0
    """
    unit = max(float(observed.mean()), 1e-300)
    measure = LevelFreeLoss(Plan("tweedie", tweedie_power=POWER), Target(observed / unit))
    scaled = {name: margin - np.log(unit) for name, margin in members.items()}
    return Weights(**{"prior": 0.0, **best_mix(scaled, measure, len(observed), USUAL._asdict())})
