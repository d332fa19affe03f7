"""The best that a log allows: calibrated, below who knows more, above who knows less, and blind for the future."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from hvc_ml.tables.demo import DemoSettings, write_demo
from hvc_ml.tables.demo.best import best_outlook

MADE = pytest.mark.parametrize("kind", ["retail", "subscription"])
DRAWS = 64


@pytest.fixture(scope="session")
def judged(shop, club):
    """Kind -> the newest outlook of 3,000 customers, with the figures of the best."""
    found = {}
    for made in (shop, club):
        rows = made.truth["outlook"]
        rows = rows[rows.cutoff == rows.cutoff.max()].iloc[:3_000]
        best = best_outlook(made.folder, made.settings, made.settings.end, set(rows.customer_id), draws=DRAWS)
        found[made.settings.kind] = rows.merge(best.to_pandas(), on="customer_id", validate="1:1")
    return found


@MADE
def test_everyone_asked_for_is_answered(judged, kind):
    assert len(judged[kind]) == 3_000


@MADE
def test_the_best_risk_is_calibrated(judged, kind, miscalibration):
    rows = judged[kind]
    assert rows.churn_risk_best.between(0, 1).all()
    assert miscalibration(rows.churn_risk_best.to_numpy(), rows.churned.to_numpy(), groups=8) <= 0.03
    assert rows.churn_risk_best.mean() == pytest.approx(rows.churn_risk_seen.mean(), abs=0.012)


@MADE
def test_the_best_ranks_below_who_knows_the_parameters_and_well_above_chance(judged, kind):
    rows = judged[kind]
    auc = {c: roc_auc_score(rows.churned, rows[f"churn_risk{c}"]) for c in ("_seen", "_best")}
    assert auc["_seen"] > auc["_best"] + 0.005
    assert auc["_best"] > {"retail": 0.85, "subscription": 0.63}[kind]


@MADE
def test_totals_are_right(judged, kind):
    rows = judged[kind]
    assert rows.future_value_best.sum() == pytest.approx(rows.future_value_seen.sum(), rel=0.05)
    stayed = rows[~rows.churned]
    assert stayed.value_if_kept_best.sum() == pytest.approx(stayed.realised_value.sum(), rel=0.08)


def test_who_fell_silent_against_their_own_rhythm_is_at_risk(judged, shop):
    """Among customers with a year of steady orders, those who missed several are riskier than those who missed none."""
    rows = judged["retail"].set_index("customer_id")
    days = shop.orders[shop.orders.amount > 0].assign(day=shop.orders.ordered_at.dt.normalize())
    by = days.groupby("customer_id").day.agg(["min", "max", "nunique"])
    gap = (by["max"] - by["min"]).dt.days / (by["nunique"] - 1)
    missed = ((pd.Timestamp(shop.settings.end) - by["max"]).dt.days / gap)[by["nunique"] >= 8].reindex(rows.index)
    assert rows.churn_risk_best[missed > 4].mean() > rows.churn_risk_best[missed < 1].mean() + 0.4


@MADE
def test_the_future_and_the_truth_are_invisible(tmp_path, kind):
    settings = DemoSettings(kind=kind, customers=300, years=2, cutoffs=3, seed=5)
    files = write_demo(tmp_path, settings)
    cutoff = date(2025, 11, 1)
    before = best_outlook(tmp_path, settings, cutoff, draws=8)
    for path in files.truth.values():
        path.unlink()
    for name, column in (("orders", "ordered_at"), ("events", "happened_at")):
        table = pd.read_parquet(files.data[name])
        table[table[column] < pd.Timestamp(cutoff)].to_parquet(files.data[name])
    if kind == "subscription":
        contracts = pd.read_parquet(files.data["contracts"])
        contracts = contracts[contracts.started_at < pd.Timestamp(cutoff)]
        contracts.loc[contracts.ended_at >= pd.Timestamp(cutoff), "ended_at"] = pd.NaT
        contracts.to_parquet(files.data["contracts"])
    assert best_outlook(tmp_path, settings, cutoff, draws=8).equals(before)


@MADE
def test_more_draws_come_closer_and_a_rerun_is_the_same(tmp_path, kind):
    settings = DemoSettings(kind=kind, customers=150, years=2, cutoffs=1, seed=5)
    write_demo(tmp_path, settings)
    few, many, more = (
        best_outlook(tmp_path, settings, settings.end, draws=draws)["churn_risk_best"].to_numpy()
        for draws in (8, 128, 256)
    )
    assert np.abs(many - more).mean() < np.abs(few - more).mean() / 2
    again = best_outlook(tmp_path, settings, settings.end, draws=8)["churn_risk_best"].to_numpy()
    assert (again == few).all()
