"""The plain script does the job without a look ahead, and its cost is compared stage by stage."""

import sys

import pandas as pd
import pytest

from benchmarks import plain_script
from benchmarks.end_to_end import OURS, SHARED, _scaled, grouped, lines, main, nightly, shop_config, told
from benchmarks.meter import REST, Meter
from benchmarks.plain_script import Job
from benchmarks.results import read
from hvc_ml.config import load_config
from hvc_ml.progress import Stages
from hvc_ml.tables.demo import DemoSettings, write_demo
from made.timed import FOUND, cost

CUTOFF = pd.Timestamp("2025-06-01")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    write_demo(folder, DemoSettings(customers=150))
    return folder / "data"


@pytest.fixture(scope="module")
def frames(shop):
    return plain_script.read(shop)


def test_the_plain_scripts_features_do_not_see_the_future(frames):
    past = {n: f[f["time"] < CUTOFF] if "time" in f else f for n, f in frames.items()}
    seen = plain_script.features(frames, CUTOFF)
    assert len(seen) > 50
    pd.testing.assert_frame_equal(seen, plain_script.features(past, CUTOFF))


def test_the_plain_scripts_features_are_of_a_comparable_number(frames):
    assert 80 <= plain_script.features(frames, CUTOFF).shape[1] <= 110


def test_the_plain_scripts_labels_are_what_came_after(frames):
    made = plain_script.labelled(frames, CUTOFF)
    orders = frames["orders"]
    ahead = orders[orders["time"].between(CUTOFF, CUTOFF + pd.Timedelta(days=90), inclusive="left")]
    some = made.index[0]
    own = ahead[ahead["customer_id"] == some]
    assert made.loc[some, "churned"] == (not (own["amount"] > 0).any())
    assert made.loc[some, "value"] == pytest.approx(max(own["amount"].sum(), 0.0))


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # shap sets colours as matplotlib used to
@pytest.mark.filterwarnings("ignore:LightGBM binary classifier with TreeExplainer")
@pytest.mark.parametrize("job", [Job(rounds=5), Job(churn=2, value=3, rounds=3, leaves=15, tested=True)])
def test_the_plain_scripts_list_is_sorted_and_has_three_reasons(shop, tmp_path, job):
    stages = Stages()
    n = plain_script.run(shop, tmp_path / "list.csv", stages, job=job)
    made = pd.read_csv(tmp_path / "list.csv")
    assert len(made) == n > 50
    assert made["value_at_risk"].is_monotonic_decreasing
    assert (made["amount_1"] >= made["amount_2"]).all()
    assert not made[["reason_1", "reason_2", "reason_3"]].isna().any(axis=None)
    tested = ["test out of time"] if job.tested else []
    before, after = ["read and check", "features", "features of today"], ["train", "predict", "SHAP", "write"]
    assert [*stages.seconds] == [*before, *tested, *after]


def test_a_thorough_script_learns_nothing_that_was_unknown_at_its_test(shop, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(plain_script, "labelled", lambda _frames, cutoff, _active: asked.append(cutoff))
    monkeypatch.setattr(plain_script, "test", lambda _columns, newest, earlier, _job: asked.append(len(earlier)))
    monkeypatch.setattr(plain_script, "train", lambda columns, past, _job: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        plain_script.run(shop, tmp_path / "list.csv", Stages(), job=Job(tested=True))
    *cutoffs, earlier = asked
    assert earlier == plain_script.CUTOFFS
    assert cutoffs[0] - cutoffs[-earlier] >= pd.Timedelta(days=plain_script.HORIZON)


def test_ours_has_the_plain_scripts_population_and_cutoffs(tmp_path, shop):
    config = load_config(shop_config(tmp_path, shop, "1GB")).config
    assert config.population.active_within == plain_script.ACTIVE
    assert config.calendar.cutoffs == plain_script.CUTOFFS


def test_every_second_stands_in_exactly_one_line():
    ours = [FOUND[verb]["stages"].values() for verb in ("train", "score")]
    assert sum(line.cpu for line in lines(FOUND)) == pytest.approx(sum(c["cpu"] for stages in ours for c in stages))
    assert [line.stage for line in lines(FOUND)] == [*SHARED, *OURS, REST]


def test_stages_that_are_one_to_the_reader_are_one_line():
    found = grouped(FOUND["train"]["stages"])
    assert found["train"] == {"cpu": 5.0, "wall": 2.0, "gigabytes": 0.5}
    assert grouped(FOUND["score"]["stages"])["the list's page"]["cpu"] == 0.5


def test_the_plain_script_is_scaled_along_a_line_and_its_start_is_not():
    by = {line.stage: line for line in lines(FOUND)}
    assert by["features"].scaled == pytest.approx(101.0)
    assert by["features"].plain == pytest.approx(31.0)
    assert by[REST].scaled == 3.0


def test_one_size_is_scaled_in_proportion():
    assert _scaled([(100, 3.0)], 1_000, fixed=False) == pytest.approx(30.0)
    assert _scaled([], 1_000, fixed=False) == 0.0


def test_the_table_says_how_many_times_the_plain_script_takes():
    text = told(FOUND)
    assert "| features | 3.0 | 1.0 | 0.70 | 31.0 | 101 | 33.7 |" in text
    assert "| test out of time | 5.0 | 1.0 | 0.50 |  |  |  |" in text


def test_where_models_are_kept_neither_learns():
    line = nightly(FOUND)
    assert line.cpu == pytest.approx(4.5)
    assert line.scaled == pytest.approx(10 + 50 + 10 + 500 + 1 + 3)


def test_a_thorough_script_has_a_table_of_its_own_with_its_test():
    slow = [
        {**run, "stages": {**run["stages"], "test out of time": cost(run["customers"] / 10)}} for run in FOUND["plain"]
    ]
    text = told({**FOUND, "thorough": slow})
    assert text.count("| in all |") == 2
    assert "| test out of time | 5.0 | 1.0 | 0.50 | 30.0 | 100 | 20.0 |" in text


def test_without_the_plain_script_the_table_is_ours_alone():
    assert "| features | 3.0 | 1.0 | 0.70 |  |  |  |" in told({**FOUND, "plain": []})


def test_a_stage_inside_another_is_counted_once():
    meter = Meter(tell=False)
    stages = Stages(meter)
    with stages.stage("publish") as outer:
        sum(range(300_000))
        outer.step(1, 2)
        with stages.stage("book"):
            sum(range(300_000))
    found = meter.found()
    assert 0 < found["book"]["cpu"] <= stages.seconds["publish"] + 0.5
    whole = found["publish"]["wall"] + found["book"]["wall"]
    assert whole == pytest.approx(stages.seconds["publish"], abs=0.05)
    assert found["book"]["gigabytes"] > 0.01


@pytest.mark.deep
@pytest.mark.timeout(900)  # it trains
def test_the_command_runs_everything_and_keeps_what_it_found(tmp_path, monkeypatch, capsys):
    words = ["--customers", "600", "--peer", "200", "--folder", str(tmp_path), "--json", str(tmp_path / "found.json")]
    monkeypatch.setattr(sys, "argv", ["end_to_end", *words])
    main()
    [result] = read(tmp_path)["end_to_end"]
    assert result["asked"]["peer"] == [200.0]
    assert result["found"]["score"]["scored"] > 100
    assert result["found"]["train"]["trees"] > 0
    assert "| in all |" in capsys.readouterr().out
    assert {p.name for p in tmp_path.iterdir()} == {"found.json", "shop-200", "shop-600"}
