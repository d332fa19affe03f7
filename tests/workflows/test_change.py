"""Why values moved between two lists: every row adds up to the cent, and what did not change moved nothing."""

import json
import shutil
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from hvc_ml.cli.app import app
from hvc_ml.config import load_config
from hvc_ml.errors import DataError, ModelRefused, OutputError, UsageError
from hvc_ml.explanation.change import PARTS
from hvc_ml.features.compute import features_at
from hvc_ml.progress import Stages
from hvc_ml.tracking.store import open_store
from hvc_ml.workflows import change as module
from hvc_ml.workflows.champions import load_champion
from hvc_ml.workflows.change import WORDS, change
from hvc_ml.workflows.change_states import model_of, silent_since, states_between
from hvc_ml.workflows.past_lists import past_lists
from hvc_ml.workflows.score import Limits, score
from hvc_ml.workflows.shop import open_shop

OLD, NEW = date(2025, 11, 1), date(2026, 1, 1)
BETWEEN = tuple(WORDS)[1:-1]


@pytest.fixture(scope="module")
def project(trained, tmp_path_factory):
    """The trained shop with a list at an earlier cutoff; MLflow's paths still point to the original."""
    folder = tmp_path_factory.mktemp("change") / "shop"
    shutil.copytree(trained[0].folder, folder, symlinks=True)
    shutil.rmtree(folder / "lists")
    found = load_config(folder / "hvc.yaml")
    for cutoff in (OLD, None):
        score(found, cutoff=cutoff, limits=Limits(), stages=Stages())
    return found


@pytest.fixture
def spoilt(project, tmp_path):
    """A copy that a test may change."""
    shutil.copytree(project.folder, tmp_path / "shop", symlinks=True)
    return load_config(tmp_path / "shop" / "hvc.yaml")


@pytest.fixture(scope="module")
def moved(project):
    return compared(project)


def compared(project, old="2025-11", new="latest", **options):
    return change(project, old, new, stages=Stages(), **options)


def cents(table, names):
    return np.rint(table[list(names)].to_numpy(float) * 100).astype(int)


def adds_up(result):
    ends = cents(result.rows, ("before", "after"))
    assert (ends[:, 0] + cents(result.rows, BETWEEN).sum(axis=1) == ends[:, 1]).all()
    bridge = {name: round(amount * 100) for name, amount in result.bridge.items()}
    assert bridge["before"] + sum(bridge[name] for name in BETWEEN) == bridge["after"]


def test_every_row_and_the_bridge_add_up_to_the_published_values(project, moved):
    adds_up(moved)
    for past, end in zip(past_lists(project), ("before", "after"), strict=True):
        published = past.scores().set_index("customer_id")["value_at_risk"]
        rows = moved.rows.set_index("customer_id")[end]
        assert (rows[published.index] == published).all()
        assert not rows.drop(published.index).any()
        assert round(moved.bridge[end], 2) == round(published.sum(), 2)


def test_one_model_moves_nothing_and_records_that_stand_need_no_correction(moved):
    assert not moved.rows[["model", "calibration", "corrected"]].to_numpy().any()
    assert moved.bridge["time_passing"] > 0 > moved.bridge["own_behaviour"]  # silence looks bad, orders take it back


def test_the_same_list_twice_is_no_change(project):
    same = compared(project, "latest", "2026-01-01")
    assert not same.rows[list(BETWEEN)].to_numpy().any()
    assert same.as_json()["rises"] == []
    assert same.counts["came"] == same.counts["left"] == 0


def test_who_did_nothing_moved_by_time_alone(project, moved):
    active = set()
    for table, day in (("orders", "ordered_at"), ("events", "happened_at")):
        rows = pd.read_parquet(project.folder / "data" / f"{table}.parquet")
        active |= set(rows.loc[pd.to_datetime(rows[day], utc=True) >= "2025-10-31", "customer_id"])
    both = moved.rows[moved.rows["status"] == "both"]
    silent = both[~both["customer_id"].isin(active)]
    assert len(silent) > 5
    assert not silent["own_behaviour"].any()
    assert silent["time_passing"].any()
    assert both["own_behaviour"].any()


def test_who_came_and_who_left_are_told_apart(moved):
    rows = moved.rows
    came, left = rows[rows["status"] == "came"], rows[rows["status"] == "left"]
    assert (came["came"] == came["after"]).all()
    assert (left["left"] == -left["before"]).all()
    assert not came.drop(columns=["came", "after"]).select_dtypes("number").to_numpy().any()
    assert (len(came), len(left)) == (moved.counts["came"], moved.counts["left"])
    assert min(moved.counts.values()) > 0


