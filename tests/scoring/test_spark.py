"""Spark's workers say of every customer what one machine says."""

import narwhals as nw
import pyarrow as pa
import pytest

from hvc_ml.errors import OutputError
from hvc_ml.scoring.batches import score_batch
from hvc_ml.scoring.spark import Score, score_in_spark

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas"),
]


@pytest.fixture
def bundle(model, sample, tmp_path):
    model.save(tmp_path / "bundle", sample)
    return tmp_path / "bundle"


def test_every_figure_is_the_same_bit_by_bit(session, model, sample, bundle):
    panel = pa.Table.from_pandas(sample.drop(columns=["churned", "future_value"]), preserve_index=False)
    there = nw.from_native(session.createDataFrame(panel).repartition(3))
    found = score_in_spark(there, bundle).to_native().toArrow().sort_by("customer_id")
    expected = pa.Table.from_batches([score_batch(model, panel)]).sort_by("customer_id")
    assert found.column_names == expected.column_names
    assert found.to_pylist() == expected.to_pylist()


def test_a_damaged_bundle_is_not_sent_to_anyone(bundle):
    (bundle / "model.json").write_text("{}")
    with pytest.raises(OutputError, match=r"model\.json"):
        Score.of(bundle)
