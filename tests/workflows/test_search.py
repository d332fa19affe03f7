"""Other settings are tried at earlier moments, and used only where they are better beyond chance."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.__main__ import main
from hvc_ml.config import Project, load_config
from hvc_ml.errors import ModelRefused, UsageError
from hvc_ml.progress import Stages
from hvc_ml.search.settings import SearchSettings
from hvc_ml.timeline.calendar import CalendarSettings, Timeline
from hvc_ml.tracking.store import open_store
from hvc_ml.workflows import refits
from hvc_ml.workflows.search import LADDERS, search, searching, validation

LINE = Timeline(date(2023, 1, 1), date(2025, 1, 1), 60, CalendarSettings(tests=2))
TESTS = LINE.tests()
CUSTOMERS = 300

PLAIN = """
name: shop
source: {kind: files, paths: {orders: orders.csv}}
tables:
  orders:
    columns: {customer_id: c, ordered_at: d, amount: a}
"""


@pytest.fixture
def config(tmp_path):
    (tmp_path / "hvc.yaml").write_text(PLAIN)
    return load_config(tmp_path).config


SHOP = """
name: shop
source: {kind: files, paths: {orders: orders.csv}}
tables:
  orders:
    columns: {customer_id: customer, ordered_at: day, amount: total, order_id: order}
labels: {horizon: 30, settle: 0}
features: {families: [recency, frequency, spending]}
model: {min_rows: 50, min_each: 10, rounds: 20}
search: {cutoffs: 2}
resources: {memory: 1GB}
"""


def shop(folder):
    """Customers who order at a rate of their own until they leave."""
    rng, lines = np.random.default_rng(2), ["customer,day,total,order"]
    for customer in range(250):
        day, gap = rng.uniform(0, 200), rng.uniform(5, 40)
        while day < 300:
            lines.append(
                f"{customer:03d},{date(2024, 1, 1) + timedelta(days=int(day))},{rng.gamma(4, 5):.2f},{len(lines)}"
            )
            day += 1 + rng.exponential(gap) if rng.random() < 0.9 else 999
    (folder / "orders.csv").write_text("\n".join(lines) + "\n")
    (folder / "hvc.yaml").write_text(SHOP)
    return load_config(folder)


def asking(config, **asked):
    return config.model_copy(update={"search": SearchSettings(**asked)})


def frames():
    """Customers with a taste that rules whether they stay and what they bring, at every cutoff of the calendar."""
    taste = np.random.default_rng(5).normal(size=CUSTOMERS)
    found = {}
    for cutoff in LINE.mature(LINE.end):
        rng = np.random.default_rng(cutoff.toordinal())
        churned = (rng.random(CUSTOMERS) < 1 / (1 + np.exp(taste))).astype(float)
        value = (1 - churned) * np.exp(taste + 0.3 * rng.normal(size=CUSTOMERS))
        keys = {"customer_id": [f"c{n:03d}" for n in range(CUSTOMERS)], "cutoff": cutoff.isoformat()}
        found[cutoff] = pd.DataFrame({**keys, "taste": taste, "churned": churned, "future_value": value})
    return found


FRAMES = frames()


@dataclass
class Fake:
    """A recipe that sees the customers' taste through the noise of its settings."""

    noise: float
    rung: str = "boosted"

    @property
    def recipe(self):
        return self

    def predict(self, frame):
        seen = frame["taste"] + self.noise * np.random.default_rng(9).normal(size=len(frame))
        return pd.DataFrame({"churn_risk": 1 / (1 + np.exp(seen)), "future_value": np.exp(seen)})


@pytest.fixture
def fits(monkeypatch):
    """Recipes that are good or bad by what ``noise`` makes of the settings; the calls are noted."""
    calls = []

    def install(noise, rung="boosted"):
        def fit_at(split, frames, prior, features, config):
            calls.append((split.moment, config.model))
            return Fake(noise(config.model), rung)

        monkeypatch.setattr(refits, "fit_at", fit_at)
        return calls

    return install


def run(config, line=LINE, tests=TESTS, heard=None):
    return search(line, tests, FRAMES, dict.fromkeys(FRAMES), (), config, Stages(heard))


