"""Parts of the customers by their attributes: every customer has one, and none of their names leaves the project."""

import json
import math
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.config import load_config
from hvc_ml.errors import ConfigError
from hvc_ml.workflows.slicing import MOST, REST, UNKNOWN, keep_slices, kept_slices, numbered, parted, spread
from made.parts import CONFIG, part


@given(st.lists(st.sampled_from([None, "", " ", "f", "m", *"abcdefghijklmnop"]), max_size=60))
def test_every_value_has_a_part_the_most_frequent_first_and_rare_ones_share_one(values):
    found = parted(pd.Series(values, dtype=object))
    sizes = pd.Series(found).value_counts()
    own = [name for name in found.categories if name != REST]
    assert len(found) == len(values)
    assert not found.isna().any()
    assert len(found.categories) <= MOST
    assert [sizes[name] for name in own] == sorted((sizes[name] for name in own), reverse=True)


@given(st.lists(st.one_of(st.none(), st.integers(18, 99)), min_size=40, max_size=200))
def test_numbers_of_many_values_are_told_in_quarters_that_do_not_overlap(ages):
    values = pd.Series(ages, dtype="float64")
    found = parted(values)
    if values.nunique() <= MOST:
        return
    known = [name for name in found.categories if name != UNKNOWN]
    ends = [tuple(map(float, name.split(" to "))) for name in known]
    assert ends == sorted(ends)
    assert all(high < low for (_, high), (low, _) in pairwise(ends))
    assert all(
        low <= age <= high
        for age, name in zip(values, found, strict=True)
        if name != UNKNOWN
        for low, high in [tuple(map(float, name.split(" to ")))]
    )
    assert [name == UNKNOWN for name in found] == values.isna().tolist()


def test_a_record_numbers_an_attributes_parts_and_keeps_the_names_of_tiers():
    found = numbered(
        [part("tier", "Gold"), part("town", "Ulm"), part("town", "Bonn", cutoffs=()), part("town", "Trier")], ["town"]
    )
    assert [(s.by, s.name) for s in found] == [("tier", "Gold"), ("town", "part 1"), ("town", "part 2")]


def test_how_far_parts_lie_apart_is_told_without_their_names():
    parts = [
        part("town", "Ulm", chosen=0.1, reached=0.4),
        part("town", "Bonn", risk=0.5, left=0.3, auc=math.nan, reached=math.nan),
        part("town", "Trier", cutoffs=()),
    ]
    (found,) = spread([*parts, part("tier", "Gold")], ["town", "age"]).values()
    assert found == pytest.approx(
        {"parts": 2.0, "lowest_chosen": 0.5, "lowest_reached": 1.0, "largest_gap": 0.2, "lowest_auc": 0.8}
    )


def project(tmp_path, by="gender"):
    (tmp_path / "hvc.yaml").write_text(CONFIG.format(by=by))
    return load_config(tmp_path)


def test_what_was_measured_is_kept_for_the_model_it_was_measured_of(tmp_path):
    shop = project(tmp_path)
    keep_slices(shop, "ab" * 32, [part("gender", "f")])
    (kept,) = kept_slices(shop, "ab" * 32)
    assert (kept["name"], kept["chosen"], kept["intervals"]["churn_bias"]) == (
        "f",
        0.2,
        [-0.1, pytest.approx(0.05), 0.1],
    )
    assert kept == json.loads(json.dumps(part("gender", "f").as_json()))
    assert kept_slices(shop, "cd" * 32) == []
    (file,) = shop.monitoring.iterdir()
    assert file.stat().st_mode & 0o077 == 0
    file.write_text("{")
    assert kept_slices(shop, "ab" * 32) == []


def test_an_attribute_that_is_not_mapped_is_refused(tmp_path):
    assert project(tmp_path).config.slices.by == ("gender",)
    with pytest.raises(ConfigError, match=r"slices\.by: tables\.customers\.columns has no 'age'"):
        project(tmp_path, by="age")
