import numpy as np
import pandas as pd
import pytest

from hvc_ml.errors import ModelRefused, NotEnoughData
from hvc_ml.estimators.contract_prior import ContractPrior
from hvc_ml.estimators.prior import PRIOR_COLUMNS
from hvc_ml.estimators.recipe import Recipe, fit_recipe
from hvc_ml.estimators.settings import ModelSettings

from .conftest import FEATURES, HORIZON

SETTINGS = ModelSettings(rounds=80)
TEXT = {"country": None}
TREES = ("churn", "churn_trees", "hurdle", "tweedie", "value_trees")


def recipe_of(fit, calibrate, prior=None, settings=SETTINGS, **more):
    return fit_recipe(fit, calibrate, FEATURES, TEXT, settings, horizon=HORIZON, prior=prior, **more)


@pytest.fixture(scope="module")
def boosted(shop):
    fit, calibrate, _, prior = shop
    return recipe_of(fit, calibrate, prior)


def auc(event, score):
    ranks = pd.Series(score).rank().to_numpy()
    positive = event.to_numpy() == 1
    n = positive.sum()
    return (ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(event) - n))


def gini(value, score):
    def area(order):
        return np.cumsum(value.to_numpy()[order]).mean() / value.sum() - 0.5

    return area(np.argsort(-score, kind="stable")) / area(np.argsort(-value.to_numpy(), kind="stable"))


def test_it_ranks_later_customers_better_than_the_prior(shop, boosted):
    _, _, test, _ = shop
    said = boosted.predict(test)
    assert boosted.rung == "blended"
    assert auc(test["churned"], said["churn_risk"].to_numpy()) > auc(test["churned"], 1 - test["prior_active"]) + 0.005
    assert gini(test["future_value"], said["future_value"].to_numpy()) > gini(
        test["future_value"], test["prior_value"].to_numpy()
    )


def test_risks_totals_and_intervals_hold_on_later_customers(shop, boosted):
    _, _, test, _ = shop
    said = boosted.predict(test)
    assert said["churn_risk"].mean() == pytest.approx(test["churned"].mean(), abs=0.04)
    assert said["future_value"].sum() == pytest.approx(test["future_value"].sum(), rel=0.12)
    inside = test["future_value"].between(said["future_value_low"], said["future_value_high"])
    assert 0.74 < inside.mean() < 0.88


def test_future_value_is_what_stays_times_what_is_kept(shop, boosted):
    _, _, test, _ = shop
    said = boosted.predict(test)
    assert list(said) == ["churn_risk", "value_if_kept", "future_value", "future_value_low", "future_value_high"]
    assert said["future_value"].to_numpy() == pytest.approx(
        ((1 - said["churn_risk"]) * said["value_if_kept"]).to_numpy()
    )
    assert said.index.equals(test.index)


def test_contributions_add_up_to_what_is_predicted(shop, boosted):
    _, _, test, _ = shop
    said = boosted.predict(test)
    churn, value = boosted.contributions(test)
    for part, column in ((churn, "churn_risk"), (value, "value_if_kept")):
        assert list(part.phi.columns) == [*FEATURES, "prior"]
        margin = part.base + part.phi.to_numpy().sum(axis=1)
        assert part.link(margin) == pytest.approx(said[column].to_numpy(), rel=1e-9)
    assert churn.phi["mood"].abs().mean() > 0.05


def test_both_at_once_are_both_to_the_last_bit(shop, boosted):
    _, _, test, _ = shop
    for rows in (test, test.iloc[:1], test.iloc[:0]):
        said, explained = boosted.predict_and_explain(rows)
        pd.testing.assert_frame_equal(said, boosted.predict(rows), check_exact=True)
        for both, alone in zip(explained, boosted.contributions(rows), strict=True):
            assert both.base == alone.base
            pd.testing.assert_frame_equal(both.phi, alone.phi, check_exact=True)


