"""Where the level of all customers together will be, from where it was."""

import numpy as np
import pandas as pd
import pytest

from hvc_ml.estimators.levels import Levels, levels_ahead
from hvc_ml.estimators.prior_columns import prior_columns
from hvc_ml.estimators.recipe import fit_recipe
from hvc_ml.estimators.settings import ModelSettings

HORIZON = 90.0


def seen(day, shift, *, error=0.02, learned=None, history=None):
    n = len(day)
    return Levels(
        day=np.asarray(day, dtype=float),
        shift=np.asarray(shift, dtype=float),
        error=np.full(n, error),
        history=np.full(n, 400.0) if history is None else np.asarray(history, dtype=float),
        learned=np.zeros(n, dtype=bool) if learned is None else np.asarray(learned),
    )


def test_without_any_cutoff_nothing_is_expected_and_the_error_is_that_of_levels_at_large():
    shift, error = seen([], []).forecast(0.0, HORIZON)
    assert shift == 0.0
    assert error > 0.3


def test_a_steady_level_goes_on():
    day = np.arange(0.0, 360.0, 30.0)
    shift, error = seen(day, np.full(12, 0.2)).forecast(360 + 60, HORIZON)
    assert shift == pytest.approx(0.2, abs=0.03)
    assert 0.0 < error < 0.2


def test_last_years_season_comes_again_and_without_a_year_nothing_is_known_of_it():
    day = np.arange(0.0, 700.0, 30.0)
    autumn = (day % 365 > 250) & (day % 365 < 330)
    long = seen(day, 0.3 * autumn)
    at_autumn, in_spring = (long.forecast(at, HORIZON)[0] for at in (730 + 290.0, 730 + 100.0))
    assert at_autumn > in_spring + 0.15
    short = seen(day[:7], np.zeros(7))
    assert abs(short.forecast(290.0, HORIZON)[0]) < 0.02
    assert short.forecast(290.0, HORIZON)[1] > long.forecast(730 + 290.0, HORIZON)[1]


def test_a_later_cutoff_tells_more_of_the_level_than_those_that_were_learned_from():
    day = np.array([0.0, 30.0, 60.0, 150.0])
    shift = np.array([0.0, 0.0, 0.0, 0.4])
    fresh = seen(day, shift, learned=[True, True, True, False]).forecast(240.0, HORIZON)[0]
    stale = seen(day, shift, learned=[True, True, True, True]).forecast(240.0, HORIZON)[0]
    assert fresh > stale + 0.05
    assert fresh > 0.25


def test_young_logs_and_few_customers_count_less():
    day, shift = [0.0, 150.0], [0.0, 0.5]
    full = seen(day, shift).forecast(240.0, HORIZON)[0]
    assert seen(day, shift, history=[400.0, 20.0]).forecast(240.0, HORIZON)[0] < full
    assert seen(day, shift, error=0.5).forecast(240.0, HORIZON)[0] < full


def test_a_strange_level_is_cut_off():
    assert seen([0.0], [50.0]).forecast(60.0, HORIZON)[0] <= np.log(5.0)


def test_the_order_of_cutoffs_does_not_matter():
    rng = np.random.default_rng(1)
    day, shift = np.arange(0.0, 300.0, 30.0), rng.normal(size=10)
    turned = rng.permutation(10)
    one, other = (seen(day[at], shift[at]).forecast(400.0, HORIZON) for at in (np.arange(10), turned))
    assert one == pytest.approx(other)


def test_totals_follow_the_season_of_a_shop_with_years_of_history():
    frames, prior, horizon = _seasonal_shop()
    cutoffs = sorted(frames)
    moment = cutoffs[-1]
    fit = pd.concat([frames[c] for c in cutoffs[:-4]], ignore_index=True)
    late, test = frames[cutoffs[-4]], frames[moment]
    settings = ModelSettings(rounds=20, members=("prior",))
    when = pd.Timestamp(moment).date()

    def bias(**more):
        recipe = fit_recipe(fit, late, [], {}, settings, horizon=horizon, prior=prior, **more)
        return recipe.predict(test)["future_value"].sum() / test["future_value"].sum() - 1

    assert abs(bias(moment=when)) < abs(bias()) / 2
    recipe = fit_recipe(fit, late, [], {}, settings, horizon=horizon, prior=prior, moment=when)
    low, expected, high = recipe.total(recipe.predict(test), 0.8)
    assert low < test["future_value"].sum() < high
    assert expected == pytest.approx(recipe.predict(test)["future_value"].sum())
    churn, value = levels_ahead(recipe, fit, late, None)
    assert churn.ahead == churn.now
    assert value.ahead == value.now


def _seasonal_shop():
    """Customers with known prior columns whose spend, given that they stay, is 60 % higher in one month of twelve."""
    from hvc_ml.estimators.prior import BuyTillYouDie  # noqa: PLC0415

    prior = BuyTillYouDie(0.8, 60.0, 0.8, 2.5, 6.0, 4.0, 15.0, np.nan, np.nan, 300.0, 1000, 600)
    rng, horizon, frames = np.random.default_rng(3), 90, {}
    for month in pd.date_range("2023-01-01", "2025-11-01", freq="MS"):
        past, future = prior.simulate(rng.uniform(100, 600, 1500), horizon, rng)
        season = 1.6 if month.month in (10, 11, 12) else 1.0
        frame = pd.DataFrame(
            {
                "purchase_days": past["frequency"] + 1,
                "days_since_first_order": past["age"] + 1,
                "days_since_last_order": past["age"] - past["recency"] + 1,
                "purchase_day_spend": past["repeat_spend_mean"].fillna(20.0),
                "future_value": future * season,
                "churned": (future == 0).astype(int),
            }
        )
        name = month.date().isoformat()
        frame = pd.concat([frame, prior_columns(frame, prior, horizon)], axis=1)
        frame.insert(0, "cutoff", name)
        frame.insert(0, "customer_id", [f"{name}-{i}" for i in range(len(frame))])
        frames[name] = frame
    return frames, prior, horizon
