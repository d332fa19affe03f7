"""Decisions on versions: kept as tags, told as reigns, replayed for a rollback."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.tracking.decisions import Decision, as_tag, before, from_tags, reigns

START = datetime(2026, 1, 1, tzinfo=UTC)
MADE = START - timedelta(days=1)


def told(*steps):
    """Decisions a day apart, from (what, version)."""
    words = {"+": "promoted", "-": "refused", "<": "rolled back to"}
    return [Decision(v, words[w], START + timedelta(days=i), f"step {i}") for i, (w, v) in enumerate(steps)]


steps = st.lists(st.tuples(st.sampled_from("+-"), st.integers(1, 4)), max_size=12)


@given(steps, st.text(max_size=30))
def test_decisions_come_back_from_their_tags_as_they_were(made, reason):
    decisions = tuple(Decision(1, d.what, d.when, reason, left=d.version) for d in told(*made))
    tags = dict(map(as_tag, reversed(decisions)))
    assert len(tags) == len(decisions)
    assert from_tags(1, tags, MADE) == decisions


def test_tags_that_are_not_ours_are_no_decisions():
    tags = {
        "decision/20260101T000000.000000Z": '{"what": "promoted", "reason": "yes", "left": null}',
        "decision/yesterday": '{"what": "promoted", "reason": "when?", "left": null}',
        "decision/20260102T000000.000000Z": "not json",
        "decision/20260103T000000.000000Z": '{"what": "adored", "reason": "?", "left": null}',
        "decision/20260104T000000.000000Z": "[1]",
        "promoted": "false",
        "reason": "the page's own",
    }
    assert [d.reason for d in from_tags(1, tags, MADE)] == ["yes"]


def test_a_version_nobody_decided_about_has_no_decision():
    assert from_tags(1, {"grade": "A"}, MADE) == ()
    (kept,) = from_tags(1, {"promoted": "false", "reason": "worse"}, MADE)
    assert (kept.what, kept.reason, kept.when, kept.crowned) == ("refused", "worse", MADE, False)


@given(steps)
def test_reigns_follow_each_other_without_a_gap_and_one_lasts(made):
    decisions = told(*made)
    champion = next((d.version for d in reversed(decisions) if d.crowned), None)
    found = reigns(decisions, champion)
    assert all(earlier.until == later.since for earlier, later in pairwise(found))
    assert all(earlier.version != later.version for earlier, later in pairwise(found))
    assert [r.version for r in found if r.until is None] == ([] if champion is None else [champion])


def test_a_reign_is_told_with_its_reason_in_plain_values():
    first, second, moved = reigns(told(("+", 1), ("-", 2), ("+", 3)), champion=2)
    assert first.as_json() == {
        "version": 1,
        "since": "2026-01-01T00:00:00+00:00",
        "until": "2026-01-03T00:00:00+00:00",
        "reason": "step 0",
    }
    assert (second.version, second.reason) == (3, "step 2")
    assert moved.as_json() == {
        "version": 2,
        "since": None,
        "until": None,
        "reason": "the alias was moved outside hvc-ml",
    }


def test_rollbacks_walk_back_and_never_to_what_they_left():
    assert before(told(("+", 1), ("-", 2), ("+", 3)), 3) == 1
    assert before(told(("+", 1), ("+", 2), ("+", 3), ("<", 2)), 2) == 1
    assert before(told(("+", 1), ("+", 2), ("<", 1), ("+", 3)), 3) == 1
    assert before(told(("+", 1), ("+", 2), ("<", 1)), 1) is None
    assert before(told(("+", 1), ("+", 2), ("+", 1)), 1) == 2
    assert before(told(("+", 1)), 1) is None
    assert before([], None) is None


def test_a_decision_whose_alias_never_moved_is_not_gone_back_to():
    assert before(told(("+", 1), ("+", 2), ("+", 3)), 2) == 1  # written, then the process died


def test_a_rollback_to_a_version_whose_decisions_were_deleted_counts_as_a_promotion():
    assert before(told(("+", 1), ("<", 2)), 2) == 1
