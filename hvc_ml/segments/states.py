"""Each customer's state at several cutoffs: a tier, dormant, or not yet a customer; and the ways between them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.segments.standing import TIER, VALUE
from hvc_ml.tables.schema import CUSTOMER

NEW: Final = "(new)"
"""Not yet a customer. No tier can be called so."""
DORMANT: Final = "(dormant)"
"""Was a customer, and is not in the population any more."""

Codes = NDArray[np.int64]


def states_at(
    standings: Mapping[date, pd.DataFrame], first_seen: pd.Series, tiers: Sequence[str]
) -> tuple[Codes, tuple[str, ...]]:
    """Every customer's state at every cutoff.

    Parameters
    ----------
    standings
        As `hvc_ml.segments.standing.Standings.at` gives them.
    first_seen
        First day (as a date's ordinal) of everyone who was ever a customer, indexed by id.
    tiers
        Names, best first.

    Returns
    -------
    codes, names
        Codes of shape (customers, cutoffs), cutoffs oldest first; the name of each code: the tiers, then dormant, then
        new.
    """
    names = (*tiers, DORMANT, NEW)
    born = first_seen.to_numpy(np.int64)
    columns = []
    for cutoff in sorted(standings):
        known = standings[cutoff].set_index(CUSTOMER)[TIER].reindex(first_seen.index)
        code = pd.Index(tiers).get_indexer(pd.Index(known)).astype(np.int64)
        absent = np.where(born < cutoff.toordinal(), len(tiers), len(tiers) + 1)
        columns.append(np.where(code >= 0, code, absent))
    return np.column_stack(columns), names


def migration_matrix(
    before: Codes, after: Codes, names: Sequence[str], money: tuple[pd.Series, pd.Series]
) -> pd.DataFrame:
    """How many customers went from each state to each other between two cutoffs, with their money.

    Parameters
    ----------
    before, after
        Codes of the states, shape (n,).
    names
        The name of each code.
    money
        Money of 12 months at the two cutoffs, shape (n,); unknown counts as none.

    Returns
    -------
    DataFrame
        One row per pair of states: ``before``, ``after``, ``customers``, ``share`` (of those who were in ``before``),
        ``value_before``, ``value_after``. Pairs that nobody took have 0.
    """
    size = len(names)
    pair = before * size + after
    counts = np.bincount(pair, minlength=size * size)
    sums = [np.bincount(pair, m.fillna(0.0).to_numpy(np.float64), size * size).round(2) + 0.0 for m in money]
    of = np.repeat(counts.reshape(size, size).sum(axis=1), size)
    share = np.divide(counts, of, out=np.full(size * size, np.nan), where=of > 0)
    return pd.DataFrame(
        {
            "before": np.repeat(np.array(names, dtype=object), size),
            "after": np.tile(np.array(names, dtype=object), size),
            "customers": counts,
            "share": share,
            "value_before": sums[0],
            "value_after": sums[1],
        }
    )


def paths(codes: Codes, names: Sequence[str], *, top: int = 0, most: int = 5) -> dict[str, pd.DataFrame]:
    """The ways by which customers came into the top tier and left it.

    Parameters
    ----------
    codes
        States at cutoffs, oldest first, shape (customers, cutoffs).
    names
        The name of each code.
    top
        The code of the top tier.
    most
        How many ways to keep of each kind, the most taken first.

    Returns
    -------
    dict
        ``into``: of those who are in the top tier at the last cutoff and were not at the first; ``out_of``: of those
        who were in it at any cutoff and are not at the last. Each with ``path`` (states joined by an arrow, repeats
        written once, from the first cutoff on, or from the last stay in the top tier), ``customers``, ``share``.

    Examples
    --------
    >>> found = paths(np.array([[1, 0], [1, 0], [0, 1], [0, 0]]), ("Top", "Rest"))
    >>> found["into"].values.tolist(), found["out_of"].values.tolist()
    ([['Rest > Top', 2, 1.0]], [['Top > Rest', 1, 1.0]])
    """
    rows, counts = np.unique(codes, axis=0, return_counts=True)  # few: states to the power of cutoffs at most
    into = (rows[:, -1] == top) & (rows[:, 0] != top)
    out_of = (rows == top).any(axis=1) & (rows[:, -1] != top)
    return {
        "into": _counted([_way(r, names) for r in rows[into]], counts[into], most),
        "out_of": _counted([_way(r[_last(r, top) :], names) for r in rows[out_of]], counts[out_of], most),
    }


def _last(row: Codes, code: int) -> int:
    return int(np.flatnonzero(row == code)[-1])


def _way(row: Codes, names: Sequence[str]) -> str:
    kept = row[np.concatenate([[True], row[1:] != row[:-1]])]
    return " > ".join(names[code] for code in kept)


def _counted(ways: Sequence[str], counts: Codes, most: int) -> pd.DataFrame:
    table = pd.DataFrame({"path": pd.Series(list(ways), dtype="str"), "customers": counts.astype(np.int64)})
    summed = table.groupby("path", sort=True)["customers"].sum().reset_index()
    summed["share"] = summed["customers"] / max(int(summed["customers"].sum()), 1)
    return summed.sort_values(["customers", "path"], ascending=[False, True], ignore_index=True).head(most)


def money_of(standing: pd.DataFrame, ids: pd.Index) -> pd.Series:
    """Money of 12 months of these customers; NaN for who is not in the population."""
    return standing.set_index(CUSTOMER)[VALUE].reindex(ids)
