import json

import numpy as np
import pandas as pd
import pytest

from hvc_ml.errors import ModelRefused
from hvc_ml.estimators.moves import MOVES, PLACE, STANDING, Floors, Moves, expected_ahead, fit_moves, standing
from hvc_ml.estimators.settings import ModelSettings

HORIZON = 90
FLOORS = Floors((300.0, 100.0), (300.0, 100.0))
FEATURES = ["mood", "country"]
TEXT = {"country": None}
SETTINGS = ModelSettings(threads=1)


def customers(n=3000, seed=0, noise=0.3):
    """Customers of a shop: what they spend in the year, what of it stays, and what the rest of the year will bring."""
    rng = np.random.default_rng(seed)
    monthly = rng.lognormal(2.2, 0.9, n)
    staying, leaving = (monthly * months * rng.lognormal(0, 0.4, n) for months in (9, 3))
    mood = rng.normal(size=n)
    comes = monthly * 3 * np.exp(0.6 * mood + noise * rng.normal(size=n))
    churned = rng.random(n) < 0.2
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{i:05d}" for i in range(n)],
            "spend_365d": staying + leaving,
            "spend_staying": staying,
            "mood": mood,
            "country": rng.choice(["NL", "FR"], n),
            "prior_active": 0.8,
            "prior_purchases": 3.0,
            "prior_value": 0.8 * monthly * 3,
            "prior_value_if_kept": monthly * 3,
            "churned": churned.astype(int),
        }
    )
    frame = pd.concat([frame, standing(frame, FLOORS, HORIZON)], axis=1)
    then = ((staying + np.where(churned, 0, comes))[:, None] < np.asarray(FLOORS.ahead)).sum(axis=1)
    down, up = (then > frame[PLACE]) & ~churned, (then == 0) & (frame[PLACE] > 0) & ~churned
    return frame.assign(downgraded=down.astype(int), upgraded=up.astype(int))


def fitted(fit=None, late=None, **more):
    fit, late = (customers(seed=seed) if given is None else given for seed, given in ((1, fit), (2, late)))
    return fit_moves(fit, late, FEATURES, TEXT, SETTINGS, horizon=HORIZON, floors=FLOORS, **more)


@pytest.fixture(scope="module")
def moves():
    return fitted()


@pytest.fixture(scope="module")
def test_rows():
    return customers(seed=3)


def auc(event, score):
    ranks = pd.Series(np.asarray(score)).rank().to_numpy()
    positive = np.asarray(event) == 1
    n = positive.sum()
    return (ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(positive) - n))


def test_chances_hold_on_later_customers_and_rank_better_than_the_standing_alone(moves, test_rows):
    said = moves.predict(test_rows, np.full(len(test_rows), 0.2))
    bare = {MOVES[0]: -test_rows[STANDING[MOVES[0]][0]], MOVES[1]: test_rows[STANDING[MOVES[1]][0]]}
    for column, label, could in (
        (MOVES[0], "downgraded", test_rows[PLACE] < 2),
        (MOVES[1], "upgraded", test_rows[PLACE] > 0),
    ):
        event = test_rows.loc[could, label]
        assert said.loc[could, column].mean() == pytest.approx(event.mean(), abs=0.02)
        assert auc(event, said.loc[could, column]) > auc(event, bare[column][could]) + 0.02


def test_nobody_falls_below_the_last_tier_or_rises_above_the_first(moves, test_rows):
    said = moves.predict(test_rows, np.full(len(test_rows), 0.2))
    assert (said.loc[test_rows[PLACE] == 2, "downgrade_risk"] == 0).all()
    assert (said.loc[test_rows[PLACE] == 0, "upgrade_chance"] == 0).all()
    assert (said.loc[test_rows[PLACE] < 2, "downgrade_risk"] > 0).all()


def test_who_moves_still_buys_so_the_chance_never_exceeds_that_of_staying(moves, test_rows):
    risk = np.r_[0.0, 1.0, np.random.default_rng(0).random(len(test_rows) - 2)]
    said = moves.predict(test_rows, risk)
    assert list(said) == list(MOVES)
    for column in MOVES:
        assert said[column].between(0, 1 - risk).all()


def test_expected_money_counts_leaving_and_standing_does_not():
    frame = customers(5)
    assert expected_ahead(frame, HORIZON).to_numpy() == pytest.approx(frame["spend_staying"] + frame["prior_value"])
    found = standing(frame, Floors((300.0, 100.0), (200.0, 50.0)), HORIZON)
    expected = frame["spend_staying"] + frame["prior_value_if_kept"]
    assert found["spend_expected_over_top"].to_numpy() == pytest.approx(expected / 200)
    own = np.array([200.0, 50.0, np.nan])[found[PLACE].astype(int)]
    assert found["spend_expected_over_floor"].to_numpy() == pytest.approx(expected / own, nan_ok=True)


