"""The grid of churn definitions on whole businesses, beside the labels that training would use."""

import json
from pathlib import Path

import numpy as np
import pytest

from hvc_ml.config import load_config
from hvc_ml.dataset.build import compute
from hvc_ml.errors import NotEnoughData
from hvc_ml.labels import labels_at
from hvc_ml.progress import Stages
from hvc_ml.segments.standing import customers_at
from hvc_ml.workflows.churn_lab import churn_lab
from hvc_ml.workflows.demo import make
from hvc_ml.workflows.shop import open_shop

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="module")
def retail(tmp_path_factory):
    return _made(tmp_path_factory.mktemp("retail"), "retail")


@pytest.fixture(scope="module")
def club(tmp_path_factory):
    return _made(tmp_path_factory.mktemp("club"), "subscription")


def _made(folder, kind):
    project = load_config(make(folder, kind=kind, customers=400, seed=3, stages=Stages()).config)
    return project, churn_lab(project, stages=Stages())


def test_the_same_customers_have_many_churn_rates(retail):
    _, found = retail
    told = found.as_json()
    json.dumps(told, allow_nan=False)
    rates = [d["churn_rate"] for d in told["definitions"]]
    assert max(rates) > 2 * min(rates)
    assert {d["active_within"] for d in told["definitions"]} == {30, 60, 90, 180, "all", "auto"}  # a year covers all
    assert {len(d["rates"]) for d in told["definitions"]} == {len(told["cutoffs"])}


def test_the_configs_own_cell_is_the_churn_rate_of_its_labels(retail):
    project, found = retail
    with open_shop(project, Stages()) as shop:
        plan = shop.plan()
        labels = [
            shop.engine.arrow(labels_at(customers_at(shop.tables, c, plan), shop.tables, c, plan.labels))["churned"]
            for c in found.cutoffs
        ]
    assert found.current.rates == pytest.approx([np.mean(churned.to_numpy()) for churned in labels])
    assert found.current.customers == sum(map(len, labels))


def test_the_proposal_is_in_the_grid_and_its_lines_are_a_config(retail):
    _, found = retail
    assert found.proposed in found.definitions
    assert found.proposed.window == "auto"
    assert found.yaml == f"population:\n  active_within: auto\nlabels:\n  horizon: {found.proposed.horizon}"
    assert found.rule.problems(found.proposed) == () or "none passes" in found.reason


def test_a_config_with_its_own_window_and_horizon_finds_them_in_the_grid(retail):
    project, _ = retail
    config = project.config.model_copy(
        update={
            "population": project.config.population.model_copy(update={"active_within": 45}),
            "labels": project.config.labels.model_copy(update={"horizon": 75}),
        }
    )
    found = churn_lab(type(project)(config, project.path), stages=Stages())
    assert (found.current.window, found.current.horizon) == (45, 75)
    too_long = config.model_copy(update={"labels": config.labels.model_copy(update={"horizon": 900})})
    assert churn_lab(type(project)(too_long, project.path), stages=Stages()).current is None


def test_a_club_gets_a_grid_of_graces(club):
    project, found = club
    told = found.as_json()
    assert told["churn"] == "contract_end"
    assert [d["grace"] for d in told["definitions"]] == [0, 7, 14, 30, 60, 90]
    rates = [d["churn_rate"] for d in told["definitions"]]
    assert rates == sorted(rates, reverse=True)
    assert found.yaml == f"labels:\n  churn: contract_end\n  grace: {found.proposed.horizon}"
    assert told["config"] == {"active_within": "all", "grace": project.config.labels.grace}
    with open_shop(project, Stages()) as shop:
        churned = compute(shop.engine, shop.tables, found.cutoffs[0], shop.plan(), mature=True).labels["churned"]
    assert found.current.rates[0] == pytest.approx(np.mean(churned.to_numpy()))


def test_a_log_too_short_to_see_who_comes_back_says_how_many_days_are_missing(retail):
    project, _ = retail
    calendar = project.config.calendar.model_copy(update={"min_history": 3000})
    short = type(project)(project.config.model_copy(update={"calendar": calendar}), project.path)
    with pytest.raises(NotEnoughData, match="3000 days of history and 60 days after it"):
        churn_lab(short, stages=Stages())


def test_nothing_is_written(retail):
    project, _ = retail
    before = sorted(p.name for p in project.folder.rglob("*"))
    churn_lab(project, stages=Stages())
    assert sorted(p.name for p in project.folder.rglob("*")) == before


def test_one_year_of_a_wholesaler_has_a_third_of_its_churn_by_choice_of_words(shared_data):
    found = churn_lab(load_config(CONFIGS / "online-retail.yaml"), stages=Stages())
    rates = [d.churn_rate for d in found.definitions]
    assert min(rates) < 0.24
    assert max(rates) > 0.69
    assert (found.proposed.horizon, found.proposed.window) == (90, "auto")
    assert "none passes" in found.reason  # a third of those silent for 90 days buys again within the next 90
