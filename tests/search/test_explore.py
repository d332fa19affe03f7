"""Candidates are proposed in turn, the same ones for the same seed, and not measured further once they fall behind."""

import itertools

import optuna
import pytest
from pydantic import ValidationError

from hvc_ml.search.explore import explore
from hvc_ml.search.settings import SearchSettings

LADDERS = {"leaves": (3, 7, 15, 31, 63), "l2": (0.0, 1.0, 10.0), "least": (None, 20, 100)}
DEFAULT = {"leaves": 15, "l2": 1.0, "least": None}


def shape(values):
    """Best at 63 leaves and an l2 of 10."""
    return values["leaves"] / 63 + values["l2"] / 10


def three_times(values):
    yield from (shape(values), shape(values) - 1.0, shape(values) + 1.0)  # months differ in level, for everyone


def tried(count, *, seed=7, measure=three_times, default=None, ladders=LADDERS):
    default = default or DEFAULT
    trials = explore(ladders, default, [*three_times(default)], measure, float, seed=seed)
    return [*itertools.islice(trials, count)]


def test_the_default_comes_first_and_is_not_measured_again():
    def never(values):
        raise AssertionError(values)

    (first,) = tried(1, measure=never)
    assert (first.number, first.values, first.pruned) == (0, DEFAULT, False)
    assert first.steps == tuple(three_times(DEFAULT))


def test_the_same_seed_tries_the_same_and_another_seed_something_else():
    assert tried(20) == tried(20)
    assert [t.values for t in tried(20, seed=8)] != [t.values for t in tried(20)]


def test_what_is_best_is_found():
    best = max(tried(40), key=lambda t: t.steps[0])
    assert (best.values["leaves"], best.values["l2"]) == (63, 10.0)


def test_only_values_of_the_ladders_are_tried_and_a_default_between_them_has_its_place():
    trials = tried(60, default={**DEFAULT, "leaves": 20, "l2": 0.5})
    assert {t.values["leaves"] for t in trials} <= {3, 7, 15, 20, 31, 63}
    assert {t.values["leaves"] for t in trials[1:]} & {20}
    assert {t.values["least"] for t in trials} == {None, 20, 100}


def test_who_falls_behind_is_not_measured_further_and_is_marked():
    asked = []

    def counted(values):
        for step in three_times(values):
            asked.append(values)
            yield step

    trials = tried(40, measure=counted)
    pruned = [t for t in trials if t.pruned]
    assert pruned
    assert all(len(t.steps) < 3 for t in pruned)
    assert all(len(t.steps) == 3 for t in trials if not t.pruned)
    assert len(asked) == sum(len(t.steps) for t in trials[1:])
    assert max(trials, key=lambda t: t.steps[0]) not in pruned


def test_a_level_that_changes_from_step_to_step_prunes_nobody_who_is_as_good_as_the_default():
    steps = [*three_times(DEFAULT)]
    trials = explore(LADDERS, DEFAULT, steps, lambda _: iter(steps), float, seed=7)
    assert not any(t.pruned for t in itertools.islice(trials, 30))


@pytest.mark.parametrize("shown", [(), (9.0,)])
def test_a_candidate_that_cannot_be_measured_to_the_end_counts_as_pruned(shown):
    found = tried(12, measure=lambda _: iter(shown))
    assert all(t.pruned and t.steps == shown for t in found[1:])


def test_nothing_is_said_and_nobody_else_s_log_is_changed(capfd):
    level = optuna.logging.get_verbosity()
    tried(3)
    assert capfd.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == level


@pytest.mark.parametrize("wrong", [{"trials": -1}, {"minutes": 0}, {"cutoffs": 1}, {"trails": 3}])
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValidationError):
        SearchSettings(**wrong)
