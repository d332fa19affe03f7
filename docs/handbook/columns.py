"""Columns: of the tables a business brings, of the retention list, and of the scores."""

from typing import Final

from docs.handbook.markdown import code, page, table
from hvc_ml.features.feature import FAMILIES
from hvc_ml.report.columns import COLUMNS, OUTCOMES
from hvc_ml.report.workbook_list import ANSWERS
from hvc_ml.tables.schema import LIST_COLUMNS, SCHEMAS, TableSchema

SCORES: Final[dict[str, str]] = {
    "customer_id, tier, churn_risk, value_if_kept, future_value, future_value_low, future_value_high, value_at_risk": (
        "As in the list."
    ),
    "base_amount": "Value at risk of a customer of whom nothing is known.",
    **{
        f"amount_{family}": f"Money at risk linked with the customer's {family}."
        if family != "rhythm"
        else "Money at risk linked with the customer's buying rhythm, the prior included."
        for family in FAMILIES
    },
    "churn_risk_30d, churn_risk_60d, churn_risk_90d, churn_risk_180d": (
        "Probability of leaving within so many days, as far as they lie within the horizon. Where leaving means no "
        "order, it falls to the churn risk: whoever has ordered has not left."
    ),
    "act_before_days": (
        "Days from the cutoff by which half of those who come back on their own have come; with contracts, by which "
        "half of those who leave have left."
    ),
    "downgrade_risk": "Chance of being a customer in a lower tier at the end of the horizon.",
    "upgrade_chance": "Chance of having come into the best tier at the end of the horizon.",
}
"""Columns of ``scores.parquet`` -> what they hold; names that say the same stand together."""

KINDS: Final = {
    "id": "text",
    "text": "text",
    "time": "a date or a moment",
    "money": "money of the orders' currency",
    "number": "a number",
}


def columns_page() -> str:
    """What goes in, and what comes out."""
    tables = [f"### {name}\n\n{_schema(schema)}" for name, schema in SCHEMAS.items()]
    listed = table(("column", "holds", "means"), [(code(n), COLUMNS[n].kind, COLUMNS[n].says) for n in LIST_COLUMNS])
    scores = table(("column", "means"), [(_codes(names), says) for names, says in SCORES.items()])
    return page(
        "Columns",
        "## Tables you bring\n\nOnly `orders` is required. [Your own data](../how-to/your-data.md) tells how your "
        "columns become these.",
        *tables,
        "## The retention list\n\n`retention_list.csv`, `.parquet` and `.xlsx`, sorted by `expected_gain`, the largest "
        "first, ties by `customer_id`. Money has the orders' currency.",
        listed,
        "The workbook has two more for the team to fill in, which `campaign import` reads back:",
        table(("column", "holds", "means"), [(code(n), c.kind, c.says) for n, c in ANSWERS.items()]),
        f"Outcomes to choose from: {_outcomes()}",
        "## Scores\n\n`scores.parquet`: every eligible customer. In each row `base_amount` and the `amount_` columns "
        "add up to `value_at_risk`, to the cent; a family without data has no column.",
        scores,
    )


def _schema(schema: TableSchema) -> str:
    rows = [(code(c.name), KINDS[c.kind], "required" if c.required else "") for c in schema.columns]
    more = [("any other", "text, a number or a date: an attribute of the customer", "")] if schema.open else []
    return table(("column", "holds", ""), [*rows, *more])


def _outcomes() -> str:
    return " ".join(f"{code(word)}: {says}" for word, says in OUTCOMES.items())


def _codes(names: str) -> str:
    return ", ".join(code(name) for name in names.split(", "))