def test_one_customer_is_the_same_row(project, moved):
    for status in ("both", "came", "left"):
        row = moved.rows[moved.rows["status"] == status].iloc[0]
        one = compared(project, customer=row["customer_id"])
        assert one.rows.iloc[0].to_dict() == row.to_dict()
        assert one.counts[status] == 1
        assert one.bridge == {name: row[name] for name in WORDS}


def test_one_customers_page_has_figures_and_the_orders_between(project, moved):
    customer = moved.rows.loc[moved.rows["status"] == "left", "customer_id"].iloc[0]
    result = compared(project, customer=customer).as_json()
    assert result["figures"]["churn_risk"]["new"] is None
    assert result["figures"]["value_at_risk"]["old"] == result["bridge"]["before"]
    assert result["orders_between"] == {"orders": 0, "amount": 0.0}
    json.dumps(result, allow_nan=False)


def test_two_models_and_two_cutoffs_add_up_too(project, monkeypatch):
    """The list of the model as it was tested is the old one; production's the new one."""
    champion = load_champion(project)
    tested = champion.model.as_tested()
    past = past_lists(project)[0]
    with open_shop(project, Stages()) as shop:
        ids = sorted(past.scores()["customer_id"])
        states = states_between(shop, ids, (OLD, OLD), (tested, champion.model))
    assert (states[0] == states[2]).all()
    published = past.scores().set_index("customer_id")["value_at_risk"][ids]
    assert (states[0, 1, 1] == np.rint(published * 100)).all()
    assert (states[0, 0, 0] != states[0, 1, 1]).any()
    monkeypatch.setattr(module, "models_of", lambda shop, store, lists: (tested, champion.model))
    result = compared(project)
    adds_up(result)
    assert result.rows["model"].any()
    assert result.rows["corrected"].any()  # the published old list was not made by this model, and that is said


def test_the_same_trees_with_another_calibration_move_calibration_only(project):
    model = load_champion(project).model
    recipe = model.recipe
    other = replace(recipe, risk=replace(recipe.risk, shift=recipe.risk.shift + 0.2))
    changed = replace(model, recipe=other)
    with open_shop(project, Stages()) as shop:
        ids = sorted(past_lists(project)[0].scores()["customer_id"])[:50]
        states = states_between(shop, ids, (OLD, NEW), (model, changed))
    assert (states[:, 0] == states[:, 1]).all()
    assert (states[:, :, 0] != states[:, :, 1]).any()


def test_silence_is_the_same_history_seen_later(project):
    with open_shop(project, Stages()) as shop:
        everyone, features = shop.tables.orders.select("customer_id").unique(), shop.plan().features
        silent = silent_since(shop.tables, OLD)

        def at(tables, cutoff):
            return shop.engine.arrow(features_at(everyone, tables, cutoff, features).sort("customer_id")).to_pandas()

        pd.testing.assert_frame_equal(at(silent, OLD), at(shop.tables, OLD))
        later, before = at(silent, NEW), at(shop.tables, OLD)
    known = before["days_since_last_order"].notna()
    waited = later["days_since_last_order"] - before["days_since_last_order"]
    assert (waited[known] == (NEW - OLD).days).all()
    assert (later["spend_lifetime"] == before["spend_lifetime"]).all()


def test_a_row_added_afterwards_is_told_as_a_correction(spoilt, moved):
    file = spoilt.folder / "data" / "orders.parquet"
    orders = pd.read_parquet(file)
    both = moved.rows[moved.rows["status"] == "both"]
    late = orders[orders["customer_id"] == both["customer_id"].iloc[0]].iloc[[0]]
    late = late.assign(order_id="late", amount=late["amount"] * 0 + 500)
    pd.concat([orders, late], ignore_index=True).to_parquet(file, index=False)
    result = compared(spoilt)
    adds_up(result)
    told = result.rows.set_index("customer_id")["corrected"]
    assert list(told.index[told != 0]) == [both["customer_id"].iloc[0]]
    assert "records corrected since" in dict(result.steps)


def test_who_objects_is_counted_and_not_named(spoilt, moved):
    customer = moved.moved(up=True)["customer_id"].iloc[0]
    (spoilt.folder / "objections.txt").write_text(f"{customer}\n")
    text = spoilt.path.read_text()
    spoilt.path.write_text(text.replace("list:", "list:\n  suppress: objections.txt", 1))
    project = load_config(spoilt.path)
    result = compared(project)
    assert result.bridge == moved.bridge
    assert customer not in json.dumps(result.as_json())
    assert customer not in set(result.rows["customer_id"])
    with pytest.raises(UsageError, match="objects"):
        compared(project, customer=customer)


