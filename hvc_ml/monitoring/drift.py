"""Whether the inputs, or what the model makes of them, have moved away from what it was fitted on.

One figure for numbers and words alike: the population stability index over bins of the reference. A column has drifted
where its index is large enough to matter (``floor``), larger than chance gives among so many columns, and larger than
any moment of the reference itself was from the others: a season that the model has seen is no alarm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2, ks_2samp

BINS: Final = 10
POINT_MASS: Final = 0.05
"""A value that so many rows share has a bin of its own: most customers have no refund at all."""

MOST_WORDS: Final = 20
"""Words with a bin of their own; all rarer and new ones share one."""

FALSE_ALARMS: Final = 0.05
"""Share of nights without drift on which chance may raise an alarm, over all columns together."""

HEADS: Final = ["column", "psi", "limit", "drifted", "ks", "then", "now", "missing_then", "missing_now"]
"""Columns of what `Reference.drift` returns."""

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Bins:
    """The bins of one column, from a reference.

    Parameters
    ----------
    cuts
        Of a number: bin ``k`` holds ``cuts[k - 1] <= x < cuts[k]``. Empty for words.
    words
        Of a text: word -> its bin.
    """

    cuts: Floats
    words: Mapping[str, int] | None = None

    @classmethod
    def of(cls, reference: pd.Series) -> Self:
        """Tenths of the reference, point masses apart; or its most frequent words.

        Examples
        --------
        >>> Bins.of(pd.Series([0.0] * 90 + [5.0] * 10)).codes(pd.Series([-1.0, 0.0, 0.1, 9.0, None])).tolist()
        [0, 1, 2, 2, 3]
        """
        if not pd.api.types.is_numeric_dtype(reference):
            counts = reference.astype("string").value_counts()
            order = sorted(counts.index, key=lambda word: (-counts[word], word))
            return cls(np.empty(0), {word: i for i, word in enumerate(order[:MOST_WORDS])})
        values = reference.to_numpy(dtype=np.float64)
        known = values[np.isfinite(values)]
        if not len(known):
            return cls(np.empty(0))
        edges = np.unique(np.quantile(known, np.linspace(0.0, 1.0, BINS + 1)[1:-1], method="inverted_cdf"))
        heavy = edges[[float(np.mean(known == edge)) >= POINT_MASS for edge in edges]]
        return cls(np.unique(np.concatenate([np.nextafter(edges, np.inf), heavy])))

    @property
    def count(self) -> int:
        """Bins, with one for values that are missing."""
        return (len(self.cuts) + 1 if self.words is None else len(self.words) + 1) + 1

    def codes(self, column: pd.Series) -> Codes:
        """The bin of each row, in ``[0, count)``; the last one is for what is missing."""
        if self.words is not None:
            words = column.astype("string")
            found = words.map(dict(self.words)).fillna(len(self.words)).to_numpy(dtype=np.int64)
            return np.where(words.isna().to_numpy(dtype=np.bool_), self.count - 1, found)
        values = column.to_numpy(dtype=np.float64)
        return np.where(np.isnan(values), self.count - 1, np.searchsorted(self.cuts, values, side="right"))

    def shares(self, column: pd.Series) -> Floats:
        """Share of the rows in each bin; half a row is added to each, so that none is infinitely unlikely."""
        return _smoothed(self.counts(column))

    def counts(self, column: pd.Series) -> Codes:
        """Rows in each bin."""
        return np.bincount(self.codes(column), minlength=self.count)


def stability_index(expected: Floats, actual: Floats) -> float:
    """Lower is more alike (0 is equal): the population stability index of two sets of shares.

    ``sum((actual - expected) * log(actual / expected))``, the symmetric Kullback-Leibler divergence (Jeffreys 1946) of
    binned shares; below 0.1 is taken as little, above 0.25 as much (Siddiqi, "Credit Risk Scorecards", 2006).

    Examples
    --------
    >>> round(stability_index(np.array([0.5, 0.5]), np.array([0.8, 0.2])), 3)
    0.416
    """
    return float(((actual - expected) * np.log(actual / expected)).sum())


def chance_limit(bins: int, rows: int, reference: int, columns: int, alpha: float = FALSE_ALARMS) -> float:
    """The index that chance alone passes for any of ``columns`` columns with probability ``alpha`` at most.

    Under no drift it is about ``(1 / rows + 1 / reference)`` times a chi-square of ``bins - 1`` degrees of freedom
    (Yurdakul, "Statistical Properties of Population Stability Index", 2018); several columns by Bonferroni.

    Examples
    --------
    >>> chance_limit(11, 1_000, 20_000, 1) < chance_limit(11, 1_000, 20_000, 100) < chance_limit(11, 100, 20_000, 100)
    True
    """
    return float((1.0 / max(rows, 1) + 1.0 / max(reference, 1)) * chi2.isf(alpha / max(columns, 1), bins - 1))


@dataclass(frozen=True)
class Column:
    """One column of a reference.

    Parameters
    ----------
    name
        Of the column.
    bins, shares
        Its bins, and the share of the rows in each.
    natural
        The largest index of one moment of the reference against all others; 0 where there are fewer than three.
    values
        What is known of a number; None of words.
    missing
        Share of the rows without a value.
    """

    name: str
    bins: Bins
    shares: Floats
    natural: float
    values: Floats | None
    missing: float

    @classmethod
    def of(cls, column: pd.Series, places: Sequence[NDArray[np.int64]]) -> Self:
        """Learn a column; ``places`` are the rows of each moment."""
        bins = Bins.of(column)
        values = column.to_numpy(dtype=np.float64) if bins.words is None else None
        natural = _natural(np.stack([bins.counts(column.iloc[at]) for at in places]))
        known = None if values is None else values[np.isfinite(values)]
        return cls(str(column.name), bins, bins.shares(column), natural, known, float(column.isna().mean()))

    def row(self, now: pd.Series, limit: float) -> tuple[object, ...]:
        """The column's row of `Reference.drift`; ``limit`` holds where the reference itself moved less."""
        index, limit = stability_index(self.shares, self.bins.shares(now)), max(limit, self.natural)
        ks, then, today = self._distance(now)
        return (self.name, index, limit, index > limit, ks, then, today, self.missing, float(now.isna().mean()))

    def _distance(self, now: pd.Series) -> tuple[float, float, float]:
        """Kolmogorov-Smirnov distance and both medians of numbers; NaN for words, and where nothing is known."""
        values = np.empty(0) if self.values is None else now.to_numpy(dtype=np.float64)
        today = values[np.isfinite(values)]
        if self.values is None or not len(self.values) or not len(today):
            return np.nan, np.nan, np.nan
        distance = float(ks_2samp(self.values, today, method="asymp").statistic)
        return distance, float(np.median(self.values)), float(np.median(today))


