import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hvc_ml.errors import ModelRefused
from hvc_ml.estimators.contract_prior import ContractPrior
from hvc_ml.estimators.prior import BuyTillYouDie
from hvc_ml.estimators.timing import REPORTED, Timing, fit_timing, steps, timing_columns

BUYERS = BuyTillYouDie(0.243, 30.9, 0.793, 2.426, 6.25, 3.74, 15.44, np.nan, np.nan, 230, 2357, 946)
CONTRACTS = ContractPrior((0.05, 0.2, 0.02, 0.1), 1.0, 100)
PRIORS = {"no_order": BUYERS, "contract_end": CONTRACTS}
KINDS = ("no_order", "contract_end")


def customers(n=200, seed=0):
    rng = np.random.default_rng(seed)
    first = rng.integers(1, 900, n).astype(float)
    bought = rng.integers(1, 40, n).astype(float)
    return pd.DataFrame(
        {
            "purchase_days": bought,
            "days_since_first_order": first,
            "days_since_last_order": np.ceil(first * rng.random(n)),
            "mean_gap_days": np.where(bought > 1, rng.uniform(1, 200, n), np.nan),
            "contract_age_days": rng.integers(0, 500, n).astype(float),
        }
    )


def drawn(kind, horizon, n=4000, seed=1, speed=1.0):
    """Customers, their churn risk, and the day of the event, drawn from exponential waiting times."""
    rng = np.random.default_rng(seed)
    frame, risk = customers(n, 1000 + seed), rng.uniform(0.02, 0.98, n)
    happens = rng.random(n) < (risk if kind == "contract_end" else 1 - risk)
    rate = speed * 2.0 / horizon
    wait = -np.log1p(-rng.random(n) * -np.expm1(-rate * horizon)) / rate
    return frame.assign(days_to_event=np.where(happens, np.floor(wait), np.nan)), risk


def fitted(kind, horizon, **more):
    frame, risk = drawn(kind, horizon, **more)
    return fit_timing(frame, risk, horizon=horizon, kind=kind, prior=PRIORS[kind])


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    horizon=st.integers(1, 800),
    seed=st.integers(0, 100),
    scale=st.floats(0.0, 4.0),
    known=st.booleans(),
)
def test_risks_lie_between_nothing_happened_and_the_whole_horizon_and_never_turn_back(
    kind, horizon, seed, scale, known
):
    rng = np.random.default_rng(seed)
    count = len(steps(horizon)) - 1
    numbers = [tuple(rng.normal(0, scale, size)) for size in (count, 5, 5)]
    timing = Timing(kind, horizon, rng.normal(1, scale), *numbers, events=1)
    risk = np.r_[0.0, 1.0, rng.random(198)]
    said = timing.predict(customers(seed=seed), risk, PRIORS[kind] if known else None)
    assert tuple(said.columns) == timing_columns(horizon)
    told = said.drop(columns="act_before_days").to_numpy()
    if kind == "no_order":
        path = np.column_stack([np.ones(200), told, risk])
        assert (np.diff(path, axis=1) <= 0).all()
    else:
        path = np.column_stack([np.zeros(200), told, risk])
        assert (np.diff(path, axis=1) >= 0).all()
    day = said["act_before_days"]
    assert day.between(0, horizon, inclusive="left").all()
    assert (day == np.floor(day)).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("horizon", [1, 30, 90, 400])
def test_at_the_horizon_everything_has_happened_that_will(kind, horizon):
    shape = fitted(kind, horizon).shape(customers(), np.full(200, 0.3), PRIORS[kind])
    assert (shape[:, -1] == 1.0).all()
    assert (np.diff(np.column_stack([np.zeros(200), shape]), axis=1) >= 0).all()


def test_only_days_within_the_horizon_are_told():
    assert timing_columns(30) == ("act_before_days",)
    assert timing_columns(31) == ("churn_risk_30d", "act_before_days")
    assert timing_columns(1000) == (*(f"churn_risk_{k}d" for k in REPORTED), "act_before_days")


@pytest.mark.parametrize(("kind", "speed"), [("no_order", 0.3), ("contract_end", 3.0)])
def test_it_learns_the_pace_that_the_prior_has_wrong(kind, speed):
    timing = fitted(kind, 90, speed=speed)
    alone = fit_timing(None, None, horizon=90, kind=kind, prior=PRIORS[kind])
    frame, risk = drawn(kind, 90, seed=2, speed=speed)
    errors = []
    for model in (timing, alone):
        said = model.predict(frame, risk, PRIORS[kind])
        for k in (30, 60):
            came = frame["days_to_event"] < k
            happened = came.mean() if kind == "contract_end" else 1 - came.mean()
            errors.append(abs(said[f"churn_risk_{k}d"].mean() - happened))
    assert max(errors[:2]) < 0.02
    assert max(errors[2:]) > 2 * max(errors[:2])


