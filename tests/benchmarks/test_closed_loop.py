from datetime import date

import numpy as np
import pandas as pd
import pytest

from benchmarks.closed_loop import (
    CLOSED,
    REST,
    Year,
    closed_loop,
    coverage,
    monthly,
    open_loop,
    opened,
    profits,
    true_rates,
    worked,
)
from benchmarks.closed_loop_plot import closed_loop_plot
from benchmarks.policies import POLICIES
from hvc_ml.planning.learned import Learned, SaveRate
from hvc_ml.tables.demo import DemoSettings, World


@pytest.fixture(scope="module")
def world():
    return World(DemoSettings(customers=4_000, years=1, seed=3), months=6)


def _rows(world, action):
    ids = world.tables(world.today)["customers"]["customer_id"].to_pylist()
    group = np.where(np.arange(len(ids)) % 10 == 0, "holdout", "contact")
    return pd.DataFrame({"customer_id": ids, "action": action, "tier": "Gold", "group": group})


@pytest.mark.parametrize("action", ["bonus points", "voucher", "personal call"])
def test_true_profit_is_what_contacts_earn_on_average_over_luck(world, action):
    told = worked(world.untouched(), _rows(world, action), world.today, 0)
    fell = told["money_contacted"] - told["money_alone"] - told["cost"]
    luck = fell - told["profit"]
    assert luck.std() > 0
    assert luck.mean() == pytest.approx(0.0, abs=4 * luck.std() / np.sqrt(len(luck)))


def test_the_holdout_is_left_alone(world):
    then, rows = world.untouched(), _rows(world, "personal call")
    told = worked(then, rows, world.today, 0)
    assert told["saved"][told["group"] == "holdout"].any()
    held = told["customer_id"][told["group"] == "holdout"].tolist()
    again = then.foresee(held, ["personal call"] * len(held), then.today).to_pandas()
    assert again["leaves"].tolist() == told["leaves"][told["group"] == "holdout"].tolist()


def _year(profit, learned=Learned.NOTHING):
    """Two months of one list each: ten customers contacted, of whom half leave, and one held out."""
    rows = pd.DataFrame(
        {"month": np.repeat([0, 1], 11), "profit": profit, "group": (["contact"] * 10 + ["holdout"]) * 2}
    )
    rows["cost"], rows["saved"], rows["leaves"] = 1.0, False, np.arange(22) % 2 == 0
    return Year(rows.assign(action="voucher", tier="Gold", save_probability=0.2), 7.0, learned)


def test_profit_counts_those_who_were_contacted():
    years = [{CLOSED: _year(2.0), "fixed prior": _year(1.5)}, {CLOSED: _year(4.0), "fixed prior": _year(3.0)}]
    assert monthly(years, CLOSED).tolist() == [[20.0, 20.0], [40.0, 40.0]]
    lines = {line[0]: line[1:] for line in profits(years)}
    assert lines[CLOSED] == ["10", "20", "0", "60", "7", ""]
    assert lines["fixed prior"][-1].startswith("+8 (")


def test_learned_rates_stand_beside_the_share_of_leavers_that_is_truly_saved():
    rates = (SaveRate("voucher", "Gold", 4, 16, 0.1, 0.4), SaveRate("voucher", "Mass", 4, 16, 0.1, 0.4))
    found = true_rates(_year(1.0, Learned("posterior", 2, rates)), 1)
    assert found[["tier", "true", "leavers"]].to_numpy().tolist() == [["Gold", pytest.approx(0.2), 11]]
    assert coverage(found).startswith("Of 1 learned save rates, the 95 % interval holds the truth for 1, the 80 %")
    assert "error 0.000, of the beliefs before 0.050" in coverage(found)


def test_a_year_in_which_nothing_was_learned_has_no_rates(tmp_path):
    found = true_rates(_year(1.0), 1)
    assert found.empty
    assert coverage(found).startswith("No save rate is learned yet")
    closed_loop_plot(tmp_path / "none.png", {CLOSED: np.array([[1.0]])}, found)


def test_the_figure_is_drawn_the_same_each_time(tmp_path):
    rates = pd.DataFrame(
        {"action": ["a", "b"], "tier": "Gold", "shop": 1, "learned": [0.2, 0.3], "low": 0.1, "high": 0.4, "true": 0.2}
    )
    months = {CLOSED: np.array([[1.0, 2.0]]), "by risk": np.array([[0.5, 0.5]])}
    for name in ("a.svg", "b.svg"):
        closed_loop_plot(tmp_path / name, months, rates)
    drawn = (tmp_path / "a.svg").read_text()
    assert drawn == (tmp_path / "b.svg").read_text()
    assert "by risk" in drawn
    assert str(tmp_path) not in drawn


@pytest.mark.timeout(900)  # a whole training, on however busy a machine
def test_a_small_shop_goes_round_the_loop(tmp_path):
    world = World(DemoSettings(customers=800, years=1, seed=5), months=5)
    project = opened(tmp_path, world)
    days = [date(2026, 1, 1), date(2026, 2, 1)]
    loop = closed_loop(project, world.untouched(), days)
    prior = open_loop(project, world.untouched(), days, POLICIES["fixed prior"])
    columns = ["month", "customer_id", "action", "group", "profit"]
    pd.testing.assert_frame_equal(loop.contacts[columns], prior.contacts[columns])  # nothing is mature yet
    assert loop.contacts["customer_id"].is_unique  # everyone rests for longer than a month
    assert project.config.labels.horizon <= REST
    assert loop.to_the_end == pytest.approx(prior.to_the_end)
    assert loop.learned.campaigns == 2
