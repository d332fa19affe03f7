"""Whom the team may contact, and what it has to know of them: objections, consent, rest, birthdays, owners."""

import difflib
from collections.abc import Sequence
from datetime import date
from typing import Final

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.config import Project
from hvc_ml.errors import ConfigError, UsageError
from hvc_ml.features.catalog import catalog
from hvc_ml.planning.birthdays import days_to_birthday
from hvc_ml.planning.candidates import Known
from hvc_ml.planning.cool_down import resting
from hvc_ml.planning.playbook import ListSettings, Playbook
from hvc_ml.planning.suppression import first_reasons, read_suppressed, says_yes
from hvc_ml.tables.schema import CUSTOMER, KNOWN_DAY
from hvc_ml.timeline.history import history
from hvc_ml.workflows.contacts import contacts
from hvc_ml.workflows.past_lists import past_lists
from hvc_ml.workflows.pseudonyms import names_of
from hvc_ml.workflows.scores import Scores
from hvc_ml.workflows.shop import Shop

_NOBODY: Final = pd.Series([], dtype=object)


def objections(project: Project) -> frozenset[str]:
    """Those who object, as they are known here.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    file = project.config.list.suppress
    return frozenset(map(names_of(project), read_suppressed(project.folder / file))) if file else frozenset()


def refuse_objecting(project: Project, customer: str) -> None:
    """Refuse to write of a customer, as known here, who objects.

    Raises
    ------
    UsageError
        Without the id.
    """
    if customer in objections(project):
        raise UsageError("the customer objects (list.suppress): nothing is written about them.")


def suppressed(shop: Shop, playbook: Playbook, settings: ListSettings, moment: date, customers: pd.Series) -> pd.Series:
    """Why each customer is not contacted; empty where nothing speaks against it.

    What a customer said of being contacted counts as it is known today, also for a cutoff in the past: a list is worked
    today. Complaints and contacts count as they were known at the cutoff.

    Parameters
    ----------
    shop
        The business.
    playbook, settings
        Cool-downs; consent and complaints.
    moment
        The cutoff.
    customers : Series of str
        Ids of those who are eligible.

    Returns
    -------
    Series of str
        One of `planning.suppression.REASONS` or empty, rows as in ``customers``.
    """
    found = {
        "objection": objections(shop.project),
        "no consent": _without_consent(shop, settings.consent, customers),
        "complaint": _complaining(shop, moment, settings.complaint_rest),
        "cool-down": _resting(shop, playbook, moment),
    }
    return first_reasons(customers, found)


def known_of(
    shop: Shop, playbook: Playbook, settings: ListSettings, moment: date, scores: Scores, effects: pd.DataFrame | None
) -> Known:
    """What the plan has to know of scored customers beside their scores; rows as the scores.

    Raises
    ------
    ConfigError
        If an action asks for a feature that no business has, or for a birthday in a column without dates.
    """
    _check_figures(shop, playbook)
    customers = scores.table[CUSTOMER]
    birthdays = sorted({a.birthday for a in playbook.actions if a.birthday is not None})
    asked = [*birthdays, *([settings.owner] if settings.owner else [])]
    attributes = _attributes(shop, asked, customers)
    return Known(
        scores.families,
        scores.figures({feature: None for a in playbook.actions for feature in a.where}),
        {name: _birthdays(shop, attributes[name], name, moment) for name in birthdays},
        attributes[settings.owner].astype("string").str.strip() if settings.owner else None,
        effects,
    )


def _without_consent(shop: Shop, column: str | None, customers: pd.Series) -> pd.Series:
    if column is None:
        return _NOBODY
    answers = _attributes(shop, [column], customers)[column]
    return customers[~says_yes(answers).to_numpy(dtype=np.bool_)]


def _complaining(shop: Shop, moment: date, days: int) -> pd.Series:
    kinds = shop.project.config.features.kinds.get("complaint", ())
    if shop.tables.events is None or not kinds or not days:
        return _NOBODY
    rows = history(shop.tables.events, moment, days).filter(nw.col("kind").is_in(list(kinds)))
    found: pd.Series = shop.engine.arrow(rows.select(CUSTOMER).unique())[CUSTOMER].to_pandas()
    return found


def _resting(shop: Shop, playbook: Playbook, moment: date) -> pd.Series:
    known = contacts(shop.project, shop)
    worked = set(known["list"]) - {""}
    drawn = [
        past.rows()[[CUSTOMER, "action"]].assign(since=pd.Timestamp(past.cutoff))
        for past in past_lists(shop.project)
        if past.name in worked
    ]
    single = known[known["list"] == ""].rename(columns={"touched_at": "since"})
    if moment == shop.now:  # contacts may be fresher than the newest order: today's list knows them all
        single = single.assign(since=np.minimum(single["since"], np.datetime64(moment)))
    touches = pd.concat([single[[CUSTOMER, "since", "action"]], *drawn], ignore_index=True)
    return resting(touches, {action.name: action.cool_down for action in playbook.actions}, moment)


def _attributes(shop: Shop, names: Sequence[str], customers: pd.Series) -> pd.DataFrame:
    """Attributes as they are known today, rows as in ``customers``; missing where a customer is not in the table."""
    table = shop.tables.customers
    if not names or table is None:
        return pd.DataFrame(index=customers.index, columns=list(names), dtype=object)
    order = [KNOWN_DAY] if KNOWN_DAY in table.collect_schema().names() else []
    rows: pd.DataFrame = shop.engine.arrow(table.select(CUSTOMER, *order, *names)).to_pandas()
    newest = rows.sort_values([CUSTOMER, *order], kind="stable").drop_duplicates(CUSTOMER, keep="last")
    return newest.set_index(CUSTOMER)[list(names)].reindex(customers.to_numpy()).set_axis(customers.index)


def _birthdays(shop: Shop, texts: pd.Series, name: str, moment: date) -> NDArray[np.float64]:
    mapping = shop.project.config.tables.customers
    days = days_to_birthday(texts, moment, mapping.date_format if mapping else None)
    if texts.notna().any() and np.isnan(days).all():
        raise ConfigError(
            f"tables.customers.columns.{name}: none of {int(texts.notna().sum()):,} values reads as a date. "
            "Expected such as 1980-05-17, or as tables.customers.date_format says."
        )
    return days


def _check_figures(shop: Shop, playbook: Playbook) -> None:
    """Refuse a feature that is in no catalog; one whose data this business lacks only lets the action sleep."""
    config = shop.project.config
    columns = config.tables.customers.columns if config.tables.customers else {}
    known = [f.name for f in catalog(config.features, config.labels.horizon, dict.fromkeys(columns, True))]
    for action in playbook.actions:
        for feature in action.where:
            if feature not in known:
                near = difflib.get_close_matches(feature, known, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ". `hvc-ml features` lists them."
                raise ConfigError(f"playbook: action {action.name!r}: no such feature: {feature!r}{hint}")
