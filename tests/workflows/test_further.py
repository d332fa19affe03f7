"""When, and where to: from labels to the published scores."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from hvc_ml.estimators.timing import timing_columns
from hvc_ml.progress import Stages
from hvc_ml.scoring.batches import further_figures
from hvc_ml.timeline.calendar import Split
from hvc_ml.tracking.store import open_store
from hvc_ml.workflows.explain import explain
from hvc_ml.workflows.fitting import fit_at, prior_of, rows_of
from hvc_ml.workflows.further import floors_of, further_metrics, with_further
from hvc_ml.workflows.shop import open_shop

COLUMNS = [*timing_columns(90), "downgrade_risk", "upgrade_chance"]


def scores_of(result):
    return pq.read_table(result.list_dir / "scores.parquet").to_pandas()


@pytest.fixture(scope="module")
def panel(trained):
    """(timeline, features, partitions, modelling frames) at the newest test cutoff and those it learns from."""
    config = trained[0].config
    with open_shop(trained[0], Stages()) as shop:
        line, features = shop.timeline, shop.plan().features
        (test,) = line.tests(1)
        split = line.split(test)
        partitions = shop.partitions((test, *split.fit, *split.calibrate))
    return line, features, partitions, {c: rows_of(p, config) for c, p in partitions.items()}


def test_scores_end_with_when_and_where_to(trained):
    scores = scores_of(trained[2])
    assert list(scores)[-len(COLUMNS) :] == COLUMNS
    assert scores[COLUMNS].notna().all().all()
    told = scores[["churn_risk_30d", "churn_risk_60d", "churn_risk"]].to_numpy()
    assert (np.diff(told, axis=1) <= 0).all()
    assert scores["act_before_days"].dtype == np.int64
    assert scores["act_before_days"].between(0, 89).all()
    for column in ("downgrade_risk", "upgrade_chance"):
        assert (scores[column] >= 0).all()
        assert (scores[column] <= 1 - scores["churn_risk"] + 1e-6).all()
    assert (scores.loc[scores["tier"] == "Mass", "downgrade_risk"] == 0).all()
    assert (scores.loc[scores["tier"] == "Priority", "upgrade_chance"] == 0).all()
    assert scores["upgrade_chance"].max() > 0.1


def test_dates_on_the_list_are_those_of_the_scores_less_the_actions_lead_time(trained):
    project, _, result = trained
    plan = result.plan.merge(scores_of(result)[["customer_id", "act_before_days"]], on="customer_id")
    lead = plan["action"].map({a.name: a.lead_time for a in project.config.playbook.actions})
    days = (pd.to_datetime(plan["act_before"]) - pd.to_datetime(plan["cutoff"])).dt.days
    assert (days == (plan["act_before_days"] - lead).clip(lower=0)).all()
    assert days.nunique() > 10


def test_a_customers_page_tells_the_same(trained):
    project, _, result = trained
    customer = result.plan["customer_id"].iloc[0]
    page = explain(project, customer, stages=Stages())
    row = scores_of(result).set_index("customer_id").loc[customer]
    assert {name: page.scores[name] for name in COLUMNS} == {name: row[name] for name in COLUMNS}
    assert ("churn risk of the first 30 days", "churn_risk_30d") in page.further
    assert ("upgrade chance", "upgrade_chance") in page.further


def test_mlflow_keeps_how_they_did_under_their_own_names(trained):
    project, result, _ = trained
    store = open_store(project.config.tracking, project.folder, project.config.name)
    found = store.connection.client.get_run(result.run_id).data.metrics
    for name in ("churn_30d", "churn_60d", "downgrade", "upgrade"):
        assert found[f"{name}/auc"] > 0.7, name
        assert 0 <= found[f"{name}/ece"] < 0.1, name
        assert found[f"{name}/brier_skill"] < 1, name


def test_a_recipe_made_at_a_test_cutoff_is_measured_on_what_came_after(trained, panel):
    config = trained[0].config
    line, features, partitions, frames = panel
    test = max(frames)
    prior = prior_of(partitions[test], frames[test], config)
    fitted = with_further(fit_at(line.split(test), frames, prior, features, config), frames, config)
    assert fitted.recipe.timing.events > 100
    assert fitted.recipe.moves.floors == floors_of(frames[test], config)
    assert "kept buying were downgraded" in fitted.recipe.notes["downgrade"]
    said = fitted.recipe.predict(frames[test])
    found = further_metrics(frames[test], said, config)
    known = frames[test].assign(days_to_event=frames[test]["days_to_event"].fillna(1e9))
    truth = said.assign(churn_risk_30d=(known["days_to_event"] >= 30) * 1.0, upgrade_chance=known["upgraded"] * 1.0)
    best = further_metrics(frames[test], truth, config)
    assert best["churn_30d/auc"] == best["upgrade/auc"] == best["churn_30d/brier_skill"] == 1.0
    assert best["downgrade/auc"] == found["downgrade/auc"] < 1
    assert found.keys() == best.keys()


def test_where_nothing_is_mature_the_prior_tells_when_and_nobody_tells_where_to(trained, panel):
    config = trained[0].config
    _, features, partitions, frames = panel
    test = max(frames)
    prior = prior_of(partitions[test], frames[test], config)
    fitted = fit_at(Split(test, (), (), "nothing"), {}, prior, features, config)
    recipe = with_further(fitted, {}, config).recipe
    assert recipe.timing.events == 0
    assert recipe.moves is None
    said = recipe.predict(frames[test])
    assert list(said)[5:] == list(timing_columns(90))
    assert list(further_figures(said)) == list(timing_columns(90))
    assert not any("upgrade" in name for name in further_metrics(frames[test], said, config))


def test_customers_who_never_spent_have_no_tiers_to_move_between(trained, panel):
    config = trained[0].config
    line, features, partitions, frames = panel
    test = max(frames)
    poor = {c: f.assign(spend_365d=0.0) for c, f in frames.items()}
    prior = prior_of(partitions[test], frames[test], config)
    fitted = fit_at(line.split(test), frames, prior, features, config)
    assert with_further(fitted, poor, config).recipe.moves is None
