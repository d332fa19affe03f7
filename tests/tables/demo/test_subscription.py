import numpy as np
import pandas as pd
import pytest

from hvc_ml.tables.demo.spells import FADED_USE, month_later

DAY = pd.Timedelta(days=1)


def _left(contracts, cutoff, horizon, grace):
    """Whether one customer left, in plain words: the last end in the horizon, and no new start soon after."""
    ends = [end for _, end in contracts if end is not pd.NaT and cutoff <= end < cutoff + horizon * DAY]
    if not ends:
        return False
    last = max(ends)
    return not any(last <= start <= last + grace * DAY and (end is pd.NaT or end > last) for start, end in contracts)


def test_contracts_of_a_member_do_not_overlap(club):
    contracts = club.contracts.sort_values(["customer_id", "started_at"])
    before = contracts.groupby("customer_id").ended_at.shift()
    again = contracts.customer_id.duplicated()
    assert before[again].notna().all()
    assert (contracts.started_at[again] >= before[again]).all()
    assert (contracts.ended_at.isna() | (contracts.ended_at > contracts.started_at)).all()


def test_who_runs_and_who_leaves_is_what_the_contracts_say(club):
    outlook = club.truth["outlook"]
    cutoff = outlook.cutoff.min()
    rows = outlook[outlook.cutoff == cutoff].set_index("customer_id").churned
    start = pd.Timestamp(cutoff)
    begun = club.contracts[club.contracts.started_at < start]
    running = begun[begun.ended_at.isna() | (begun.ended_at >= start)]
    assert sorted(running.customer_id) == sorted(rows.index)
    some = club.contracts[club.contracts.customer_id.isin(rows.index[:1500])]
    for customer, own in some.groupby("customer_id"):
        assert _left(list(zip(own.started_at, own.ended_at, strict=True)), start, 90, 14) == rows[customer]


def test_an_end_that_lies_ahead_is_unknown(club):
    assert (club.contracts.ended_at.dropna() < pd.Timestamp(club.settings.end)).all()
    assert 0.2 < club.contracts.ended_at.isna().mean() < 0.7


def test_members_leave_after_the_first_month_and_the_first_year(club):
    final = (
        club.contracts[club.contracts.started_at < "2024-09-01"]
        .sort_values("started_at")
        .groupby("customer_id")
        .first()
    )
    months = ((final.ended_at - final.started_at) / DAY / 30.4375).round()
    ended = months.value_counts()
    at_risk = [(months.isna() | (months >= m)).sum() for m in range(1, 14)]
    hazard = np.array([ended.get(m, 0) for m in range(1, 14)]) / at_risk
    assert hazard[0] > 1.5 * hazard[3:10].mean()
    assert hazard[11] > 1.5 * hazard[3:10].mean()


def test_an_invoice_comes_every_month(club):
    invoices = club.orders[(club.orders.category == "subscription") & (club.orders.amount > 0)]
    gaps = invoices.sort_values(["customer_id", "ordered_at"]).groupby("customer_id").ordered_at.diff().dt.days.dropna()
    assert gaps.between(26, 35).mean() > 0.95


def test_members_who_lost_interest_use_less(club):
    outlook = club.truth["outlook"]
    cutoff = outlook.cutoff.min()
    rows = outlook[outlook.cutoff == cutoff].set_index("customer_id")
    start = pd.Timestamp(cutoff)
    use = club.events[club.events.kind.isin(["visit", "feature_use"])]
    use = use[(use.happened_at >= start - 10 * DAY) & (use.happened_at < start)].groupby("customer_id").size()
    truth = club.truth["customers"].set_index("customer_id")
    ratio = use.reindex(rows.index).fillna(0) / (10 * (truth.visits + truth.uses).reindex(rows.index))
    mean = ratio.groupby(rows.state).mean()
    assert mean["active"] > 0.8
    assert mean["fading"] < FADED_USE + 0.25


def test_members_come_back(club):
    returned = club.contracts[club.contracts.customer_id.duplicated(keep=False)].sort_values(
        ["customer_id", "started_at"]
    )
    pause = (returned.started_at - returned.groupby("customer_id").ended_at.shift()).dropna() / DAY
    assert (pause == 0).any()  # a change of plan
    assert pause.between(1, 13).any()  # a lapse
    assert (pause >= 60).any()  # a return
    assert not pause.between(14, 59).any()


def test_months_later_keep_the_day_of_the_month():
    start = np.array([pd.Timestamp(d).value // 86_400_000_000_000 for d in ("2024-01-28", "2023-11-05")])
    later = pd.to_datetime(month_later(start, np.array([1, 4])), unit="D")
    assert [str(d.date()) for d in later] == ["2024-02-28", "2024-03-05"]


def test_refunds_follow_complaints(club):
    back = club.orders[club.orders.amount < 0]
    complaints = club.events[club.events.kind == "complaint"]
    days = set(zip(complaints.customer_id, complaints.happened_at.dt.normalize(), strict=True))
    assert set(zip(back.customer_id, back.ordered_at.dt.normalize(), strict=True)) <= days
    assert len(back) == pytest.approx(0.4 * len(complaints), rel=0.15)


def test_every_ticket_kind_is_there(club):
    assert set(club.events.kind) == {"visit", "feature_use", "ticket", "complaint", "payment_failed", "nps", "referral"}
