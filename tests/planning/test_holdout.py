import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.planning.holdout import detectable_effect, draw_holdout, sample_ratio


def people(n, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "customer_id": [f"c{i:05d}" for i in range(n)],
            "churn_risk": rng.random(n),
            "tier": rng.choice(["Priority", "Gold", "Mass"], n),
        }
    )


@given(n=st.integers(0, 300), share=st.floats(0, 0.99))
def test_the_holdout_has_the_size_that_was_asked_for(n, share):
    assert abs(draw_holdout(people(n), share, "spring").sum() - n * share) <= 1.0


def test_every_tier_and_every_decile_of_risk_is_held_out_alike():
    frame = people(6_000)
    frame["held"] = draw_holdout(frame, 0.1, "spring")
    frame["decile"] = pd.qcut(frame["churn_risk"], 10, labels=False)
    assert frame.groupby("tier")["held"].mean().between(0.09, 0.11).all()
    assert frame.groupby("decile")["held"].mean().between(0.09, 0.11).all()


def test_the_order_of_rows_does_not_matter():
    frame = people(500)
    held = set(frame["customer_id"][draw_holdout(frame, 0.2, "spring")])
    mixed = frame.sample(frac=1, random_state=1)
    assert set(mixed["customer_id"][draw_holdout(mixed, 0.2, "spring")]) == held


def test_a_customer_s_luck_is_their_own_so_a_few_newcomers_change_little():
    frame = people(2_000)
    held = set(frame["customer_id"][draw_holdout(frame, 0.1, "spring")])
    fewer = frame.iloc[20:]
    again = set(fewer["customer_id"][draw_holdout(fewer, 0.1, "spring")])
    assert len(held & again) > 0.85 * len(held)


def test_another_campaign_holds_out_other_customers():
    frame = people(2_000)
    both = draw_holdout(frame, 0.1, "spring") & draw_holdout(frame, 0.1, "autumn")
    assert both.sum() < 50


def test_who_is_held_out_says_nothing_about_the_id():
    frame = people(5_000)
    held = np.flatnonzero(draw_holdout(frame, 0.1, "spring"))
    assert abs(held.mean() - 2_500) < 4 * 1_443 / np.sqrt(len(held))


def test_a_missing_tier_is_a_tier_of_its_own():
    frame = people(20).assign(tier=None)
    assert draw_holdout(frame, 0.5, "spring").sum() == 10


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="share"):
        draw_holdout(people(5), 1.0, "spring")
    with pytest.raises(ValueError, match="twice"):
        draw_holdout(pd.concat([people(2), people(2)]), 0.1, "spring")


def test_the_detectable_effect_is_found_with_the_stated_power():
    n, m, base = 4_000, 600, 0.3
    effect = detectable_effect(n, m, base)
    rng = np.random.default_rng(0)
    treated, held = rng.binomial(n, base - effect, 4_000) / n, rng.binomial(m, base, 4_000) / m
    error = np.sqrt(treated * (1 - treated) / n + held * (1 - held) / m)
    assert np.mean(np.abs(treated - held) / error > 1.96) == pytest.approx(0.8, abs=0.03)


def test_with_nobody_held_out_no_effect_can_be_seen():
    assert detectable_effect(100, 0, 0.3) == 1.0
    assert detectable_effect(1, 1, 0.5) == 1.0


@given(n=st.integers(0, 400), share=st.floats(0, 0.9))
def test_a_holdout_just_drawn_has_the_ratio_that_was_asked_for(n, share):
    held = int(draw_holdout(people(n), share, "spring").sum())
    assert sample_ratio(n - held, held, share) > 0.01 or n * share < 1


def test_lost_customers_show_in_the_ratio_and_luck_is_told_its_own_size():
    assert sample_ratio(9_000, 700, 0.1) < 1e-6
    rng = np.random.default_rng(0)
    held = rng.binomial(2_000, 0.1, 4_000)
    alarms = np.mean([sample_ratio(2_000 - h, h, 0.1) < 0.05 for h in held])
    assert alarms == pytest.approx(0.05, abs=0.012)
