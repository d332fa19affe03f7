"""Where to: the chance that a customer still buys but in a lower tier, and that they come into the best one.

Tiers are told from the spend of twelve months. Of the year that counts when the horizon is over, a part is known today
(it has been spent, and stays in that year) and the rest is expected; both, beside the money that the tier is expected
to take by then, say most of where a customer will stand. Trees and calibration do the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit

from hvc_ml.estimators.calibration import Calibrator, fit_calibrator
from hvc_ml.estimators.churn import ChurnClassifier
from hvc_ml.estimators.correction import Array, Correction
from hvc_ml.estimators.frames import Table, encoder_of
from hvc_ml.estimators.losses import Plan
from hvc_ml.estimators.prior import PRIOR_COLUMNS
from hvc_ml.estimators.settings import ModelSettings
from hvc_ml.features.standing import STAYING, YEAR

DOWNGRADE, UPGRADE = "downgrade_risk", "upgrade_chance"
MOVES: Final = (DOWNGRADE, UPGRADE)
LABELS: Final = {DOWNGRADE: "downgraded", UPGRADE: "upgraded"}

FEWEST_EVENTS: Final = 10
"""With fewer moves, or fewer who did not move, to learn from or to calibrate on, everyone gets the base rate."""

PLACE: Final = "tier_place"
STANDING: Final = {
    DOWNGRADE: ("spend_expected_over_floor", "spend_staying_over_floor"),
    UPGRADE: ("spend_expected_over_top", "spend_staying_over_top"),
}
"""What each chance is a matter of, before anything else."""

BOOSTING: Final[dict[str, Any]] = {"rounds": 60, "learning_rate": 0.15, "leaves": 6, "patience": 10}
"""The straight line on the standing does most of it: few, small trees."""


class Floors(NamedTuple):
    """The least money of each tier but the last, best first, in the currency of the orders.

    Attributes
    ----------
    now
        Spend of the last twelve months.
    ahead
        What the twelve months before the end of the horizon are expected to bring.
    """

    now: tuple[float, ...]
    ahead: tuple[float, ...]


def expected_ahead(frame: pd.DataFrame, horizon: int) -> "pd.Series[float]":
    """Money that the year before the end of the horizon is expected to hold, leaving included: spent, and to come."""
    return _staying(frame, horizon) + frame["prior_value"]


def standing(frame: pd.DataFrame, floors: Floors, horizon: int) -> pd.DataFrame:
    """Where each customer stands, and how far from the nearest floors.

    Parameters
    ----------
    frame
        ``spend_365d``, ``spend_staying`` (horizons of less than a year) and the prior's columns.
    floors
        At the frame's cutoff.
    horizon
        Days.

    Returns
    -------
    DataFrame
        ``tier_place`` (0 is the best tier); the money expected of who keeps buying, and the part of it that is spent
        already, both over the own tier's floor (NaN in the last tier, which has none) and over the best tier's.

    Examples
    --------
    >>> frame = pd.DataFrame({"spend_365d": [50.0, 9.0], "spend_staying": [30.0, 8.0], "prior_value_if_kept": 10.0})
    >>> standing(frame, Floors((40.0,), (20.0,)), 90).round(2).to_numpy().tolist()
    [[0.0, 2.0, 1.5, 2.0, 1.5], [1.0, nan, nan, 0.9, 0.4]]
    """
    spent, staying = frame["spend_365d"].fillna(0.0).to_numpy(np.float64), _staying(frame, horizon)
    expected = staying + frame["prior_value_if_kept"]
    place = (spent[:, None] < np.asarray(floors.now)).sum(axis=1)
    own = np.append(np.asarray(floors.ahead), np.nan)[place]
    names, tops = STANDING[DOWNGRADE], STANDING[UPGRADE]
    ratios = {names[0]: expected / own, names[1]: staying / own}
    ratios |= {tops[0]: expected / floors.ahead[0], tops[1]: staying / floors.ahead[0]}
    return pd.DataFrame({PLACE: place.astype(np.float64), **ratios}, index=frame.index)


@dataclass(frozen=True)
class Chance:
    """The chance of one move, given that the customer keeps buying: a start, line and trees on it, calibrated.

    Attributes
    ----------
    start
        Log-odds that hold for everyone.
    correction
        Line and trees; empty where there were too few moves to learn from.
    calibrator
        Log-odds to probability.
    why
        What it was learned from, in one sentence.
    """

    start: float
    correction: Correction
    calibrator: Calibrator
    why: str

    def __call__(self, frame: pd.DataFrame, threads: int | None) -> Array:
        """Probabilities, shape (n,)."""
        return self.calibrator(self.margin(frame, threads))

    def margin(self, frame: pd.DataFrame, threads: int | None) -> Array:
        """Log-odds before calibration, shape (n,)."""
        start = np.full(len(frame), self.start)
        return start + self.correction.margin(start, frame, threads)

    def to_json(self) -> dict[str, Any]:
        """Everything but the trees' text."""
        parts = {"correction": self.correction.to_json(), "calibrator": self.calibrator.to_json()}
        return {"start": self.start, "why": self.why, **parts}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], text: bytes | None) -> Self:
        """Read what ``to_json`` wrote, with the text."""
        correction = Correction.from_json(values["correction"], text)
        return cls(float(values["start"]), correction, Calibrator.from_json(values["calibrator"]), values["why"])


