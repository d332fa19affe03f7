import numpy as np
import pandas as pd

from hvc_ml.campaigns.groups import four_groups
from hvc_ml.campaigns.measure import effect


def money(amount):
    return f"{amount:.0f} EUR"


def group(listed, contacted, n, risk, churn, forecast=10.0, value=9.0):
    left = np.arange(n) < round(n * churn)
    return pd.DataFrame(
        {
            "listed": listed,
            "contacted": contacted,
            "churn_risk": risk,
            "churned": left.astype(int),
            "forecast": forecast,
            "future_value": value,
        }
    )


def told(*groups, kept=None):
    return four_groups(pd.concat(groups, ignore_index=True), kept, money)


def test_every_customer_stands_in_one_group():
    found = told(group(True, True, 90, 0.5, 0.3), group(True, False, 10, 0.5, 0.5), group(False, False, 50, 0.1, 0.1))
    assert [(g.listed, g.contacted, g.n) for g in found] == [
        (True, True, 90),
        (True, False, 10),
        (False, True, 0),
        (False, False, 50),
    ]


def test_the_model_is_judged_by_those_left_alone():
    holds = told(group(True, False, 100, 0.5, 0.52))[1]
    assert "the model's risks hold" in holds.says
    assert "brought 9 EUR" in holds.says
    assert "said too little" in told(group(True, False, 100, 0.5, 0.8))[1].says
    assert "said too much" in told(group(False, False, 100, 0.5, 0.2))[3].says


def test_luck_is_the_binomial_one():
    found = told(group(True, False, 100, 0.5, 0.52))[1]
    assert abs(found.chance - 1.96 * 0.05) < 1e-9


def test_the_offer_is_judged_by_what_contact_changed_and_not_by_the_model():
    stayed, drawn = np.r_[np.ones(400), np.zeros(100), np.ones(50), np.zeros(50)], np.arange(600) < 500
    kept = effect(stayed, drawn, np.empty((600, 0)))
    bad_model = group(True, True, 500, 0.9, 0.2)
    assert "the offer works" in told(bad_model, kept=kept)[0].says
    assert "contact does harm" in told(bad_model, kept=effect(1 - stayed, drawn, np.empty((600, 0))))[0].says
    assert (
        "no effect is shown yet" in told(bad_model, kept=effect(np.arange(600) % 2, drawn, np.empty((600, 0))))[0].says
    )
    assert "too few were held out" in told(bad_model)[0].says


def test_contacts_outside_the_list_are_not_taken_for_an_experiment():
    assert "Nobody drew lots" in told(group(False, True, 10, 0.2, 0.1))[2].says


def test_empty_groups_say_so_and_are_null_in_json():
    found = four_groups(group(True, True, 0, 0.5, 0.0), None, money)
    assert all(g.n == 0 for g in found)
    assert found[0].says.startswith("Nobody on the list was to be contacted")
    assert found[1].says.startswith("Nobody on the list was left alone")
    assert found[2].says == "Nobody was contacted outside the list."
    assert found[0].as_json()["churn"] is None
