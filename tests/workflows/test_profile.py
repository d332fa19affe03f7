"""What `profile` finds, in made-up businesses and in real logs."""

import json
import re
import shutil
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from hvc_ml.config import load_config
from hvc_ml.errors import ConfigError, OutputError, UsageError
from hvc_ml.progress import Stages
from hvc_ml.workflows.champions import load_champion
from hvc_ml.workflows.profile import profile
from hvc_ml.workflows.profile_record import tables, write_profile
from hvc_ml.workflows.profile_value import concentration_of
from hvc_ml.workflows.scores import scores_of
from hvc_ml.workflows.shop import open_shop
from hvc_ml.workflows.standing import standings, tiers_before
from workflows.shops import small

CONFIGS = Path(__file__).parents[2] / "configs"

MORE = """
profile:
  serve: {ticket: 6, complaint: 15, tikcet: 1}
  referral: 40
  by: [region]
"""


def with_profile(path, section, to=None):
    """The config, with other keys in its profile section."""
    document = yaml.safe_load(path.read_text())
    document["profile"] = document.get("profile", {}) | yaml.safe_load(section)["profile"]
    path = to or path
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return load_config(path)


def said(project, **options):
    return profile(project, cutoff=options.pop("cutoff", None), stages=Stages(), **options)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    project = small(tmp_path_factory.mktemp("profiled"), customers=500)
    return with_profile(project.path, MORE)


@pytest.fixture(scope="module")
def found(shop):
    return said(shop)


def test_nothing_is_known_of_a_model_and_nothing_is_written_without_being_asked(shop, found):
    assert not shop.models.exists()
    assert not shop.lists.exists()
    assert {p.name for p in shop.folder.iterdir()} == {"data", "truth", "hvc.yaml", "features", ".hvc-ml"}


def test_groups_are_tiers_and_the_high_value_who_bring_80_percent(found):
    groups = found.groups.set_index("group")
    tiers = groups.loc[["Priority", "Gold", "Mass"]]
    assert tiers["customers"].sum() == groups.loc["all", "customers"]
    assert groups.loc[["high-value", "others"], "customers"].sum() == groups.loc["all", "customers"]
    high = groups.loc["high-value"]
    assert high["share_of_value"] >= 0.8
    assert high["value"] - found.floor < 0.8 * groups.loc["all", "value"] + 0.01


def test_concentration_is_that_of_the_orders(shop, found):
    orders = pd.read_parquet(shop.folder / "data" / "orders.parquet")
    money = orders.groupby("customer_id")["amount"].sum().sort_values(ascending=False)
    enough = int((money.cumsum() < 0.8 * money.sum()).sum()) + 1
    whole = found.concentration.spans["whole_log"]
    assert whole["share_for_80"] == pytest.approx(enough / len(money))
    assert whole["total"] == pytest.approx(money.sum())
    assert found.concentration.spans["twelve_months"]["end"] == found.cutoff


def test_the_value_has_its_parts_and_a_misspelt_kind_is_told(found):
    parts = found.value.set_index("group").drop(columns=["customers", "below_zero"])
    assert list(parts) == [
        "list_price",
        "discounts",
        "service_complaint",
        "service_ticket",
        "service_tikcet",
        "referrals",
        "net_value",
    ]
    np.testing.assert_allclose(parts.drop(columns="net_value").sum(axis=1), parts["net_value"], atol=0.05)
    assert parts.loc["all", "service_ticket"] < 0 < parts.loc["all", "referrals"]
    assert any("'tikcet'" in note and "ticket" in note for note in found.notes)


def test_segments_are_tiers_and_attributes_with_todays_figures_and_what_came_true(found):
    table = found.kpis
    assert set(table["by"]) == {"tier", "region"}
    assert list(dict.fromkeys(table[table["by"] == "tier"]["segment"])) == ["Priority", "Gold", "Mass"]
    assert {"spend_365d", "net_value", "last_survey", "churned", "future_value"} <= set(table["kpi"])
    past = table[table["kpi"] == "churned"]
    assert set(past["at"]) == {found.outcomes_at}
    assert found.outcomes_at < found.cutoff - timedelta(days=90)
    cells = table.set_index(["by", "segment", "kpi"])
    assert cells.loc[("tier", "Priority", "churned"), "mean"] < cells.loc[("tier", "Mass", "churned"), "mean"]
    assert cells.loc[("tier", "Mass", "spend_365d"), "verdict"] == "red"
    assert set(table["verdict"]) <= {"green", "red", "none", "grey"}
    assert (table[table["customers"] < 30]["verdict"] == "grey").all()


