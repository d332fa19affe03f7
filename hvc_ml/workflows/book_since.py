"""The book's chapter about what changed since the list before: who came, who left, and what is at risk now."""

import logging
from datetime import date

import pandas as pd

from hvc_ml.config import Project
from hvc_ml.errors import DataError
from hvc_ml.explanation.formatting import money
from hvc_ml.report.book_parts import Cell, Chapter, Table, cells
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.workflows.past_lists import PastList, past_lists

_log = logging.getLogger(__name__)


def list_before(project: Project, cutoff: date) -> PastList | None:
    """The newest list of an earlier cutoff; None where there is none."""
    earlier = [past for past in past_lists(project) if past.cutoff < cutoff]
    return earlier[-1] if earlier else None


def since(project: Project, cutoff: date, scores: pd.DataFrame, currency: str) -> tuple[Chapter, ...]:
    """What changed since the list before; nothing where there is none, or its files were changed.

    Parameters
    ----------
    cutoff
        Of the list that the book tells of.
    scores
        Everybody it was chosen from: ``customer_id``, ``value_at_risk``.
    currency
        ISO 4217 code.
    """
    past = list_before(project, cutoff)
    if past is None or past.meta.get("currency", currency) != currency:
        return ()
    try:
        before = past.scores()
    except DataError as error:
        _log.warning("the book has no chapter about what changed: %s", error)
        return ()
    lines = (
        f"The list before is of {past.cutoff}. Customers who may be contacted, then and now, and their value at risk.",
        "hvc-ml explain --change tells for each of them why it moved.",
    )
    return (Chapter("since", "What changed since the list before", lines, (_table(before, scores, currency),)),)


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
