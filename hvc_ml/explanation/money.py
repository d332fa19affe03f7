"""Contributions in money: base amount + one amount per feature = value at risk, row by row."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Link = Callable[[Floats], Floats]
"""A map of raw margins, shape (n,), to probabilities or money, shape (n,): inverse link and calibrator together."""

_FLAT = 1e-9  # below this relative move of the margin, a difference quotient is rounding noise


def value_at_risk_amounts(  # two models, each with the same three parts
    churn_base: ArrayLike,
    churn_phi: ArrayLike,
    churn_link: Link,
    value_base: ArrayLike,
    value_phi: ArrayLike,
    value_link: Link,
) -> tuple[Floats, Floats]:
    """Split value at risk, ``p V``, into a base amount and one amount per feature, in money.

    Both models are raw margins ``f = b + sum(phi)`` behind a monotone map. The rise of ``p V`` over its base
    ``p0 V0`` is shared between the two factors by the symmetric two-factor Shapley value,
    ``(V + V0) / 2 * dp + (p + p0) / 2 * dV``, and ``dp`` and ``dV`` are shared among the features in proportion to
    their contributions: ``phi_i (g(f) - g(b)) / (f - b)``, which becomes ``phi_i g'(b)`` where ``f = b``.

    Parameters
    ----------
    churn_base, value_base : array_like, shape (n,) or ()
        Base margins of the two models, ``b``.
    churn_phi, value_phi : array_like, shape (n, k)
        Exact contributions to the margins, one column per feature, the same columns in both.
    churn_link : callable
        Monotone map of margins, shape (n,), to churn risk in [0, 1].
    value_link : callable
        Monotone map of margins, shape (n,), to value if kept, in money.

    Returns
    -------
    base_amount : ndarray, shape (n,)
        ``p0 V0``: the value at risk of a customer of whom nothing is known.
    amounts : ndarray, shape (n, k)
        Money per feature; a positive amount is linked with more value at risk.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a margin, a contribution or a mapped value is not finite.

    Notes
    -----
    ``base_amount + amounts.sum(axis=1)`` equals ``p V`` within 1e-9 of the largest of the figures added. A feature
    whose two contributions are zero gets zero; two features with equal contributions get equal amounts.

    References
    ----------
    Shapley (1953), "A value for n-person games": the product of two factors is a game of two players. Lundberg & Lee
    (2017), NeurIPS, for the additive contributions ``phi``.

    Examples
    --------
    >>> expit = lambda f: 1 / (1 + np.exp(-f))
    >>> base, amounts = value_at_risk_amounts(0.0, [[1.0, 0.0]], expit, np.log(100.0), [[0.0, 0.5]], np.exp)
    >>> base.round(2), amounts.round(2)
    (array([50.]), array([[30.6 , 39.93]]))
    >>> round(float(base[0] + amounts.sum()), 2) == round(float(expit(1.0) * 100 * np.exp(0.5)), 2)
    True
    """
    # row after row in memory: else the order of adding, and with it the last bit, depends on how many rows there are
    churn, value = (np.asarray(phi, dtype=np.float64, order="C") for phi in (churn_phi, value_phi))
    if churn.ndim != 2 or churn.shape != value.shape:
        raise ValueError(f"contributions of shape {churn.shape} and {value.shape}: both must be the same (n, k)")
    p0, p, churn_slope = _secant(churn_base, churn, churn_link, "churn")
    v0, v, value_slope = _secant(value_base, value, value_link, "value")
    amounts = churn * (0.5 * (v + v0) * churn_slope)[:, None]
    amounts += value * (0.5 * (p + p0) * value_slope)[:, None]
    base = p0 * v0
    base += p * v - (base + amounts.sum(axis=1))  # what rounding left over; next to nothing
    return base, amounts


def round_to_cents(
    base_amount: ArrayLike, amounts: ArrayLike, total: ArrayLike, *, decimals: int = 2
) -> tuple[Floats, Floats]:
    """Round money so that the rounded figures still add up, to the cent, to the rounded total.

    Every amount is rounded to the nearest cent; the base amount takes the rest, half a cent per amount at most.

    Parameters
    ----------
    base_amount : array_like, shape (n,)
        Base amounts before rounding (they are recomputed from the others, and asked for to check that they fit).
    amounts : array_like, shape (n, k)
        Amounts per family or feature.
    total : array_like, shape (n,)
        What they add up to.
    decimals : int, default 2
        Decimal places of the currency.

    Returns
    -------
    base_amount : ndarray, shape (n,)
    amounts : ndarray, shape (n, k)
        Each the float nearest to a whole number of cents. Counted in cents, ``base + amounts.sum(axis=1)`` equals the
        total rounded to cents exactly.

    Raises
    ------
    ValueError
        If the figures do not add up to the total within a cent per figure, or are not finite or beyond 2**53 cents.

    Examples
    --------
    >>> round_to_cents([0.333], [[0.333, 0.334]], [1.0])
    (array([0.34]), array([[0.33, 0.33]]))
    """
    scale = 10.0**decimals
    base, parts, whole = (np.asarray(x, dtype=np.float64) * scale for x in (base_amount, amounts, total))
    if parts.ndim != 2 or base.shape != whole.shape or base.shape != parts.shape[:1]:
        raise ValueError(f"shapes {base.shape}, {parts.shape} and {whole.shape}: expected (n,), (n, k) and (n,)")
    with np.errstate(invalid="ignore"):
        too_large = ~(np.abs(base) + np.abs(parts).sum(axis=1) + np.abs(whole) < 2.0**53)
    if too_large.any():
        raise ValueError(f"{int(too_large.sum()):,} of {len(whole):,} rows hold money that cannot be counted in cents")
    off = np.abs(base + parts.sum(axis=1) - whole)
    if (off > 1.0 + parts.shape[1] + 1e-9 * np.abs(whole)).any():
        raise ValueError(f"figures miss their total by up to {off.max() / scale:,.2f}")
    cents = np.rint(parts).astype(np.int64)
    base_cents = np.rint(whole).astype(np.int64) - cents.sum(axis=1)
    return base_cents / scale, cents / scale


def _secant(base: ArrayLike, phi: Floats, link: Link, name: str) -> tuple[Floats, Floats, Floats]:
    """The mapped base, the mapped margin, and the mean slope of the map between them; each of shape (n,)."""
    n = len(phi)
    start = np.broadcast_to(np.asarray(base, dtype=np.float64), (n,)).copy()
    move = phi.sum(axis=1)
    low, high = np.asarray(link(start), dtype=np.float64), np.asarray(link(start + move), dtype=np.float64)
    for what, array in (("margins", start + move), ("mapped bases", low), ("mapped margins", high)):
        wrong = n - int(np.isfinite(array).sum()) if array.shape == (n,) else n
        if wrong:
            raise ValueError(f"{name}: {wrong:,} of {n:,} {what} are not finite numbers")
    flat = np.abs(move) <= _FLAT * (1.0 + np.abs(start))
    slope = np.divide(high - low, move, out=np.zeros(n), where=~flat)
    if flat.any():
        step = 1e-5 * (1.0 + np.abs(start[flat]))
        slope[flat] = (link(start[flat] + step) - link(start[flat] - step)) / (2.0 * step)
    return low, high, slope
