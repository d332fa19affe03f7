"""What the workbook tells of each customer beside the list: plain figures, chances, and reasons in money."""

import re
from typing import Final

import pandas as pd

from hvc_ml.explanation.reasons import FAMILY_WORDS
from hvc_ml.report.columns import COLUMNS, ListColumn
from hvc_ml.report.workbook_figures import AMOUNT, MAX_ROWS, Figures
from hvc_ml.tables.schema import CUSTOMER

KNOWN: Final[dict[str, ListColumn]] = {
    "days_since_first_order": ListColumn("count", 12, "Days since the first order."),
    "days_since_last_order": ListColumn("count", 12, "Days since the last order."),
    "mean_gap_days": ListColumn("number", 11, "Usual days between two orders."),
    "overdue_ratio": ListColumn("number", 10, "Silence so far, in usual times between orders."),
    "orders_365d": ListColumn("count", 10, "Orders in the last 365 days."),
    "orders_lifetime": ListColumn("count", 10, "Orders so far."),
    "spend_90d": ListColumn("money", 13, "Spent in the last 90 days."),
    "spend_365d": ListColumn("money", 13, "Spent in the last 365 days."),
    "spend_lifetime": ListColumn("money", 13, "Spent so far."),
    "mean_order": ListColumn("money", 12, "Average order."),
    "discount_share": ListColumn("risk", 10, "Discounts as a share of the spend."),
    "contract_age_days": ListColumn("count", 12, "Days that the contract has run."),
    "contract_price": ListColumn("money", 12, "What the contract costs."),
}
"""Features that the sheet shows where the business has them, before what the model says."""

_CHANCES: Final = {
    "downgrade_risk": "Chance of falling to a lower tier.",
    "upgrade_chance": "Chance of rising to a higher tier.",
}
_STRETCH: Final = re.compile(r"churn_risk_(\d+)d")


def list_figures(rows: pd.DataFrame, features: pd.DataFrame, scores: pd.DataFrame) -> Figures:
    """Figures of the first customers of a list.

    Parameters
    ----------
    rows : DataFrame
        The list: ``rank``, ``customer_id``, in order.
    features : DataFrame
        ``customer_id`` and features; at least the customers of the list.
    scores : DataFrame
        The columns of ``scores.parquet``, for the same customers.

    Returns
    -------
    Figures
        ``rank``, ``customer_id``, ``tier``, plain figures, chances, then ``base_amount`` and one amount per family of
        reasons, which add up to ``value_at_risk``, the last column.
    """
    said = scores[[name for name in map(str, scores) if _about(name) is not None]]
    columns = _columns(features, said)
    listed = rows[["rank", CUSTOMER]].head(MAX_ROWS).reset_index(drop=True)
    known = features[[CUSTOMER, *(name for name in KNOWN if name in columns)]]
    found = listed.merge(known, "left", on=CUSTOMER, validate="1:1")
    found = found.merge(said.assign(**{CUSTOMER: scores[CUSTOMER]}), "left", on=CUSTOMER, validate="1:1")
    return Figures(found[list(columns)], columns)


def _columns(features: pd.DataFrame, said: pd.DataFrame) -> dict[str, ListColumn]:
    """The columns in order: who, what is known, what the model says, what it is made of, and the sum."""
    about = {name: column for name in map(str, said) if (column := _about(name)) is not None}
    parts = {n: c for n, c in about.items() if n == "base_amount" or n.startswith(AMOUNT)}
    chances = {n: c for n, c in about.items() if n not in {*parts, *COLUMNS}}
    known = {name: column for name, column in KNOWN.items() if name in features}
    who = {name: COLUMNS[name] for name in ("rank", CUSTOMER, "tier")}
    return {
        **who,
        **known,
        "churn_risk": COLUMNS["churn_risk"],
        **chances,
        **parts,
        "value_at_risk": COLUMNS["value_at_risk"],
    }


def _about(name: str) -> ListColumn | None:
    """What a column of the scores is; None for one that the list itself shows."""
    if name in {"tier", "churn_risk", "value_at_risk"}:
        return COLUMNS[name]
    if name == "base_amount":
        return ListColumn("money", 13, "Value at risk of a typical customer, before the reasons.")
    if name.startswith(AMOUNT):
        family = name.removeprefix(AMOUNT)
        return ListColumn("money", 13, f"Money at risk linked with {FAMILY_WORDS.get(family, family)}.")
    if stretch := _STRETCH.fullmatch(name):
        return ListColumn("risk", 11, f"Probability of leaving within {stretch[1]} days.")
    return ListColumn("risk", 11, _CHANCES[name]) if name in _CHANCES else None
