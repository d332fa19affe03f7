"""What is said of a row is the row's own: batches, order and company do not matter, and everything adds up."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hvc_ml.errors import GateFailed, ModelRefused
from hvc_ml.scoring.batches import MONEY, feature_amounts, in_batches, score_batch, score_rows

FAMILIES = {
    "purchase_days": "frequency",
    "days_since_last_order": "recency",
    "days_since_first_order": "recency",
    "purchase_day_spend": "spending",
    "spend_90d": "spending",
}


@pytest.fixture(scope="module")
def telling(model):
    return replace(model, info=replace(model.info, families=FAMILIES))


@pytest.fixture(scope="module")
def panel(sample):
    return pa.Table.from_pandas(sample, preserve_index=False)


def frame_of(batch):
    return batch.to_pandas()


@pytest.fixture(scope="module")
def whole(telling, panel):
    return frame_of(score_batch(telling, panel))


@settings(max_examples=10)
@given(st.lists(st.integers(0, 600), max_size=4).map(sorted), st.booleans())
def test_batches_do_not_matter(telling, panel, whole, cuts, chunked):
    table = pa.concat_tables([panel.slice(0, 100), panel.slice(100)]) if chunked else panel
    parts = [table.slice(a, b - a) for a, b in zip([0, *cuts], [*cuts, 600], strict=True)]
    told = pd.concat([frame_of(score_batch(telling, part)) for part in parts], ignore_index=True)
    pd.testing.assert_frame_equal(told, whole, check_exact=True, check_dtype=False)  # a column of nothing has no type


def test_base_and_families_add_up_to_the_value_at_risk_to_the_cent(whole):
    cents = (whole.filter(like="amount") * 100).round().astype(int)
    assert [*cents] == [
        "base_amount",
        *(f"amount_{f}" for f in ("recency", "frequency", "spending", "rhythm", "other")),
    ]
    assert (cents.sum(axis=1) == (whole["value_at_risk"] * 100).round().astype(int)).all()
    assert whole["value_at_risk"].to_numpy() == pytest.approx(whole["churn_risk"] * whole["value_if_kept"], abs=0.05)


def test_the_figures_are_the_models_own_rounded_once(telling, sample, whole):
    said = telling.predict(sample)
    assert (whole["churn_risk"] == said["churn_risk"].round(6)).all()
    for name in MONEY:
        assert (whole[name] == said[name].round(2)).all()
    assert whole["customer_id"].tolist() == sample["customer_id"].tolist()


def test_the_strongest_feature_is_the_one_with_its_familys_largest_amount(telling, sample, whole):
    amounts = feature_amounts(telling, sample)
    assert [*amounts] == [*telling.info.features, "prior"]
    for family in ("recency", "spending"):
        own = amounts[[name for name, of in FAMILIES.items() if of == family]]
        expected = own.idxmax(axis=1).where(own.max(axis=1) > 0)
        told = whole[f"strongest_{family}"]
        assert told.isna().equals(expected.isna())
        assert (told == expected)[expected.notna()].all()
    assert set(whole["strongest_rhythm"].dropna()) == {"prior"}
    assert whole["strongest_other"].isna().all()


def test_a_batch_without_rows_has_the_same_columns(telling, panel):
    nobody = score_batch(telling, panel.slice(0, 0))
    assert nobody.num_rows == 0
    assert nobody.schema == score_batch(telling, panel.slice(0, 9)).schema


def test_a_record_batch_without_ids_in_another_order_says_the_same(telling, sample, whole):
    shuffled = sample[[*reversed(telling.info.features)]].assign(more="x")
    batch = pa.RecordBatch.from_pandas(shuffled, preserve_index=False)
    pd.testing.assert_frame_equal(frame_of(score_batch(telling, batch)), whole.drop(columns="customer_id"))


def test_features_that_are_missing_are_refused(telling, panel):
    with pytest.raises(ModelRefused, match=r"1 of 6 features .* spend_90d"):
        score_batch(telling, panel.drop_columns(["spend_90d"]))


def test_a_risk_that_is_none_stops_the_batch(telling, sample):
    class Wrong:
        def __getattr__(self, name):
            return getattr(telling.recipe, name)

        def predict_and_explain(self, frame):
            said, explained = telling.recipe.predict_and_explain(frame)
            return said.assign(churn_risk=1.5), explained

    with pytest.raises(GateFailed, match="churn_risk"):
        score_rows(replace(telling, recipe=Wrong()), sample)


def test_rows_keep_their_index(telling, sample):
    found = score_rows(telling, sample.iloc[[7, 3]])
    assert [*found.figures.index] == [*found.families.index] == [7, 3]
    assert found.told_by.places.shape == (2, found.families.shape[1])


@settings(max_examples=20)
@given(st.integers(1, 700))
def test_every_row_of_a_panel_comes_once_and_an_empty_one_comes_too(panel, rows):
    parts = list(in_batches(panel, rows))
    assert all(len(part) <= rows for part in parts)
    assert pd.concat(parts)["customer_id"].tolist() == panel["customer_id"].to_pylist()
    assert [len(part) for part in in_batches(panel.slice(0, 0), rows)] == [0]


def test_who_is_where_does_not_depend_on_neighbours(telling, sample, whole):
    alone = score_rows(telling, sample.iloc[[41]]).figures
    assert np.array_equal(alone.to_numpy(), whole[[*alone]].iloc[[41]].to_numpy())