def test_over_a_year_ahead_nothing_that_is_spent_still_counts():
    frame = customers(5).drop(columns="spend_staying")
    assert expected_ahead(frame, 365).equals(frame["prior_value"])
    assert (standing(frame, FLOORS, 400)["spend_staying_over_top"] == 0).all()


def test_unknown_spend_counts_as_none():
    frame = customers(3).assign(spend_365d=np.nan, spend_staying=np.nan)
    found = standing(frame, FLOORS, HORIZON)
    assert (found[PLACE] == 2).all()
    assert (found["spend_staying_over_top"] == 0).all()


@pytest.mark.parametrize("short", ["fit", "late", "everyone moved"])
def test_with_few_moves_everyone_gets_the_base_rate_and_the_notes_say_so(test_rows, short):
    fit, late = customers(seed=1), customers(seed=2)
    if short == "everyone moved":
        late = late.assign(downgraded=1, upgraded=1)
    elif short == "late":
        late = late.head(40)
    else:
        fit = fit.head(40)
    moves = fitted(fit, late)
    assert moves.files == {}
    kept = pd.concat([rows[(rows["churned"] == 0) & (rows[PLACE] < 2)] for rows in (fit, late)])
    rate = (kept["downgraded"].sum() + 0.5) / (len(kept) + 1)
    said = moves.predict(test_rows, np.full(len(test_rows), 0.2))["downgrade_risk"]
    assert set(said.round(12)) == {0.0, round(0.8 * rate, 12)}
    assert all("too few to learn from" in chance.why for chance in moves.chances.values())
    assert f"{int(kept['downgraded'].sum()):,} of {len(kept):,}" in moves.downgrade.why


def test_files_bring_the_same_bits_back_and_fitting_again_the_same_bytes(moves, test_rows):
    risk = np.linspace(0, 1, len(test_rows))
    assert sorted(moves.files) == ["downgrade.txt", "upgrade.txt"]
    back = Moves.from_json(json.loads(json.dumps(moves.to_json())), moves.files)
    assert back.predict(test_rows, risk).equals(moves.predict(test_rows, risk))
    assert (back.to_json(), back.files) == (moves.to_json(), moves.files)
    again = fit_moves(
        customers(seed=1),
        customers(seed=2),
        FEATURES,
        TEXT,
        SETTINGS.model_copy(update={"threads": 2}),
        horizon=HORIZON,
        floors=FLOORS,
    )
    assert (again.to_json(), again.files) == (moves.to_json(), moves.files)


def test_without_the_trees_text_it_is_refused(moves):
    with pytest.raises(ModelRefused, match="text is missing"):
        Moves.from_json(moves.to_json(), {})


def test_each_customer_is_told_the_same_alone_and_in_a_crowd_and_nobody_gives_no_rows(moves, test_rows):
    risk = np.linspace(0, 1, len(test_rows))
    said = moves.predict(test_rows, risk)
    assert moves.predict(test_rows.iloc[[7, 3]], risk[[7, 3]]).equals(said.iloc[[7, 3]])
    assert moves.predict(test_rows.iloc[:0], risk[:0]).shape == (0, 2)


def test_the_currency_does_not_matter(moves, test_rows):
    money = ["spend_365d", "spend_staying", "prior_value", "prior_value_if_kept"]

    def pence(frame):
        return frame.assign(**frame[money] * 100)

    floors = Floors(*(tuple(100 * v for v in values) for values in FLOORS))
    fit, late = (pence(customers(seed=seed)) for seed in (1, 2))
    other = fit_moves(fit, late, FEATURES, TEXT, SETTINGS, horizon=HORIZON, floors=floors)
    risk = np.full(len(test_rows), 0.3)
    same = moves.predict(test_rows, risk)
    assert np.abs(other.predict(pence(test_rows), risk) - same).to_numpy().max() < 1e-6


def test_columns_that_are_standing_in_the_frame_already_give_way(moves, test_rows):
    bare = test_rows.drop(columns=[PLACE, *STANDING[MOVES[0]], *STANDING[MOVES[1]]])
    risk = np.full(len(test_rows), 0.3)
    wrong = test_rows.assign(**{PLACE: 1.0})
    assert moves.predict(bare, risk).equals(moves.predict(wrong, risk))


def test_labels_without_signal_leave_the_base_rate(test_rows):
    rng = np.random.default_rng(5)

    def shuffled(frame):
        drawn = (rng.random((len(frame), 2)) < 0.2).astype(int)
        return frame.assign(downgraded=drawn[:, 0], upgraded=drawn[:, 1])

    moves = fitted(shuffled(customers(seed=1)), shuffled(customers(seed=2)))
    said = moves.predict(test_rows, np.zeros(len(test_rows)))
    assert said.loc[test_rows[PLACE] == 1].std().max() < 0.06
