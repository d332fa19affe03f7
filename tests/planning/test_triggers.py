import numpy as np
import pandas as pd
import pytest

from hvc_ml.planning.learned import Learned, Stopped
from hvc_ml.planning.playbook import Action, Playbook
from hvc_ml.planning.triggers import allowed_actions

TIERS = pd.Series(["Priority", "Gold", "Mass"])


def book(*actions):
    return Playbook(actions=actions)


def test_an_action_asks_for_figures_within_bounds_ends_included():
    figures = pd.DataFrame({"last_survey": [9.0, 8.9, np.nan], "orders_90d": [2.0, 2.0, 2.0]})
    playbook = book(
        Action(name="best", where={"last_survey": [9, None]}),
        Action(name="unhappy", where={"last_survey": [None, 8.9]}),
        Action(name="both", where={"last_survey": [0, 10], "orders_90d": [3, None]}),
    )
    may = allowed_actions(TIERS, playbook, figures=figures)
    assert may.tolist() == [[True, False, False], [False, True, False], [False, False, False]]


def test_a_figure_that_is_unknown_absent_or_a_text_is_within_no_bounds():
    playbook = book(Action(name="a", where={"points": [None, 10]}))
    assert not allowed_actions(TIERS, playbook).any()
    assert not allowed_actions(TIERS, playbook, figures=pd.DataFrame({"other": [1.0] * 3})).any()
    assert not allowed_actions(TIERS, playbook, figures=pd.DataFrame({"points": ["few"] * 3})).any()


def test_birthdays_of_lists_that_follow_each_other_are_each_due_once():
    days = np.arange(0.0, 60.0)
    tiers = pd.Series(["Gold"] * 60)
    playbook = book(Action(name="card", birthday="born", lead_time=4))
    due = np.zeros(60, dtype=int)
    for passed in (0, 14, 28):  # three lists of two weeks
        due += allowed_actions(tiers, playbook, birthdays={"born": days - passed}, weeks=2)[:, 0]
    assert due.tolist() == [0] * 4 + [1] * 42 + [0] * 14


def test_without_a_known_birthday_nobody_gets_a_card():
    playbook = book(Action(name="card", birthday="born"))
    assert not allowed_actions(TIERS, playbook).any()
    assert not allowed_actions(TIERS, playbook, birthdays={"born": np.full(3, np.nan)}).any()


def test_a_stopped_action_is_proposed_to_nobody_or_not_to_its_tier():
    playbook = book(Action(name="call"), Action(name="mail"))
    learned = Learned("posterior", 2, stopped=(Stopped("call", None, "worse"), Stopped("mail", "Mass", "worse")))
    assert allowed_actions(TIERS, playbook, learned=learned).tolist() == [[False, True], [False, True], [False, False]]


@pytest.mark.parametrize(
    ("asks", "general"),
    [
        ({}, True),
        ({"tiers": ("Gold",)}, False),
        ({"families": ("service",)}, False),
        ({"where": {"points": [1, None]}}, False),
        ({"birthday": "born"}, False),
    ],
)
def test_a_general_action_asks_for_nothing(asks, general):
    assert Action(name="a", **asks).general is general
