"""What MLflow is told of a search: nothing without one, the reason always, a child per candidate."""

from contextlib import contextmanager
from datetime import date

import pytest

from hvc_ml.estimators.settings import ModelSettings
from hvc_ml.tracking.content import TAGS, checked_params
from hvc_ml.workflows.search import LADDERS
from hvc_ml.workflows.search_record import record_search, search_params
from hvc_ml.workflows.searched import Candidate, Search

MODEL = ModelSettings()
DEFAULT = {name: getattr(MODEL, name) for name in LADDERS}
DAY = date(2024, 1, 1)


class Heard:
    """A run that notes what it is told."""

    def __init__(self):
        self.told, self.children = {}, []

    def __getattr__(self, kind):
        return lambda *said, **more: self.told.setdefault(kind, []).append((*said, more))

    @contextmanager
    def child(self, name, tags):
        found = Heard()
        found.name, found.marks = name, tags
        self.children.append(found)
        yield found


@pytest.fixture
def run():
    return Heard()


def test_without_a_search_nothing_is_recorded_but_the_settings(run):
    search = Search(MODEL, "no search was asked for")
    record_search(run, search)
    assert (run.told, run.children) == ({}, [])
    assert search_params(search) == MODEL.model_dump(mode="json")


def test_a_history_too_short_leaves_its_reason(run):
    record_search(run, Search(MODEL, "no search: too short", asked=5))
    assert set(run.told) == {"tags", "document"}
    assert run.told["tags"][0][0] == {"search_chosen": 0, "search_reason": "no search: too short"}


def test_every_candidate_is_a_child_even_where_none_came_through(run):
    figures = {DAY: {"churn_auc": 0.7, "value_gini": 0.5, "mean_gini": 0.45}}
    candidates = (
        Candidate(0, DEFAULT, {}, figures, 0.0, pruned=False),
        Candidate(1, DEFAULT, {"min_child_samples": None, "leaves": 31}, {}, float("nan"), pruned=True),
    )
    search = Search(MODEL, "as configured", 2, (DAY,), candidates)
    record_search(run, search)
    assert [c.name for c in run.children] == [
        "search 00: as configured",
        "search 01: min_child_samples auto, leaves 31",
    ]
    assert [c.marks["search_state"] for c in run.children] == ["complete", "pruned"]
    assert [c.marks["search_chosen"] for c in run.children] == [True, False]
    assert {"search_chosen", "search_reason", *run.children[0].marks} <= TAGS
    assert [f[0] for f in run.told["figure"]] == ["search"]
    (table,) = (t[1] for t in run.told["table"])
    assert table["state"].tolist() == ["complete", "pruned"]
    assert checked_params(search_params(search))["validation_cutoffs"] == "2024-01-01"
