"""Worked lists made by hand on a small shop's own features: the effect of the contact is known."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from hvc_ml.errors import ModelRefused
from hvc_ml.estimators.uplift import CrossFitted
from hvc_ml.planning.learned import LEARNED, Learned, SaveRate, write_learned
from hvc_ml.progress import Stages
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.workflows.score import Limits, score
from hvc_ml.workflows.shop import open_shop
from hvc_ml.workflows.uplift import FOLDER, effects_of, features_at_lists, learn_uplift
from hvc_ml.workflows.uplift_trials import advantage, lacking, randomised, save_rates, trial_of
from workflows.shops import small

ACTION = "bonus points"
NEVER = "no such action"
BELIEVED = Learned("posterior", 3, (SaveRate(ACTION, None, 30.0, 70.0, 0.2, 0.4),))


def young(panel):
    """About half of the customers: the effect is large here, and nothing elsewhere."""
    return (panel["days_since_first_order"] < panel["days_since_first_order"].median()).to_numpy()


def constant(panel, risk):
    return 0.3 * risk


def on_the_young(panel, risk):
    return np.where(young(panel), 0.8 * risk, -0.1 * (1 - risk))


def worked(panels, effect, *, seed=0, holdout=0.4, action=ACTION):
    """Rows of lists that were worked: everyone in the panel stands on them, and leaves as ``effect`` says."""
    rng, lists = np.random.default_rng(seed), []
    for cutoff, panel in panels.items():
        n = len(panel)
        risk, contact = rng.uniform(0.3, 0.7, n), rng.random(n) >= holdout
        stay = 1 - risk + effect(panel, risk) * contact
        rows = pd.DataFrame({CUSTOMER: panel[CUSTOMER], "cutoff": cutoff, "tier": "Gold", "action": action})
        rows["group"] = np.where(contact, "contact", "holdout")
        lists.append(rows.assign(churn_risk=risk, value_if_kept=100.0, churned=(rng.random(n) >= stay) * 1.0))
    return pd.concat(lists, ignore_index=True)


@pytest.fixture(scope="module")
def business(tmp_path_factory):
    """(project, open shop, panel by cutoff) of a made-up shop that nobody needs to train."""
    project = small(tmp_path_factory.mktemp("worked"))
    config = project.config
    few = config.features.model_copy(update={"families": ("recency", "frequency", "spending")})  # quick
    one = config.model.model_copy(update={"threads": 1})
    project = replace(project, config=config.model_copy(update={"features": few, "model": one}))
    with open_shop(project, Stages()) as shop:
        partitions = shop.partitions(shop.timeline.mature(shop.now)[-3:])
        yield project, shop, {c: p.panel.to_pandas() for c, p in partitions.items()}


@pytest.fixture(scope="module")
def taken_over(business):
    """What was learned where the contact helps the young and annoys the others."""
    project, shop, panels = business
    return learn_uplift(project, shop, worked(panels, on_the_young), BELIEVED)


def test_uplift_takes_over_where_it_knows_whom_to_contact(business, taken_over):
    project, _, panels = business
    [found] = taken_over.actions
    assert found.advantage.low > 0, found.why
    assert taken_over.taken_over == (ACTION,)
    assert "earns more" in found.why
    assert found.qini.low > 0
    panel = list(panels.values())[-1].assign(churn_risk=0.5)
    effects = effects_of(project, replace(BELIEVED, stage="uplift", uplift=(ACTION,)), panel)
    assert list(effects) == [ACTION]
    assert effects.index.equals(panel.index)
    assert effects[ACTION].between(-0.5, 0.5).all()
    assert effects[ACTION][young(panel)].mean() > effects[ACTION][~young(panel)].mean() + 0.2


def test_a_constant_save_rate_stays_with_the_save_rate(business):
    project, shop, panels = business
    found = learn_uplift(project, shop, worked(panels, constant), BELIEVED)
    assert found.taken_over == ()
    assert "not shown to earn more" in found.actions[0].why
    assert found.actions[0].advantage.mid == pytest.approx(0.0, abs=2.0)
    json.dumps(found.as_json(), allow_nan=False)


def test_with_too_few_rows_it_says_what_is_missing(business):
    project, shop, panels = business
    rows = worked(panels, constant)
    few = pd.concat([rows[rows["group"] == "contact"].head(900), rows[rows["group"] == "holdout"].head(40)])
    [found] = learn_uplift(project, shop, few.assign(cutoff=rows["cutoff"].iloc[0]), Learned()).actions
    assert not found.taken_over
    assert "940 of 1,000 randomised rows" in found.why
    assert "40 of 100 held out" in found.why
    assert found.as_json()["advantage"] is None


def test_lists_without_a_holdout_teach_nothing_and_foreign_actions_are_left_out(business):
    project, shop, panels = business
    rows = worked(panels, constant, holdout=0.0)
    [found] = learn_uplift(project, shop, rows, Learned()).actions
    assert (found.n_contact, found.n_holdout, found.campaigns) == (0, 0, 0)
    assert learn_uplift(project, shop, worked(panels, constant, action=NEVER), Learned()).actions == ()


def test_the_order_of_rows_does_not_matter(business, taken_over, tmp_path):
    project, shop, panels = business
    bundle = project.campaigns / FOLDER
    before = {f.name: f.read_bytes() for f in bundle.iterdir()}
    rows = worked(panels, on_the_young).sample(frac=1.0, random_state=4)
    again = learn_uplift(project, shop, rows, BELIEVED)
    assert again == taken_over
    assert {f.name: f.read_bytes() for f in bundle.iterdir()} == before


def test_features_are_those_of_each_lists_own_cutoff(business):
    _, shop, panels = business
    rows = randomised(worked(panels, constant)).iloc[::-1]
    strangers = rows.assign(**{CUSTOMER: "nobody"}).head(3).set_axis([-1, -2, -3], axis=0)
    kept, features = features_at_lists(shop, pd.concat([rows, strangers]))
    assert kept.index.equals(features.index)
    assert "nobody" not in set(kept[CUSTOMER])
    assert "spend_staying" not in features
    for cutoff, panel in panels.items():
        mine = kept["cutoff"] == cutoff
        expected = panel.set_index(CUSTOMER).loc[kept.loc[mine, CUSTOMER], "spend_lifetime"]
        assert features.loc[mine, "spend_lifetime"].tolist() == expected.tolist()


def test_nothing_is_asked_of_models_before_they_take_over(tmp_path, business):
    project = replace(business[0], path=tmp_path / "hvc.yaml")
    assert effects_of(project, Learned(), pd.DataFrame({"churn_risk": [0.5]})) is None
    with pytest.raises(ModelRefused, match="no uplift models"):
        effects_of(project, replace(BELIEVED, uplift=(ACTION,)), pd.DataFrame({"churn_risk": [0.5]}))


def test_models_that_do_not_fit_are_refused(business, taken_over, tmp_path):
    project, _, panels = business
    elsewhere = replace(project, path=tmp_path / "hvc.yaml")
    shutil.copytree(project.campaigns, elsewhere.campaigns)
    ours, panel = replace(BELIEVED, uplift=(ACTION,)), next(iter(panels.values())).assign(churn_risk=0.5)
    with pytest.raises(ModelRefused, match="no model of personal call"):
        effects_of(elsewhere, replace(ours, uplift=("personal call",)), panel)
    with pytest.raises(ModelRefused, match="columns the features lack"):
        effects_of(elsewhere, ours, panel[[CUSTOMER, "churn_risk"]])
    text = next((elsewhere.campaigns / FOLDER).glob("uplift_*.txt"))
    text.write_bytes(text.read_bytes().replace(b"num_leaves=", b"num_leaves=9", 1))
    with pytest.raises(ModelRefused, match="was changed"):
        effects_of(elsewhere, ours, panel)


def test_lists_of_one_cutoff_are_told_apart_by_name():
    rows = pd.DataFrame({CUSTOMER: list("abcd"), "cutoff": "2026-01-01", "action": ACTION})
    rows["group"] = ["contact", "holdout", "contact", "contact"]
    assert randomised(rows)["propensity"].tolist() == [0.75] * 4
    named = randomised(rows.assign(list=["x", "x", "y", "y"]))
    assert named[CUSTOMER].tolist() == ["a", "b"]
    assert named["propensity"].tolist() == [0.5, 0.5]


def test_enough_of_everything_lacks_nothing():
    rows = pd.DataFrame({"treated": [True, False] * 500, "churned": [1.0, 1.0, 0.0, 0.0] * 250})
    assert lacking(rows) is None
    assert "100 who stayed" in lacking(rows.assign(churned=1.0))


def test_each_tier_has_its_own_save_rate_and_the_prior_where_none_is_measured(business):
    action = next(a for a in business[0].config.playbook.actions if a.name == ACTION)
    measured = Learned("posterior", 1, (SaveRate(ACTION, "Gold", 3.0, 7.0, 0.1, 0.6),))
    found = save_rates(pd.Series(["Gold", "Mass"]), action, measured)
    assert found.tolist() == [0.3, action.save_rate]


def test_a_rule_that_ranks_alike_has_no_advantage(business):
    action = next(a for a in business[0].config.playbook.actions if a.name == ACTION)
    rows = randomised(worked(business[2], constant))
    trial = trial_of(rows, rows[[]])
    same = CrossFitted(0.3 * rows["churn_risk"].to_numpy(), trial.outcome, np.arange(len(rows)) % 3)
    found = advantage(rows, action, BELIEVED, same, trial.outcome - 0.5)
    assert found.mid == pytest.approx(0.0, abs=1e-9)


def test_the_next_list_ranks_by_the_measured_effect(copied):
    with open_shop(copied, Stages()) as shop:
        partitions = shop.partitions(shop.timeline.mature(shop.now)[-3:])
        panels = {c: p.panel.to_pandas() for c, p in partitions.items()}
        rows = worked(panels, on_the_young)
        found = learn_uplift(copied, shop, rows, BELIEVED)
        learned = replace(BELIEVED, stage="uplift", uplift=found.taken_over)
        write_learned(copied.campaigns / LEARNED, learned)
        result = score(copied, cutoff=None, limits=Limits(), stages=Stages())
        features = shop.eligible(result.cutoff)
    assert found.taken_over == (ACTION,)
    scores = pd.read_parquet(result.list_dir / "scores.parquet").set_index(CUSTOMER)
    features["churn_risk"] = scores["churn_risk"].reindex(features[CUSTOMER]).to_numpy()
    effect = effects_of(copied, learned, features)[ACTION].set_axis(features[CUSTOMER])
    plan = pd.read_parquet(result.list_dir / "retention_list.parquet").set_index(CUSTOMER)
    mine = plan[plan["action"] == ACTION]
    action = next(a for a in copied.config.playbook.actions if a.name == ACTION)
    u, p, v = effect[mine.index], mine["churn_risk"], mine["value_if_kept"]
    cost = action.contact_cost + action.offer_cost * (u.clip(lower=0) + (1 - p) * action.take_up)
    assert len(mine) > 0
    assert (mine["expected_gain"] - (u * v - cost)).abs().max() < 0.02
