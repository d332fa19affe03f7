"""The bridge of the book: what moved everybody's value at risk since the list before; of a sample where many stayed."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.explanation.change import PARTS, Cents, change_parts
from hvc_ml.scoring.model import CustomerModel
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.tracking.store import open_store
from hvc_ml.workflows.change import WORDS
from hvc_ml.workflows.change_states import models_of, states_between
from hvc_ml.workflows.past_lists import PastList
from hvc_ml.workflows.shop import Shop

MOST: Final = 50_000
"""Customers of both lists that are compared one by one; of more, so many are drawn by their ids."""
CORRECTED: Final = "corrected"


@dataclass(frozen=True)
class Bridge:
    """From the old total to the new one.

    Parameters
    ----------
    amounts
        The names of ``change.WORDS``, in order, and money; the last is the sum of all others.
    compared, stayed
        How many customers were compared one by one, of how many on both lists.
    """

    amounts: dict[str, float]
    compared: int
    stayed: int

    @property
    def steps(self) -> tuple[tuple[str, float], ...]:
        """The bars in words; what nothing was corrected by is left out."""
        return tuple((WORDS[name], amount) for name, amount in self.amounts.items() if amount or name != CORRECTED)


def bridge_since(shop: Shop, lists: tuple[PastList, PastList], scores: tuple[pd.DataFrame, pd.DataFrame]) -> Bridge:
    """What moved value at risk from one list to another.

    Parameters
    ----------
    lists
        The old and the new one; the new one need not be published yet.
    scores
        ``customer_id`` and ``value_at_risk`` of each.

    Raises
    ------
    ModelRefused
        If a model of theirs is not in the registry any more, or was trained on another question.
    """
    old, new = (pd.Series(_cents(s["value_at_risk"]), index=s[CUSTOMER].to_numpy(dtype=object)) for s in scores)
    stayed = np.array(sorted(set(old.index) & set(new.index)), dtype=object)
    was, is_now = old.loc[stayed].to_numpy(), new.loc[stayed].to_numpy()
    change, drawn = int(is_now.sum() - was.sum()), sampled(stayed, MOST)
    states = states_between(shop, stayed[drawn].tolist(), (lists[0].cutoff, lists[1].cutoff), _models(shop, lists))
    corrected = (states[0, 0, 0] - was[drawn]) + (is_now[drawn] - states[2, 1, 1])
    sums = np.append(change_parts(states).sum(axis=1), corrected.sum())
    cents = {
        "before": int(old.sum()),
        "left": int(was.sum() - old.sum()),
        "came": int(new.sum() - is_now.sum()),
        **dict(zip((*PARTS, CORRECTED), expanded(sums, len(drawn), len(stayed), change).tolist(), strict=True)),
        "after": int(new.sum()),
    }
    return Bridge({name: cents[name] / 100 for name in WORDS}, len(drawn), len(stayed))


def sampled(customers: NDArray[np.object_], most: int) -> NDArray[np.int64]:
    """Places of at most so many customers, drawn by a hash of their ids: the same ones each time, and in order."""
    if len(customers) <= most:
        return np.arange(len(customers))
    hashes = pd.util.hash_array(customers, categorize=False)
    return np.sort(np.argsort(hashes, kind="stable")[:most])


def expanded(sums: Cents, drawn: int, stayed: int, change: int) -> Cents:
    """What the parts of a sample say of everybody; they add up to everybody's change, which is known.

    Parameters
    ----------
    sums : ndarray of int
        Each part's sum over the customers drawn.
    drawn, stayed : int
        How many were drawn, of how many.
    change : int
        What the parts must add up to; how far the sample is off is shared by the parts as they are large.

    Examples
    --------
    >>> expanded(np.array([30, -50, 0]), 10, 10, -20), expanded(np.array([30, -50, 0]), 10, 20, -32)
    (array([ 30, -50,   0]), array([ 63, -95,   0]))
    """
    parts = sums * (stayed / max(drawn, 1))
    sizes = np.abs(parts)
    parts = parts + (change - parts.sum()) * sizes / max(float(sizes.sum()), 1.0)
    whole: Cents = np.rint(parts).astype(np.int64)
    whole[sizes.argmax()] += change - whole.sum()
    return whole


def _models(shop: Shop, lists: tuple[PastList, PastList]) -> tuple[CustomerModel, CustomerModel]:
    config = shop.project.config
    return models_of(shop, open_store(config.tracking, shop.project.folder, config.name), lists)


def _cents(money: pd.Series) -> Cents:
    found: Cents = np.rint(money.to_numpy(np.float64) * 100).astype(np.int64)
    return found
