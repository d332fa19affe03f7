import numpy as np
import pandas as pd
import pytest

from hvc_ml.planning.allocation import allocate
from hvc_ml.planning.outlook import budget_curve, gain_interval, spread_of
from hvc_ml.planning.prices import Limits, usage


def listed(n=400, seed=1):
    rng = np.random.default_rng(seed)
    action = rng.integers(0, 2, n)
    risk = rng.beta(2, 3, n)
    alpha, beta = np.array([6.0, 30.0])[action], np.array([14.0, 70.0])[action]
    return pd.DataFrame(
        {
            "action": np.array(["call", "voucher"])[action],
            "churn_risk": risk,
            "value_if_kept": rng.lognormal(5, 0.7, n),
            "saved": risk * alpha / (alpha + beta),
            "offer_cost": np.array([0.0, 12.0])[action],
            "take_up": np.array([0.0, 0.5])[action],
            "contact_cost": np.array([8.0, 0.5])[action],
            "alpha": alpha,
            "beta": beta,
            "spread": 40.0,
        }
    )


def expected(rows):
    stay = (1 - rows["churn_risk"]) * rows["take_up"] * rows["offer_cost"]
    return (rows["saved"] * (rows["value_if_kept"] - rows["offer_cost"]) - stay - rows["contact_cost"]).sum()


def simulated(rows, shock, runs, seed):
    """Totals of campaigns played customer by customer: the same world, told in another way."""
    rng, n = np.random.default_rng(seed), len(rows)
    money, kept, offer, contact, take_up, spread, risk = (
        rows[name].to_numpy()
        for name in ("value_if_kept", "action", "offer_cost", "contact_cost", "take_up", "spread", "churn_risk")
    )
    beliefs = rows.groupby("action")[["alpha", "beta"]].first()
    rates = {a: rng.beta(b["alpha"], b["beta"], (runs, 1)) for a, b in beliefs.iterrows()}
    rate = np.where(kept == "call", rates["call"], rates["voucher"])
    swing = np.exp(shock * rng.standard_normal((runs, 1)) - shock**2 / 2)
    leaves = rng.random((runs, n)) < risk
    saved = leaves & (rng.random((runs, n)) < rate)
    takes = ~leaves & (rng.random((runs, n)) < take_up)
    spent = swing * money + spread * rng.standard_normal((runs, n))
    return (saved * (spent - offer) - takes * offer - contact).sum(axis=1)


@pytest.mark.parametrize("shock", [0.0, 0.2])
def test_of_campaigns_played_out_eight_in_ten_end_within_the_interval(shock):
    rows = listed()
    low, high = gain_interval(rows, shock=shock)
    totals = simulated(rows, shock, 3_000, seed=5)
    assert np.mean((totals >= low) & (totals <= high)) == pytest.approx(0.8, abs=0.035)
    assert low < expected(rows) < high


def width(rows, **options):
    low, high = gain_interval(rows, **options)
    return (high - low) / expected(rows)


def test_luck_averages_out_but_what_all_customers_share_does_not():
    rows = listed(200)
    many = pd.concat([rows] * 100, ignore_index=True)
    sure, surer = (frame.assign(alpha=frame["alpha"] * 1e6, beta=frame["beta"] * 1e6) for frame in (rows, many))
    assert width(surer) == pytest.approx(width(sure) / 10, rel=0.1)
    assert width(many) > 0.5 * width(rows)
    assert width(many, shock=0.3) > 1.2 * width(many)


def test_the_same_list_has_the_same_interval_whatever_the_order_of_its_rows():
    rows = listed()
    assert gain_interval(rows) == gain_interval(rows)
    low, high = gain_interval(rows.sample(frac=1, random_state=0))
    assert (low, high) == pytest.approx(gain_interval(rows), abs=0.011)


def test_no_rows_gain_nothing():
    assert gain_interval(listed(0)) == (0.0, 0.0)


def test_the_spread_is_read_off_the_interval_of_future_value():
    scores = pd.DataFrame({"future_value_low": [0.0, 5.0], "future_value_high": [256.310, 5.0]})
    assert spread_of(scores) == pytest.approx([100.0, 0.0], abs=0.01)


def campaign(n, seed=0):
    rng = np.random.default_rng(seed)
    cost = rng.uniform(0.5, 12, (n, 3))
    return rng.gamma(1.0, 20, (n, 3)) - 5, cost, rng.random((n, 3)) < 0.9


@pytest.mark.parametrize("limits", [Limits((None,) * 3), Limits((40, None, None), top=150)])
def test_the_curve_is_what_the_best_list_of_each_budget_gains(limits):
    gain, cost, may = campaign(400)
    curve = budget_curve(gain, cost, may, limits)
    for budget, told in curve.itertuples(index=False):
        choice = allocate(gain, cost, may, Limits(limits.capacities, float(budget), limits.top))
        rows = np.flatnonzero(choice >= 0)
        found = gain[rows, choice[rows]].sum()
        assert found <= told + 0.01
        assert found >= 0.985 * told
    spent = usage(allocate(gain, cost, may, limits), cost)[3]
    assert curve["budget"].iloc[-1] == pytest.approx(spent, abs=0.01)


def test_more_budget_never_earns_less_and_each_unit_earns_less_than_the_one_before():
    curve = budget_curve(*campaign(2_000), Limits((None, 300, None)))
    steps = np.diff(np.r_[0.0, curve["gain"]])
    assert (steps >= -0.01).all()
    assert (np.diff(steps) <= 0.02 * steps[0]).all()


def test_of_many_customers_a_sample_stands_for_all():
    gain, cost, may = campaign(30_000)
    curve = budget_curve(gain, cost, may, Limits((None, 2_000, None)))
    budget = float(curve["budget"].iloc[4])
    choice = allocate(gain, cost, may, Limits((None, 2_000, None), budget))
    rows = np.flatnonzero(choice >= 0)
    assert curve["gain"].iloc[4] == pytest.approx(gain[rows, choice[rows]].sum(), rel=0.02)


def test_where_nothing_costs_anything_there_is_no_curve():
    gain, cost, may = campaign(20)
    assert budget_curve(gain, 0 * cost, may, Limits((None,) * 3)).empty
    assert budget_curve(gain, cost, np.zeros_like(may), Limits((None,) * 3)).empty