def by_leaves(model):
    """More leaves than configured would see much more."""
    return 30.0 / model.leaves


@given(
    first=st.dates(date(2020, 1, 1), date(2022, 1, 1)),
    days=st.integers(90, 1500),
    maturing=st.integers(7, 200),
    every=st.sampled_from(["month", 7, 30]),
    cutoffs=st.integers(2, 6),
)
def test_validation_cutoffs_are_mature_before_the_first_test_and_have_something_to_fit_on(
    first, days, maturing, every, cutoffs
):
    line = Timeline(first, first + timedelta(days=days), maturing, CalendarSettings(every=every, tests=3))
    if not line.mature(line.end):
        return
    tests = line.tests()
    found = validation(line, tests, SearchSettings(trials=5, cutoffs=cutoffs))
    assert len(found) <= cutoffs
    assert list(found) == sorted(found, reverse=True)
    for cutoff in found:
        assert cutoff + timedelta(days=maturing) <= tests[0]
        assert line.split(cutoff).fit
        assert all(
            c + timedelta(days=maturing) <= cutoff for c in (*line.split(cutoff).fit, *line.split(cutoff).calibrate)
        )


def test_without_a_search_nothing_is_fitted_and_the_settings_stay(config, fits):
    calls = fits(by_leaves)
    found = run(config)
    assert validation(LINE, TESTS, config.search) == ()
    assert (found.settings, found.asked, calls) == (config.model, 0, [])
    assert found.as_json()["trials"] == 0


def test_better_settings_are_found_and_used_and_nothing_but_what_was_searched_changes(config, fits):
    calls = fits(by_leaves)
    found = run(asking(config, trials=12))
    assert found.chosen > 0
    assert found.settings.leaves == 63
    assert "replaces the configured settings" in found.reason
    others = set(type(config.model).model_fields) - set(LADDERS)
    assert all(getattr(found.settings, name) == getattr(config.model, name) for name in others)
    assert {moment for moment, _ in calls} == set(validation(LINE, TESTS, SearchSettings(trials=1)))
    assert max(moment for moment, _ in calls) < min(TESTS)


def test_where_nothing_differs_the_configured_settings_stay(config, fits):
    fits(lambda _: 0.5)
    found = run(asking(config, trials=8))
    assert (found.chosen, found.settings) == (0, config.model)
    assert "does not replace" in found.reason
    assert len(found.candidates) == 8


def test_the_same_data_and_seed_choose_the_same(config, fits):
    fits(by_leaves)
    asked = asking(config, trials=10)
    assert run(asked) == run(asked)
    other = asked.model_copy(update={"model": asked.model.model_copy(update={"seed": 8})})
    assert [c.settings for c in run(other).candidates] != [c.settings for c in run(asked).candidates]


def test_candidates_that_fell_behind_are_marked_and_have_no_score(config, fits):
    fits(by_leaves)
    found = run(asking(config, trials=30))
    pruned = [c for c in found.candidates if c.pruned]
    assert found.as_json()["pruned"] == len(pruned) > 0
    assert all(len(c.figures) < len(found.cutoffs) and c.score is None for c in pruned)
    assert all(c.score is not None for c in found.candidates if not c.pruned)
    assert found.candidates[0].name == "search 00: as configured"
    assert all(c.name.startswith(f"search {c.number:02d}: ") for c in found.candidates)


def test_a_history_too_short_says_so_in_numbers(config, fits):
    calls = fits(by_leaves)
    short = Timeline(LINE.end - timedelta(days=230), LINE.end, 60, CalendarSettings(tests=1))
    found = run(asking(config, trials=5), line=short, tests=short.tests())
    assert found.settings == config.model
    assert found.reason.startswith("no search: 1 of at least 2 validation cutoffs")
    assert f"cutoff + 60 days <= {short.tests()[0]}" in found.reason
    assert len(calls) == 1
    assert found.as_json()["chosen"] == 0


def test_where_the_prior_stands_alone_there_is_nothing_to_search(config, fits):
    fits(by_leaves, rung="prior")
    found = run(asking(config, trials=5))
    assert found.reason.startswith("no search: 0 of")


