"""Reasons in words: what a customer's value at risk is linked with, in their own figures."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hvc_ml.explanation.formatting import UNKNOWN, formatter
from hvc_ml.features.feature import Feature

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Places = NDArray[np.int16]
Texts = NDArray[np.object_]

FAMILY_WORDS: Final = {
    "recency": "how long ago the last order was",
    "frequency": "how often orders come",
    "spending": "how much is spent",
    "rhythm": "the buying rhythm",
    "basket": "what is in the basket",
    "price": "prices and discounts",
    "loyalty": "the loyalty programme",
    "engagement": "visits and other contacts",
    "service": "service cases and surveys",
    "profile": "what is known of the customer",
    "referral": "referrals",
    "contract": "the contract",
}
"""What a family is about, for a reason no single feature can tell."""

_FIELD = re.compile(r"\{(\w+):(\w+)\}")
_NUMBER = re.compile(r"(\w+)\|(\w+)")
"""``order|orders``: the word after one, and after any other number."""


class Speakers(NamedTuple):
    """Which feature tells a family's reason, for each customer: two bytes where the amounts took eight per feature.

    Attributes
    ----------
    names
        Features.
    places : ndarray of int16, shape (n, number of families)
        Positions in ``names``; -1 where no feature of the family adds to the risk.
    """

    names: tuple[str, ...]
    places: Places

    def at(self, rows: Integers) -> "Speakers":
        """The same of some customers."""
        return Speakers(self.names, self.places[rows])


def speakers(
    feature_amounts: ArrayLike, names: Sequence[str], order: Sequence[str], families: Mapping[str, str]
) -> Speakers:
    """Each family's strongest feature: the one with its largest amount, where that is positive.

    Parameters
    ----------
    feature_amounts : array_like, shape (n, k)
        Money per feature.
    names : sequence of str, length k
        The features.
    order : sequence of str
        The families, one column each.
    families : mapping
        Feature name -> family; a feature that is missing here never speaks.

    Examples
    --------
    >>> speakers([[3.0, 5.0, -1.0], [9.0, 5.0, -1.0]], ["silence", "gap", "spend"], ["rhythm", "spending"],
    ...     {"silence": "rhythm", "gap": "rhythm", "spend": "spending"}).places.tolist()
    [[1, -1], [0, -1]]
    """
    money = np.asarray(feature_amounts, dtype=np.float64)
    places = np.full((len(money), len(order)), -1, dtype=np.int16)
    for j, family in enumerate(order):
        columns = np.array([i for i, name in enumerate(names) if families.get(name) == family], dtype=np.int16)
        if len(columns):
            own = money[:, columns]
            places[:, j] = np.where(own.max(axis=1) > 0.0, columns[own.argmax(axis=1)], -1)
    return Speakers(tuple(names), places)


def reasons(
    family_amounts: pd.DataFrame,
    told_by: Speakers,
    figures: pd.DataFrame,
    features: Mapping[str, Feature],
    *,
    peers: Mapping[str, float],
    currency: str,
    top: int = 3,
) -> pd.DataFrame:
    """Tell each customer's largest reasons: the family's amount, the sentence of its strongest feature.

    Families with the largest positive amounts come first, ties in the order of the columns. The sentence is that of the
    feature that speaks for the family, followed by the peers' median:
    ``no order for 94 days; usually every 31 days (peers: 22 days)``. A part whose figure is missing is left out; a
    feature whose own figure is missing says ``... unknown``. A reason is linked with the amount, it is not its cause.

    Parameters
    ----------
    family_amounts : DataFrame, shape (n, number of families)
        Money per family.
    told_by : Speakers
        As `speakers` gives them for the same customers and families, in the same order.
    figures : DataFrame, n rows
        The features' values; columns that are missing count as unknown.
    features : mapping
        Feature name -> its declaration; a family whose speaker has none is told by its name.
    peers : mapping
        Feature name -> median of the peers, where there is one.
    currency : str
        ISO 4217 code.
    top : int, default 3
        How many reasons.

    Returns
    -------
    DataFrame, shape (n, 2 * top)
        ``reason_1, reason_1_amount, ...`` with the index of ``family_amounts``. A customer with fewer positive families
        has empty texts and missing amounts; the columns are always there.

    Raises
    ------
    ValueError
        If there is not one row, and one column of speakers, for each of ``family_amounts``.

    Examples
    --------
    >>> from hvc_ml.features.algebra import since_last
    >>> silence = Feature("silence", since_last(), "no order for {value:days}", "recency", "days")
    >>> told_by = speakers([[80.0]], ["silence"], ["recency"], {"silence": "recency"})
    >>> told = reasons(pd.DataFrame({"recency": [80.0]}), told_by, pd.DataFrame({"silence": [94.0]}),
    ...     {"silence": silence}, peers={"silence": 22.0}, currency="EUR", top=1)
    >>> told.to_dict("records")
    [{'reason_1': 'no order for 94 days (peers: 22 days)', 'reason_1_amount': 80.0}]
    """
    n, names = len(family_amounts), [str(name) for name in family_amounts.columns]
    if told_by.places.shape != (n, len(names)) or len(figures) != n:
        raise ValueError(
            f"{n:,} rows of {len(names)} families, speakers of shape {told_by.places.shape} and {len(figures):,} rows "
            "of figures: expected the same customers"
        )
    amounts = family_amounts.to_numpy(dtype=np.float64)
    order = np.argsort(-amounts, axis=1, kind="stable")

    def say(column: int, rows: Integers) -> Texts:
        name = told_by.names[column]
        return sentences(features[name], figures.iloc[rows], peers.get(name), currency=currency)

    can = np.array([name in features for name in told_by.names], dtype=np.bool_)
    places = np.where((told_by.places >= 0) & can[told_by.places], told_by.places, -1).astype(np.int64)
    told: dict[str, Texts | Floats] = {}
    for place in range(top):
        chosen = order[:, place] if place < len(names) else np.zeros(n, dtype=np.int64)
        money = amounts[np.arange(n), chosen] if place < len(names) else np.zeros(n)
        positive = np.flatnonzero(money > 0.0)
        told[f"reason_{place + 1}"] = _tell(n, positive, chosen[positive], places, names, say=say)
        told[f"reason_{place + 1}_amount"] = np.where(money > 0.0, money, np.nan)
    return pd.DataFrame(told, index=family_amounts.index)


def sentences(feature: Feature, figures: pd.DataFrame, peer: float | None = None, *, currency: str) -> Texts:
    """One feature's sentence for each row of figures.

    Parameters
    ----------
    feature : Feature
        Its ``says`` is the template; parts between semicolons are left out where a figure of theirs is missing.
    figures : DataFrame, n rows
        Values of this feature and of the others its template names.
    peer : float, optional
        The peers' median of this feature.
    currency : str
        ISO 4217 code.

    Returns
    -------
    ndarray of str, shape (n,)

    Examples
    --------
    >>> from hvc_ml.features.algebra import since_last
    >>> silence = Feature("silence", since_last(), "silent for {value:days}; usually {gap:days}", "recency", "days")
    >>> sentences(silence, pd.DataFrame({"silence": [94.0, 3.0, None], "gap": [31.0, None, 5.0]}), currency="EUR")
    array(['silent for 94 days; usually 31 days', 'silent for 3 days', 'silence: unknown'], dtype=object)
    """
    texts = np.full(len(figures), "", dtype=object)
    own = _column(figures, feature.name, feature.unit, currency)
    for part in feature.says.split("; "):
        said = _part(part, feature, figures, currency)
        joined = (texts != "") & (said != "")
        texts = texts + np.where(joined, "; ", "") + said
    unknown = (own == UNKNOWN) | (texts == "")
    texts[unknown] = f"{feature.name.replace('_', ' ')}: {UNKNOWN}"
    if peer is not None and np.isfinite(peer) and feature.unit != "text":
        texts = texts + f" (peers: {formatter(feature.unit, currency)(float(peer))})"
    return np.asarray(texts, dtype=object)


def _tell(
    n: int,
    rows: Integers,
    chosen: Integers,
    places: Integers,
    names: Sequence[str],
    *,
    say: Callable[[int, Integers], Texts],
) -> Texts:
    """The texts of one place: empty but for ``rows``, whose ``chosen`` family is told one feature at a time."""
    texts = np.full(n, "", dtype=object)
    speaker = places[rows, chosen]
    texts[rows] = np.array([FAMILY_WORDS.get(name, name) for name in names], dtype=object)[chosen]
    for column in np.unique(speaker[speaker >= 0]):
        these = rows[speaker == column]
        texts[these] = say(int(column), these)
    return texts


def _part(part: str, feature: Feature, figures: pd.DataFrame, currency: str) -> Texts:
    """One part of a template, filled in; empty where one of its figures is missing."""
    pieces = _FIELD.split(part)  # literal, name, unit, literal, name, unit, ..., literal
    said = np.full(len(figures), pieces[0], dtype=object)
    missing = np.zeros(len(figures), dtype=np.bool_)
    for name, unit, literal in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        figure = _column(figures, feature.name if name == "value" else name, unit, currency)
        missing |= figure == UNKNOWN
        one, many = (_NUMBER.sub(rf"\{form}", literal) for form in (1, 2))
        said = said + figure + (many if one == many else np.where(figure == "1", one, many))
    return np.where(missing, "", said)


def _column(figures: pd.DataFrame, name: str, unit: str, currency: str) -> Texts:
    """A column in words, each figure that occurs written once; what is missing, and a column that is, is unknown."""
    write = formatter(unit, currency)
    if name not in figures.columns:
        return np.full(len(figures), UNKNOWN, dtype=object)
    place, distinct = pd.factorize(figures[name])
    texts = np.array([*map(write, distinct.tolist()), UNKNOWN], dtype=object)  # the last one is for the place -1
    return np.asarray(texts[place])
