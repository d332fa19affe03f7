"""The customer model reads columns by name, and what it saved predicts the same bits."""

from dataclasses import replace

import mlflow
import numpy as np
import pandas as pd
import pytest

from hvc_ml.errors import GateFailed, ModelRefused
from hvc_ml.scoring.bundle import write_bundle
from hvc_ml.scoring.model import CustomerModel, ModelInfo
from hvc_ml.scoring.serving import serving


def test_a_saved_model_predicts_the_same_bits(tmp_path, model, sample):
    digest = model.save(tmp_path / "m", sample, meta={"data_hash": "abc"})
    loaded = CustomerModel.load(tmp_path / "m")
    pd.testing.assert_frame_equal(loaded.predict(sample), model.predict(sample), check_exact=True)
    assert loaded.info == model.info
    assert (loaded.meta["grade"], loaded.meta["data_hash"]) == ("B", "abc")
    assert loaded.save(tmp_path / "again", sample) == digest


def test_the_tested_recipe_travels_with_the_model(tmp_path, model, sample):
    other = replace(model.recipe, floor=model.recipe.floor * 2)
    replace(model, tested=other).save(tmp_path / "m", sample)
    loaded = CustomerModel.load(tmp_path / "m")
    assert loaded.as_tested().recipe.floor == other.floor
    assert loaded.recipe.floor == model.recipe.floor
    with pytest.raises(ModelRefused, match="no tested recipe"):
        model.as_tested()


def test_no_customer_is_in_the_bundle(tmp_path, model, sample):
    model.save(tmp_path / "m", sample)
    assert [p.name for p in (tmp_path / "m").rglob("*") if p.is_file() and b"canary" in p.read_bytes()] == []


def test_the_order_of_columns_and_further_columns_do_not_matter(model, sample):
    shuffled = sample[[*reversed(sample.columns)]].assign(more=1.0)
    pd.testing.assert_frame_equal(model.predict(shuffled), model.predict(sample), check_exact=True)


def test_contributions_come_from_the_same_columns(model, sample):
    shuffled = sample[[*reversed(sample.columns)]]
    first, second = model.contributions(sample.head(5)), model.contributions(shuffled.head(5))
    pd.testing.assert_frame_equal(first.churn.phi, second.churn.phi, check_exact=True)


def test_missing_features_are_refused_by_name(model, sample):
    with pytest.raises(ModelRefused, match=r"2 of 6 features .* spend_90d, region"):
        model.predict(sample.drop(columns=["spend_90d", "region"]))


def test_a_feature_of_another_type_is_refused(model, sample):
    with pytest.raises(ModelRefused, match="spend_90d was a number"):
        model.predict(sample.assign(spend_90d="much"))
    with pytest.raises(ModelRefused, match="region was text"):
        model.predict(sample.assign(region=1.0))
    model.predict(sample.assign(region=np.nan))


def test_a_feature_that_stands_twice_is_refused(model, sample):
    with pytest.raises(ModelRefused, match="twice"):
        model.predict(pd.concat([sample, sample[["region"]]], axis=1))


@pytest.mark.parametrize(
    ("column", "value"),
    [("churn_risk", 1.5), ("churn_risk", np.nan), ("value_if_kept", -1.0), ("future_value", np.inf)],
)
def test_predictions_out_of_range_are_not_published(model, sample, column, value):
    class Off:
        def predict(self, frame):
            return model.recipe.predict(frame).assign(**{column: value})

    with pytest.raises(GateFailed, match=column):
        replace(model, recipe=Off()).predict(sample)


def test_a_bundle_without_a_customer_model_is_refused(tmp_path):
    rows = pd.DataFrame({"a": [1.0]})
    write_bundle(tmp_path / "b", {"x.json": b"{}"}, meta={"features": ["a"]}, selftest=(rows, rows))
    with pytest.raises(ModelRefused, match=r"model\.json is not in the bundle"):
        CustomerModel.load(tmp_path / "b")


def test_a_bundle_whose_lists_differ_is_refused(tmp_path):
    rows = pd.DataFrame({"a": [1.0]})
    files = {"model.json": ModelInfo(("b",), 90).as_json()}
    write_bundle(tmp_path / "b", files, meta={"features": ["a"]}, selftest=(rows, rows))
    with pytest.raises(ModelRefused, match="other features"):
        CustomerModel.load(tmp_path / "b")


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"features": [], "inputs": [], "tiers": [], "new": 1}'])
def test_information_of_another_release_is_refused(content):
    with pytest.raises(ModelRefused, match="another release"):
        ModelInfo.from_json(content)


def test_inputs_of_the_prior_are_columns_of_the_model_too():
    assert ModelInfo(("a", "b"), 90, inputs=("b", "c")).columns == ("a", "b", "c")


def test_mlflow_serves_the_same_numbers(tmp_path, model, sample):
    """The script that MLflow runs, on MLflow's own packaging, without a server."""
    folder = tmp_path / "bundle"
    model.save(folder, sample)
    told = serving(folder)
    mlflow.pyfunc.save_model(
        str(tmp_path / "packed"), python_model=str(told.script), artifacts={"bundle": str(folder)}, pip_requirements=[]
    )
    served = mlflow.pyfunc.load_model(str(tmp_path / "packed")).predict(sample[[*told.inputs]])
    pd.testing.assert_frame_equal(served, model.predict(sample), check_exact=True)
    assert [*told.outputs] == [*served.columns]
    assert told.example[[*told.inputs]].shape == (5, 6)
