"""Segments beside the company average: differences with intervals, judged together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]

ENOUGH: Final = 30
"""Fewer customers than this, in a segment or beside it, are shown in grey."""
LEVEL: Final = 0.05
"""Share of wrong colours among the coloured cells that is put up with."""


@dataclass(frozen=True)
class Kpi:
    """A column that says how a segment does, and which way is good."""

    name: str
    better: Literal["more", "less"]


def compared(rows: pd.DataFrame, segment: pd.Series, kpis: Sequence[Kpi]) -> pd.DataFrame:
    """Every segment beside the average of all customers, figure by figure.

    The segment is part of the company: its difference from the average is ``(1 - w)`` times its difference from the
    others, w its share of the customers; the interval is Welch's (1947, unequal variances) for the latter, times
    ``(1 - w)``.

    Parameters
    ----------
    rows
        One row per customer with the columns that ``kpis`` name; unknown figures (NaN) are left out one by one.
    segment
        The segment of each row, with the same index.
    kpis
        What to compare; columns that are not there are left out.

    Returns
    -------
    DataFrame
        One row per segment and figure: ``segment``, ``customers`` (with a known figure), ``kpi``, ``better``, ``mean``,
        ``company`` (mean of all), ``difference``, ``low``, ``high`` (95 %), ``p`` (two-sided, NaN where either side has
        fewer than 30 customers).

    Examples
    --------
    >>> rows = pd.DataFrame({"orders": [4.0, 6.0] * 20 + [1.0, 3.0] * 20})
    >>> found = compared(rows, pd.Series(["a"] * 40 + ["b"] * 40), [Kpi("orders", "more")])
    >>> found[["segment", "mean", "company", "difference"]].round(6).values.tolist()
    [['a', 5.0, 3.5, 1.5], ['b', 2.0, 3.5, -1.5]]
    """
    kept = [k for k in kpis if k.name in rows]
    values = rows[[k.name for k in kept]].astype(np.float64)
    company, scale = values.mean(), values.std(ddof=0).replace(0.0, 1.0).fillna(1.0)
    centred = (values - company) / scale  # sums of squares of centred figures lose no digits
    grouped = [g.groupby(segment, sort=True) for g in (centred, centred**2)]
    n, total, squares = (f.to_numpy(np.float64) for f in (grouped[0].count(), grouped[0].sum(), grouped[1].sum()))
    names = list(grouped[0].count().index)
    found = _welch(n, total, squares)
    wide = {name: figure * scale.to_numpy() for name, figure in found.items() if name != "p"}
    flat = {name: figure.ravel() for name, figure in {**wide, "p": found["p"]}.items()}
    mean = np.tile(company.to_numpy(), len(names))
    return pd.DataFrame(
        {
            "segment": np.repeat(np.array(names, dtype=object), len(kept)),
            "customers": n.ravel().astype(np.int64),
            "kpi": [k.name for k in kept] * len(names),
            "better": [k.better for k in kept] * len(names),
            "mean": mean + flat["difference"],
            "company": mean,
            **flat,
        }
    )


def judged(table: pd.DataFrame) -> pd.DataFrame:
    """Colour the cells of one or several comparisons together.

    Parameters
    ----------
    table
        Rows of `compared`, of every segment and figure that will be looked at.

    Returns
    -------
    DataFrame
        With ``p_adjusted`` and ``verdict``: ``green`` (better than average), ``red`` (worse), ``none`` (no difference
        shown), ``grey`` (too few customers). Coloured where the p-value, adjusted for the number of cells, is at most
        .05; so at most 5 % of the coloured cells are expected to be wrong.

    References
    ----------
    Benjamini & Hochberg (1995), "Controlling the false discovery rate", JRSS B 57.
    """
    p = table["p"].to_numpy(np.float64)
    known, adjusted = ~np.isnan(p), np.full(len(p), np.nan)
    if known.any():
        adjusted[known] = stats.false_discovery_control(p[known], method="bh")
    good = (table["difference"].to_numpy() > 0) == (table["better"].to_numpy() == "more")
    verdict = np.where(known, np.where(adjusted <= LEVEL, np.where(good, "green", "red"), "none"), "grey")
    return table.assign(p_adjusted=adjusted, verdict=verdict.astype(object))


def _welch(n: Floats, total: Floats, squares: Floats) -> dict[str, Floats]:
    """Difference of each segment (row) from all, by figure (column), from sums; NaN where there is nothing to say."""
    others = [np.asarray(part.sum(axis=0) - part) for part in (n, total, squares)]
    (mean, spread), (mean_others, spread_others) = _moments(n, total, squares), _moments(*others)
    with np.errstate(divide="ignore", invalid="ignore"):
        beside = others[0] / n.sum(axis=0)
        own, rest = spread / n, spread_others / others[0]
        error = np.sqrt(own + rest)
        freedom = error**4 / (own**2 / (n - 1) + rest**2 / (others[0] - 1))
        apart = mean - np.where(others[0] > 0, mean_others, mean)
        statistic = np.where(error > 0, apart / error, np.where(apart == 0, 0.0, np.inf))
        freedom = np.where(error > 0, freedom, np.inf)
    enough = (n >= ENOUGH) & (others[0] >= ENOUGH)
    half = stats.t.ppf(1 - LEVEL / 2, np.where(enough, freedom, 1.0)) * error
    p = np.where(enough, 2 * stats.t.sf(np.abs(statistic), np.where(enough, freedom, 1.0)), np.nan)
    low, high = (np.where(enough, beside * (apart + sign * half), np.nan) for sign in (-1, 1))
    return {"difference": beside * apart, "low": low, "high": high, "p": p}


def _moments(n: Floats, total: Floats, squares: Floats) -> tuple[Floats, Floats]:
    """Mean and sample variance."""
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / n
        return mean, np.maximum(squares - n * mean**2, 0.0) / (n - 1)