def test_files_bring_the_same_bits_back_and_fitting_again_the_same_bytes(shop, boosted):
    fit, calibrate, test, prior = shop
    files = boosted.to_files()
    assert sorted(files) == [
        "churn.txt",
        "churn_trees.txt",
        "hurdle.txt",
        "recipe.json",
        "tweedie.txt",
        "value_trees.txt",
    ]
    back = Recipe.from_files(files, threads=1)
    assert back.predict(test).equals(boosted.predict(test))
    assert back.to_files() == files
    again = recipe_of(fit, calibrate, prior, SETTINGS.model_copy(update={"threads": 1}))
    assert again.to_files() == files


def test_one_customer_is_scored_as_in_a_crowd_and_nobody_gives_no_rows(shop, boosted):
    _, _, test, _ = shop
    said = boosted.predict(test)
    some = test.iloc[[7, 3]]
    assert boosted.predict(some).equals(said.iloc[[7, 3]])
    assert boosted.predict(test.iloc[:0]).shape == (0, 5)
    assert boosted.contributions(test.iloc[:0]).churn.phi.shape == (0, len(FEATURES) + 1)


def test_the_priors_columns_are_computed_where_they_are_absent(shop, boosted):
    _, _, test, _ = shop
    bare = test.drop(columns=[*PRIOR_COLUMNS])
    assert np.allclose(boosted.predict(bare), boosted.predict(test))


def test_column_order_does_not_matter_but_presence_and_finiteness_do(shop, boosted):
    _, _, test, _ = shop
    assert boosted.predict(test[list(reversed(test.columns))]).equals(boosted.predict(test))
    with pytest.raises(ModelRefused, match="mood"):
        boosted.predict(test.drop(columns="mood"))
    with pytest.raises(ModelRefused, match="mood: 1 of"):
        boosted.predict(test.assign(mood=[np.inf, *test["mood"][1:]]))


def test_the_currency_does_not_matter(shop, boosted):
    fit, calibrate, test, _ = shop
    money = [c for c in fit.columns if "spend" in c or c in ("future_value", "prior_value", "prior_value_if_kept")]

    def pence(frame):
        return frame.assign(**frame[money] * 100)

    other = recipe_of(pence(fit), pence(calibrate)).predict(pence(test))
    same = boosted.predict(test)
    assert other["churn_risk"].to_numpy() == pytest.approx(same["churn_risk"].to_numpy(), abs=1e-6)
    assert other["value_if_kept"].to_numpy() / 100 == pytest.approx(same["value_if_kept"].to_numpy(), rel=1e-5)


def test_curves_begin_with_the_prior_and_end_lower(boosted):
    curves = boosted.curves
    assert sorted(curves) == [f"{model}_{rows}" for model in TREES for rows in ("fit", "stop")]
    for name, curve in curves.items():
        assert len(curve) == len(curves[name.rsplit("_", 1)[0] + "_fit"])
        assert min(curve) <= curve[0]
    assert boosted.importance["churn"]["mood"] > 0


def test_small_data_stay_with_the_prior_and_say_why(shop):
    fit, calibrate, test, prior = shop
    alone = recipe_of(fit.head(150), calibrate, prior)
    assert alone.rung == "prior"
    assert "150 rows to fit" in alone.why
    said = alone.predict(test)
    order = np.argsort(test["prior_active"].to_numpy())
    assert (np.diff(said["churn_risk"].to_numpy()[order]) <= 1e-12).all()
    assert said["churn_risk"].mean() == pytest.approx(test["churned"].mean(), abs=0.06)
    churn, value = alone.contributions(test)
    assert (churn.phi.drop(columns="prior") == 0).all().all()
    assert value.link(value.base + value.phi.to_numpy().sum(axis=1)) == pytest.approx(said["value_if_kept"].to_numpy())
    assert sorted(alone.to_files()) == ["recipe.json"]
    assert alone.curves == {}
    assert alone.importance == {}


