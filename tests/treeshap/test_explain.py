"""Contributions equal LightGBM's own and shap's, add up, and do not depend on how the rows are dealt out."""

from itertools import combinations
from math import factorial

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hvc_ml.treeshap import Explainer, Unsupported
from hvc_ml.treeshap.kernel import BLOCK

QUIET = {"verbose": -1, "num_threads": 1, "seed": 1, "min_data_in_leaf": 5, "min_data_per_group": 5, "cat_smooth": 1.0}


def made(seed, rows=400, columns=5, missing=0.1, categories=0, zeros=0.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns))
    x[rng.random(x.shape) < zeros] = 0.0
    x[rng.random(x.shape) < missing] = np.nan
    if categories:
        x[:, 0] = rng.integers(0, categories, rows)
        x[rng.random(rows) < missing, 0] = np.nan
    known = np.nan_to_num(x)
    y = known[:, 0] % 3 + known[:, 1] * known[:, 2] + np.isnan(x[:, 1]) + rng.normal(size=rows)
    return x, y


def trained(x, y, rounds=5, categories=0, **params):
    data = lgb.Dataset(x, y, categorical_feature=[0] if categories else [], params=QUIET | params)
    return lgb.train(QUIET | params, data, rounds)


def assert_exact(booster, x, **how):
    expected = booster.predict(x, pred_contrib=True)
    explainer = Explainer(booster.model_to_string())
    found = explainer.contributions(x, **how)
    size = np.abs(expected).max() + 1.0
    assert np.abs(found - expected[:, :-1]).max() <= 1e-9 * size
    assert abs(explainer.base - expected[0, -1]) <= 1e-9 * size
    margin = booster.predict(x, raw_score=True)
    assert np.abs(explainer.base + found.sum(axis=1) - margin).max() <= 1e-9 * size


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    leaves=st.sampled_from([2, 3, 8, 31, 80]),
    depth=st.sampled_from([-1, 2, 5]),
    columns=st.integers(3, 7),
    categories=st.sampled_from([0, 0, 3, 40]),
    missing=st.sampled_from([0.0, 0.2]),
    mode=st.sampled_from([{}, {"zero_as_missing": True}, {"use_missing": False}]),
    zeros=st.sampled_from([0.0, 0.4]),
)
def test_contributions_equal_those_of_lightgbm(seed, leaves, depth, columns, categories, missing, mode, zeros):
    x, y = made(seed, columns=columns, categories=categories, missing=missing, zeros=zeros)
    booster = trained(x, y, categories=categories, num_leaves=leaves, max_depth=depth, **mode)
    rng = np.random.default_rng(seed)
    unseen = np.vstack([x, rng.normal(scale=3.0, size=(30, columns)), np.full((1, columns), np.nan), x[:1] * 0.0])
    unseen[-20:-10, 0] = rng.choice([-1.0, -0.5, 1e9, 41.0, np.inf, -np.inf, 2.7], 10)
    assert_exact(booster, unseen)


@pytest.mark.deep
@settings(max_examples=500, deadline=None)
@given(
    seed=st.integers(0, 1_000_000),
    leaves=st.integers(2, 200),
    depth=st.sampled_from([-1, -1, 1, 3, 8]),
    columns=st.integers(3, 12),
    categories=st.sampled_from([0, 0, 2, 5, 70, 300]),
    missing=st.sampled_from([0.0, 0.05, 0.5]),
    mode=st.sampled_from([{}, {"zero_as_missing": True}, {"use_missing": False}, {"bagging_fraction": 0.5}]),
    zeros=st.sampled_from([0.0, 0.4]),
)
def test_hundreds_of_models(seed, leaves, depth, columns, categories, missing, mode, zeros):
    x, y = made(seed, rows=800, columns=columns, categories=categories, missing=missing, zeros=zeros)
    bagging = {"bagging_freq": 1} if "bagging_fraction" in mode else {}
    booster = trained(x, y, rounds=10, categories=categories, num_leaves=leaves, max_depth=depth, **mode, **bagging)
    assert_exact(booster, x)


def test_they_are_shapley_values_by_the_definition():
    x, y = made(3, columns=4, missing=0.0)
    booster = trained(x, y, num_leaves=9, rounds=3)
    explainer = Explainer(booster.model_to_string())
    for row, phi in zip(x[:5], explainer.contributions(x[:5]), strict=True):
        for column in range(4):
            others = [c for c in range(4) if c != column]
            expected = sum(
                factorial(len(s))
                * factorial(3 - len(s))
                / factorial(4)
                * (game(booster, row, {*s, column}) - game(booster, row, s))
                for size in range(4)
                for s in map(set, combinations(others, size))
            )
            assert phi[column] == pytest.approx(expected, abs=1e-12)