@dataclass(frozen=True)
class Moves:
    """Chances of moving between tiers. Made by `fit_moves`.

    Attributes
    ----------
    horizon
        Days.
    floors
        Of the tiers, at the moment of use.
    downgrade, upgrade
        Given that the customer keeps buying.
    """

    horizon: int
    floors: Floors
    downgrade: Chance
    upgrade: Chance

    def predict(self, frame: pd.DataFrame, churn_risk: Array, threads: int | None = None) -> pd.DataFrame:
        """Chances of moving while still buying.

        Parameters
        ----------
        frame
            The recipe's features, with the prior's columns.
        churn_risk
            Shape (n,).
        threads
            For the trees.

        Returns
        -------
        DataFrame
            ``downgrade_risk``: P(still buying, and in a lower tier at the end of the horizon), at most ``1 -
            churn_risk``, 0 in the last tier. ``upgrade_chance``: P(still buying, and in the best tier then), 0 for who
            is in it already.
        """
        frame = frame.assign(**standing(frame, self.floors, self.horizon))
        stays, place = 1 - np.asarray(churn_risk, dtype=np.float64), frame[PLACE].to_numpy()
        down = np.where(place < len(self.floors.now), stays * self.downgrade(frame, threads), 0.0)
        up = np.where(place > 0, stays * self.upgrade(frame, threads), 0.0)
        return pd.DataFrame({DOWNGRADE: down, UPGRADE: up}, index=frame.index)

    @property
    def chances(self) -> dict[str, Chance]:
        """By name: ``downgrade``, ``upgrade``."""
        return {"downgrade": self.downgrade, "upgrade": self.upgrade}

    @property
    def files(self) -> dict[str, bytes]:
        """Texts of the trees."""
        trees = {name: chance.correction.trees for name, chance in self.chances.items()}
        return {f"{name}.txt": found.text.encode("utf-8") for name, found in trees.items() if found is not None}

    def to_json(self) -> dict[str, Any]:
        """Everything but the trees' texts."""
        floors = {name: list(values) for name, values in self.floors._asdict().items()}
        return {"horizon": self.horizon, "floors": floors, **{n: c.to_json() for n, c in self.chances.items()}}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], files: Mapping[str, bytes]) -> Self:
        """Read what ``to_json`` wrote, with ``files``."""
        floors = Floors(*(tuple(float(v) for v in values["floors"][name]) for name in Floors._fields))
        chances = (Chance.from_json(values[n], files.get(f"{n}.txt")) for n in ("downgrade", "upgrade"))
        return cls(int(values["horizon"]), floors, *chances)


def fit_moves(
    fit: pd.DataFrame,
    late: pd.DataFrame,
    features: Sequence[str],
    categorical: Mapping[str, Sequence[str] | None],
    settings: ModelSettings,
    *,
    horizon: int,
    floors: Floors,
) -> Moves:
    """Learn who moves, from those who kept buying.

    Parameters
    ----------
    fit, late
        Rows of the fit and calibrate cutoffs: features, the prior's columns, those of `standing` at their own cutoff,
        and the labels ``churned``, ``downgraded``, ``upgraded``.
    features
        Columns to learn from, besides the prior's.
    categorical
        Text columns among them, with their categories.
    settings
        Penalty, seed, threads.
    horizon
        Days.
    floors
        Of the tiers at the moment of use.
    """
    near = [*STANDING[DOWNGRADE], *STANDING[UPGRADE]]
    columns = [*features, *(c for c in PRIOR_COLUMNS if c not in features), *near]
    texts = {name: values for name, values in categorical.items() if name in columns}
    stayed, later = (frame[frame["churned"] == 0] for frame in (fit, late))
    plan = Plan("binary", seed=settings.seed, threads=settings.threads)
    rows = Table.of(stayed, encoder_of(stayed, columns, texts), plan)
    both = replace(rows, frame=stayed[[*near, PLACE, *LABELS.values()]]), rows.like(later, plan)
    last = len(floors.now)
    chances = []
    for move in MOVES:
        mine, late_mine = (table.some(_could(move, table.frame[PLACE], last)) for table in both)
        chances.append(_chance(move, mine, late_mine, settings))
    return Moves(horizon, floors, *chances)


def _could(move: str, place: "pd.Series[float]", last: int) -> NDArray[np.bool_]:
    """Who had a tier to move to."""
    return ((place < last) if move == DOWNGRADE else (place > 0)).to_numpy()


def _chance(move: str, fit: Table, late: Table, settings: ModelSettings) -> Chance:
    label = LABELS[move]
    y, held = (table.frame[label].to_numpy(np.float64) for table in (fit, late))
    events, of = int(y.sum() + held.sum()), len(y) + len(held)
    told = f"{events:,} of {of:,} who kept buying were {label}"
    if min(y.sum(), (1 - y).sum(), held.sum(), (1 - held).sum()) < FEWEST_EVENTS:
        why = f"{told}: too few to learn from, everyone gets that rate"
        return Chance(float(logit((events + 0.5) / (of + 1))), Correction(), Calibrator("identity"), why)
    shared: dict[str, Any] = {"l2": settings.l2, "seed": settings.seed, "threads": settings.threads}
    model = ChurnClassifier(line=STANDING[move], **BOOSTING, **shared)
    model.learn(fit, y, later=(late, held), unused=[c for m in MOVES if m != move for c in STANDING[m]])
    found = Chance(model.base_, Correction(model.line_, model.boosted_), Calibrator("identity"), told)
    return replace(found, calibrator=fit_calibrator(found.margin(late.frame, settings.threads), held)[0])


def _staying(frame: pd.DataFrame, horizon: int) -> "pd.Series[float]":
    """Money of today's year that still counts at the end of the horizon."""
    if horizon >= YEAR:
        return pd.Series(0.0, index=frame.index)
    return frame[STAYING].fillna(0.0).astype(np.float64)
