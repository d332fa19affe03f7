import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from hvc_ml.errors import UsageError
from hvc_ml.planning.playbook import Action, ListSettings, Playbook


def test_the_default_playbook_is_three_actions_with_talking_points():
    actions = Playbook().actions
    assert len(actions) == 3
    assert all(action.says and action.channel for action in actions)


def test_an_action_s_save_rate_is_the_mean_of_its_prior():
    assert Action(name="a").save_rate == pytest.approx(0.3)
    assert Action(name="a", save_rate_prior=(1, 1)).save_rate == 0.5


def test_two_actions_of_one_name_are_refused_by_name():
    with pytest.raises(ValidationError, match="found twice: call"):
        Playbook(actions=(Action(name="call"), Action(name="call"), Action(name="mail")))


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "a\nb"},
        {"name": "a", "take_up": 1.5},
        {"name": "a", "contact_cost": -1},
        {"name": "a", "contact_cost": float("inf")},
        {"name": "a", "save_rate_prior": (0, 1)},
        {"name": "a", "capacity": -1},
        {"name": "a", "colour": "red"},
        {"name": "a", "cool_down": -1},
        {"name": "a", "where": {"points": [None, None]}},
        {"name": "a", "where": {"points": [2, 1]}},
        {"name": "a", "where": {"points": [float("nan"), 1]}},
        {"name": "a", "where": {"points": 3}},
    ],
)
def test_an_action_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValidationError):
        Action(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"top": 0},
        {"holdout": 1.0},
        {"formats": ()},
        {"formats": ("pdf",)},
        {"budget": -1},
        {"weeks": 0},
        {"complaint_rest": -1},
        {"consent": ""},
    ],
)
def test_list_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValidationError):
        ListSettings(**wrong)


def test_capacities_are_set_by_name_and_a_wrong_name_is_told_the_right_ones():
    playbook = Playbook().with_capacities({"personal call": 5})
    assert [a.capacity for a in playbook.actions] == [5, None, None]
    assert Playbook().actions[0].capacity == 200
    for wrong in ({"fax": 1}, {"personal call": -1}):
        with pytest.raises(UsageError, match="personal call, service recovery, personal e-mail"):
            Playbook().with_capacities(wrong)


def test_settings_come_without_a_heavy_library():
    code = "import sys, hvc_ml.planning.playbook; print(sorted({'pandas', 'numpy', 'scipy'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout == "[]\n"


def test_what_to_say_is_one_line_in_the_list():
    assert Action(name="a", says=("Say sorry.", "Send a voucher.")).talking_points == "Say sorry. Send a voucher."
