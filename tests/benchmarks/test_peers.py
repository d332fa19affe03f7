"""Two implementations of the same papers must agree where they claim the same."""

import numpy as np
import pytest

from benchmarks.contestants import fit_prior
from benchmarks.logs import History
from benchmarks.peers import Past, converged, installed, lifetimes
from hvc_ml.estimators.prior import BuyTillYouDie

HORIZON = 91


@pytest.fixture(scope="module")
def shop():
    if not installed("lifetimes"):
        pytest.skip("lifetimes is not installed (pip install '.[benchmark]')")
    truth = BuyTillYouDie(0.6, 40.0, 0.5, 3.0, 5.0, 4.0, 60.0, np.nan, np.nan, 365.0, 3000, 3000)
    past, _ = truth.simulate(np.full(3000, 364.0), HORIZON, np.random.default_rng(5))
    past[["recency"]] = past[["recency"]].round()
    came_back = past[past["frequency"] > 0]
    spend = came_back[["frequency"]].assign(mean_spend=came_back["repeat_spend_mean"])
    return past, History(past[["frequency", "recency", "age"]], spend)


def test_lifetimes_finds_our_parameters(shop):
    _, history = shop
    peer, ours = lifetimes(history), fit_prior(history, 1.0)
    assert not peer.remark
    assert peer.params["alpha"] * 7 == pytest.approx(ours.alpha, rel=0.02)
    assert peer.params["r"] == pytest.approx(ours.r, rel=0.02)
    assert peer.params["q"] == pytest.approx(ours.q, rel=0.02)


def test_lifetimes_forecasts_what_our_prior_does_without_the_first_purchase(shop):
    past, history = shop
    x, recency, age = (past[c].to_numpy(np.float64) for c in ("frequency", "recency", "age"))
    spend = past["repeat_spend_mean"].fillna(0).to_numpy(np.float64)
    theirs = lifetimes(history).predict(Past(x, recency, age, spend), HORIZON)
    ours = fit_prior(history, 1.0).predict(x, recency, age, spend, HORIZON)
    assert theirs["churn_risk"].to_numpy() == pytest.approx(1 - ours["prior_active"].to_numpy(), abs=0.01)
    assert theirs["value"].sum() == pytest.approx(ours["prior_value"].sum(), rel=0.01)


def test_a_fit_that_does_not_converge_is_tried_with_a_penalty_and_says_so():
    trouble = pytest.importorskip("lifetimes.utils").ConvergenceError

    class Stubborn:
        def __init__(self, penalizer_coef):
            self.penalty = penalizer_coef

        def fit(self):
            if self.penalty < 0.01:
                raise trouble
            return self

    fitted, remark = converged(Stubborn)
    assert fitted.penalty == 0.01
    assert remark == "Stubborn converges only with a penalty (0.01)"
