"""Samples hold each other, and everybody is measured whatever was learned from."""

import numpy as np
import pytest
import yaml

from benchmarks.end_to_end import shop_config
from benchmarks.sample_size import learned, told
from hvc_ml.config import load_config
from hvc_ml.progress import Stages
from hvc_ml.tables.demo import DemoSettings, write_demo
from hvc_ml.workflows.shop import open_shop


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sizes")
    write_demo(folder / "shop", DemoSettings(customers=900))
    path = shop_config(folder, folder / "shop" / "data", "1GB")
    config = yaml.safe_load(path.read_text()) | {"model": {"rounds": 4}}
    path.write_text(yaml.safe_dump(config))
    with open_shop(load_config(path), Stages()) as shop:
        return learned(shop, [200, 400])


def test_everybody_is_measured_whatever_the_sample(found):
    few, many = found
    assert 50 < few.customers < many.customers < len(few.test.actual)
    assert few.rows < many.rows
    assert few.test.actual.equals(many.test.actual)
    assert not np.array_equal(few.test.predictions["churn_risk"], many.test.predictions["churn_risk"])


def test_differences_are_to_the_largest(found):
    *_, few, many = told(found).splitlines()
    assert few.startswith(f"| {found[0].customers:,} | {found[0].rows:,} | ")
    assert few.count(" to ") == 4
    assert many.count(" to ") == 0
