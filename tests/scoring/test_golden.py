"""Bundles of every format that was ever written: they still score, bit for bit, or are refused by name."""

from pathlib import Path

import pytest

from hvc_ml.scoring.bundle import FORMAT, read_self_test
from hvc_ml.scoring.model import CustomerModel

GOLDEN = Path(__file__).with_name("golden")


def test_every_format_has_its_golden_bundle():
    assert {p.name for p in GOLDEN.iterdir()} == {f"format_{n}" for n in range(1, FORMAT + 1)}


@pytest.mark.parametrize("folder", sorted(GOLDEN.iterdir()), ids=lambda p: p.name)
def test_a_golden_bundle_still_scores(folder):
    model = CustomerModel.load(folder)  # its self-test holds every bit
    rows, expected = read_self_test({"selftest.json": (folder / "selftest.json").read_bytes()})
    assert (model.predict(rows)["churn_risk"] == expected["churn_risk"]).all()
    assert model.recipe.contributions(rows).value.phi.notna().all(axis=None)
