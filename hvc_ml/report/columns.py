"""What each column of the retention list holds: one table that the writers, the workbook and the glossary read."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from hvc_ml.tables.schema import LIST_COLUMNS

Kind = Literal["count", "text", "risk", "money", "date", "number"]


@dataclass(frozen=True)
class ListColumn:
    """One column of the list.

    Parameters
    ----------
    kind
        What it holds.
    width
        Characters it needs in a workbook.
    says
        What it means, in one sentence.
    """

    kind: Kind
    width: int
    says: str


COLUMNS: Final[dict[str, ListColumn]] = {
    "rank": ListColumn("count", 7, "Place in the list: begin at 1."),
    "customer_id": ListColumn("text", 18, "The customer, as the source writes it."),
    "tier": ListColumn("text", 11, "The customer's tier by value over the last twelve months."),
    "churn_risk": ListColumn("risk", 11, "Probability of leaving within the horizon if nothing is done."),
    "value_if_kept": ListColumn("money", 14, "Money expected over the horizon, given that the customer stays."),
    "future_value": ListColumn("money", 14, "Money expected over the horizon, leaving included."),
    "future_value_low": ListColumn("money", 17, "Lower end of the interval of future value."),
    "future_value_high": ListColumn("money", 17, "Upper end of the interval of future value."),
    "value_at_risk": ListColumn("money", 14, "Churn risk times value if kept: what may be lost."),
    "action": ListColumn("text", 20, "What the playbook proposes."),
    "expected_gain": ListColumn("money", 15, "Expected profit of the action, after its costs."),
    "act_before": ListColumn("date", 12, "Day by which the contact should have happened."),
    "group": ListColumn("text", 10, "contact: work this row. holdout: leave alone, to measure what contacting does."),
    "reason_1": ListColumn("text", 58, "What the value at risk is linked with most (a link, not a cause)."),
    "reason_1_amount": ListColumn("money", 17, "Money at risk linked with reason 1 and its whole family."),
    "reason_2": ListColumn("text", 50, "Second such reason."),
    "reason_2_amount": ListColumn("money", 17, "Money at risk linked with reason 2."),
    "reason_3": ListColumn("text", 50, "Third such reason."),
    "reason_3_amount": ListColumn("money", 17, "Money at risk linked with reason 3."),
    "model_version": ListColumn("text", 14, "The model that made the forecast."),
    "cutoff": ListColumn("date", 12, "The list knows what happened before this day."),
    "owner": ListColumn("text", 18, "Who makes the contact."),
    "channel": ListColumn("text", 16, "How the customer is reached."),
    "talking_points": ListColumn("text", 60, "What to say, as the playbook has it."),
}

OUTCOMES: Final[dict[str, str]] = {
    "accepted": "They took the offer, or ordered.",
    "declined": "They heard it and said no.",
    "undecided": "They heard it and have not said yet.",
    "no answer": "They were tried and not reached; this counts as a contact.",
    "not contacted": "Nobody tried; this counts as left alone.",
}
"""What a team can choose from when it writes down what came of a row; ``campaign import`` takes other words as well."""

NOT_CONTACTED: Final = "not contacted"

_DECIMALS: Final[dict[Kind, int]] = {"risk": 6, "money": 2}


def as_listed(plan: pd.DataFrame) -> pd.DataFrame:
    """The list as every file shows it: the contract's columns, in order, rounded once.

    Parameters
    ----------
    plan : DataFrame
        At least the columns of ``LIST_COLUMNS``, sorted.

    Returns
    -------
    DataFrame
        Those columns: ranks as integers, texts as text (missing ones empty), money to the cent, risks to six decimals.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    if missing := [name for name in LIST_COLUMNS if name not in plan.columns]:
        raise ValueError(f"the list lacks the columns {', '.join(missing)}")
    return pd.DataFrame({name: _column(plan[name], COLUMNS[name].kind) for name in LIST_COLUMNS}).reset_index(drop=True)


def _column(series: pd.Series, kind: Kind) -> pd.Series:
    if kind == "count":
        return series.astype(np.int64)
    if kind in _DECIMALS:
        return series.astype(np.float64).round(_DECIMALS[kind]) + 0.0  # no minus zero
    texts = ["" if pd.isna(text) else str(text) for text in series.to_numpy(dtype=object)]
    return pd.Series(texts, index=series.index, dtype=object)
