"""Who is left alone on purpose, and how small an effect that will show."""

import hashlib
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_DECILES = 10


def draw_holdout(customers: pd.DataFrame, share: float, seed: str) -> NDArray[np.bool_]:
    """Draw a holdout, stratified by tier and risk decile, in which a customer's luck is their own.

    Each customer's random number is the SHA-256 of seed and id: it depends on nobody else, so the same customers tend
    to be held out when the list grows or shrinks. Within a stratum the smallest numbers are held out.

    Parameters
    ----------
    customers : DataFrame
        One row per customer: ``customer_id`` (text, unique), ``churn_risk``, ``tier``.
    share : float
        Share to hold out, in [0, 1).
    seed : str
        The campaign's name: another campaign draws other customers.

    Returns
    -------
    ndarray of bool, in the order of the rows
        True for the holdout: ``share`` of all rows, to within one.

    Raises
    ------
    ValueError
        If the share is out of range or an id stands twice.

    Examples
    --------
    >>> people = pd.DataFrame({"customer_id": [f"c{i}" for i in range(50)], "churn_risk": 0.5, "tier": "Gold"})
    >>> int(draw_holdout(people, 0.1, "spring").sum())
    5
    """
    if not 0.0 <= share < 1.0:
        raise ValueError(f"a holdout of {share}: expected a share of at least 0 and below 1")
    ids = customers["customer_id"].to_numpy(dtype=object)
    if customers["customer_id"].duplicated().any():
        raise ValueError("a customer stands twice in the list the holdout is drawn from")
    tiers = customers["tier"].astype("string").fillna("")
    luck = _numbers(seed, ids)
    frame = pd.DataFrame({"tier": tiers.to_numpy(dtype=object), "decile": _deciles(customers["churn_risk"], ids)})
    order = np.lexsort((ids.astype(str), luck, frame["decile"], frame["tier"].astype(str)))
    stratum: NDArray[np.int64] = (
        frame.iloc[order].groupby(["tier", "decile"], sort=False).ngroup().to_numpy().astype(np.int64)
    )
    held = np.zeros(len(frame), dtype=np.bool_)
    held[order] = _within(stratum) < _quotas(stratum, share, start=_numbers(seed, np.array([""], dtype=object))[0])
    return held


def detectable_effect(
    n_contact: int, n_holdout: int, base_rate: float, *, power: float = 0.8, alpha: float = 0.05
) -> float:
    """Smallest difference in churn between contacted and held-out customers that a campaign would show; less is better.

    ``(z(1 - alpha / 2) + z(power)) * sqrt(base (1 - base) (1 / n_contact + 1 / n_holdout))``, the usual normal
    approximation for two proportions with a two-sided test.

    Parameters
    ----------
    n_contact, n_holdout : int
        Customers in each group.
    base_rate : float
        Expected churn rate of those left alone, in [0, 1].
    power, alpha : float
        Chance to find a real effect, and to find one that is not there.

    Returns
    -------
    float
        A difference of shares in [0, 1]; 1.0 where a group is empty or too small to show anything less.

    Examples
    --------
    >>> round(detectable_effect(900, 100, 0.4), 3)
    0.145
    """
    if min(n_contact, n_holdout) < 1:
        return 1.0
    normal = NormalDist()
    z = normal.inv_cdf(1.0 - alpha / 2.0) + normal.inv_cdf(power)
    spread = base_rate * (1.0 - base_rate) * (1.0 / n_contact + 1.0 / n_holdout)
    return float(min(z * np.sqrt(spread), 1.0))


def sample_ratio(n_contact: int, n_holdout: int, share: float) -> float:
    """How likely groups are to be so far, or further, from the share that was asked for; small means a broken draw.

    The two-sided p-value of a normal approximation to the binomial. The drawing is exact to within a customer, so at
    drawing it is near 1; measured again after a campaign, it finds customers that got lost or were swapped.

    Parameters
    ----------
    n_contact, n_holdout : int
        Customers in each group.
    share : float
        Share that should be held out.

    Returns
    -------
    float
        In [0, 1]; 1.0 where nobody should be or is drawn.

    Examples
    --------
    >>> round(sample_ratio(900, 100, 0.1), 3), sample_ratio(950, 50, 0.1) < 0.001
    (1.0, True)
    """
    n = n_contact + n_holdout
    if not n or share <= 0.0:
        return 1.0
    off = abs(n_holdout - n * share) / float(np.sqrt(n * share * (1.0 - share)))
    return 2.0 * NormalDist().cdf(-off)


def _numbers(seed: str, ids: NDArray[np.object_]) -> NDArray[np.float64]:
    """One number in [0, 1) per id, the same on every machine."""
    base = hashlib.sha256(f"{len(seed)}:{seed}:".encode())
    digests = bytearray()
    for customer in ids:
        digest = base.copy()
        digest.update(str(customer).encode("utf-8", "surrogatepass"))
        digests += digest.digest()[:8]
    whole = np.frombuffer(bytes(digests), dtype=">u8")
    return (whole >> np.uint64(11)).astype(np.float64) / 2.0**53


def _deciles(risk: pd.Series, ids: NDArray[np.object_]) -> NDArray[np.int64]:
    """0 for the tenth of the rows with the lowest risk, to 9; ties by id."""
    place = np.empty(len(risk), dtype=np.int64)
    place[np.lexsort((ids.astype(str), risk.to_numpy(dtype=np.float64)))] = np.arange(len(risk))
    return np.asarray(place * _DECILES // max(len(risk), 1))


def _within(stratum: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place of each row within its stratum; strata are contiguous."""
    first = np.r_[True, stratum[1:] != stratum[:-1]] if len(stratum) else np.zeros(0, dtype=np.bool_)
    begins = np.flatnonzero(first)
    return np.asarray(np.arange(len(stratum)) - np.repeat(begins, np.diff(np.r_[begins, len(stratum)])))


def _quotas(stratum: NDArray[np.int64], share: float, start: float) -> NDArray[np.int64]:
    """Per row, how many of its stratum are held out: parts of a person are carried over to the next stratum."""
    sizes = np.bincount(stratum) if len(stratum) else np.zeros(0, dtype=np.int64)
    marks = np.floor(np.r_[0, np.cumsum(sizes)] * share + start + 1e-9)
    return np.asarray(np.diff(marks).astype(np.int64)[stratum])
