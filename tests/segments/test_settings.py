import pytest
from pydantic import ValidationError

from hvc_ml.segments.settings import HighValueRule, ProfileSettings


@pytest.mark.parametrize(
    "wrong",
    [
        {"at": 0},
        {"at": 1.5},
        {"rule": "customer_share", "at": 20},
        {"rule": "threshold", "at": float("inf")},
        {"rule": "median"},
        {"by": "mood"},
    ],
)
def test_a_rule_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValidationError):
        HighValueRule(**wrong)


@pytest.mark.parametrize("wrong", [{"tier_margin": 0.5}, {"tier_margin": -0.1}, {"serve": {"ticket": -1}}, {"ref": 1}])
def test_a_profile_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValidationError):
        ProfileSettings(**wrong)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({}, "those who together bring 80 % of the money of 12 months"),
        (
            {"rule": "customer_share", "at": 0.05, "by": "net"},
            "the best 5 % of customers by the net value of 12 months",
        ),
        ({"rule": "threshold", "at": 1000, "by": "predicted"}, "those with at least 1,000 of predicted future value"),
    ],
)
def test_a_rule_is_told_in_words(rule, says):
    assert HighValueRule(**rule).says == says
