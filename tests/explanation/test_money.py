import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hvc_ml.explanation.money import round_to_cents, value_at_risk_amounts


def expit(f):
    return 1.0 / (1.0 + np.exp(-np.clip(f, -700, 700)))


def steps(f):
    """An isotonic calibrator on top: monotone, flat almost everywhere."""
    return np.searchsorted([-2.0, -0.5, 0.0, 1.0, 3.0], f) / 5.0


LINKS = {"expit": expit, "steps": steps, "power": lambda f: expit(1.7 * f - 0.3), "exp": np.exp, "plain": np.copy}


@st.composite
def models(draw, links=("expit", "steps", "power"), bound=30.0):
    n, k = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    margin = st.floats(-bound / k, bound / k)
    churn = draw(arrays(np.float64, (n, k), elements=margin))
    value = draw(arrays(np.float64, (n, k), elements=st.floats(-2, 2)))
    base = draw(arrays(np.float64, n, elements=st.floats(-3, 3)))
    return base, churn, LINKS[draw(st.sampled_from(links))], 4.0, value, LINKS["exp"]


def product(model):
    b, phi, g, c, psi, h = model
    return g(b + phi.sum(axis=1)) * h(c + psi.sum(axis=1))


def scale(base, amounts):
    return np.maximum(np.abs(base), np.abs(amounts).max(axis=1, initial=0.0)) + 1e-12


@given(model=models())
def test_base_and_amounts_add_up_to_value_at_risk(model):
    base, amounts = value_at_risk_amounts(*model)
    assert (np.abs(base + amounts.sum(axis=1) - product(model)) <= 1e-9 * scale(base, amounts)).all()


@given(model=models(links=("expit", "power")))
def test_the_base_amount_is_the_value_at_risk_of_nobody_in_particular(model):
    b, _, g, c, _, h = model
    base, amounts = value_at_risk_amounts(*model)
    assert (np.abs(base - g(b) * h(np.full(len(b), c))) <= 1e-6 * scale(base, amounts)).all()


@given(model=models(), decimals=st.sampled_from([0, 2, 3]))
def test_rounded_figures_add_up_to_the_rounded_total_exactly(model, decimals):
    base, amounts = value_at_risk_amounts(*model)
    total = product(model)
    base, amounts = round_to_cents(base, amounts, total, decimals=decimals)
    cents = [np.rint(x * 10**decimals).astype(np.int64) for x in (base, amounts, total)]
    assert (cents[0] + cents[1].sum(axis=1) == cents[2]).all()
    assert np.allclose(amounts * 10**decimals, cents[1], atol=1e-6, rtol=1e-12)


@given(model=models())
def test_a_feature_that_moves_nothing_gets_nothing(model):
    b, phi, g, c, psi, h = model
    phi[:, 0] = psi[:, 0] = 0.0
    assert (value_at_risk_amounts(b, phi, g, c, psi, h)[1][:, 0] == 0.0).all()


@given(model=models())
def test_two_features_that_move_the_same_get_the_same(model):
    b, phi, g, c, psi, h = model
    phi, psi = np.column_stack([phi, phi[:, 0]]), np.column_stack([psi, psi[:, 0]])
    amounts = value_at_risk_amounts(b, phi, g, c, psi, h)[1]
    assert (amounts[:, 0] == amounts[:, -1]).all()


@given(model=models())
def test_the_order_of_features_does_not_matter(model):
    b, phi, g, c, psi, h = model
    base, amounts = value_at_risk_amounts(b, phi, g, c, psi, h)
    again, turned = value_at_risk_amounts(b, phi[:, ::-1], g, c, psi[:, ::-1], h)
    # a sum in another order rounds otherwise, and a step lies on one side or the other of it
    close = np.abs(product(model) - product((b, phi[:, ::-1], g, c, psi[:, ::-1], h))) < 1e-9
    moved = np.abs(turned[:, ::-1] - amounts).max(axis=1) <= 1e-5 * scale(base, amounts)
    assert moved[close & (np.abs(phi.sum(axis=1)) > 1e-3) & (np.abs(psi.sum(axis=1)) > 1e-3)].all()
    assert len(again) == len(base)


@given(model=models(links=("expit", "power", "steps")), rise=st.floats(0.0, 5.0))
def test_a_feature_that_only_raises_both_margins_is_never_charged_less_than_nothing(model, rise):
    b, phi, g, c, psi, h = model
    phi[:, 0] = psi[:, 0] = rise
    assert (value_at_risk_amounts(b, phi, g, c, psi, h)[1][:, 0] >= -1e-9).all()


def test_with_one_feature_it_is_the_symmetric_shapley_value_of_risk_and_value():
    b, f, c, h = -0.4, 1.1, 3.0, 4.2
    p0, p, v0, v = expit(b), expit(f), np.exp(c), np.exp(h)
    _, amounts = value_at_risk_amounts(b, [[f - b, 0.0]], expit, c, [[0.0, h - c]], np.exp)
    players = {"risk": [p * v0 - p0 * v0, p * v - p0 * v], "value": [p0 * v - p0 * v0, p * v - p * v0]}
    assert amounts[0] == pytest.approx([np.mean(players["risk"]), np.mean(players["value"])])


@pytest.mark.parametrize("margin", [-30.0, 30.0])
def test_extreme_margins_stay_finite_and_add_up(margin):
    phi = np.array([[margin, 0.5], [margin / 2, margin / 2]])
    model = (0.0, phi, expit, 4.0, np.array([[0.1, -0.1], [20.0, -40.0]]), np.exp)
    base, amounts = value_at_risk_amounts(*model)
    assert np.isfinite(amounts).all()
    total = expit(phi.sum(axis=1)) * np.exp(4.0 + model[4].sum(axis=1))
    assert np.abs(base + amounts.sum(axis=1) - total) == pytest.approx(0, abs=1e-9 * np.abs(amounts).max())


@pytest.mark.parametrize("tiny", [0.0, 1e-15, -1e-12, 1e-8])
def test_contributions_that_cancel_are_told_by_the_slope_at_the_base(tiny):
    phi = np.array([[2.0, -2.0 + tiny]])
    base, amounts = value_at_risk_amounts(0.0, phi, expit, 0.0, np.zeros((1, 2)), np.exp)
    assert amounts[0] == pytest.approx([0.5, -0.5], abs=1e-5)  # slope 1/4, value 1
    assert base[0] == pytest.approx(0.5)


def test_shapes_and_numbers_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="same"):
        value_at_risk_amounts(0.0, [[1.0]], expit, 0.0, [[1.0, 2.0]], np.exp)
    with pytest.raises(ValueError, match="churn: 1 of 2 margins"):
        value_at_risk_amounts(0.0, [[1.0], [np.nan]], expit, 0.0, [[1.0], [1.0]], np.exp)
    with pytest.raises(ValueError, match="value: 1 of 1 mapped margins"):
        value_at_risk_amounts(0.0, [[1.0]], expit, 0.0, [[1.0]], lambda f: np.where(f > 0, np.inf, f))


def test_money_that_cannot_be_counted_or_does_not_add_up_is_refused():
    with pytest.raises(ValueError, match="1 of 1 rows"):
        round_to_cents([1e20], [[0.0]], [1e20])
    with pytest.raises(ValueError, match="1 of 1 rows"):
        round_to_cents([np.nan], [[0.0]], [0.0])
    with pytest.raises(ValueError, match=r"miss their total by up to 1\.00"):
        round_to_cents([1.0], [[1.0]], [3.0])
    with pytest.raises(ValueError, match="shapes"):
        round_to_cents([1.0], [1.0], [2.0])
