"""The rows of the list as data for the book's script: column by column, texts named once, money in cents."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from hvc_ml.report.book_parts import PeerFigure

TEXTS: Final = (
    *("tier", "action", "act_before", "group", "owner", "channel", "talking_points"),
    *("reason_1", "reason_2", "reason_3"),
)
CENTS: Final = (
    *("value_if_kept", "future_value", "future_value_low", "future_value_high", "value_at_risk", "expected_gain"),
    *("reason_1_amount", "reason_2_amount", "reason_3_amount"),
)
CHANCES: Final = ("churn_risk", "downgrade_risk", "upgrade_chance")
AMOUNT: Final = "amount_"
DIGITS: Final = 4
"""Decimals of figures: more than any of them shows."""


def rows_data(
    listed: pd.DataFrame,
    scores: pd.DataFrame | None,
    history: pd.DataFrame | None,
    figures: Sequence[PeerFigure] = (),
) -> dict[str, Any]:
    """What the script shows of each customer.

    Parameters
    ----------
    listed : DataFrame
        What `as_listed` returns.
    scores : DataFrame, optional
        ``customer_id``, ``base_amount`` and ``amount_<family>`` columns (they add up to the value at risk), and what
        else was said of each (``churn_risk_30d`` and so on); at least the customers of ``listed``.
    history : DataFrame, optional
        Indexed by customer id, one column per stretch of time, the oldest first: money spent.
    figures
        What is told of each customer beside all others.

    Returns
    -------
    dict
        JSON values. Texts are places in a list of different texts; money is in whole cents; unknown is null.
    """
    ids = listed["customer_id"]
    own = None if scores is None else scores.set_index("customer_id").reindex(ids)
    chances = [c for c in map(str, [] if own is None else own) if c in CHANCES or c.startswith("churn_risk_")]
    return {
        "rank": listed["rank"].tolist(),
        "id": ids.tolist(),
        "texts": {name: _coded(listed[name]) for name in TEXTS},
        "cents": {name: _cents(listed[name]) for name in CENTS},
        "risk": _numbers(listed["churn_risk"]),
        "chances": {} if own is None else {c: _numbers(own[c]) for c in chances if c != "churn_risk"},
        "parts": {} if own is None else _parts(own),
        "spent": [] if history is None else [_cents(history[c].reindex(ids)) for c in history],
        "figures": [_beside(figure, ids) for figure in figures],
    }


def script_json(value: Mapping[str, Any]) -> str:
    r"""JSON to stand inside a ``script`` element: plain ASCII, and no character that HTML could end it by.

    Examples
    --------
    >>> script_json({"id": "</script>&é"})
    '{"id":"\\u003c/script\\u003e\\u0026\\u00e9"}'
    """
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _parts(own: pd.DataFrame) -> dict[str, Any]:
    """The base and each family's amount, and the family with the largest positive one (-1 for none)."""
    families = [str(c) for c in own if str(c).startswith(AMOUNT)]
    if not families:
        return {}
    amounts = own[families].fillna(0.0).to_numpy(np.float64)
    main = np.where(amounts.max(axis=1) > 0.0, amounts.argmax(axis=1), -1)
    return {
        "families": [name.removeprefix(AMOUNT) for name in families],
        "base": _cents(own["base_amount"]),
        "amounts": [_cents(own[name]) for name in families],
        "main": main.tolist(),
    }


def _beside(figure: PeerFigure, ids: pd.Series) -> dict[str, Any]:
    """A figure of each customer, and the whole per cent of the others that lie below."""
    return {
        "name": figure.name,
        "unit": figure.unit,
        "median": round(figure.median, DIGITS),
        "own": _short(figure.own.reindex(ids).round(DIGITS)),
        "below": _short((100.0 * figure.below.reindex(ids)).round()),
    }


def _coded(texts: pd.Series) -> dict[str, list[Any]]:
    codes, words = pd.factorize(texts.to_numpy(dtype=object), sort=False)
    return {"words": [str(w) for w in words], "at": codes.tolist()}


def _cents(money: pd.Series) -> list[int | None]:
    return [None if m != m else int(m) for m in np.rint(100.0 * money.to_numpy(np.float64))]  # noqa: PLR0124 # NaN is unlike itself


def _short(figures: pd.Series) -> list[float | int | None]:
    """Whole numbers without a decimal point: a third of the room in the page."""
    return [int(f) if f is not None and f.is_integer() else f for f in _numbers(figures)]


def _numbers(figures: pd.Series) -> list[float | None]:
    return [None if f != f else f for f in figures.to_numpy(np.float64).tolist()]  # noqa: PLR0124 # same
