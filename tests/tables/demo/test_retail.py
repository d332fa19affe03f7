import numpy as np
import pandas as pd
import pytest

from hvc_ml.tables.demo.laws import SEGMENTS
from hvc_ml.tables.demo.lives import FADING_DAYS, OPENS, VISITS
from hvc_ml.tables.demo.season import make_season

DAY = pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def orders(shop):
    """One row per order: customer, moment, money."""
    positive = shop.orders[shop.orders.amount > 0]
    return positive.groupby("order_id").agg(
        customer_id=("customer_id", "first"), at=("ordered_at", "first"), amount=("amount", "sum")
    )


@pytest.fixture(scope="module")
def people(shop):
    """The truth about customers, with their last day in the data."""
    end = pd.Timestamp(shop.settings.end)
    frame = shop.truth["customers"].set_index("customer_id")
    gone = frame.gone_at.fillna(end).clip(upper=end)
    return frame.assign(until=gone, fading=frame.fading_at.fillna(end).clip(upper=end))


def _till_days(shop, people):
    """Days a customer stayed, as the till counts them."""
    season = make_season(shop.settings.start, shop.settings.end, 100)
    codes = people.segment.map(SEGMENTS.index).to_numpy()
    days = [(people[c] - pd.Timestamp(0)) / DAY for c in ("signed_up_at", "until")]
    start, stop = (season.till_time(codes, d.to_numpy()) for d in days)
    return np.maximum(stop - start, 0)


