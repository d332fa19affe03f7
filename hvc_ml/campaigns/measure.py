"""What contacting did: the difference between the groups as they were drawn, with its interval."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEVEL: Final = 0.95
FEWEST: Final = 10
"""Customers that each group must have before anything is said."""

ALIKE: Final = 0.04
"""Belief about the groups' spreads: the variances differ by about a fifth (its square is 0.04)."""

_NOISE: Final = 1e-9  # relative to a column's size: below it, a difference is rounding


@dataclass(frozen=True)
class Effect:
    """The effect of being drawn for contact, per customer; above zero is better for stays and money.

    Parameters
    ----------
    estimate, low, high
        Mean effect and its 95 % interval.
    error
        Standard error.
    contact, holdout
        Plain means of the groups.
    n_contact, n_holdout
        Customers in each.
    reduction
        Share of the variance that the adjustment by the forecasts took away; below 0 where it did not help.
    """

    estimate: float
    low: float
    high: float
    error: float
    contact: float
    holdout: float
    n_contact: int
    n_holdout: int
    reduction: float

    @property
    def verdict(self) -> str:
        """``better``, ``worse`` or ``not shown``: whether the interval leaves zero out."""
        return "better" if self.low > 0.0 else "worse" if self.high < 0.0 else "not shown"

    def as_json(self, digits: int = 4) -> dict[str, Any]:
        """Rounded figures; ``total`` and its interval are the effect times the customers drawn for contact."""
        per = {name: round(getattr(self, name), digits) for name in ("estimate", "low", "high", "error")}
        total = [round(value * self.n_contact, 2) for value in (self.low, self.estimate, self.high)]
        return {
            **per,
            "contact": round(self.contact, digits),
            "holdout": round(self.holdout, digits),
            "n_contact": self.n_contact,
            "n_holdout": self.n_holdout,
            "variance_reduction": round(self.reduction, 4),
            "total": total,
            "verdict": self.verdict,
        }


def effect(
    outcome: ArrayLike,
    contact: ArrayLike,
    forecasts: ArrayLike,
    lists: ArrayLike | None = None,
    *,
    level: float = LEVEL,
) -> Effect | None:
    """Effect of being drawn for contact on an outcome, by intention to treat.

    Groups are compared within each list and the differences averaged, each list weighing as much as it can tell
    (``n1 n0 / n``). Chance differences in what was forecast are taken out by one slope per forecast (CUPED; analysis of
    covariance), which never looks at who was in fact contacted.

    A holdout of a few dozen heavy-tailed amounts misjudges its own spread, most of all when its mean is low, and
    intervals from it are too short. The variance of each group is therefore drawn towards that of both, the more the
    heavier the tails: by ``ALIKE / (ALIKE + (kurtosis - 1) / degrees of freedom)`` it stays its own.

    Parameters
    ----------
    outcome : array_like, shape (n,)
        Such as stayed (0 or 1), or money.
    contact : array_like of bool, shape (n,)
        Drawn for contact (not: contacted); else held out.
    forecasts : array_like, shape (n, k)
        What the list said before, such as churn risk and future value; k may be 0.
    lists : array_like, shape (n,), optional
        Which list each row stands on; by default all on one.
    level : float
        Of the interval.

    Returns
    -------
    Effect or None
        None where a group has fewer than ten customers. The interval is Student's with Welch and Satterthwaite's
        degrees of freedom.

    References
    ----------
    Deng, Xu, Kohavi & Walker (2013), "Improving the sensitivity of online controlled experiments by utilizing
    pre-experiment data", WSDM (CUPED). Lin (2013), "Agnostic notes on regression adjustments to experimental data",
    Annals of Applied Statistics 7(1), 295-318: adjustment is safe whatever the truth; a slope per group, which he
    proposes, is not used because a holdout of a tenth cannot afford it.

    Examples
    --------
    >>> stayed = [1, 1, 0, 1] * 10 + [1, 0, 0, 0] * 5
    >>> found = effect(stayed, [True] * 40 + [False] * 20, np.empty((60, 0)))
    >>> round(found.estimate, 2), round(found.low, 2), round(found.high, 2), found.verdict
    (0.5, 0.26, 0.74, 'better')
    """
    y, drawn, x = np.asarray(outcome, np.float64), np.asarray(contact, np.bool_), np.asarray(forecasts, np.float64)
    codes = np.zeros(len(y), np.int64) if lists is None else np.unique(np.asarray(lists), return_inverse=True)[1]
    both = _has_both(codes, drawn)
    y, drawn, x, codes = y[both], drawn[both], _standard(x[both]), codes[both]
    if min(drawn.sum(), (~drawn).sum()) < FEWEST:
        return None
    estimate, spread, degrees = _compared(y, drawn, x, codes)
    plain = _compared(y, drawn, x[:, :0], codes)[1]
    half = float(student.ppf(0.5 + level / 2.0, degrees)) * spread
    return Effect(
        estimate=estimate,
        low=estimate - half,
        high=estimate + half,
        error=spread,
        contact=float(y[drawn].mean()),
        holdout=float(y[~drawn].mean()),
        n_contact=int(drawn.sum()),
        n_holdout=int((~drawn).sum()),
        reduction=1.0 - (spread / plain) ** 2 if plain > 0.0 else 0.0,
    )


