import numpy as np
import pandas as pd
import pytest

from hvc_ml.planning.economics import expected_gain, expected_spending
from hvc_ml.planning.learned import Learned, SaveRate
from hvc_ml.planning.offers import offers
from hvc_ml.planning.playbook import Action, Playbook

CALL = Action(name="call", contact_cost=8.0)
VOUCHER = Action(name="voucher", contact_cost=0.5, offer_cost=10.0, take_up=0.6, save_rate_prior=(4, 16))
BOOK = Playbook(actions=(CALL, VOUCHER))


def people(n=50, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "churn_risk": rng.beta(2, 3, n),
            "value_if_kept": rng.lognormal(5, 1, n),
            "tier": rng.choice(["Priority", "Gold", "Mass"], n),
        }
    )


def rate(action, tier, alpha, beta):
    return SaveRate(action, tier, alpha=alpha, beta=beta, low=0.0, high=1.0)


def test_without_campaigns_the_playbook_s_beliefs_stand():
    frame = people()
    found = offers(frame, BOOK)
    risk, value = frame["churn_risk"].to_numpy(), frame["value_if_kept"].to_numpy()
    costs = {"save_rate": 0.2, "offer_cost": 10.0, "take_up": 0.6, "contact_cost": 0.5}
    assert found.gains[:, 1] == pytest.approx(expected_gain(risk, value, **costs), abs=0.005)
    assert found.spending[:, 1] == pytest.approx(expected_spending(risk, **costs))
    assert found.saved[:, 0] == pytest.approx(0.3 * risk)
    assert (found.alpha == [6.0, 4.0]).all()


def test_a_measured_save_rate_replaces_the_belief_for_its_tier_only():
    frame = people()
    measured = Learned("posterior", 1, (rate("call", "Gold", 50.0, 50.0),))
    found, before = offers(frame, BOOK, learned=measured), offers(frame, BOOK)
    gold = (frame["tier"] == "Gold").to_numpy()
    assert found.saved[gold, 0] == pytest.approx(0.5 * frame["churn_risk"][gold])
    assert found.gains[~gold] == pytest.approx(before.gains[~gold])
    assert found.gains[:, 1] == pytest.approx(before.gains[:, 1])
    assert (found.gains[gold, 0] > before.gains[gold, 0]).all()


def test_a_rate_of_every_tier_stands_where_a_tier_has_none():
    frame = people()
    measured = Learned("posterior", 1, (rate("call", None, 1.0, 9.0), rate("call", "Gold", 5.0, 5.0)))
    found = offers(frame, BOOK, learned=measured)
    expected = np.where(frame["tier"] == "Gold", 0.5, 0.1) * frame["churn_risk"]
    assert found.saved[:, 0] == pytest.approx(expected)


def test_an_uplift_that_equals_the_save_rate_changes_nothing():
    frame = people()
    learned = Learned("uplift", 1, uplift=("voucher",))
    effects = pd.DataFrame({"voucher": 0.2 * frame["churn_risk"]})
    found, before = offers(frame, BOOK, learned=learned, effects=effects), offers(frame, BOOK)
    assert found.gains == pytest.approx(before.gains, abs=0.011)
    assert found.spending == pytest.approx(before.spending)


def test_a_measured_uplift_takes_over_and_a_harmful_one_never_gains():
    frame = people()
    learned = Learned("uplift", 1, uplift=("call",))
    effects = pd.DataFrame({"call": np.where(np.arange(50) % 2, 0.1, -0.1)})
    found = offers(frame, BOOK, learned=learned, effects=effects)
    value = frame["value_if_kept"].to_numpy()
    assert found.gains[1::2, 0] == pytest.approx(0.1 * value[1::2] - 8.0, abs=0.005)
    assert (found.gains[::2, 0] < 0).all()


def test_where_an_uplift_is_unknown_or_not_asked_for_the_save_rate_stands():
    frame, before = people(), offers(people(), BOOK)
    learned = Learned("uplift", 1, uplift=("call", "fax", "voucher"))
    effects = pd.DataFrame({"call": np.full(50, np.nan)})
    assert offers(frame, BOOK, learned=learned, effects=effects).gains == pytest.approx(before.gains)
    assert offers(frame, BOOK, learned=learned).gains == pytest.approx(before.gains)
    unasked = offers(frame, BOOK, effects=pd.DataFrame({"call": np.full(50, 0.9)}))
    assert unasked.gains == pytest.approx(before.gains)


def test_nobody_has_no_offers():
    assert offers(people(0), BOOK).gains.shape == (0, 2)
