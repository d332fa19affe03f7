"""What the book of a list is made of: the list's own files and manifest, and what the tables say of its customers."""

import logging
from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any, Final

import pandas as pd

from hvc_ml.errors import ConfigError, NotEnoughData
from hvc_ml.explanation.formatting import money
from hvc_ml.explanation.reasons import FAMILY_WORDS
from hvc_ml.report.book import SHOWN, Book
from hvc_ml.report.book_parts import Chapter, Chart
from hvc_ml.report.budget_chart import budget_chart
from hvc_ml.report.workbook import About
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.workflows.book_figures import figures_beside
from hvc_ml.workflows.book_people import people
from hvc_ml.workflows.book_quality import quality
from hvc_ml.workflows.book_since import since
from hvc_ml.workflows.book_slices import with_slices
from hvc_ml.workflows.book_watch import watch
from hvc_ml.workflows.profile import profiled
from hvc_ml.workflows.shop import Shop
from hvc_ml.workflows.spent import spent

_log = logging.getLogger(__name__)

BOOK: Final = "book.html"
WORDS: Final = {
    "customer": "Whoever has bought recently enough to be counted; others are dormant.",
    "cutoff": "The moment that is pretended to be now; what happened from it on is not known.",
    "horizon": "How far ahead the forecast looks, in days from the cutoff.",
    "high-value customer": "A customer among those who bring most of the money, by the rule of the config.",
    "holdout": "Customers of the list who are left alone on purpose, so that what contacting earns can be measured.",
    "playbook": "The actions the team can take, with their costs, limits and talking points.",
    "reason": "A family of figures that the money at risk is linked with in the model; a link, not a cause.",
    "peers": "The median of all customers of the day.",
}
_SUBSCRIBED: Final = {"customer": "Whoever has a contract that runs at the cutoff; others are dormant."}


def about_of(meta: Mapping[str, Any]) -> About:
    """What a list says about itself, from its manifest."""
    return About(
        meta["name"],
        meta["cutoff"],
        meta["model_version"],
        meta["currency"],
        meta["horizon"],
        dict(meta.get("facts", ())),
    )


def book_of(shop: Shop, meta: Mapping[str, Any], rows: pd.DataFrame, scores: pd.DataFrame) -> Book:
    """The book of a list.

    Parameters
    ----------
    shop
        The business, for what it knew at the list's cutoff.
    meta
        What the list's manifest says.
    rows
        The list, with the columns of ``LIST_COLUMNS``.
    scores
        The rows of ``scores.parquet``.
    """
    moment, currency = date.fromisoformat(meta["cutoff"]), meta["currency"]
    of_contracts = shop.project.config.labels.churn == "contract_end"
    with shop.stages.stage("book") as stage:
        listed = rows[CUSTOMER].head(SHOWN)
        low_high = meta.get("total_expected_gain_interval")
        stage.rows = len(listed)
        return Book(
            rows,
            about_of(meta),
            {action["name"]: tuple(action["says"]) for action in meta["playbook"]["actions"]},
            plans=_budgets(meta),
            chapters=(
                *since(shop, meta, scores),
                watch(shop, meta, rows, scores),
                *_people(shop, moment, scores),
                with_slices(
                    quality(meta.get("quality"), partial(money, currency=currency), currency), shop, meta, rows, scores
                ),
            ),
            scores=scores[scores[CUSTOMER].isin(set(listed))],
            history=spent(shop, moment, listed.tolist()),
            figures=figures_beside(shop, moment, listed.tolist()),
            families=FAMILY_WORDS,
            words=WORDS | (_SUBSCRIBED if of_contracts else {}),
            gain=None if low_high is None else (low_high[0], low_high[1]),
            leaving="the contract ends" if of_contracts else "no order",
        )


def _budgets(meta: Mapping[str, Any]) -> tuple[Chart, ...]:
    """What other budgets would earn; nothing where no row costs anything."""
    curve = meta.get("budget_curve")
    if not curve:
        return ()
    budgets, gains = zip(*curve, strict=True)
    figure = budget_chart(budgets, gains, budget=meta["list"]["budget"], currency=meta["currency"])
    says = "Expected gain of the best list for each budget, all other limits as they are: where it flattens, stop."
    return (Chart("What a budget earns", figure, says),)


def _people(shop: Shop, moment: date, scores: pd.DataFrame) -> tuple[Chapter, ...]:
    """The chapter from a profile; a list is not held up by a profile that cannot be made."""
    try:
        return (people(profiled(shop, moment, scores, brief=True)),)
    except (ConfigError, NotEnoughData) as error:
        _log.warning("the book has no chapter about high-value customers: %s", error)
        return ()