def _compared(y: Floats, drawn: NDArray[np.bool_], x: Floats, codes: Integers) -> tuple[float, float, float]:
    """The adjusted difference, its standard error and its degrees of freedom."""
    cell = 2 * codes + drawn
    sizes = np.bincount(cell, minlength=2 * (codes.max() + 1)).astype(np.float64)
    weight = _weights(drawn, codes, cell, sizes)
    inside, residual = _centred(x, cell, sizes), _centred(y[:, None], cell, sizes)[:, 0]
    inside = inside * (np.abs(inside).max(axis=0) > _NOISE)  # what only differs between lists adjusts nothing
    products = np.linalg.pinv(np.einsum("ij,ik->jk", inside, inside), rcond=1e-10, hermitian=True)
    slopes = np.einsum("jk,ik,i->j", products, inside, residual)
    residual = residual - np.einsum("ij,j->i", inside, slopes)
    # the estimate is linear in the outcomes: these are its weights, adjustment included
    weight = weight - np.einsum("ij,jk,k->i", inside, products, np.einsum("i,ij->j", weight, x))
    parts = [_spread(residual, weight, who, _free(drawn, who, codes, x)) for who in (drawn, ~drawn)]
    variances = _drawn_together(parts, residual)
    total = float(sum(variances))
    degrees = total**2 / sum(v**2 / p[1] for v, p in zip(variances, parts, strict=True)) if total else 1.0
    return float(np.einsum("i,i->", weight, y)), float(np.sqrt(total)), float(degrees)


def _standard(x: Floats) -> Floats:
    """Columns with mean 0 and spread 1, so that risks and money weigh alike; all zero where nothing varies."""
    if not len(x):
        return x
    centred = x - x.mean(axis=0)
    spread = np.sqrt((centred**2).mean(axis=0))
    varies = spread > _NOISE * np.abs(x).max(axis=0)
    return np.asarray(np.where(varies, centred / np.where(varies, spread, 1.0), 0.0))


def _weights(drawn: NDArray[np.bool_], codes: Integers, cell: Integers, sizes: Floats) -> Floats:
    """Each row's weight in the plain difference: plus for contact, minus for holdout."""
    pairs = sizes.reshape(-1, 2)
    tells = pairs.prod(axis=1) / np.maximum(pairs.sum(axis=1), 1.0)
    return np.asarray(np.where(drawn, 1.0, -1.0) * tells[codes] / tells.sum() / sizes[cell])


def _centred(x: Floats, cell: Integers, sizes: Floats) -> Floats:
    """Columns without the mean of their list and group."""
    sums = [np.bincount(cell, column, minlength=len(sizes)) for column in x.T]
    means = np.array(sums).reshape(x.shape[1], len(sizes)) / np.maximum(sizes, 1.0)
    return np.asarray(x - means.T[cell])


def _free(drawn: NDArray[np.bool_], who: NDArray[np.bool_], codes: Integers, x: Floats) -> float:
    """Degrees of freedom of a group: rows, less a mean per list, less its share of the slopes."""
    slopes = x.shape[1] * who.sum() / len(drawn)
    return float(max(who.sum() - len(np.unique(codes[who])) - slopes, 1.0))


def _spread(residual: Floats, weight: Floats, who: NDArray[np.bool_], free: float) -> tuple[float, float, float]:
    """Residual variance of a group, its degrees of freedom, and the sum of its squared weights."""
    return float((residual[who] ** 2).sum() / free), free, float((weight[who] ** 2).sum())


def _drawn_together(parts: list[tuple[float, float, float]], residual: Floats) -> list[float]:
    """Variance that each group adds, its residual variance drawn towards that of both."""
    squares = float((residual**2).sum())
    common = squares / sum(free for _, free, _ in parts)
    tails = max(len(residual) * float((residual**4).sum()) / squares**2 - 1.0, 0.0) if squares else 0.0
    own = [ALIKE / (ALIKE + tails / free) if variance > 0.0 else 0.0 for variance, free, _ in parts]
    return [
        (keep * variance + (1.0 - keep) * common) * weights
        for keep, (variance, _, weights) in zip(own, parts, strict=True)
    ]


def _has_both(codes: Integers, drawn: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows of lists that have both groups."""
    counts = np.bincount(2 * codes + drawn, minlength=2 * (int(codes.max(initial=0)) + 1)).reshape(-1, 2)
    there: NDArray[np.bool_] = counts.min(axis=1) > 0
    return np.asarray(there[codes])
