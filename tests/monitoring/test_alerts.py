"""An alarm names its figure, its limit and its causes; within the limits there is none."""

from dataclasses import replace

import pandas as pd
import pytest

from hvc_ml.explanation.formatting import money
from hvc_ml.monitoring.alerts import drift_alerts, money_alerts, promise_alerts, realised_alerts
from hvc_ml.monitoring.drift import HEADS
from hvc_ml.monitoring.gain import GainChange
from hvc_ml.monitoring.ledger import Entry, Realised
from hvc_ml.monitoring.settings import MonitorSettings

LIMITS = MonitorSettings()
CAME = Realised("everyone", 1000, 0.30, 0.01, 0.01, 0.80, 0.79, 0.77, 0.81, 0.15, 0.02, 0.80, 0.01, 1000.0, 0.1, 0.7)
ENTRY = Entry("l", "2026-01-01", "1", "a", "b", 9, 5, 1, 90.0, 500.0, 900.0, 0.3, 0.80, 0.15, 0.82, (), 0.5, CAME)


def euros(amount):
    return money(amount, "EUR")


def realised(**changed):
    entry = replace(ENTRY, realised=replace(CAME, **changed))
    return list(realised_alerts(entry, LIMITS, 0.8, euros))


def table(*rows):
    return pd.DataFrame([(n, p, 0.2, p > 0.2, 0.1, 1.0, 2.0, 0.0, m) for n, p, m in rows], columns=HEADS)


def test_what_keeps_its_promise_is_silent():
    assert realised() == []
    assert list(promise_alerts(ENTRY, LIMITS)) == []
    assert list(drift_alerts(table(("spend", 0.1, 0.0)), table(("churn_risk", 0.0, 0.0)))) == []
    assert list(money_alerts(None, LIMITS, euros)) == []


def test_money_that_fell_is_told_with_its_causes():
    change = GainChange(1000.0, 600.0, -100.0, -50.0, -270.0, 20.0, came=10, left=30)
    (alert,) = money_alerts(change, LIMITS, euros)
    assert alert.says == (
        "This list's expected gain is down 40%: 600 EUR after 1,000 EUR. Customers who came (10) or left (30) "
        "-100 EUR, those who rest -50 EUR, figures of the others -270 EUR, the model 20 EUR."
    )
    assert (alert.kind, alert.found, alert.limit) == ("money", -0.35, -0.3)
    assert list(money_alerts(replace(change, resting=-110.0), LIMITS, euros)) == []  # a list that was worked


def test_columns_that_moved_are_named_worst_first_and_not_all():
    rows = [(f"f{i}", 2.0 - i / 10, 0.2 if i == 1 else 0.0) for i in range(8)]
    (alert,) = drift_alerts(table(*rows, ("still", 0.1, 0.0)), table(("churn_risk", 0.1, 0.0)))
    assert alert.says.startswith("8 of 9 inputs have drifted: f0 (index 2.00, limit 0.20; median 1, now 2), f1 (index")
    assert "missing 20%, before 0%" in alert.says
    assert "f4" in alert.says
    assert "f5" not in alert.says
    assert "and 3 more. Look at how they are loaded" in alert.says
    (risks,) = drift_alerts(table(("still", 0.1, 0.0)), table(("churn_risk", 0.9, 0.0)))
    assert (risks.kind, risks.found) == ("risks", 0.9)


def test_risks_that_promise_less_than_was_tested_are_told_before_labels():
    (alert,) = promise_alerts(replace(ENTRY, expected_auc=0.7), LIMITS)
    assert alert.kind == "auc"
    assert "0.700" in alert.says
    assert "0.820" in alert.says
    assert list(promise_alerts(replace(ENTRY, tested_auc=None), LIMITS)) == []


@pytest.mark.parametrize(
    ("changed", "kind", "word"),
    [
        ({"auc": 0.7, "auc_high": 0.75}, "auc", "0.700"),
        ({"churn_gap": 0.08}, "calibration", "30.0% left, the risks said 38.0%"),
        ({"churn_gap": -0.08}, "calibration", "22.0%"),
        ({"coverage": 0.7}, "coverage", "70%"),
        ({"value_bias": 0.5}, "value", "1,000 EUR came, 1,500 EUR were forecast"),
        ({"value_bias": -0.5}, "value", " 500 EUR were forecast"),
    ],
)
def test_each_broken_promise_is_told_by_itself(changed, kind, word):
    (alert,) = realised(**changed)
    assert alert.kind == kind
    assert word in alert.says
    assert "2026-01-01" in alert.says


@pytest.mark.parametrize(
    "changed",
    [
        {"auc": 0.7, "auc_high": 0.82},
        {"churn_gap": 0.08, "churn_gap_error": 0.03},
        {"coverage": 0.7, "coverage_error": 0.04},
        {"coverage": 0.95},
        {"auc": None, "auc_high": None},
        {"value_bias": None},
    ],
)
def test_what_chance_may_explain_is_no_alarm(changed):
    assert realised(**changed) == []


def test_nothing_is_told_of_a_list_that_has_not_matured():
    assert list(realised_alerts(replace(ENTRY, realised=None), LIMITS, 0.8, euros)) == []