def test_moves_count_everybody_once(shop, found):
    everybody = pd.read_parquet(shop.folder / "data" / "orders.parquet")
    bought = everybody[everybody["amount"] > 0]["customer_id"].nunique()
    assert found.moves.counts().to_numpy().sum() == bought
    now = found.moves.counts().sum()
    assert (
        now.drop("(dormant)").to_dict()
        == found.groups.set_index("group")["customers"].loc[["Priority", "Gold", "Mass"]].to_dict()
    )
    assert now["(dormant)"] == found.win_back["customers"].iloc[0]


def test_journeys_begin_with_everyone_who_bought(found):
    second, third = found.journeys["second"], found.journeys["third"]
    assert third.customers <= second.came <= second.customers
    assert 0 < second.quartiles[0] < second.quartiles[1]


def test_advocates_are_told_for_every_group(found):
    assert found.advocates["group"].tolist() == found.groups["group"].tolist()
    assert found.advocates["advocates"].iloc[0] > 0


def test_the_result_is_json_and_holds_no_customer(shop, found):
    text = json.dumps(found.as_json(), allow_nan=False)
    ids = set(pd.read_parquet(shop.folder / "data" / "customers.parquet")["customer_id"])
    assert not ids & set(re.findall(r"\w+", text))


def test_tables_and_charts_are_written_whole_the_same_each_time_and_replace_only_a_profile(shop, found, tmp_path):
    to = tmp_path / "out"
    said(shop, to=to)
    first = {p.name: p.read_bytes() for p in to.iterdir()}
    assert {"whale_curve.svg", "contrast.svg", "returns.svg", "migration.svg", "profile.json"} <= set(first)
    assert {f"{name}.csv" for name, _ in tables(found)} <= set(first)
    assert all(p.stat().st_mode & 0o077 == 0 for p in to.iterdir())
    meta = json.loads(first["MANIFEST.json"])["meta"]
    write_profile(found, to, {name: meta[name] for name in ("name", "data_sha256")})
    assert {p.name: p.read_bytes() for p in to.iterdir()} == first
    (tmp_path / "notes.txt").write_text("mine")
    for taken in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(OutputError):
            said(shop, to=taken)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    write_profile(found, tmp_path / "empty", {})
    assert json.loads((tmp_path / "empty" / "profile.json").read_text())["cutoff"] == str(found.cutoff)


def test_an_attribute_that_may_not_be_used_or_is_a_number_is_refused(shop):
    for name in ("gender", "nowhere"):
        other = shop.path.with_name(f"{name}.yaml")
        with pytest.raises(ConfigError, match="no text attribute") as error:
            said(with_profile(shop.path, f"profile: {{by: [{name}]}}", to=other))
        assert "region" in str(error.value)
        other.unlink()


def test_a_rule_by_net_value_ranks_by_it(shop):
    other = shop.path.with_name("net.yaml")
    found = said(with_profile(shop.path, "profile: {high_value: {by: net, rule: threshold, at: 300}}", to=other))
    other.unlink()
    assert found.by == "net"
    assert found.floor >= 300
    assert found.groups.set_index("group").loc["high-value", "customers"] > 0


def test_early_in_the_log_there_is_less_to_tell(shop, found):
    first = found.concentration.spans["whole_log"]["begin"]
    early = said(shop, cutoff=first + timedelta(days=20))
    assert early.moves is None
    assert early.outcomes_at is None
    assert "churned" not in set(early.kpis["kpi"])
    assert "before_horizon" not in early.concentration.spans
    json.dumps(early.as_json(), allow_nan=False)


def test_a_cutoff_outside_the_orders_is_refused(shop):
    with pytest.raises(UsageError):
        said(shop, cutoff=date(1999, 1, 1))


