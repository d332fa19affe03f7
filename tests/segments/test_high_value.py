import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.segments.high_value import high_value
from hvc_ml.segments.settings import HighValueRule, TierRule
from hvc_ml.segments.tiers import assign_tiers

MONEY = st.lists(st.integers(-20, 500).map(float), max_size=50)


def chosen(values, **rule):
    ids = pd.Series([f"c{i:03d}" for i in range(len(values))], dtype=str)
    return high_value(pd.Series(values, dtype=float), ids, HighValueRule(**rule))


@given(MONEY)
def test_the_rule_of_80_percent_is_that_of_tiers(values):
    ids = pd.Series([f"c{i:03d}" for i in range(len(values))], dtype=str)
    rules = (TierRule(name="High", share=0.8), TierRule(name="Rest", share=1.0))
    tier = assign_tiers(pd.Series(values, dtype=float), ids, rules)
    assert chosen(values).tolist() == [t == "High" and v > 0 for t, v in zip(tier, values, strict=True)]


@given(MONEY, st.sampled_from([0.01, 0.2, 0.5, 1.0]))
def test_the_best_share_of_customers_are_so_many_and_the_best(values, share):
    found = chosen(values, rule="customer_share", at=share)
    positive = [v for v in values if v > 0]
    wanted = -(-len(values) * round(100 * share) // 100)
    assert found.sum() == min(wanted, len(positive))
    assert (
        sorted(v for v, yes in zip(values, found, strict=True) if yes)
        == sorted(positive)[len(positive) - found.sum() :]
    )


@given(MONEY, st.integers(1, 400))
def test_a_threshold_takes_who_reaches_it(values, at):
    assert chosen(values, rule="threshold", at=at).tolist() == [v >= at for v in values]


@pytest.mark.parametrize("rule", [{}, {"rule": "customer_share", "at": 1.0}, {"rule": "threshold", "at": 0.01}])
def test_who_brings_nothing_is_never_high_value(rule):
    assert not chosen([0.0, -5.0, float("nan")], **rule).any()


def test_ties_go_by_id_whatever_the_order_of_rows():
    value, ids = pd.Series([1.0, 1.0, 1.0]), pd.Series(["c", "a", "b"])
    assert high_value(value, ids, HighValueRule(rule="customer_share", at=0.5)).tolist() == [False, True, True]
