import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.planning.suppression import REASONS, first_reasons, says_yes

people = st.sets(st.sampled_from("abcdef"))


@given(sets=st.fixed_dictionaries(dict.fromkeys(REASONS, people)))
def test_everybody_has_their_first_reason_and_counts_add_up(sets):
    customers = pd.Series(list("abcdefg"))
    found = first_reasons(customers, sets)
    for customer, reason in zip(customers, found, strict=True):
        held = [r for r in REASONS if customer in sets[r]]
        assert reason == (held[0] if held else "")
    assert (found != "").sum() == len(set().union(*sets.values()))


def test_the_rows_of_the_answer_are_those_of_the_question():
    customers = pd.Series(["b", "a"], index=[7, 3])
    found = first_reasons(customers, {"complaint": pd.Series(["a"])})
    assert found.to_dict() == {7: "", 3: "complaint"}


@pytest.mark.parametrize("yes", ["yes", "Y", " true", "T", "1", 1, 1.0, True])
def test_yes_is_said_in_many_ways(yes):
    assert says_yes(pd.Series([yes], dtype=object)).all()


@pytest.mark.parametrize("no", ["no", "", "maybe", "yes please", None, float("nan"), 0, 2.0, False, "0"])
def test_whatever_is_not_yes_is_no(no):
    assert not says_yes(pd.Series([no], dtype=object)).any()
