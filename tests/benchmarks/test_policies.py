from datetime import date

import numpy as np
import pandas as pd
import pytest

from benchmarks.policies import by_gain, down
from hvc_ml.config import Config

DAY = date(2026, 1, 1)


def _config(**listed):
    actions = [
        {"name": "call", "contact_cost": 5.0, "save_rate_prior": [6, 14], "capacity": 3},
        {"name": "mail", "contact_cost": 0.5, "save_rate_prior": [2, 18]},
    ]
    return Config.model_validate(
        {
            "name": "shop",
            "source": {"kind": "files", "paths": {"orders": "orders.csv"}},
            "tables": {"orders": {"columns": {c: c for c in ("order_id", "customer_id", "ordered_at", "amount")}}},
            "playbook": {"actions": actions},
            "list": {"holdout": 0.0, **listed},
        }
    )


@pytest.fixture
def scores():
    """Forty customers; the riskier, the less they are worth."""
    risk = np.linspace(0.02, 0.98, 40)
    value = 200.0 * (1.0 - risk) + 5.0
    frame = pd.DataFrame({"customer_id": [f"c{i:02d}" for i in range(40)], "tier": "Gold", "churn_risk": risk})
    figures = ("future_value", "future_value_low", "future_value_high")
    return frame.assign(
        value_if_kept=value, value_at_risk=risk * value, spend_365d=value[::-1], **dict.fromkeys(figures, 1.0)
    )


def test_the_ranking_decides_who_and_the_playbook_with_what(scores):
    rows = down("churn_risk")(scores, frozenset(), _config(top=6), DAY)
    assert set(rows["customer_id"]) == set(scores["customer_id"].tail(6))
    assert set(down("spend_365d")(scores, frozenset(), _config(top=6), DAY)["customer_id"]) == set(rows["customer_id"])
    best = dict(zip(rows["customer_id"], rows["action"], strict=True))
    assert (best["c39"], best["c34"]) == ("mail", "call")  # a call costs more than c39 would bring


def test_an_action_that_is_used_up_is_followed_by_the_next(scores):
    rows = down("value_at_risk")(scores, frozenset(), _config(top=10), DAY)
    first = rows.sort_values("value_at_risk", ascending=False)["action"].tolist()
    assert first == ["call"] * 3 + ["mail"] * 7


def test_the_budget_is_not_spent_twice(scores):
    rows = down("value_at_risk")(scores, frozenset(), _config(budget=12.0), DAY)
    spent = rows["action"].map({"call": 5.0, "mail": 0.5}).sum()
    assert 11.5 <= spent <= 12.0


@pytest.mark.parametrize("policy", [by_gain, down("churn_risk")])
def test_who_rests_is_not_listed(scores, policy):
    asleep = frozenset(scores["customer_id"][::2])
    rows = policy(scores, asleep, _config(), DAY)
    assert len(rows) > 0
    assert not set(rows["customer_id"]) & asleep


def test_every_policy_leaves_a_tenth_alone(scores):
    rows = down("churn_risk")(scores, frozenset(), _config(holdout=0.1), DAY)
    assert len(rows) == len(scores)
    assert (rows["group"] == "holdout").sum() == 4


def test_the_order_of_the_rows_does_not_matter(scores):
    policy, config = down("tied"), _config(top=9)
    tied = scores.assign(tied=1.0)
    rows = [policy(frame, frozenset(), config, DAY) for frame in (tied, tied.sample(frac=1.0, random_state=3))]
    assert rows[0]["customer_id"].tolist() == rows[1]["customer_id"].tolist() == scores["customer_id"].head(9).tolist()
