import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.utils.estimator_checks import parametrize_with_checks

from hvc_ml.errors import ModelRefused, NotEnoughData
from hvc_ml.estimators.churn import ChurnClassifier
from hvc_ml.estimators.value import HurdleRegressor, ValueIfKeptRegressor


@parametrize_with_checks([ChurnClassifier(), ValueIfKeptRegressor(), HurdleRegressor()])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # scikit-learn's own check casts a NaN to an integer
def test_the_estimators_keep_scikit_learns_promises(estimator, check):
    check(estimator)


def rows(n, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"a": rng.normal(size=n), "b": rng.normal(size=n), "prior": rng.uniform(0.05, 0.95, n)})
    risk = expit(logit(X["prior"]) + 1.5 * X["a"])
    y = (rng.random(n) < risk).astype(int)
    money = 50 * X["prior"] * np.exp(0.8 * X["b"]) * rng.gamma(3, 1 / 3, n)
    return X, y, money, risk


def test_with_nothing_to_learn_the_prior_is_repeated():
    X, y, _, _ = rows(300)
    model = ChurnClassifier("prior").fit(X.assign(a=0.0, b=0.0), y)
    assert model.predict_proba(X.assign(a=0.0, b=0.0))[:, 1] == pytest.approx(X["prior"], abs=1e-12)


def test_boosting_from_the_prior_comes_nearer_to_the_truth_than_either_alone():
    X, y, _, _ = rows(1500)
    new, _, _, truth = rows(4000, seed=1)

    def error(p):
        return np.abs(p - truth).mean()

    both = ChurnClassifier("prior").fit(X, y).predict_proba(new)[:, 1]
    alone = ChurnClassifier().fit(X[["a", "b"]], y).predict_proba(new[["a", "b"]])[:, 1]
    assert error(both) < 0.6 * error(new["prior"])
    assert error(both) < 0.6 * error(alone)


def test_later_rows_stop_the_boosting_and_may_stop_it_at_once():
    X, y, _, _ = rows(600)
    new, _, _, _ = rows(600, seed=1)
    noise = np.random.default_rng(2).integers(0, 2, 600)
    learned = ChurnClassifier(rounds=300, patience=10).fit(X, y, eval_X=new, eval_y=noise)
    assert learned.boosted_.rounds < 40
    curve = learned.boosted_.curves["stop"]
    assert min(curve) == curve[learned.boosted_.rounds]


def test_a_wrong_level_on_the_later_rows_does_not_stop_the_learning():
    X, y, money, _ = rows(1500)
    new, later, paid, _ = rows(1500, seed=1)
    half = np.random.default_rng(3).random(1500) < 0.5  # half of those who would leave stay: another season
    churn = ChurnClassifier("prior").fit(X, y, eval_X=new, eval_y=later * half)
    value = ValueIfKeptRegressor("prior").fit(X, money, eval_X=new, eval_y=paid * 3)
    assert churn.boosted_.rounds > 20
    assert value.boosted_.rounds > 20


def test_text_is_learned_by_stored_categories_and_unseen_text_counts_as_missing():
    rng = np.random.default_rng(0)
    land = rng.choice(np.array(["x", "y", None], dtype=object), 600)
    X = pd.DataFrame({"land": land, "n": rng.normal(size=600)})
    y = np.where(pd.isna(land), 0.5, np.where(land == "x", 0.9, 0.1)) > rng.random(600)
    model = ChurnClassifier(min_child_samples=5).fit(X, y)
    assert sorted(model.boosted_.encoder.categories["land"]) == ["x", "y"]
    said = model.predict_proba(pd.DataFrame({"land": ["x", "y", None, "Atlantis"], "n": [0.0] * 4}))[:, 1]
    assert said[0] > 0.75
    assert said[1] < 0.3
    assert said[2] == said[3]


def test_reordered_columns_are_refused_and_missing_ones_named():
    X, y, _, _ = rows(300)
    model = ChurnClassifier("prior").fit(X, y)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(X[["b", "a", "prior"]])
    with pytest.raises(ModelRefused, match="lacks 1 of the model's 2 columns: b"):
        model.boosted_.encoder.encode(X[["a"]])


def test_one_class_only_is_not_enough_data():
    X, _, _, _ = rows(50)
    with pytest.raises(NotEnoughData, match="one class only among 50 rows"):
        ChurnClassifier().fit(X, np.ones(50))


def test_value_is_learned_from_the_prior_and_its_target_is_capped():
    X, _, money, _ = rows(2000)
    new, _, _, _ = rows(2000, seed=1)
    truth = 50 * new["prior"] * np.exp(0.8 * new["b"])
    X, new = (frame.assign(prior=50 * frame["prior"]) for frame in (X, new))
    model = ValueIfKeptRegressor("prior").fit(X, money)
    assert model.cap_ == pytest.approx(np.quantile(money, 0.995), rel=0.01)
    ratio = model.predict(new) / truth
    assert np.median(np.abs(np.log(ratio))) < 0.2
    spoiled = money.copy()
    spoiled[0] = 1e9
    assert ValueIfKeptRegressor("prior").fit(X, spoiled).cap_ < 1e4


@pytest.mark.parametrize("objective", ["gamma", "tweedie"])
def test_negative_and_zero_targets_count_as_next_to_nothing(objective):
    X, _, money, _ = rows(500)
    money[:100] = -5.0
    model = ValueIfKeptRegressor(objective=objective).fit(X, money)
    assert (model.predict(X) > 0).all()
    hopeless = ValueIfKeptRegressor(objective=objective).fit(X, -np.abs(money))
    assert hopeless.predict(X).max() < 1e-3


def test_a_line_moves_beyond_what_was_seen_where_trees_stand_still():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"spend_lifetime": rng.lognormal(4, 1, 3000)})
    money = X["spend_lifetime"] ** 0.8 * rng.gamma(5, 0.2, 3000)
    trees = ValueIfKeptRegressor().fit(X, money)
    lined = ValueIfKeptRegressor(line=["spend_lifetime"]).fit(X, money)
    far = pd.DataFrame({"spend_lifetime": [5e3, 5e4]})
    assert trees.predict(far)[1] == pytest.approx(trees.predict(far)[0])
    assert lined.predict(far)[1] > 4 * lined.predict(far)[0]


def test_the_hurdle_multiplies_both_models_and_knows_what_leavers_bring():
    X, y, money, risk = rows(3000)
    total = np.where(y == 1, 0.0, money)
    X = X.assign(value=50 * X["prior"])
    model = HurdleRegressor("prior", "value").fit(X, total)
    truth = (1 - risk) * 50 * X["prior"] * np.exp(0.8 * X["b"])
    assert np.corrcoef(model.predict(X), truth)[0, 1] > 0.9
    assert model.leavers_ == 0


def test_a_hurdle_without_leavers_or_without_anyone_left_still_predicts():
    X, _, money, _ = rows(200)
    everyone = HurdleRegressor().fit(X, money + 1)
    assert everyone.churn_ is None
    assert everyone.predict(X).mean() == pytest.approx((money + 1).mean(), rel=0.2)
    nobody = HurdleRegressor().fit(X, np.full(200, -2.0))
    assert nobody.predict(X) == pytest.approx(-2.0)


def test_threads_and_reruns_do_not_change_a_bit():
    X, y, _, _ = rows(5000)
    texts = {ChurnClassifier("prior", threads=t, feature_fraction=0.7).fit(X, y).boosted_.text for t in (1, 2, 1)}
    assert len(texts) == 1
