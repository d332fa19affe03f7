import numpy as np
import pandas as pd
import pytest

from hvc_ml.campaigns.measure import effect
from hvc_ml.campaigns.outcomes import CONTACT, Costs, outcomes

CALL = Costs(contact=7.0, offer=10.0, take_up=0.4)


def listed(groups, action="call"):
    n = len(groups)
    return pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(n)],
            "tier": "Gold",
            "action": action,
            "group": groups,
            "churn_risk": 0.5,
            "value_if_kept": 90.0,
            "future_value": 45.0,
        }
    )


def labels(churned, money):
    ids = [f"c{i}" for i in range(len(churned))]
    return pd.DataFrame({"customer_id": ids, "churned": churned, "future_value": money}).iloc[::-1]


def test_the_difference_of_net_is_money_less_contacts_and_offers_taken():
    groups = ["contact"] * 40 + ["holdout"] * 40
    churned = [0] * 30 + [1] * 10 + [0] * 20 + [1] * 20
    money = [50.0 * (1 - c) for c in churned]
    rows = outcomes(listed(groups), labels(churned, money), [f"c{i}" for i in range(40)], {"call": CALL})
    seen = effect(rows["net"], rows["group"] == CONTACT, np.empty((80, 0)))
    # of 40 contacted 30 stayed, 20 of them anyway: those cost 0.4 offers each, the 10 who were kept a whole one
    expected = (10 * 50.0 - 40 * 7.0 - 20 * 0.4 * 10.0 - 10 * 10.0) / 40
    assert seen.estimate == pytest.approx(expected)


def test_a_holdout_customer_who_was_contacted_stays_in_the_holdout_and_pays():
    rows = outcomes(listed(["holdout", "contact"]), labels([0, 0], [50.0, 50.0]), {"c0"}, {"call": CALL})
    assert rows["group"].tolist() == ["holdout", "contact"]
    assert rows["contacted"].tolist() == [True, False]
    assert rows["net"].tolist() == [50.0 - 7.0 - 4.0 - 6.0, 50.0 - 6.0]


def test_what_was_said_and_what_came_are_two_columns():
    rows = outcomes(listed(["contact"]), labels([1], [-3.0]), set(), {})
    found = rows[["forecast", "future_value", "stayed", "churned"]].to_numpy().tolist()
    assert found == [[45.0, -3.0, 0.0, 1.0]]


def test_an_action_without_costs_costs_nothing():
    rows = outcomes(listed(["contact"], action="smile"), labels([0], [20.0]), {"c0"}, {"call": CALL})
    assert rows["net"].tolist() == [20.0]


def test_customers_without_a_label_or_twice_on_the_list_are_refused():
    with pytest.raises(ValueError, match="1 listed customers have no label"):
        outcomes(listed(["contact", "contact"]), labels([0], [1.0]), set(), {})
    twice = pd.concat([listed(["contact"])] * 2)
    with pytest.raises(ValueError, match="twice"):
        outcomes(twice, labels([0], [1.0]), set(), {})
