import numpy as np
import pytest

from benchmarks.hillstrom import (
    ARMS,
    CLAIMS,
    COSTS,
    PUBLISHED,
    adjusted_effect,
    choices,
    claims,
    effects,
    learned,
    plain_effect,
    policies,
    qinis,
    read,
    responses,
)
from hvc_ml.estimators.expected import UpliftPlan

QUICK = UpliftPlan(folds=2, rounds=20, threads=1)


@pytest.fixture(scope="module")
def mailing(shared_data):
    return read(shared_data / "hillstrom" / "hillstrom.csv")


@pytest.fixture(scope="module")
def few(mailing):
    """Every eighth customer, and what is learned of their visits: by uplift, and by response."""
    some = mailing.some(np.arange(len(mailing.arm)) % 8 == 0)
    return some, learned(some, "visit", QUICK), responses(some, "visit", QUICK)


def test_means_and_effects_of_the_arms_are_the_published_ones(mailing):
    assert len(mailing.arm) == 64_000
    for outcome, published in PUBLISHED.items():
        y = mailing.outcomes[outcome].to_numpy()
        for arm, mean in enumerate(published):
            assert y[mailing.arm == arm].mean() == pytest.approx(mean, abs=0.00005)
            found = plain_effect(mailing, y, arm)
            assert found.mid == pytest.approx(mean - published[0], abs=0.0001)
            assert arm == 0 or found.low > 0


def test_the_adjusted_effect_is_the_plain_one_but_for_luck(few):
    some, said, _ = few
    for arm in (1, 2):
        plain, adjusted = plain_effect(some, some.outcomes["visit"].to_numpy(), arm), adjusted_effect(said, arm)
        assert adjusted.mid == pytest.approx(plain.mid, abs=plain.error)
        assert adjusted.error < plain.error


def test_dear_e_mails_go_to_fewer_and_the_response_model_sends_as_many(few):
    _, said, response = few
    free, dear = (choices(said, response, cost) for cost in (0.0, 0.1))
    assert (dear["uplift"] > 0).mean() < (free["uplift"] > 0).mean()
    assert (dear["response model"] > 0).sum() == (dear["uplift"] > 0).sum()


def test_each_table_has_a_row_for_everything(few):
    some, said, response = few
    rows = list(policies(said, response, "visit"))
    assert len(rows) == 5 * len(COSTS["visit"])
    assert [row[2] for row in rows[:3]] == ["uplift", "nobody", "men's to all"]
    both = dict.fromkeys(PUBLISHED, said)
    assert [row[1] for row in qinis(both, dict.fromkeys(PUBLISHED, response))] == [*ARMS[1:]] * 2
    assert len(list(effects(some, both))) == 6


def test_treatments_dealt_out_anew_are_the_same_treatments_and_have_no_effect(few):
    some, _, _ = few
    dealt = some.shuffled(0)
    assert sorted(dealt.arm) == sorted(some.arm)
    assert (dealt.arm != some.arm).any()
    assert claims(dealt, "visit", QUICK) == (False,) * len(CLAIMS)
