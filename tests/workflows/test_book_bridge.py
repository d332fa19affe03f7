"""The bridge of the book is that of `explain --change`; of a sample, its totals are still exact."""

import shutil
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.config import load_config
from hvc_ml.progress import Stages
from hvc_ml.workflows import book_bridge as module
from hvc_ml.workflows.book_bridge import bridge_since, expanded, sampled
from hvc_ml.workflows.change import WORDS, change
from hvc_ml.workflows.past_lists import past_lists
from hvc_ml.workflows.score import Limits, score
from hvc_ml.workflows.shop import open_shop


@pytest.fixture(scope="module")
def twice(trained, tmp_path_factory):
    """A shop with a list of November and one of January."""
    folder = tmp_path_factory.mktemp("twice") / "shop"
    shutil.copytree(trained[0].folder, folder, symlinks=True)
    project = load_config(folder / "hvc.yaml")
    score(project, cutoff=date(2025, 11, 1), limits=Limits(), stages=Stages())
    return project


def bridged(project):
    old, new = past_lists(project)[-2:]
    with open_shop(project, Stages()) as shop:
        return bridge_since(shop, (old, new), (old.scores(), new.scores()))


def test_the_bridge_is_that_of_the_command(twice):
    found = bridged(twice)
    assert found.amounts == change(twice, "2025-11", "2026-01", stages=Stages()).bridge
    assert found.compared == found.stayed
    assert list(found.amounts) == list(WORDS)
    assert WORDS["corrected"] not in dict(found.steps)


def test_of_a_sample_the_totals_are_exact_and_the_parts_near(twice, monkeypatch):
    whole = bridged(twice)
    monkeypatch.setattr(module, "MOST", whole.stayed // 2)
    half = bridged(twice)
    assert half.compared == whole.stayed // 2
    for name in ("before", "left", "came", "after"):
        assert half.amounts[name] == whole.amounts[name]
    between = [round(100 * half.amounts[name]) for name in list(WORDS)[1:-1]]
    assert round(100 * half.amounts["before"]) + sum(between) == round(100 * half.amounts["after"])
    assert half.amounts["time_passing"] == pytest.approx(whole.amounts["time_passing"], rel=0.5)


CENTS = st.integers(-(10**9), 10**9)


@given(st.lists(CENTS, min_size=5, max_size=5), st.integers(1, 50), st.integers(0, 10**6), CENTS)
def test_the_parts_of_a_sample_always_add_up_to_the_change_of_all(sums, drawn, more, change):
    assert expanded(np.array(sums), drawn, drawn + more, change).sum() == change


@given(st.lists(CENTS, min_size=5, max_size=5))
def test_of_everybody_nothing_is_estimated(sums):
    assert expanded(np.array(sums), 9, 9, sum(sums)).tolist() == sums


def test_nobody_stayed_and_nothing_moved():
    assert expanded(np.zeros(5, dtype=np.int64), 0, 0, 0).tolist() == [0] * 5


def test_a_sample_is_the_same_each_time_whoever_else_is_there():
    customers = np.array(sorted(f"C{i}" for i in range(1_000)), dtype=object)
    drawn = customers[sampled(customers, 100)].tolist()
    assert len(set(drawn)) == 100
    assert drawn == sorted(drawn)
    fewer = customers[:900]
    assert len(set(drawn) & set(fewer[sampled(fewer, 100)])) >= 85
    assert sampled(customers, 1_000).tolist() == list(range(1_000))
