"""Intervals of future value: leaving (nothing) or staying (value if kept, times a ratio that past customers showed)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEVELS = np.linspace(0.0, 1.0, 101)
FEWEST_PER_BIN = 100
MOST_BINS = 5
FOLDS = 5


@dataclass(frozen=True)
class Intervals:
    """A distribution of future value per customer, and the levels at which its interval is read.

    Given a churn risk p and a value if kept V, future value is 0 with probability p and V times a ratio otherwise.
    The ratio's quantiles depend on the size of V. The levels are conformalised (after Chernozhukov, Wuethrich & Zhu
    2021, distributional conformal prediction) so that the wanted share of the calibrate cutoff's customers lies inside.

    Attributes
    ----------
    coverage
        Wanted share inside.
    sizes
        Mean log V of each size bin, ascending.
    ratios
        One row per size bin: quantiles of ``future value / V`` of those who stayed, at levels 0, 0.01 ... 1.
    upper
        Levels of the upper end, by group of expected future value (ascending, split at ``edges``).
    edges
        Expected future values that split the groups; one fewer than ``upper``.
    point_mass
        False where leavers pay too (contracts): then p is ignored and V is the expected future value.
    shock
        At least 1: ends are moved apart by this factor, because all customers move together when a season or a market
        moves, and rows of one cutoff cannot show that.
    """

    coverage: float
    sizes: tuple[float, ...]
    ratios: tuple[tuple[float, ...], ...]
    upper: tuple[float, ...]
    edges: tuple[float, ...] = ()
    point_mass: bool = True
    shock: float = 1.0

    @property
    def lower(self) -> float:
        """Level of the lower end: customers at this risk or more may well bring nothing."""
        return (1 - self.coverage) / 2

    def predict(self, risk: Array, value_if_kept: Array, future_value: Array) -> tuple[Array, Array]:
        """Lower and upper ends, in the currency: ``0 <= low <= future_value <= high``."""
        p, v = self.parts(risk, value_if_kept, future_value)
        level: Array = np.asarray(self.upper)[np.searchsorted(self.edges, future_value, side="right")]
        return self.ends(p, v, future_value, level)

    def parts(self, risk: Array, value_if_kept: Array, future_value: Array) -> tuple[Array, Array]:
        """The point mass and the scale of each customer's distribution."""
        return (risk, value_if_kept) if self.point_mass else (np.zeros_like(risk), future_value)

    def ends(self, p: Array, v: Array, mean: Array, level: Array) -> tuple[Array, Array]:
        """Both ends around ``mean``, the upper one read at ``level``."""
        low = self.quantile(np.full_like(p, self.lower), p, v)
        high = self.quantile(level, p, v)
        return np.minimum(low / self.shock, mean), np.maximum(high * self.shock, mean)

    def quantile(self, level: Array, risk: Array, value: Array) -> Array:
        """Quantile of the mixture at ``level`` of each customer."""
        inside = np.clip((level - risk) / np.maximum(1 - risk, 1e-9), 0.0, 1.0)
        answer: Array = np.where(level <= risk, 0.0, value * self._ratio(inside, np.log(np.maximum(value, 1e-300))))
        return answer

    def _ratio(self, level: Array, size: Array) -> Array:
        table, sizes = np.asarray(self.ratios), np.asarray(self.sizes)
        column = level * (len(LEVELS) - 1)
        left = np.minimum(column.astype(int), len(LEVELS) - 2)
        part = column - left
        row = np.interp(size, sizes, np.arange(len(sizes)))
        above = np.minimum(row.astype(int) + 1, len(sizes) - 1)
        under = np.minimum(row.astype(int), len(sizes) - 1)
        share = row - under

        def at(bin_: NDArray[np.int_]) -> Array:
            found: Array = table[bin_, left] * (1 - part) + table[bin_, left + 1] * part
            return found

        ratio: Array = at(under) * (1 - share) + at(above) * share
        return ratio

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a file."""
        return {
            "coverage": self.coverage,
            "sizes": list(self.sizes),
            "ratios": [list(row) for row in self.ratios],
            "upper": list(self.upper),
            "edges": list(self.edges),
            "point_mass": self.point_mass,
            "shock": self.shock,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` wrote."""
        return cls(
            coverage=float(values["coverage"]),
            sizes=tuple(map(float, values["sizes"])),
            ratios=tuple(tuple(map(float, row)) for row in values["ratios"]),
            upper=tuple(map(float, values["upper"])),
            edges=tuple(map(float, values["edges"])),
            point_mass=bool(values["point_mass"]),
            shock=float(values["shock"]),
        )


