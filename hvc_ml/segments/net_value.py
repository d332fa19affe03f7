"""What a customer is worth over 12 months, part by part: from the list price to what is left after serving."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from hvc_ml.features.algebra import Aggregate, Is, count, total
from hvc_ml.features.feature import Feature
from hvc_ml.segments.settings import ProfileSettings
from hvc_ml.segments.standing import VALUE
from hvc_ml.tables.load import Tables
from hvc_ml.tables.schema import CUSTOMER

YEAR: Final = 365
NET: Final = "net_value"
SPENT: Final = frozenset({CUSTOMER, "spend", "list_price", "discounts", NET})
"""Parts that make the net value nothing but what was spent."""

_SERVED: Final = "events_"


@dataclass(frozen=True)
class ValueRule:
    """How the parts are reckoned.

    Parameters
    ----------
    settings
        What events cost and referrals bring.
    margin
        Share of the amount that is earned.
    referrals
        Kinds of events that are referrals.
    """

    settings: ProfileSettings
    margin: float = 1.0
    referrals: tuple[str, ...] = ()


def value_features(tables: Tables, rule: ValueRule) -> tuple[Feature, ...]:
    """What has to be counted for the parts, as far as the business has the columns."""
    found = _counted(tables, rule)
    return tuple(Feature(name, value, "{value:number}", "spending", "number", empty=0.0) for name, value in found)


def net_value(figures: pd.DataFrame, rule: ValueRule) -> pd.DataFrame:
    """The parts of each customer's value of 12 months; they add up to ``net_value``.

    Parameters
    ----------
    figures
        ``customer_id``, ``spend_365d`` and the columns of `value_features`, one row per customer.
    rule
        How the parts are reckoned.

    Returns
    -------
    DataFrame
        ``customer_id``, then in money: ``list_price`` and ``discounts`` (where discounts are known: together the
        spend; else ``spend``), ``not_earned`` (``-(1 - margin) x spend``, where the margin is not 1), ``goods`` (where
        costs are known), ``service_<kind>``, ``referrals``, and ``net_value``. Costs are negative.

    Examples
    --------
    >>> rule = ValueRule(ProfileSettings(serve={"ticket": 6.0}), margin=0.5)
    >>> figures = pd.DataFrame({"customer_id": ["a"], "spend_365d": [90.0], "discount_365d": [10.0],
    ...                         "events_ticket": [2.0]})
    >>> net_value(figures, rule).iloc[0].to_dict()
    {'customer_id': 'a', 'list_price': 100.0, 'discounts': -10.0, 'not_earned': -45.0, 'service_ticket': -12.0,
     'net_value': 33.0}
    """
    parts = pd.DataFrame(dict(_parts(figures, rule)), index=figures.index)
    return pd.concat([figures[[CUSTOMER]], parts + 0.0], axis=1).assign(**{NET: parts.sum(axis=1)})


def summed(parts: pd.DataFrame, groups: Sequence[tuple[str, pd.Series]]) -> pd.DataFrame:
    """The parts of several groups of customers, in money, and how many of each cost more than they bring.

    Parameters
    ----------
    parts
        As `net_value` gives them.
    groups
        Name, and who belongs to it (with the index of ``parts``).
    """
    rows = []
    for name, inside in groups:
        own = parts.loc[inside].drop(columns=CUSTOMER)
        counts = {"customers": len(own), "below_zero": int((own[NET] < 0).sum())}
        sums = {str(part): round(float(own[part].sum()), 2) + 0.0 for part in own}
        rows.append({"group": name, **counts, **sums})
    return pd.DataFrame(rows)


def _counted(tables: Tables, rule: ValueRule) -> Iterator[tuple[str, Aggregate]]:
    orders = tables.orders.collect_schema().names()
    if "discount" in orders:
        yield "discount_365d", total("discount", "purchases", within=YEAR)
    if "cost" in orders:
        yield "cost_365d", total("cost", within=YEAR)
    if tables.events is None:
        return
    for kind in sorted(rule.settings.serve):
        yield f"{_SERVED}{kind}", count("events", Is("kind", "in", (kind,)), within=YEAR)
    if rule.settings.referral and rule.referrals:
        yield "referrals_365d", count("events", Is("kind", "in", rule.referrals), within=YEAR)


def _parts(figures: pd.DataFrame, rule: ValueRule) -> Iterator[tuple[str, pd.Series]]:
    spend = figures[VALUE].fillna(0.0)
    if "discount_365d" in figures:
        yield "list_price", spend + figures["discount_365d"]
        yield "discounts", -figures["discount_365d"]
    else:
        yield "spend", spend
    if rule.margin != 1.0:
        yield "not_earned", -(1.0 - rule.margin) * spend
    if "cost_365d" in figures:
        yield "goods", -figures["cost_365d"]
    for kind, cost in sorted(rule.settings.serve.items()):
        if f"{_SERVED}{kind}" in figures:
            yield f"service_{kind}", -cost * figures[f"{_SERVED}{kind}"]
    if "referrals_365d" in figures and rule.settings.referral:
        yield "referrals", rule.settings.referral * figures["referrals_365d"]