@dataclass(frozen=True)
class Reference:
    """What the model knows: the distribution of every column at the moments it was fitted on.

    Parameters
    ----------
    columns
        One by one.
    customers
        How many there are: rows of one customer are alike, so they count once towards chance.

    Examples
    --------
    >>> rng = np.random.default_rng(7)
    >>> rows = pd.DataFrame({"spend": rng.normal(size=3000), "gap": rng.normal(size=3000)})
    >>> known = Reference.of(rows, moment=pd.Series([1, 2, 3] * 1000), customer=pd.Series(range(3000)))
    >>> tonight = pd.DataFrame({"spend": rng.normal(1.0, 1.0, 500), "gap": rng.normal(size=500)})
    >>> known.drift(tonight, floor=0.2)[["column", "drifted"]].to_dict("list")
    {'column': ['spend', 'gap'], 'drifted': [True, False]}
    """

    columns: tuple[Column, ...]
    customers: int

    @classmethod
    def of(cls, rows: pd.DataFrame, *, moment: pd.Series, customer: pd.Series) -> Self:
        """Learn a reference.

        Parameters
        ----------
        rows : DataFrame
            Features, or what the model says of them, at several moments.
        moment, customer : Series
            Of each row.
        """
        at = moment.to_numpy()
        places = [np.flatnonzero(at == one) for one in sorted(set(at))]
        return cls(tuple(Column.of(rows[name], places) for name in rows.columns), int(customer.nunique()))

    def drift(self, now: pd.DataFrame, *, floor: float) -> pd.DataFrame:
        """How far each column has moved, and how far it may.

        Parameters
        ----------
        now : DataFrame
            Tonight's rows, with the columns of the reference; one row per customer.
        floor : float
            Below this index nobody wants to hear of it.

        Returns
        -------
        DataFrame
            One row per column, the furthest on its way to its limit first: ``column``, ``psi``, ``limit``, ``drifted``,
            ``ks`` (the Kolmogorov-Smirnov distance), ``then`` and ``now`` (medians), ``missing_then`` and
            ``missing_now`` (shares). Words have no distance and no median.
        """
        found = pd.DataFrame([c.row(now[c.name], self._limit(c, len(now), floor)) for c in self.columns], columns=HEADS)
        order = np.lexsort((found["column"].to_numpy(dtype=str), -(found["psi"] / found["limit"]).to_numpy()))
        return found.iloc[order].reset_index(drop=True)

    def _limit(self, column: Column, rows: int, floor: float) -> float:
        return max(floor, chance_limit(column.bins.count, rows, self.customers, len(self.columns)))


def _natural(counts: Codes) -> float:
    """The largest index of one row of counts against the sum of the others."""
    if len(counts) < 3:
        return 0.0
    others = counts.sum(axis=0) - counts
    return max(stability_index(_smoothed(o), _smoothed(c)) for o, c in zip(others, counts, strict=True))


def _smoothed(counts: Codes) -> Floats:
    shares: Floats = (counts + 0.5) / (counts.sum() + 0.5 * len(counts))
    return shares
