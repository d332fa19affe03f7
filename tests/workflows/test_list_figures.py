"""Figures beside the list: the right customer's, in the order of the list, and parts that add up."""

import pandas as pd
import pytest

from hvc_ml.report.workbook_figures import MAX_ROWS
from hvc_ml.workflows.list_figures import KNOWN, list_figures

IDS = ["ann", "bob", "cyd"]
SCORES = pd.DataFrame(
    {
        "customer_id": IDS,
        "tier": ["Gold", "Mass", "Gold"],
        "churn_risk": [0.1, 0.2, 0.3],
        "value_if_kept": [10.0, 20.0, 30.0],
        "value_at_risk": [1.0, 4.0, 9.0],
        "base_amount": [0.5, 5.0, 6.0],
        "amount_rhythm": [0.5, -1.0, 2.0],
        "amount_of_its_own": [0.0, 0.0, 1.0],
        "churn_risk_30d": [0.05, 0.1, 0.2],
        "act_before_days": [1, 2, 3],
        "downgrade_risk": [0.0, 0.1, 0.2],
    }
)
FEATURES = pd.DataFrame({"customer_id": IDS, "spend_365d": [1.0, 2.0, 3.0], "gap_trend": [7.0, 8.0, 9.0]})


def listed(*ids):
    return pd.DataFrame({"rank": range(1, len(ids) + 1), "customer_id": ids})


def test_each_row_holds_its_own_customers_figures_in_the_order_of_the_list():
    found = list_figures(listed("cyd", "ann"), FEATURES, SCORES)
    assert found.rows["customer_id"].tolist() == ["cyd", "ann"]
    assert found.rows["spend_365d"].tolist() == [3.0, 1.0]
    assert found.rows["churn_risk_30d"].tolist() == [0.2, 0.05]


def test_the_last_column_is_the_sum_of_the_amounts_before_it():
    found = list_figures(listed(*IDS), FEATURES, SCORES)
    parts = [name for name in found.columns if name == "base_amount" or name.startswith("amount_")]
    assert list(found.columns)[-len(parts) - 1 :] == [*parts, "value_at_risk"]
    assert found.rows[parts].sum(axis=1).tolist() == pytest.approx(found.rows["value_at_risk"].tolist())


def test_only_what_the_business_has_and_the_list_does_not_show_is_a_column():
    found = list_figures(listed(*IDS), FEATURES, SCORES)
    assert set(found.columns) & set(KNOWN) == {"spend_365d"}
    assert not {"value_if_kept", "act_before_days", "gap_trend"} & set(found.columns)
    assert list(found.columns)[:3] == ["rank", "customer_id", "tier"]


def test_every_column_says_what_it_means():
    columns = list_figures(listed(*IDS), FEATURES, SCORES).columns
    assert all(column.says for column in columns.values())
    assert "30 days" in columns["churn_risk_30d"].says
    assert "the buying rhythm" in columns["amount_rhythm"].says
    assert "of_its_own" in columns["amount_of_its_own"].says


def test_a_long_list_has_figures_of_its_first_customers():
    ids = [f"c{i}" for i in range(MAX_ROWS + 1)]
    many = pd.concat([SCORES.head(1)] * len(ids), ignore_index=True).assign(customer_id=ids)
    assert len(list_figures(listed(*ids), many[["customer_id"]], many).rows) == MAX_ROWS