def game(booster, row, known):
    """What the trees say of a row of which some columns are known: at the others, both ways by their cover."""

    def at(node):
        if "leaf_value" in node:
            return node["leaf_value"]
        left, right = node["left_child"], node["right_child"]
        if node["split_feature"] in known:
            return at(left if row[node["split_feature"]] <= node["threshold"] else right)
        rows = [child.get("internal_count", child.get("leaf_count")) for child in (left, right)]
        return (rows[0] * at(left) + rows[1] * at(right)) / sum(rows)

    return sum(at(tree["tree_structure"]) for tree in booster.dump_model()["tree_info"])


def test_shap_agrees():
    shap = pytest.importorskip("shap")
    x, y = made(5)
    booster = trained(x, y, num_leaves=20)
    expected = shap.TreeExplainer(booster, feature_perturbation="tree_path_dependent").shap_values(x)
    assert np.allclose(Explainer(booster.model_to_string()).contributions(x), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rows", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK])
def test_any_number_of_rows(rows):
    x, y = made(6)
    booster = trained(x, y)
    explainer = Explainer(booster.model_to_string())
    found = explainer.contributions(x[:rows])
    assert found.shape == (rows, 5)
    assert np.array_equal(found, explainer.contributions(x)[:rows])


def test_threads_and_order_change_no_bit():
    x, y = made(7, rows=5000)
    explainer = Explainer(trained(x, y, rounds=20).model_to_string())
    one = explainer.contributions(x, threads=1)
    assert np.array_equal(one, explainer.contributions(x, threads=3))
    assert np.array_equal(one, explainer.contributions(x[::-1])[::-1])


def test_groups_are_sums_of_columns():
    x, y = made(8)
    explainer = Explainer(trained(x, y).model_to_string())
    single = explainer.contributions(x)
    grouped = explainer.contributions(x, groups=[0, 1, 0, 1, 2])
    assert grouped.shape == (400, 3)
    assert np.allclose(grouped[:, 0], single[:, 0] + single[:, 2], atol=1e-12)
    assert np.allclose(grouped.sum(axis=1), single.sum(axis=1), atol=1e-12)


def test_single_precision_is_right_to_about_six_digits():
    x, y = made(9)
    booster = trained(x, y, rounds=50, num_leaves=31)
    expected = booster.predict(x, pred_contrib=True)[:, :-1]
    found = Explainer(booster.model_to_string(), "single").contributions(x)
    assert found.dtype == np.float32
    assert 1e-9 < np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()


def test_columns_with_hundreds_of_thresholds_need_wider_codes():
    rng = np.random.default_rng(10)
    x = rng.normal(size=(4000, 2))
    booster = trained(x, np.sin(20 * x[:, 0]), rounds=30, num_leaves=200, max_bin=2000, min_data_in_bin=1)
    assert Explainer(booster.model_to_string())._codes is np.uint16
    assert_exact(booster, x[:200])


def test_deep_and_narrow_trees():
    x = np.linspace(0, 1, 3000)[:, None] ** [[1, 2, 3]]
    booster = trained(x, np.exp(8 * x[:, 0]), rounds=3, num_leaves=400, min_data_in_leaf=1, min_sum_hessian_in_leaf=0)
    assert_exact(booster, x[::7])


def test_trees_of_one_leaf_are_all_base():
    x, y = made(11)
    booster = trained(x, y, rounds=3, min_data_in_leaf=300)
    explainer = Explainer(booster.model_to_string())
    assert not explainer.contributions(x).any()
    assert explainer.base == pytest.approx(booster.predict(x[:1], raw_score=True)[0])


def test_other_kinds_of_models_are_refused_by_name():
    x, y = made(12)
    classes = trained(x, np.digitize(y, [0, 1]), objective="multiclass", num_class=3)
    with pytest.raises(Unsupported, match="more than one tree"):
        Explainer(classes.model_to_string())
    forest = trained(x, y, boosting="rf", bagging_freq=1, bagging_fraction=0.5)
    with pytest.raises(Unsupported, match="averaged"):
        Explainer(forest.model_to_string())
    linear = trained(np.nan_to_num(x), y, linear_tree=True)
    with pytest.raises(Unsupported, match="linear"):
        Explainer(linear.model_to_string())


def test_a_matrix_of_another_width_is_refused():
    x, y = made(13)
    with pytest.raises(ValueError, match=r"expected 5 columns.*\(400, 4\)"):
        Explainer(trained(x, y).model_to_string()).contributions(x[:, :4])