@pytest.mark.parametrize("which", ["nothing", "no calibrate", "few calibrate"])
def test_without_mature_cutoffs_the_prior_says_what_it_says(shop, which):
    fit, calibrate, test, prior = shop
    given = {"nothing": (None, None), "no calibrate": (fit, None), "few calibrate": (fit, calibrate.head(60))}[which]
    alone = recipe_of(*given, prior)
    assert alone.rung == "prior"
    said = alone.predict(test)
    assert said["churn_risk"].to_numpy() == pytest.approx(1 - test["prior_active"].to_numpy(), abs=2e-3)
    assert said["value_if_kept"].to_numpy() == pytest.approx(test["prior_value_if_kept"].to_numpy())
    inside = test["future_value"].between(said["future_value_low"], said["future_value_high"])
    assert 0.65 < inside.mean() < 0.95
    assert Recipe.from_files(alone.to_files()).predict(test).equals(said)


def test_leavers_of_contracts_bring_their_share(shop):
    fit, calibrate, test, _ = shop

    def contracts(frame):
        paid = frame["prior_value_if_kept"] * np.where(frame["churned"] == 1, 0.4, 1.0)
        return frame.assign(future_value=paid)

    recipe = recipe_of(contracts(fit), contracts(calibrate), ContractPrior((0.1,), 1.0, 100), kind="contract_end")
    said = recipe.predict(test)
    assert recipe.value.leavers_share == pytest.approx(0.4, abs=0.1)
    expected = said["value_if_kept"] * (1 - said["churn_risk"] * (1 - recipe.value.leavers_share))
    assert said["future_value"].to_numpy() == pytest.approx(expected.to_numpy())
    assert (said["future_value_low"] > 0).all()
    assert Recipe.from_files(recipe.to_files()).predict(test).equals(said)


def test_labels_that_cannot_be_learned_from_are_refused(shop):
    fit, calibrate, _, prior = shop
    with pytest.raises(NotEnoughData, match="everybody of"):
        recipe_of(fit.assign(churned=1), calibrate, prior)
    with pytest.raises(NotEnoughData, match="calibrate: nobody of"):
        recipe_of(fit, calibrate.assign(churned=0), prior)
    with pytest.raises(NotEnoughData, match=r"fit.future_value: 1 of .* is it mature"):
        recipe_of(fit.assign(future_value=[np.nan, *fit["future_value"][1:]]), calibrate, prior)
    with pytest.raises(NotEnoughData, match="no churned"):
        recipe_of(fit.drop(columns="churned"), calibrate, prior)
    with pytest.raises(ModelRefused, match="prior_active: holds missing"):
        recipe_of(fit.assign(prior_active=np.nan), calibrate, prior)
    with pytest.raises(ModelRefused, match="mood: 1 of"):
        recipe_of(fit.assign(mood=[np.inf, *fit["mood"][1:]]), calibrate, prior)


def test_a_damaged_or_foreign_file_is_refused(boosted):
    files = boosted.to_files()
    for broken, says in (
        ({}, "missing or not JSON"),
        ({**files, "recipe.json": b"{"}, "missing or not JSON"),
        ({**files, "recipe.json": b'{"format": 99}'}, "format 99"),
        ({**files, "recipe.json": b'{"format": 2}'}, "KeyError"),
        ({"recipe.json": files["recipe.json"]}, "text is missing"),
        ({**files, "recipe.json": files["recipe.json"].replace(b'"mood",', b"", 3)}, "columns"),
    ):
        with pytest.raises(ModelRefused, match=says):
            Recipe.from_files(broken)


def test_predictions_that_are_not_numbers_are_refused(shop, boosted):
    _, _, test, _ = shop
    with pytest.raises(ModelRefused, match="not finite"):
        boosted.predict(test.assign(prior_active=np.nan))


def test_labels_without_signal_leave_the_prior_nearly_alone(shop):
    fit, calibrate, test, prior = shop
    rng = np.random.default_rng(5)

    def shuffled(frame):
        labels = frame[["churned", "future_value"]].to_numpy()[rng.permutation(len(frame))]
        return frame.assign(churned=labels[:, 0].astype(int), future_value=labels[:, 1])

    said = recipe_of(shuffled(fit), shuffled(calibrate), prior).predict(test)
    assert said["churn_risk"].std() < 0.05
