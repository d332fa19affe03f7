import numpy as np
import pytest

from hvc_ml.errors import ModelRefused
from hvc_ml.estimators.baselines import baselines

from .conftest import HORIZON


def captured(value, said):
    top = np.argsort(-said.to_numpy(), kind="stable")[: len(said) // 5]
    return value.to_numpy()[top].sum() / value.sum()


def test_every_baseline_orders_every_customer(shop):
    fit, _, test, _ = shop
    panel = baselines(test, fit, HORIZON)
    assert list(panel) == [
        "past_spend",
        "lifetime_spend",
        "spend_if_active",
        "recency",
        "frequency",
        "rfm",
        "bg_nbd_gamma_gamma",
        "bg_nbd_own_mean",
        "perfect_foresight",
    ]
    for said in panel.values():
        assert said.index.equals(test.index)
        assert np.isfinite(said.to_numpy()).all()


def test_nothing_beats_perfect_foresight_and_rules_beat_chance(shop):
    fit, _, test, _ = shop
    panel = baselines(test, fit, HORIZON)
    shares = {name: captured(test["future_value"], said["value"]) for name, said in panel.items()}
    assert max(shares.values()) == shares["perfect_foresight"]
    assert min(shares.values()) > 0.2
    assert shares["bg_nbd_gamma_gamma"] > shares["recency"]


def test_who_was_silent_for_a_horizon_has_no_spend_if_active(shop):
    _, _, test, _ = shop
    said = baselines(test, None, HORIZON)["spend_if_active"]
    silent = test["days_since_last_order"] > HORIZON
    assert silent.any()
    assert (said["value"][silent] == 0).all()
    assert (said["churn_risk_order"][silent] == 1).all()


def test_a_customer_without_an_order_yet_is_the_quietest_and_brings_nothing(shop):
    fit, _, test, _ = shop
    new = test.reset_index(drop=True).copy()
    orders = ["days_since_last_order", "purchase_days", "spend_lifetime", f"spend_{HORIZON}d"]
    new.loc[0, orders] = np.nan
    panel = baselines(new, fit, HORIZON)
    for name in set(panel) - {"perfect_foresight"}:
        assert np.isfinite(panel[name].to_numpy()).all(), name
    assert panel["recency"]["churn_risk_order"].idxmax() == 0
    assert panel["spend_if_active"].loc[0].tolist() == [1.0, 0.0]
    alone = baselines(new.head(1), None, HORIZON)
    assert np.isfinite(alone["recency"].to_numpy()).all()


def test_rfm_cells_learn_from_the_rows_to_fit_and_rank_without_them(shop):
    fit, _, test, _ = shop
    learned = baselines(test, fit, HORIZON)["rfm"]
    ranked = baselines(test, None, HORIZON)["rfm"]
    assert learned["value"].nunique() <= 125
    assert set(ranked["value"]) <= set(np.arange(13.0))
    assert np.corrcoef(learned["value"], ranked["value"])[0, 1] > 0.5


def test_without_labels_there_is_no_foresight_and_without_spend_no_panel(shop):
    _, _, test, _ = shop
    assert "perfect_foresight" not in baselines(test.drop(columns=["churned"]), None, HORIZON)
    with pytest.raises(ModelRefused, match="spend_60d"):
        baselines(test.drop(columns=["spend_60d"]), None, HORIZON)
