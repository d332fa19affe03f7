"""The book's chapter about what changed since the list before: who came, who left, and what moved the others."""

import logging
from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final

import pandas as pd

from hvc_ml.config import Project
from hvc_ml.errors import DataError, ModelRefused
from hvc_ml.explanation.formatting import money
from hvc_ml.report.book_parts import Cell, Chapter, Chart, Table, cells
from hvc_ml.report.change_chart import bridge_chart
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.workflows.book_bridge import Bridge, bridge_since
from hvc_ml.workflows.change import SAYS, WORDS
from hvc_ml.workflows.past_lists import PastList, past_lists
from hvc_ml.workflows.shop import Shop

_log = logging.getLogger(__name__)

TITLE: Final = "What changed since the list before"


def list_before(project: Project, cutoff: date) -> PastList | None:
    """The newest list of an earlier cutoff; None where there is none."""
    earlier = [past for past in past_lists(project) if past.cutoff < cutoff]
    return earlier[-1] if earlier else None


def since(shop: Shop, meta: Mapping[str, Any], scores: pd.DataFrame) -> tuple[Chapter, ...]:
    """What changed since the list before; nothing where there is none, or its files were changed.

    Parameters
    ----------
    shop
        The business, as its tables are today.
    meta
        What the manifest of the list that the book tells of says; it need not be published yet.
    scores
        Everybody it was chosen from: ``customer_id``, ``value_at_risk``.
    """
    currency, past = meta["currency"], list_before(shop.project, date.fromisoformat(meta["cutoff"]))
    if past is None or any(past.meta.get(what, meta[what]) != meta[what] for what in ("currency", "horizon")):
        return ()
    try:
        before = past.scores()
    except DataError as error:
        _log.warning("the book has no chapter about what changed: %s", error)
        return ()
    bridge = _bridge(shop, (past, PastList(Path(), dict(meta), {})), (before, scores))
    lines = (
        f"The list before is of {past.cutoff}. Customers who may be contacted, then and now, and their value at risk.",
    )
    table = _table(before, scores, currency)
    if bridge is None:
        return (Chapter("since", TITLE, lines, (table,)),)
    return (Chapter("since", TITLE, (*lines, *_lines(bridge)), (table,), (_chart(bridge, currency),), _points(bridge)),)


def _bridge(shop: Shop, lists: tuple[PastList, PastList], scores: tuple[pd.DataFrame, pd.DataFrame]) -> Bridge | None:
    """A book is not held up by a model that is gone."""
    try:
        return bridge_since(shop, lists, scores)
    except ModelRefused as error:
        _log.warning("the book does not tell what moved the value at risk: %s", error)
        return None


def _lines(bridge: Bridge) -> Iterator[str]:
    """Of how many customers the bars tell, and where to ask about one."""
    if bridge.compared < bridge.stayed:
        some = f"{bridge.compared:,} of the {bridge.stayed:,} who stayed"
        yield f"What moved those who stayed is estimated from {some}; all totals are exact."
    yield "hvc-ml explain --change tells of one customer, or of everybody in a table, why the value moved."


def _points(bridge: Bridge) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What the bars mean that something moved by."""
    means = tuple(f"{WORDS[name]}: {SAYS[name]}." for name in SAYS if bridge.amounts[name])
    return (("What moved those who stayed", means),) if means else ()


def _chart(bridge: Bridge, currency: str) -> Chart:
    title = "What moved the value at risk"
    figure = bridge_chart(bridge.steps, title=title, money=partial(money, currency=currency))
    return Chart(
        title, figure, "Each bar begins where the one above it ends: red adds to the risk, green takes from it."
    )


def _table(before: pd.DataFrame, now: pd.DataFrame, currency: str) -> Table:
    """Who left, stayed and came, with the money of both days; the lines add up to the last."""
    then_at, now_at = (f.set_index(CUSTOMER)["value_at_risk"] for f in (before, now))
    stayed = then_at.index.intersection(now_at.index)
    groups = {
        "left": (then_at.drop(stayed), now_at.head(0)),
        "stayed": (then_at.loc[stayed], now_at.loc[stayed]),
        "came": (then_at.head(0), now_at.drop(stayed)),
        "all": (then_at, now_at),
    }
    rows = []
    for name, (old, new) in groups.items():
        was, is_now = float(old.sum()), float(new.sum())
        plain = cells(name, f"{max(len(old), len(new)) if name != 'all' else len(new):,}")
        figures = cells(money(was, currency), money(is_now, currency), money(is_now - was, currency))
        rows.append(tuple(Cell(c.text, "strong" if name == "all" else "") for c in (*plain, *figures)))
    return Table("Value at risk, then and now", ("", "Customers", "Then", "Now", "Change"), tuple(rows))
