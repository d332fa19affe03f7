import numpy as np
import pandas as pd
import pytest

from hvc_ml.planning.economics import expected_gain

MADE = pytest.mark.parametrize("kind", ["retail", "subscription"])
OBSERVERS = pytest.mark.parametrize("seen", ["", "_seen"])


@pytest.fixture
def made(shop, club, kind):
    return shop if kind == "retail" else club


def _auc(risk, happened):
    rank = pd.Series(risk).rank()
    positives = int(happened.sum())
    return (rank[happened].sum() - positives * (positives + 1) / 2) / (positives * (len(risk) - positives))


@MADE
@OBSERVERS
def test_risks_are_calibrated(made, seen, miscalibration):
    rows = made.truth["outlook"]
    assert miscalibration(rows[f"churn_risk{seen}"].to_numpy(), rows.churned.to_numpy()) <= 0.01


@MADE
@OBSERVERS
def test_risks_are_calibrated_among_the_doubtful(made, seen, miscalibration):
    rows = made.truth["outlook"]
    rows = rows[rows.churn_risk_seen.between(0.05, 0.95)]
    assert miscalibration(rows[f"churn_risk{seen}"].to_numpy(), rows.churned.to_numpy()) <= 0.02


@MADE
@OBSERVERS
def test_totals_are_right(made, seen):
    rows = made.truth["outlook"]
    assert rows[f"future_value{seen}"].sum() == pytest.approx(rows.realised_value.sum(), rel=0.03)
    stayed = rows[~rows.churned]
    assert stayed[f"value_if_kept{seen}"].sum() == pytest.approx(stayed.realised_value.sum(), rel=0.03)


@MADE
def test_totals_are_right_for_each_tenth_of_value(made):
    rows = made.truth["outlook"]
    groups = pd.qcut(rows.future_value_seen.rank(method="first"), 10, labels=False)
    sums = rows.groupby(groups)[["future_value_seen", "realised_value"]].sum()
    error = (sums.future_value_seen - sums.realised_value).abs().sum() / sums.realised_value.sum()
    assert error <= 0.03


@MADE
def test_who_sees_more_ranks_better(made):
    rows = made.truth["outlook"]
    churned = rows.churned.to_numpy()
    oracle, onlooker = _auc(rows.churn_risk.to_numpy(), churned), _auc(rows.churn_risk_seen.to_numpy(), churned)
    assert oracle > onlooker > 0.7


@MADE
def test_figures_are_possible(made):
    rows = made.truth["outlook"]
    for seen in ("", "_seen"):
        assert rows[f"churn_risk{seen}"].between(0, 1).all()
        assert np.isfinite(rows[[f"future_value{seen}", f"value_if_kept{seen}"]]).all(axis=None)
    assert (rows.value_if_kept >= rows.future_value - 1e-6).mean() > 0.99
    assert not rows.duplicated(["customer_id", "cutoff"]).any()
    assert rows.cutoff.nunique() == made.settings.cutoffs + 1


@MADE
def test_what_came_true_is_what_the_orders_say(made):
    rows = made.truth["outlook"]
    cutoff = rows.cutoff.min()
    rows = rows[rows.cutoff == cutoff].set_index("customer_id")
    start = pd.Timestamp(cutoff)
    inside = made.orders[(made.orders.ordered_at >= start) & (made.orders.ordered_at < start + pd.Timedelta(days=90))]
    paid = inside.groupby("customer_id").amount.sum().reindex(rows.index).fillna(0)
    assert paid.to_numpy() == pytest.approx(rows.realised_value.to_numpy(), abs=0.005)


def test_a_shop_customer_churns_who_does_not_order(shop):
    rows = shop.truth["outlook"]
    rows = rows[rows.cutoff == rows.cutoff.min()].set_index("customer_id")
    start = pd.Timestamp(shop.truth["outlook"].cutoff.min())
    inside = shop.orders[(shop.orders.ordered_at >= start) & (shop.orders.ordered_at < start + pd.Timedelta(days=90))]
    assert (rows.churned == ~rows.index.isin(inside.customer_id[inside.amount > 0])).all()


def test_the_oracle_knows_who_is_gone(shop):
    rows = shop.truth["outlook"]
    gone = rows[rows.state == "gone"]
    assert (gone.churn_risk == 1).all()
    assert gone.churned.all()
    assert (gone.future_value <= 0).all()
    assert (gone.value_if_kept > 0).mean() > 0.99
    assert (gone.churn_risk_seen < 1).any()


@MADE
def test_a_fading_customer_is_at_greater_risk(made):
    rows = made.truth["outlook"]
    risk = rows.groupby("state").churn_risk.mean()
    assert risk["fading"] > risk["active"] + 0.1


@MADE
def test_the_true_gain_is_the_gain_of_the_formula(made):
    rows = made.truth["outlook"]
    now = rows[rows.cutoff == rows.cutoff.max()].set_index("customer_id")
    actions = made.truth["actions"]
    facts = now.reindex(actions.customer_id)
    gain = expected_gain(
        facts.churn_risk.to_numpy(),
        facts.value_if_kept.to_numpy(),
        save_rate=actions.save_probability.to_numpy(),
        offer_cost=actions.offer.to_numpy(),
        take_up=actions.take_up.to_numpy(),
        contact_cost=actions.contact.to_numpy(),
    )
    assert gain == pytest.approx(actions.expected_gain.to_numpy())
    assert actions.groupby("customer_id").size().eq(3).all()


@MADE
def test_no_action_is_best_for_everyone(made):
    actions = made.truth["actions"]
    best = actions.loc[actions.groupby("customer_id").expected_gain.idxmax()]
    best = best[best.expected_gain > 0]
    assert (best.action.value_counts(normalize=True) > 0.03).sum() == 3
