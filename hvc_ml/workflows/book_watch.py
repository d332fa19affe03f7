"""The book's chapter about the watch: what lists promised, what came true, and what has moved since."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import pandas as pd

from hvc_ml.errors import DataError
from hvc_ml.explanation.formatting import money, share
from hvc_ml.monitoring.alerts import gain_in_words
from hvc_ml.monitoring.gain import gain_change
from hvc_ml.monitoring.ledger import LEDGER, Entry, Ledger, Realised
from hvc_ml.report.book_parts import Cell, Chapter, Table
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.workflows.book_watch_charts import LEAST, forecast_risk, watch_charts
from hvc_ml.workflows.monitor_entries import promised
from hvc_ml.workflows.monitor_money import gains_of, list_before
from hvc_ml.workflows.past_lists import PastList
from hvc_ml.workflows.shop import Shop

_log = logging.getLogger(__name__)

TITLE: Final = "Is it still right?"
MOST: Final = 12
"""Lists that the table tells of."""
HEAD: Final = (
    "List of",
    "Expected gain",
    "Leave: forecast",
    "Leave: came",
    "Order (AUC): forecast",
    "Order (AUC): came",
    "Inside interval",
    "Beyond a limit",
)


def watch(shop: Shop, meta: Mapping[str, Any], rows: pd.DataFrame, scores: pd.DataFrame) -> Chapter:
    """Whether lists kept what they promised, as far as it is known.

    Parameters
    ----------
    shop
        The business; its ledger is what `hvc-ml monitor` has written so far.
    meta
        What the manifest of the list that the book tells of says; it need not be published yet.
    rows
        The list.
    scores
        Everybody it was chosen from.
    """
    entries = _entries(shop, meta, scores)
    newest = entries[-1]
    write = partial(money, currency=meta["currency"])
    if len(entries) < LEAST:
        return Chapter("watch", TITLE, (_first(shop, newest),), points=_points(newest))
    lines = (_gain(shop, meta, rows, scores, newest), _looked(newest), _came(shop, entries, write))
    return Chapter(
        "watch",
        TITLE,
        tuple(filter(None, lines)),
        (_table(entries[-MOST:], write),),
        tuple(watch_charts(entries, meta["currency"], shop.project.config.model.coverage)),
        _points(newest),
    )


def _entries(shop: Shop, meta: Mapping[str, Any], scores: pd.DataFrame) -> tuple[Entry, ...]:
    """The ledger up to this list, which is the last; a book is not held up by a ledger that is damaged."""
    own = promised(meta, scores)
    try:
        known = Ledger.read(shop.project.monitoring / LEDGER).by_day()
    except DataError as error:
        _log.warning("the book does not tell of earlier lists: %s", error)
        known = ()
    watched = [entry for entry in known if entry.cutoff == own.cutoff and _same(entry, own)]
    return (*(entry for entry in known if entry.cutoff < own.cutoff), watched[0] if watched else own)


def _same(entry: Entry, own: Entry) -> bool:
    """Whether an entry is of this list, whose name is not known while it is made."""
    told = ("model_sha256", "n_scored", "n_listed", "n_holdout", "expected_gain", "value_at_risk", "mean_risk")
    return all(getattr(entry, name) == getattr(own, name) for name in told)


def _first(shop: Shop, newest: Entry) -> str:
    ready = newest.day + timedelta(days=shop.project.config.labels.maturing)
    return (
        "The ledger of the watch holds no list before this one. Run hvc-ml monitor after every score: from the next "
        f"list on, this chapter holds it beside those before, and from {ready} on, this list's forecasts beside what "
        "came."
    )


def _gain(shop: Shop, meta: Mapping[str, Any], rows: pd.DataFrame, scores: pd.DataFrame, newest: Entry) -> str:
    """Why this list promises more or less than the one before it: as the watch told it, or as far as is known."""
    if newest.alerts is not None:
        return newest.gain_says
    this = PastList(Path(), dict(meta), {})
    before = list_before(shop.project, this)
    if before is None:
        return ""
    try:
        gains = gains_of(before.rows(), before.scores()), gains_of(rows, scores)
    except DataError as error:
        _log.warning("the book does not tell why expected gain moved: %s", error)
        return ""
    everyone = pd.Index(shop.panel(this.cutoff)[CUSTOMER].to_pandas())
    change = gain_change(*gains, eligible=everyone, under_old_model=None)
    says = gain_in_words(change, partial(money, currency=meta["currency"]))
    versions = [past.meta.get("model_version") for past in (before, this)]
    other = f" The figures hold the model's share, too: version {versions[1]} after {versions[0]}."
    return says + (other if before.meta.get("model_sha256") != meta.get("model_sha256") else "")


def _looked(newest: Entry) -> str:
    if newest.alerts is None:
        return (
            "The watch has not looked at this list yet. hvc-ml monitor tells whether its customers are still like "
            "those the model learned from; hvc-ml report then shows it here."
        )
    return "" if newest.alerts else "The watch looked at this list, and found nothing beyond its limit."


def _points(newest: Entry) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return (("What the watch found beyond its limit", newest.alerts),) if newest.alerts else ()


def _came(shop: Shop, entries: Sequence[Entry], write: Callable[[float], str]) -> str:
    """What became of the newest list whose horizon is over; or when the first one will be known."""
    known = [(entry, entry.realised) for entry in entries if entry.realised is not None]
    if not known:
        ready = entries[0].day + timedelta(days=shop.project.config.labels.maturing)
        return f"No list's horizon is over yet: what came of the list of {entries[0].cutoff} is known from {ready} on."
    entry, came = known[-1]
    whom = "" if came.counted == "everyone" else ", counted on those whom nobody contacted"
    forecast = came.churn_rate + came.churn_gap
    says = (
        f"The newest list whose horizon is over is that of {entry.cutoff} ({came.n:,} customers{whom}): "
        f"{_one(forecast)} were forecast to leave, {_one(came.churn_rate)} left"
    )
    if came.value_bias is None:
        return f"{says}."
    value = came.value * (1.0 + came.value_bias)
    return f"{says}; {write(value)} were forecast to come, {write(came.value)} came."


def _table(entries: Sequence[Entry], write: Callable[[float], str]) -> Table:
    says = (
        "The newest list first. Forecasts are what the list said on its day; what came is known once its horizon is "
        "over and settled. Order (AUC) is the chance that a leaver had a higher risk than a stayer: 0.5 is chance."
    )
    return Table("List by list", HEAD, tuple(_row(entry, write) for entry in reversed(entries)), says)


def _row(entry: Entry, write: Callable[[float], str]) -> tuple[Cell, ...]:
    came = entry.realised
    return (
        Cell(entry.cutoff),
        Cell(write(entry.expected_gain)),
        Cell(_one(forecast_risk(entry))),
        _known(came, lambda c: c.churn_rate, _one),
        Cell("" if entry.expected_auc is None else f"{entry.expected_auc:.3f}"),
        _known(came, lambda c: c.auc, "{:.3f}".format),
        _known(came, lambda c: c.coverage, share),
        _beyond(entry),
    )


def _beyond(entry: Entry) -> Cell:
    """How much the watch found; nothing where it looked before its words were kept."""
    if entry.alerts is None:
        return Cell("not looked" if entry.drifted is None else "", "faint")
    return Cell(f"{len(entry.alerts):,}", "bad" if entry.alerts else "good")


def _known(came: Realised | None, of: Callable[[Realised], float | None], write: Callable[[float], str]) -> Cell:
    """What came, or that it has not yet."""
    if came is None:
        return Cell("not yet", "faint")
    value = of(came)
    return Cell("too few", "faint") if value is None else Cell(write(value))


def _one(value: float) -> str:
    return f"{100 * value:.1f} %"