def test_the_shop_looks_like_a_shop(shop, orders):
    spent = shop.orders.groupby("customer_id").amount.sum().sort_values(ascending=False)
    last_year = (
        shop.orders[shop.orders.ordered_at >= "2025"].groupby("customer_id").amount.sum().sort_values(ascending=False)
    )
    assert 20 <= orders.amount.median() <= 60
    assert 0.60 <= last_year.head(len(last_year) // 5).sum() / last_year.sum() <= 0.75
    assert 0.60 <= spent.head(len(spent) // 5).sum() / spent.sum() <= 0.78
    assert 0.02 <= -shop.orders.amount[shop.orders.amount < 0].sum() / orders.amount.sum() <= 0.08


def test_a_third_to_half_of_active_customers_leave_within_the_horizon(shop, orders):
    outlook = shop.truth["outlook"]
    for cutoff, rows in outlook.groupby("cutoff"):
        recent = orders[(orders["at"] < pd.Timestamp(cutoff)) & (orders["at"] >= pd.Timestamp(cutoff) - 125 * DAY)]
        assert 0.30 <= rows.churned[rows.customer_id.isin(recent.customer_id)].mean() <= 0.50


def test_every_customer_has_a_first_order_at_signup(shop, orders, people):
    first = orders.groupby("customer_id")["at"].min().dt.normalize()
    assert (first.reindex(people.index) == people.signed_up_at).all()


def test_order_counts_match_the_true_rates(shop, orders, people):
    expected = people.rate * _till_days(shop, people)
    poisson = people["shape"] == 1  # of regular customers, the gap that is cut off at the end counts for less
    counts = orders.groupby("customer_id").size().reindex(people.index) - 1
    for segment in SEGMENTS:
        rows = poisson & (people.segment == segment)
        assert counts[rows].sum() == pytest.approx(expected[rows].sum(), abs=4 * np.sqrt(expected[rows].sum()))


def test_regular_customers_have_regular_gaps(orders, people):
    ordered = orders.sort_values(["customer_id", "at"])
    gap = ordered.groupby("customer_id")["at"].diff().dropna() / DAY
    gap = gap.groupby(ordered.customer_id[gap.index])
    spread = (gap.std() / gap.mean())[gap.size() >= 8]
    by_shape = spread.groupby(people["shape"].reindex(spread.index)).median()
    assert by_shape.is_monotonic_decreasing
    assert by_shape[6] < 0.65
    assert by_shape[1] > 0.8


def test_spend_matches_the_true_mean(orders, people):
    relative = orders.amount / people.spend.reindex(orders.customer_id).to_numpy()
    by_year = relative.groupby(orders["at"].dt.year).mean()
    assert by_year.to_numpy() == pytest.approx([1.01, 1.03, 1.05], abs=0.015)  # prices rise by 2 % a year


def test_nobody_orders_when_gone(orders, people):
    gone = people.until.reindex(orders.customer_id).to_numpy()
    assert (orders["at"].dt.normalize() <= gone).all()


def test_refunds_follow_their_orders(shop, orders, people):
    back = shop.orders[shop.orders.amount < 0]
    assert back.order_id.is_unique
    paid = orders.reindex(back.order_id)
    delay = (back.ordered_at.dt.normalize().to_numpy() - paid["at"].dt.normalize().to_numpy()) / np.timedelta64(1, "D")
    assert (delay.min(), delay.max()) == (3, 28)
    assert (-back.amount.to_numpy() <= paid.amount.to_numpy() + 1e-9).all()
    settled = orders[orders["at"] < pd.Timestamp(shop.settings.end) - 29 * DAY]
    expected = people.refund_chance.reindex(settled.customer_id).sum()
    assert settled.index.isin(back.order_id).sum() == pytest.approx(expected, abs=4 * np.sqrt(expected))


def test_line_items_share_an_order(shop):
    lines = shop.orders[shop.orders.amount > 0].groupby("order_id")
    for name in ("customer_id", "ordered_at", "channel"):
        assert (lines[name].min() == lines[name].max()).all()
    share = lines.size().value_counts(normalize=True).sort_index()
    assert share.to_numpy() == pytest.approx([0.55, 0.25, 0.13, 0.07], abs=0.01)


def test_money_has_two_decimals(shop):
    for name in ("amount", "discount", "cost"):
        scaled = shop.orders[name] * 100
        assert (scaled - scaled.round()).abs().max() < 1e-6


def test_gifts_are_bought_before_christmas(orders, people):
    season = orders["at"].dt.month.isin([11, 12])
    share = season.groupby(people.segment.reindex(orders.customer_id).to_numpy()).mean()
    assert share["gift"] > 0.33
    assert share["business"] < 0.24


def test_offices_rest_on_weekends(orders, people):
    weekend = orders["at"].dt.day_of_week >= 5
    share = weekend.groupby(people.segment.reindex(orders.customer_id).to_numpy()).mean()
    assert share["business"] < 0.12
    assert share["regular"] > 0.25


def test_bargain_hunters_wait_for_discounts(shop, people):
    rows = shop.orders[shop.orders.amount > 0]
    share = (rows.discount > 0).groupby(people.segment.reindex(rows.customer_id).to_numpy()).mean()
    assert share["bargain"] > 2 * share.drop("bargain").max()


def test_engagement_falls_before_customers_leave(shop, people):
    long = people[(people.until - people.fading > 20 * DAY) & (people.fading - people.signed_up_at > 60 * DAY)]
    seen = shop.events[shop.events.customer_id.isin(long.index)]
    facts = long.reindex(seen.customer_id)
    fading = (seen.happened_at.to_numpy() >= facts.fading.to_numpy()) & (
        seen.happened_at.to_numpy() < facts.until.to_numpy()
    )
    active = seen.happened_at.to_numpy() < facts.fading.to_numpy()
    for kind, rate, habit in (("visit", "visits", VISITS), ("email_open", "opens", OPENS)):
        of_kind = (seen.kind == kind).to_numpy()
        while_active = (long[rate] * ((long.fading - long.signed_up_at) / DAY)).sum()
        while_fading = (long[rate] * ((long.until - long.fading) / DAY)).sum()
        assert (of_kind & active).sum() / while_active == pytest.approx(1.0, abs=0.04)
        assert (of_kind & fading).sum() / while_fading == pytest.approx(habit[1], abs=0.04)


def test_fading_lasts_as_long_as_it_should(people):
    early = people[people.fading_at.notna() & (people.signed_up_at < "2023-07-01") & (people.fading_at < "2025-01-01")]
    lasted = (early.gone_at.fillna(pd.Timestamp("2026-04-02")) - early.fading_at) / DAY
    lasted = lasted[lasted > 0]
    assert lasted.mean() == pytest.approx(FADING_DAYS, rel=0.12)


def test_one_timers_are_as_many_as_planned(people):
    at_once = people.gone_at == people.signed_up_at
    assert at_once.mean() == pytest.approx(people.one_off.mean(), abs=0.02)


def test_complaints_drive_customers_away(shop, people):
    complaints = shop.events[(shop.events.kind == "complaint") & (shop.events.happened_at < "2025-10-01")]
    facts = people.reindex(complaints.customer_id)
    active = complaints.happened_at.to_numpy() < facts.fading.to_numpy()
    soon = facts.fading.to_numpy() < complaints.happened_at.to_numpy() + np.timedelta64(45, "D")
    after = soon[active].mean()
    ordinary = (1 - np.exp(-45 * facts.fade_hazard.to_numpy()[active])).mean()
    assert after > ordinary + 0.25


def test_surveys_reflect_satisfaction(shop, people):
    answers = shop.events[shop.events.kind == "nps"]
    assert answers.value.between(0, 10).all()
    mood = people.satisfaction.reindex(answers.customer_id)
    assert np.corrcoef(answers.value, mood)[0, 1] > 0.4


def test_points_are_for_members(shop):
    members = shop.customers[shop.customers.loyalty_member == "yes"].customer_id
    points = shop.events[shop.events.kind.str.startswith("points")]
    assert points.customer_id.isin(members).all()
    assert points.value.notna().all()


def test_referrers_came_first_and_are_on_record(shop):
    by_id = shop.customers.set_index("customer_id")
    sent = shop.customers.dropna(subset="referred_by")
    assert 0.02 < len(sent) / len(shop.customers) < 0.25
    assert (by_id.signed_up_at.reindex(sent.referred_by).to_numpy() < sent.signed_up_at.to_numpy()).all()
    assert (shop.events.kind == "referral").sum() == len(sent)


def test_newcomers_arrive_to_the_end(shop):
    assert (shop.customers.signed_up_at >= pd.Timestamp(shop.settings.end) - 30 * DAY).mean() > 0.02
