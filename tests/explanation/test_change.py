from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hvc_ml.explanation.change import BEHAVIOUR, CALIBRATION, MODEL, PARTS, STATES, TIME, change_parts

CENTS = st.integers(-(10**11), 10**11)


@st.composite
def worlds(draw):
    return draw(arrays(np.int64, (*STATES, draw(st.integers(0, 5))), elements=CENTS))


def exact(world):
    """The same value by its definition, in fractions: one customer, one order after the other."""
    total, orders = [Fraction(0)] * 4, 0
    for order in permutations([TIME, BEHAVIOUR, MODEL, CALIBRATION]):
        if order.index(BEHAVIOUR) < order.index(TIME):
            continue
        orders += 1
        here = {"figures": 0, "model": 0, "calibration": 0}
        for part in order:
            before = world[here["figures"], here["model"], here["calibration"]]
            here["figures" if part in (TIME, BEHAVIOUR) else "model" if part == MODEL else "calibration"] += 1
            total[part] += int(world[here["figures"], here["model"], here["calibration"]]) - int(before)
    return [t / orders for t in total]


@given(world=worlds())
def test_the_parts_add_up_to_the_change_exactly(world):
    assert (change_parts(world).sum(axis=0) == world[2, 1, 1] - world[0, 0, 0]).all()


@given(world=worlds())
def test_each_part_is_its_average_over_all_orders_to_the_cent(world):
    for i, parts in enumerate(change_parts(world).T):
        assert all(abs(cents - value) < 1 for cents, value in zip(parts.tolist(), exact(world[..., i]), strict=True))


@given(world=worlds())
def test_the_same_model_twice_moved_nothing(world):
    world[:, 0, 1] = world[:, 1, 0] = world[:, 1, 1] = world[:, 0, 0]
    assert not change_parts(world)[[MODEL, CALIBRATION]].any()


@given(world=worlds())
def test_the_same_cutoff_twice_moved_nothing(world):
    world[1] = world[2] = world[0]
    assert not change_parts(world)[[TIME, BEHAVIOUR]].any()


@given(world=worlds())
def test_who_did_nothing_has_no_behaviour(world):
    world[2] = world[1]
    assert not change_parts(world)[BEHAVIOUR].any()


@given(world=worlds())
def test_trees_that_did_not_change_move_nothing(world):
    world[:, 1] = world[:, 0]
    assert not change_parts(world)[MODEL].any()


@given(steps=arrays(np.int64, (4, 3), elements=CENTS))
def test_where_nothing_interacts_each_part_is_its_own_step(steps):
    time, behaviour, model, calibration = steps
    figures = np.stack([0 * time, time, time + behaviour])
    world = (
        figures[:, None, None]
        + np.stack([0 * model, model])[None, :, None]
        + np.stack([0 * calibration, calibration])[None, None]
    )
    assert (change_parts(world) == steps).all()


@given(world=worlds())
def test_going_back_undoes_model_and_calibration(world):
    back = change_parts(world[:, ::-1, ::-1])
    there = change_parts(world)
    still = world[[0, 0, 0]]
    assert (
        np.abs(
            change_parts(still)[[MODEL, CALIBRATION]] + change_parts(still[:, ::-1, ::-1])[[MODEL, CALIBRATION]]
        ).max(initial=0)
        <= 1
    )
    assert (
        back.sum(axis=0) + there.sum(axis=0) == world[2, 1, 1] + world[2, 0, 0] - world[0, 0, 0] - world[0, 1, 1]
    ).all()


def test_customers_do_not_see_each_other():
    world = np.random.default_rng(3).integers(0, 10**6, (*STATES, 7))
    alone = np.column_stack([change_parts(world[..., [i]]) for i in range(7)])
    assert (change_parts(world) == alone).all()


def test_money_that_is_not_in_whole_cents_is_refused():
    with pytest.raises(ValueError, match="whole cents"):
        change_parts(np.zeros((*STATES, 2)))
    with pytest.raises(ValueError, match=r"\(3, 2, 2, n\)"):
        change_parts(np.zeros((2, 2, 2, 2), dtype=np.int64))


def test_parts_have_the_names_of_their_places():
    assert [PARTS[i] for i in (TIME, BEHAVIOUR, MODEL, CALIBRATION)] == [
        "time_passing",
        "own_behaviour",
        "model",
        "calibration",
    ]