@pytest.mark.parametrize("kind", KINDS)
def test_half_of_the_events_come_before_the_day_to_act_by(kind):
    timing = fitted(kind, 180)
    frame, risk = drawn(kind, 180, seed=3)
    said = timing.predict(frame, risk, PRIORS[kind])
    came = frame["days_to_event"].notna()
    assert (frame["days_to_event"] < said["act_before_days"])[came].mean() == pytest.approx(0.5, abs=0.03)


def test_who_buys_more_often_is_due_sooner():
    often = customers(1).assign(purchase_days=30.0, days_since_first_order=300.0)
    seldom = often.assign(purchase_days=2.0)
    timing = fit_timing(None, None, horizon=365, kind="no_order", prior=BUYERS)
    days = [timing.predict(f, np.array([0.5]), BUYERS)["act_before_days"].iloc[0] for f in (often, seldom)]
    assert days[0] < days[1]


def test_an_overdue_customer_can_be_told_from_one_who_is_not_due_yet():
    rng = np.random.default_rng(4)
    silence, gap = rng.uniform(1, 80, 6000), np.full(6000, 60.0)
    due = np.maximum(gap - silence, 0) + rng.exponential(10, 6000)
    frame = customers(6000).assign(days_since_last_order=silence, mean_gap_days=gap)
    frame["days_to_event"] = np.where(due < 90, np.floor(due), np.nan)
    risk = np.full(6000, float((due >= 90).mean()))
    timing = fit_timing(frame, risk, horizon=90, kind="no_order", prior=BUYERS)
    two = customers(2, seed=9).assign(purchase_days=9.0, days_since_first_order=500.0, mean_gap_days=60.0)
    day = timing.predict(two.assign(days_since_last_order=[2.0, 70.0]), risk[:2], BUYERS)["act_before_days"]
    assert day[0] > day[1] + 10


@pytest.mark.parametrize("late", ["none", "few", "unlabelled"])
def test_without_events_to_learn_from_the_prior_speaks_alone(late):
    frame, risk = drawn("no_order", 90)
    given = {"none": None, "few": frame.head(40), "unlabelled": frame.drop(columns="days_to_event")}[late]
    timing = fit_timing(given, None if given is None else risk[: len(given)], horizon=90, kind="no_order", prior=BUYERS)
    assert (timing.events, timing.belief) == (0, 1.0)
    assert set(timing.shifts) | set(timing.slopes) == {0.0}
    some = customers(50)
    shape = timing.shape(some, np.full(50, 0.3), BUYERS)
    frequency, age = some["purchase_days"] - 1, some["days_since_first_order"] - 1
    active = [BUYERS.predict(frequency, age, age, 30.0, k)["prior_active"].to_numpy() for k in steps(90)]
    assert shape == pytest.approx(np.column_stack(active) / active[-1][:, None], abs=2e-3)


def test_json_brings_the_same_bits_back_and_fitting_again_the_same_numbers():
    timing = fitted("no_order", 90)
    back = Timing.from_json(json.loads(json.dumps(timing.to_json())))
    assert back == timing == fitted("no_order", 90)
    said = timing.predict(customers(), np.full(200, 0.4), BUYERS)
    assert back.predict(customers(), np.full(200, 0.4), BUYERS).equals(said)


def test_the_order_of_rows_does_not_matter_beyond_the_last_digit():
    frame, risk = drawn("no_order", 90)
    mixed = np.random.default_rng(0).permutation(len(frame))
    again = fit_timing(frame.iloc[mixed], risk[mixed], horizon=90, kind="no_order", prior=BUYERS)
    first = fitted("no_order", 90)
    for one, other in zip((first.shifts, first.slopes), (again.shifts, again.slopes), strict=True):
        assert one == pytest.approx(other, abs=2e-6)


def test_each_customer_is_told_the_same_alone_and_in_a_crowd_and_nobody_gives_no_rows():
    timing, frame, risk = fitted("no_order", 90), customers(), np.linspace(0, 1, 200)
    said = timing.predict(frame, risk, BUYERS)
    assert timing.predict(frame.iloc[[7, 3]], risk[[7, 3]], BUYERS).equals(said.iloc[[7, 3]])
    assert timing.predict(frame.iloc[:0], risk[:0], BUYERS).shape == (0, 3)


def test_missing_figures_are_no_reason_to_fail():
    timing = fitted("contract_end", 90)
    frame = customers().assign(days_since_last_order=np.nan, mean_gap_days=np.nan, contract_age_days=np.nan)
    assert np.isfinite(timing.predict(frame, np.full(200, 0.2), CONTRACTS).to_numpy()).all()


@pytest.mark.parametrize("change", [{"shifts": [0.0]}, {"kind": "whim"}, {"means": []}])
def test_a_file_of_another_make_is_refused(change):
    with pytest.raises(ModelRefused, match="Train again"):
        Timing.from_json({**fitted("no_order", 90).to_json(), **change})