def test_files_are_whole_private_and_the_same_each_time(project, moved, tmp_path):
    first = compared(project, to=tmp_path / "out")
    names = ["MANIFEST.json", "bridge.png", "bridge.svg", "change.json", "changes.csv", "changes.parquet"]
    assert sorted(p.name for p in first.written.iterdir()) == names
    before = {p.name: p.read_bytes() for p in first.written.iterdir()}
    compared(project, to=tmp_path / "out")
    assert {p.name: p.read_bytes() for p in first.written.iterdir()} == before
    assert {p.stat().st_mode & 0o077 for p in first.written.iterdir()} == {0}
    pd.testing.assert_frame_equal(pd.read_parquet(first.written / "changes.parquet"), moved.rows, check_dtype=False)
    assert json.loads(before["change.json"])["bridge"] == moved.bridge


def test_a_folder_with_other_files_stays_as_it_is(project, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="other files"):
        compared(project, to=tmp_path)


def test_names_that_mean_no_list_or_several_are_refused(spoilt):
    lists = spoilt.folder / "lists"
    with pytest.raises(UsageError, match="There are: 2025-11-01_"):
        compared(spoilt, "2024")
    with pytest.raises(UsageError, match="fits 2 lists"):
        compared(spoilt, "202")
    with pytest.raises(UsageError, match="no such list"):
        compared(spoilt, "")
    with pytest.raises(UsageError, match="old list first"):
        compared(spoilt, "2026", "2025")
    (lists / "latest").unlink()
    with pytest.raises(UsageError, match="hvc-ml score"):
        compared(spoilt)


def test_a_customer_on_neither_list_is_said(project):
    with pytest.raises(UsageError, match="neither"):
        compared(project, customer="nobody")


def told(past, **meta):
    path = past.folder / "MANIFEST.json"
    manifest = json.loads(path.read_text())
    manifest["meta"] |= meta
    path.write_text(json.dumps(manifest))


def test_values_over_another_horizon_are_not_compared(spoilt):
    told(past_lists(spoilt)[0], horizon=30)
    with pytest.raises(UsageError, match="horizon"):
        compared(spoilt)


def test_a_list_of_another_registrys_model_is_refused(spoilt):
    told(past_lists(spoilt)[0], model_sha256="0" * 64)
    with pytest.raises(ModelRefused, match="not the model this list was made with"):
        compared(spoilt)
    told(past_lists(spoilt)[0], model_version="99")
    with pytest.raises(ModelRefused, match="no version 99"):
        compared(spoilt)


def test_scores_that_were_changed_are_refused(spoilt):
    file = past_lists(spoilt)[0].folder / "scores.parquet"
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(DataError, match="changed"):
        compared(spoilt)


def test_the_models_of_lists_come_from_the_registry(project):
    with open_shop(project, Stages()) as shop:
        store = open_store(project.config.tracking, project.folder, project.config.name)
        model = model_of(shop, store, past_lists(project)[0])
    assert model.info == load_champion(project).model.info


def said(project, *argv):
    result = CliRunner().invoke(app, ["explain", "-c", str(project.path), *argv])
    return result.exit_code, result.output, result.exception


def test_the_verb_tells_the_bridge_and_who_moved(project, moved):
    code, text, _ = said(project, "--change", "2025-11", "latest")
    assert code == 0
    for words in [w for name, w in WORDS.items() if name != "corrected"]:
        assert words in text
    assert moved.moved(up=False)["customer_id"].iloc[0] in text
    code, text, _ = said(project, "--change", "2025-11", "latest", moved.rows["customer_id"].iloc[0], "--json")
    assert code == 0
    assert set(PARTS) < set(json.loads(text)["bridge"])


def test_the_verb_tells_one_customer(project, moved):
    row = moved.rows[moved.rows["status"] == "both"].iloc[0]
    code, text, _ = said(project, "--change", "2025-11", "latest", row["customer_id"])
    assert code == 0
    assert "Orders from 2025-11-01 until before 2026-01-01" in text
    assert "came to the list" not in text


def test_options_that_do_not_go_together_are_refused(project, tmp_path):
    for argv in ([], ["c", "--to", "x"], ["c", "--change", "a", "b", "--html", "x"]):
        code, _, error = said(project, *argv)
        assert (code, isinstance(error, UsageError)) == (1, True) or code == 2


def test_a_customers_page_is_written_where_it_is_asked_for(project, moved, tmp_path):
    customer = moved.rows.loc[moved.rows["status"] != "left", "customer_id"].iloc[0]
    code, text, _ = said(project, customer, "--html", str(tmp_path / "page.html"), "--json")
    assert code == 0
    page = (tmp_path / "page.html").read_text()
    found = json.loads(text)
    assert found["html"] == str((tmp_path / "page.html").resolve())
    assert f"Customer {customer}" in page
    assert f"{found['value_at_risk']:,.2f}" in page
    code, text, _ = said(project, customer)
    assert code == 0
    assert "Value at risk: " in text
    assert "last orders" in text
    assert all(0 <= share <= 1 for share in found["others_below"].values() if share is not None)