def test_a_candidate_that_cannot_be_fitted_ends_no_training(config, fits):
    def fragile(model):
        if model.leaves != config.model.leaves:
            raise ModelRefused("not finite")
        return 0.5

    fits(fragile)
    found = run(asking(config, trials=6))
    assert found.chosen == 0
    assert any(c.pruned and not c.figures for c in found.candidates)


def test_no_trial_begins_after_the_minutes_are_over(config, fits):
    fits(by_leaves)
    found = run(asking(config, trials=50, minutes=1e-9))
    assert [c.number for c in found.candidates] == [0]
    assert found.settings == config.model
    assert found.reason == "as configured: no others were tried (stopped after 1e-09 minutes)"


def test_without_another_that_went_the_whole_way_the_configured_settings_stay(config, fits):
    def fragile(model):
        if model != config.model:
            raise ModelRefused("not finite")
        return 0.5

    fits(fragile)
    found = run(asking(config, trials=4))
    assert found.reason == "as configured: none of 3 others was measured at every validation cutoff"
    assert found.as_json()["best"] is None


def test_progress_is_told(config, fits):
    fits(by_leaves)
    heard = []
    run(asking(config, trials=4), heard=lambda s: heard.append((s.name, s.done, s.total, s.note)))
    assert [h[1] for h in heard if h[0] == "search settings" and h[2] == 4][:5] == [0, 1, 2, 3, 4]
    assert heard[-2][3].split()[1:2] == ["search"]


def test_the_command_line_has_the_last_word_and_a_limit_needs_a_search(config, tmp_path):
    project = Project(config, tmp_path / "hvc.yaml")
    assert searching(project, None, None).config == config
    asked = searching(project, 20, 5.0)
    assert (asked.config.search.trials, asked.config.search.minutes, asked.path) == (20, 5.0, project.path)
    assert searching(asked, 0, None).config.search.trials == 0
    with pytest.raises(UsageError, match="--search N"):
        searching(project, None, 5.0)


def test_without_a_search_optuna_is_not_even_loaded():
    code = "import sys, hvc_ml.workflows.train; print('optuna' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


@pytest.mark.timeout(900)  # a whole training, on however busy a machine
def test_a_training_with_a_search_shows_every_candidate_in_mlflow(tmp_path, monkeypatch, capsys):
    project = shop(tmp_path)
    monkeypatch.setattr(sys, "argv", ["hvc-ml", "train", "-c", str(project.path), "--search", "3", "--json"])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(os, "umask", lambda _: 0)
    with pytest.raises(SystemExit, match="0"):
        main()
    said = json.loads(capsys.readouterr().out)
    found = said["search"]
    assert (found["trials"], len(found["cutoffs"])) == (3, 2)
    assert max(found["cutoffs"]) < min(said["cutoffs"]["test"])
    assert found["chosen"] in {0, 1, 2}
    store = open_store(project.config.tracking, project.folder, project.config.name)
    client = store.connection.client
    runs = client.search_runs([store.experiment_id], f"tags.`mlflow.parentRunId` = '{said['run_id']}'")
    tried = sorted((r for r in runs if "search_trial" in r.data.tags), key=lambda r: r.data.tags["search_trial"])
    assert [r.data.tags["search_trial"] for r in tried] == ["00", "01", "02"]
    assert all(set(r.data.params) == set(LADDERS) for r in tried)
    assert {r.data.tags["search_state"] for r in tried} <= {"complete", "pruned"}
    assert [r.data.tags["search_chosen"] for r in tried].count("true") == 1
    steps = client.get_metric_history(tried[0].info.run_id, "churn/auc")
    assert [p.step for p in sorted(steps, key=lambda p: p.step)] == [0, 1]
    assert "search/mean_gini" in tried[0].data.metrics
    parent = client.get_run(said["run_id"])
    assert parent.data.tags["search_reason"] == found["reason"]
    assert found["reason"] in parent.data.tags["mlflow.note.content"]
    assert parent.data.params["search_trials"] == "3"
    assert {"search.json"} <= {f.path for f in client.list_artifacts(parent.info.run_id)}
    assert {"figures/search.png"} <= {f.path for f in client.list_artifacts(parent.info.run_id, "figures")}
    assert any("cutoff" in r.data.tags for r in runs)
