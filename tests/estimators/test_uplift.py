import json

import numpy as np
import pandas as pd
import pytest

from hvc_ml.errors import ModelRefused, NotEnoughData
from hvc_ml.estimators.expected import UpliftPlan, fit_expected, folds_of
from hvc_ml.estimators.uplift import Trial, Uplift, cross_fitted, fit_uplift, mixing_weights, trial_scores

PLAN = UpliftPlan(folds=2, rounds=30, threads=1)


def made(effect, n=3000, propensity=0.7, seed=0):
    """Customers who leave with a risk of their own; a contact keeps as many more as ``effect(frame)`` says."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"churn_risk": rng.uniform(0.2, 0.8, n), "age": rng.uniform(20, 80, n)})
    frame["region"] = rng.choice(["north", "south", None], n)
    frame.loc[rng.random(n) < 0.1, "age"] = np.nan
    treated = rng.random(n) < propensity
    stay = 1 - frame["churn_risk"] + effect(frame) * treated
    outcome = (rng.random(n) < stay).astype(float)
    return Trial(frame, treated, outcome, np.full(n, propensity), np.arange(n), start="churn_risk")


def a_third(frame):
    return frame["churn_risk"] / 3


def the_south_only(frame):
    return np.where(frame["region"] == "south", frame["churn_risk"] * 0.9, 0.0)


def test_the_score_is_the_papers_pseudo_outcome_when_the_mixture_is_expected():
    rng = np.random.default_rng(1)
    trial = made(a_third, n=50)
    mu0, mu1, chance = rng.random(50), rng.random(50), trial.propensity
    mine = np.where(trial.treated, mu1, mu0)
    paper = (trial.treated - chance) / (chance * (1 - chance)) * (trial.outcome - mine) + mu1 - mu0
    assert trial_scores(trial, (1 - chance) * mu1 + chance * mu0) == pytest.approx(paper)


def test_weighted_means_of_both_groups_are_the_mixture():
    trial = made(a_third, n=200_000)
    found = np.average(trial.outcome, weights=mixing_weights(trial))
    mu1, mu0 = trial.outcome[trial.treated].mean(), trial.outcome[~trial.treated].mean()
    assert found == pytest.approx(0.3 * mu1 + 0.7 * mu0, abs=0.005)


def test_a_constant_save_rate_is_found_and_stays_about_constant():
    trial = made(a_third, n=6000)
    model = fit_uplift(trial, PLAN)
    assert model.scale == pytest.approx(1 / 3, abs=0.06)
    assert np.corrcoef(model.effect(trial.frame), trial.frame["churn_risk"])[0, 1] > 0.9


def test_whom_the_action_helps_is_found_in_text_as_well():
    trial = made(the_south_only, n=6000)
    effect = fit_uplift(trial, UpliftPlan(threads=1)).effect(trial.frame)
    south = (trial.frame["region"] == "south").to_numpy()
    assert effect[south].mean() > effect[~south].mean() + 0.2
    assert abs(effect[~south].mean()) < 0.1


def test_the_same_rows_give_the_same_bytes_on_any_number_of_threads():
    trial = made(the_south_only, n=2000)
    one, two = (fit_uplift(trial, UpliftPlan(folds=2, rounds=20, threads=k)) for k in (1, 2))
    assert one.trees.text == two.trees.text
    assert one.scale == two.scale


def test_a_model_read_back_says_the_same():
    trial = made(the_south_only, n=2000)
    model = fit_uplift(trial, PLAN)
    again = Uplift.from_json(json.loads(json.dumps(model.to_json())), model.trees.text)
    assert again.effect(trial.frame).tolist() == model.effect(trial.frame).tolist()


def test_what_is_said_of_a_customer_does_not_depend_on_what_came_of_them():
    trial = made(a_third, n=400)
    who = np.repeat(np.arange(200), 2)
    mine = who == 7
    flipped = np.where(mine, 1 - trial.outcome, trial.outcome)
    before, after = (
        cross_fitted(Trial(trial.frame, trial.treated, y, trial.propensity, who, "churn_risk"), PLAN)
        for y in (trial.outcome, flipped)
    )
    assert (before.effect[mine] == after.effect[mine]).all()
    assert (before.expected[mine] == after.expected[mine]).all()
    assert (before.expected != after.expected).any()


def test_a_customers_rows_are_in_one_part():
    who = np.array(["a", "b", "c", "a"])
    fold = folds_of(who, 5, seed=1)
    assert fold[0] == fold[3]
    assert set(folds_of(np.arange(200), 4, seed=1)) == {0, 1, 2, 3}
    assert (folds_of(np.arange(200), 4, seed=1) != folds_of(np.arange(200), 4, seed=2)).any()


def test_money_is_learned_as_money_and_chances_as_chances():
    frame, rng = pd.DataFrame({"x": np.repeat([0.0, 1.0], 500)}), np.random.default_rng(2)
    spent = fit_expected(frame, 100 * frame["x"].to_numpy() + rng.normal(0, 5, 1000), PLAN)
    assert spent.predict(pd.DataFrame({"x": [0.0, 1.0]})) == pytest.approx([0, 100], abs=10)
    owed = fit_expected(frame, 100 * frame["x"].to_numpy() ** 2, PLAN)
    assert (spent.kind, owed.kind) == ("regression", "tweedie")
    assert owed.predict(pd.DataFrame({"x": [0.0, 1.0]})) == pytest.approx([0, 100], abs=25)
    came = fit_expected(frame, (rng.random(1000) < 0.1 + 0.8 * frame["x"]).to_numpy(float), PLAN)
    chances = came.predict(pd.DataFrame({"x": [0.0, 1.0]}))
    assert chances == pytest.approx([0.1, 0.9], abs=0.08)


def test_too_few_rows_to_split_leave_the_mean_effect():
    trial = made(a_third, n=60)
    model = fit_uplift(Trial(trial.frame, trial.treated, trial.outcome, trial.propensity, trial.customer), PLAN)
    assert len(set(model.effect(trial.frame))) == 1


def test_a_trial_needs_both_groups_and_known_chances():
    frame, yes = pd.DataFrame({"x": [1.0, 2.0]}), np.array([True, True])
    with pytest.raises(NotEnoughData, match="2 of 2 rows are treated"):
        Trial(frame, yes, np.ones(2), np.full(2, 0.5), np.arange(2))
    with pytest.raises(ValueError, match="between 0 and 1"):
        Trial(frame, np.array([True, False]), np.ones(2), np.ones(2), np.arange(2))
    with pytest.raises(ValueError, match="finite"):
        Trial(frame, np.array([True, False]), np.array([1.0, np.nan]), np.full(2, 0.5), np.arange(2))


def test_a_frame_that_lacks_a_column_is_refused():
    trial = made(the_south_only, n=3000)
    with pytest.raises(ModelRefused, match="lacks"):
        fit_uplift(trial, UpliftPlan(threads=1)).effect(trial.frame[["churn_risk"]])