def test_the_past_is_told_as_it_was_then(shop, found, tmp_path):
    """Orders after a cutoff change nothing that is told at it."""
    cutoff = found.cutoff - timedelta(days=200)
    shutil.copytree(shop.folder / "data", tmp_path / "data")
    shutil.copy(shop.path, tmp_path)
    orders = tmp_path / "data" / "orders.parquet"
    log = pd.read_parquet(orders)
    log[pd.to_datetime(log["ordered_at"]).dt.tz_localize(None) < pd.Timestamp(cutoff)].to_parquet(orders)
    before, after = said(shop, cutoff=cutoff).as_json(), said(load_config(tmp_path), cutoff=cutoff).as_json()
    for part in set(before) - {"seconds"}:
        assert after[part] == before[part], part


def test_tiers_are_those_of_the_list(trained):
    project, _, listed = trained
    with open_shop(project, Stages()) as shop:
        told = standings(shop).at([listed.cutoff])[listed.cutoff].set_index("customer_id")["tier"]
    scores = pd.read_parquet(listed.list_dir / "scores.parquet").set_index("customer_id")["tier"]
    assert told.reindex(scores.index).tolist() == scores.tolist()


def test_tiers_with_a_memory_are_the_same_in_scores_and_in_a_profile(trained, copied):
    project = with_profile(copied.path, "profile: {tier_margin: 0.1}")
    model = load_champion(trained[0]).model
    with open_shop(project, Stages()) as shop:
        panel = shop.panel(shop.now)
        scored = scores_of(model, panel, project.config, tiers_before(shop, shop.now)).table
        told = standings(shop).at([shop.now])[shop.now].set_index("customer_id")["tier"]
    plain = scores_of(model, panel, trained[0].config).table["tier"]
    assert told.reindex(scored["customer_id"]).tolist() == scored["tier"].tolist()
    assert (scored["tier"] != plain).any()


def test_predicted_value_is_the_newest_lists_and_spend_where_there_is_none(trained, copied, shop):
    rule = "profile: {high_value: {by: predicted, rule: customer_share, at: 0.1}}\n"
    found = said(with_profile(copied.path, rule))
    scores = pd.read_parquet(trained[2].list_dir / "scores.parquet")
    assert found.by == "predicted"
    everybody = int(found.groups["customers"].iloc[0])
    missing = everybody - len(scores)
    assert [note.split()[0] for note in found.notes] == ([f"{missing}"] if missing else [])
    best = scores["future_value"].nlargest(int(np.ceil(0.1 * everybody)))
    assert found.floor == pytest.approx(best.min(), abs=0.005)
    early = said(load_config(copied.path), cutoff=found.cutoff - timedelta(days=30))
    assert early.by == "spend"
    assert "later than the cutoff" in early.notes[0]
    other = shop.path.with_name("predicted.yaml")
    without = said(with_profile(shop.path, "profile: {high_value: {by: predicted}}", to=other))
    other.unlink()
    assert without.by == "spend"
    assert without.notes[0].startswith("No list yet")


def test_a_club_has_a_profile_too(tmp_path):
    found = said(small(tmp_path, kind="subscription", customers=300))
    assert found.groups["customers"].iloc[0] > 0
    assert "contract_age_days" in set(found.kpis["kpi"])
    assert found.moves.counts().loc["Priority", "Priority"] > 0


def real(shared_data, folder, name):
    """A shipped config in a folder of its own; its paths lead to the shared logs."""
    text = (CONFIGS / f"{name}.yaml").read_text()
    (folder / "hvc.yaml").write_text(text.replace("../../shared/data", shared_data.as_posix()))
    return load_config(folder)


@pytest.mark.parametrize(
    ("config", "published", "whole", "customers"),
    [("online-retail", 0.278, 0.268, (3412, 4372)), ("cdnow-39-weeks", 0.384, 0.326, (23570, 23570))],
)
def test_the_published_concentration_of_real_logs(shared_data, tmp_path, config, published, whole, customers):
    """The published shares are of the log but for its last 90 days, and of CDNOW's first 39 weeks."""
    project = real(shared_data, tmp_path, config)
    spans = said(project).concentration.spans
    for span, share, count in zip(("before_horizon", "whole_log"), (published, whole), customers, strict=True):
        assert spans[span]["share_for_80"] == pytest.approx(share, abs=0.0005)
        assert spans[span]["customers"] == count
    back = spans["before_horizon"]["end"]
    with open_shop(project, Stages()) as opened:
        then = concentration_of(opened, back).spans["whole_log"]
    assert then == spans["before_horizon"]  # as `profile --cutoff` of that day tells it
