"""Reasons in words: what a customer's value at risk is linked with, in their own figures."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.explanation.formatting import UNKNOWN, formatter
from hvc_ml.features.feature import Feature

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
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


def reasons(
    family_amounts: pd.DataFrame,
    feature_amounts: pd.DataFrame,
    figures: pd.DataFrame,
    features: Mapping[str, Feature],
    *,
    families: Mapping[str, str],
    peers: Mapping[str, float],
    currency: str,
    top: int = 3,
) -> pd.DataFrame:
    """Tell each customer's largest reasons: the family's amount, the sentence of its strongest feature.

    Families with the largest positive amounts come first, ties in the order of the columns. The sentence is that of the
    feature with the largest amount in the family that has one and adds to the risk, followed by the peers' median:
    ``no order for 94 days; usually every 31 days (peers: 22 days)``. A part whose figure is missing is left out; a
    feature whose own figure is missing says ``... unknown``. A reason is linked with the amount, it is not its cause.

    Parameters
    ----------
    family_amounts : DataFrame, shape (n, number of families)
        Money per family.
    feature_amounts : DataFrame, shape (n, number of features)
        Money per feature, the same customers in the same order.
    figures : DataFrame, n rows
        The features' values; columns that are missing count as unknown.
    features : mapping
        Feature name -> its declaration; a column without one (the prior's forecasts) has no sentence.
    families : mapping
        Feature name -> family, for every column of ``feature_amounts`` (as for `family_amounts`).
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
        If the frames do not have the same number of rows.

    Examples
    --------
    >>> from hvc_ml.features.algebra import since_last
    >>> silence = Feature("silence", since_last(), "no order for {value:days}", "recency", "days")
    >>> told = reasons(pd.DataFrame({"recency": [80.0]}), pd.DataFrame({"silence": [80.0]}),
    ...     pd.DataFrame({"silence": [94.0]}), {"silence": silence}, families={"silence": "recency"},
    ...     peers={"silence": 22.0}, currency="EUR", top=1)
    >>> told.to_dict("records")
    [{'reason_1': 'no order for 94 days (peers: 22 days)', 'reason_1_amount': 80.0}]
    """
    n = len(family_amounts)
    if len(feature_amounts) != n or len(figures) != n:
        raise ValueError(f"{n:,}, {len(feature_amounts):,} and {len(figures):,} rows: expected the same customers")
    amounts = family_amounts.to_numpy(dtype=np.float64)
    names = [str(name) for name in family_amounts.columns]
    columns = [str(name) for name in feature_amounts.columns]
    order = np.argsort(-amounts, axis=1, kind="stable")
    speakers = _speakers(feature_amounts, names, features, families)

    def say(column: int, rows: Integers) -> Texts:
        name = columns[column]
        return sentences(features[name], figures.iloc[rows], peers.get(name), currency=currency)

    told: dict[str, Texts | Floats] = {}
    for place in range(top):
        chosen = order[:, place] if place < len(names) else np.zeros(n, dtype=np.int64)
        money = amounts[np.arange(n), chosen] if place < len(names) else np.zeros(n)
        positive = np.flatnonzero(money > 0.0)
        told[f"reason_{place + 1}"] = _tell(n, positive, chosen[positive], speakers, names, say=say)
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


def _speakers(
    amounts: pd.DataFrame, names: Sequence[str], features: Mapping[str, Feature], families: Mapping[str, str]
) -> Integers:
    """Shape (n, number of families): the column of the feature that speaks for a family, -1 where none can."""
    speakers = np.full((len(amounts), len(names)), -1, dtype=np.int64)
    money = amounts.to_numpy(dtype=np.float64)
    for j, family in enumerate(names):
        columns = np.array([i for i, c in enumerate(amounts.columns) if c in features and families.get(c) == family])
        if len(columns):
            best = columns[money[:, columns].argmax(axis=1)]
            speakers[:, j] = np.where(money[np.arange(len(money)), best] > 0.0, best, -1)
    return speakers


def _tell(
    n: int,
    rows: Integers,
    chosen: Integers,
    speakers: Integers,
    names: Sequence[str],
    *,
    say: Callable[[int, Integers], Texts],
) -> Texts:
    """The texts of one place: empty but for ``rows``, whose ``chosen`` family is told one feature at a time."""
    texts = np.full(n, "", dtype=object)
    speaker = speakers[rows, chosen]
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
    write = formatter(unit, currency)
    column = figures[name].to_numpy(dtype=object) if name in figures.columns else [None] * len(figures)
    texts = np.empty(len(figures), dtype=object)
    texts[:] = [write(figure) for figure in column]
    return texts