def default_intervals(coverage: float, *, point_mass: bool = True) -> Intervals:
    """Intervals where no past cutoff can teach them: an exponential ratio (spread = mean), read at the plain levels.

    Examples
    --------
    >>> risk, kept = np.array([0.0, 0.5]), np.array([100.0, 100.0])
    >>> low, high = default_intervals(0.8).predict(risk, kept, (1 - risk) * kept)
    >>> low.round(1), high.round(1)
    (array([10.5,  0. ]), array([230.3, 160.9]))
    """
    quantiles = -np.log1p(-np.minimum(LEVELS, 0.999))
    return Intervals(coverage, (0.0,), (tuple(map(float, quantiles)),), ((1 + coverage) / 2,), (), point_mass)


def ratio_intervals(value_if_kept: Array, observed: Array, coverage: float) -> Intervals:
    """Intervals from the outcomes of who stayed, read at the plain levels (nothing is left to conformalise on)."""
    if len(observed) < FEWEST_PER_BIN:
        return default_intervals(coverage)
    return Intervals(coverage, *_ratio_table(value_if_kept, observed), upper=((1 + coverage) / 2,))


def fit_intervals(
    risk: Array,
    value_if_kept: Array,
    future_value: Array,
    observed: Array,
    kept: Array,
    coverage: float,
    *,
    point_mass: bool = True,
    fold: NDArray[np.int_] | None = None,
    shock: float = 1.0,
) -> Intervals:
    """Learn ratios and levels on rows the models have not seen.

    Parameters
    ----------
    risk, value_if_kept, future_value
        Predictions, shape (n,).
    observed
        What came, in the currency.
    kept
        True where the customer stayed.
    coverage
        Wanted share inside, in (0, 1).
    point_mass
        See ``Intervals``.
    fold
        Fold of each row; the levels are found out of fold.
    shock
        See ``Intervals``; not undone by the levels.
    """
    plain = default_intervals(coverage, point_mass=point_mass)
    p, v = plain.parts(risk, value_if_kept, future_value)
    stays = kept if point_mass else np.ones(len(risk), dtype=bool)
    if stays.sum() < FEWEST_PER_BIN:
        return replace(plain, shock=shock)
    folds: NDArray[np.int_] = np.arange(len(risk)) % FOLDS if fold is None else fold
    sizes, ratios = _ratio_table(v[stays], observed[stays])
    per_fold = {}
    for k in np.unique(folds):
        others = stays & (folds != k)
        s, r = _ratio_table(v[others], observed[others])
        per_fold[k] = Intervals(coverage, s, r, (0.5,), (), point_mass)
    edges = _edges(future_value)
    group = np.searchsorted(edges, future_value, side="right")

    def covered(level: float, rows: NDArray[np.bool_]) -> float:
        hits = 0
        for k, own in per_fold.items():
            at = rows & (folds == k)
            low, high = own.ends(p[at], v[at], future_value[at], np.full(at.sum(), level))
            hits += int(((observed[at] <= high) & (observed[at] >= np.where(low > 0, low, -np.inf))).sum())
        return hits / int(rows.sum())

    upper = tuple(_smallest_level(lambda u, g=g: covered(u, group == g), coverage) for g in range(len(edges) + 1))
    return Intervals(coverage, sizes, ratios, upper, edges, point_mass, shock)


def _ratio_table(v: Array, observed: Array) -> tuple[tuple[float, ...], tuple[tuple[float, ...], ...]]:
    bins = int(np.clip(len(v) // FEWEST_PER_BIN, 1, MOST_BINS))
    size = np.log(np.maximum(v, 1e-300))
    cuts = np.quantile(size, np.linspace(0, 1, bins + 1)[1:-1])
    which = np.searchsorted(cuts, size, side="right")
    ratio = np.maximum(observed, 0.0) / np.maximum(v, 1e-300)
    used = [b for b in range(bins) if (which == b).any()]
    sizes = tuple(float(size[which == b].mean()) for b in used)
    ratios = tuple(tuple(map(float, np.quantile(ratio[which == b], LEVELS))) for b in used)
    return sizes, ratios


def _edges(future_value: Array) -> tuple[float, ...]:
    """The most valuable fifth is its own group, so that its coverage is not paid for by the others."""
    if len(future_value) < 5 * 2 * FEWEST_PER_BIN:
        return ()
    return (float(np.quantile(future_value, 0.8)),)


def _smallest_level(covered: Any, coverage: float) -> float:
    low, high = 0.5, 0.999
    if covered(high) < coverage:
        return high
    if covered(low) >= coverage:
        return low
    for _ in range(24):
        middle = (low + high) / 2
        low, high = (low, middle) if covered(middle) >= coverage else (middle, high)
    return high
