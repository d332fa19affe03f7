"""Whom the list leaves out, and that nothing is told of them: canaries over every file and over what is printed."""

import json
import re
import zipfile
from datetime import date, datetime
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from hvc_ml.cli.app import app
from hvc_ml.config import load_config
from hvc_ml.errors import ConfigError, DataError, UsageError
from hvc_ml.features.algebra import Attribute
from hvc_ml.features.feature import Feature
from hvc_ml.planning.learned import LEARNED, Learned, SaveRate, Stopped, write_learned
from hvc_ml.progress import Stages
from hvc_ml.publish import publish_directory
from hvc_ml.workflows import fitting
from hvc_ml.workflows.explain import explain
from hvc_ml.workflows.score import Limits, score

CUTOFF = date(2026, 1, 1)


def scored(project, **limits):
    return score(load_config(project.path), cutoff=None, limits=Limits(**limits), stages=Stages())


def told(project, old, new):
    """The config with something said otherwise."""
    text = project.path.read_text()
    assert old in text
    project.path.write_text(text.replace(old, new, 1))


def with_attribute(project, name, values):
    """One more column of the customers, mapped under its own name."""
    path = project.folder / "data" / "customers.parquet"
    pd.read_parquet(path).assign(**{name: values}).to_parquet(path, index=False)
    told(project, "      profession: profession\n", f"      profession: profession\n      {name}: {name}\n")


def everything_written(folder):
    """The texts of every file, whatever it is packed in."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if path.suffix == ".parquet":
            yield path.name, pq.read_table(path).to_pandas().to_csv()
        elif path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as packed:
                yield from ((f"{path.name}/{name}", packed.read(name).decode()) for name in packed.namelist())
        else:
            yield path.name, path.read_text()


@pytest.fixture
def canaries(copied, trained):
    """A shop in which four listed customers may not be contacted, each for another reason."""
    ids = dict(zip(("objection", "no consent", "complaint", "cool-down"), trained[2].plan["customer_id"], strict=False))
    (copied.folder / "objections.txt").write_text(f"{ids['objection']}\nnobody\n")
    people = pd.read_parquet(copied.folder / "data" / "customers.parquet")["customer_id"]
    with_attribute(copied, "newsletter", np.where(people == ids["no consent"], "no", "Yes"))
    events = copied.folder / "data" / "events.parquet"
    known = pd.read_parquet(events)
    anger = known.head(1).assign(customer_id=ids["complaint"], happened_at=datetime(2025, 12, 30), kind="complaint")
    pd.concat([known, anger], ignore_index=True).astype(known.dtypes).to_parquet(events, index=False)
    touched = {"customer_id": [ids["cool-down"]], "touched_at": [datetime(2025, 12, 20)], "action": ["voucher"]}
    pd.DataFrame(touched).to_parquet(copied.folder / "data" / "touches.parquet", index=False)
    same = "{customer_id: customer_id, touched_at: touched_at, action: action}"
    told(copied, "  customers:\n    columns:", f"  touches:\n    columns: {same}\n  customers:\n    columns:")
    told(copied, "    events: data", "    touches: data/touches.parquet\n    events: data")
    told(copied, "list:\n", "list:\n  suppress: objections.txt\n  consent: newsletter\n")
    return load_config(copied.path), ids


def test_who_is_left_out_stands_in_no_file_and_is_counted_by_reason(canaries, trained):
    project, ids = canaries
    result = scored(project)
    assert dict(result.suppressed) == {
        "objection": 1,
        "no consent": 1,
        "complaint": 1 + trained[2].suppressed["complaint"],
        "cool-down": 1,
    }
    manifest = json.loads((result.list_dir / "MANIFEST.json").read_text())["meta"]
    assert manifest["suppressed"] == result.as_json()["suppressed"]
    assert manifest["n_suppressed"] == result.as_json()["n_suppressed"] == sum(result.suppressed.values())
    names = []
    for name, text in everything_written(result.list_dir):
        names.append(name)
        assert not [reason for reason, customer in ids.items() if customer in text], name
    assert {"scores.parquet", "book.html", "retention_list.csv", "retention_list.xlsx/xl/worksheets/sheet1.xml"} <= set(
        names
    )
    assert "left out: objection 1, no consent 1" in re.sub(
        r"\s+", " ", dict(everything_written(result.list_dir))["book.html"]
    )


def test_the_command_prints_nothing_of_them_either(canaries):
    project, ids = canaries
    for options in ([], ["--json"], ["-v"]):
        done = CliRunner().invoke(app, ["score", "-c", str(project.path), *options])
        assert done.exit_code == 0, done.output
        assert not [reason for reason, customer in ids.items() if customer in done.output]
    done = CliRunner().invoke(app, ["explain", ids["objection"], "-c", str(project.path)])
    assert isinstance(done.exception, UsageError)
    assert ids["objection"] not in f"{done.output}{done.exception}"


def test_without_the_reasons_the_same_customers_are_listed_with_the_same_tiers_and_peers(canaries, trained):
    project, ids = canaries
    before, after = (r.plan.set_index("customer_id") for r in (trained[2], scored(project)))
    assert set(ids.values()) <= set(before.index)
    both = before.index.intersection(after.index)
    assert len(both) > 0.9 * len(after)
    assert (before.loc[both, "tier"] == after.loc[both, "tier"]).all()
    unchanged = ~before.loc[both, "reason_1"].str.contains("complaint|service")
    assert (before.loc[both, "reason_1"][unchanged] == after.loc[both, "reason_1"][unchanged]).mean() > 0.99


def test_an_objecting_customer_gets_no_page_but_one_who_rests_does(canaries):
    project, ids = canaries
    with pytest.raises(UsageError, match="objects") as refused:
        explain(project, ids["objection"], stages=Stages())
    assert ids["objection"] not in str(refused.value)
    assert explain(project, ids["cool-down"], stages=Stages()).customer_id == ids["cool-down"]


def test_a_missing_objection_list_stops_the_run(canaries):
    project, _ = canaries
    (project.folder / "objections.txt").unlink()
    with pytest.raises(DataError, match="No list without it"):
        scored(project)


def test_both_groups_of_a_worked_list_rest_until_their_action_s_cool_down_is_over(copied, trained):
    first = trained[2]
    rows = pd.DataFrame({"customer_id": first.plan["customer_id"].head(3), "touched_at": pd.Timestamp("2026-01-05")})
    contact = rows.assign(action=first.plan["action"].head(3), outcome="")
    with publish_directory(copied.campaigns / first.list_dir.name, meta={}) as staging:
        contact.to_parquet(staging / "contacts.parquet", index=False)
    told(copied, "    - name: voucher\n", "    - name: voucher\n      cool_down: 0\n")
    result = scored(copied)
    rest = first.plan["action"] != "voucher"
    assert result.suppressed["cool-down"] == rest.sum()
    assert not set(first.plan["customer_id"][rest]) & set(result.plan["customer_id"])
    assert set(first.plan["group"][rest]) == {"contact", "holdout"}


def test_a_list_that_was_not_worked_keeps_nobody_from_the_next_one(copied):
    assert scored(copied, top=30).suppressed["cool-down"] == 0


def test_owners_birthdays_and_figures_reach_the_list(copied):
    people = pd.read_parquet(copied.folder / "data" / "customers.parquet")["customer_id"]
    born = np.where(np.arange(len(people)) % 2, "1980-01-06", "1990-07-06")
    with_attribute(copied, "birth_date", born)
    with_attribute(copied, "manager", np.where(people.str.endswith("1"), "Ms Blue", ""))
    start = copied.path.read_text().index("playbook:")
    copied.path.write_text(
        copied.path.read_text()[:start]
        + """playbook:
  actions:
    - {name: card, birthday: birth_date, lead_time: 2, save_rate_prior: [9, 1], owner: team}
    - {name: call, where: {orders_365d: [3, null]}, owner: team, says: [Hello.]}
list: {owner: manager}
resources: {memory: 1GB}
"""
    )
    plan = scored(copied).plan
    due = set(people[born == "1980-01-06"])
    cards = plan[plan["action"] == "card"]
    assert len(cards)
    assert set(cards["customer_id"]) <= due
    assert set(cards["act_before"]) == {"2026-01-04"}
    assert set(plan["customer_id"][plan["owner"] == "Ms Blue"]) == set(
        plan["customer_id"][plan["customer_id"].str.endswith("1")]
    )
    assert set(plan["owner"]) == {"Ms Blue", "team"}
    calls = plan[plan["action"] == "call"]
    assert set(calls["talking_points"]) == {"Hello."}
    assert len(plan[plan["customer_id"].isin(due)]) > len(plan[~plan["customer_id"].isin(due)])


@pytest.mark.parametrize(
    ("said", "error", "says"),
    [
        ("where: {orders_356d: [1, null]}", ConfigError, "no such feature: 'orders_356d'; did you mean 'orders_365d'"),
        ("where: {colour: [1, null]}", ConfigError, "no such feature"),
        ("birthday: region", ConfigError, r"none of \d+ values reads as a date"),
        ("birthday: born", ConfigError, "tables.customers.columns has no 'born'"),
    ],
)
def test_an_action_that_asks_for_what_is_not_there_is_refused(copied, said, error, says):
    told(copied, "    - name: voucher\n", f"    - name: voucher\n      {said}\n")
    with pytest.raises(error, match=says):
        scored(copied)


def test_models_do_not_learn_from_what_tells_of_the_team(copied, monkeypatch):
    with_attribute(copied, "newsletter", "yes")
    told(copied, "list:\n", "list:\n  consent: newsletter\n  owner: region\n")
    seen = []
    monkeypatch.setattr(fitting, "fit_recipe", lambda *args, **_: seen.extend(args[2]))
    names = ("profile_newsletter", "profile_region", "profile_profession")
    features = tuple(
        Feature(name, Attribute(name), says="{value:number}", family="profile", unit="number") for name in names
    )
    split = SimpleNamespace(fit=(), calibrate=(), by="time", moment=CUTOFF)
    fitting.fit_at(split, {}, None, features, load_config(copied.path).config)
    assert seen == ["profile_profession"]


def test_an_action_whose_figure_this_business_lacks_only_sleeps(copied):
    told(copied, "    - name: voucher\n", "    - name: voucher\n      where: {contract_price: [1, null]}\n")
    assert "voucher" not in set(scored(copied).plan["action"])


def test_what_campaigns_taught_replaces_the_beliefs_and_is_told_everywhere(copied, trained):
    measured = (SaveRate("voucher", "Mass", 90.0, 10.0, 0.85, 0.95, 900, 100, 2),)
    learned = Learned("posterior", 2, measured, (Stopped("personal call", None, "worse"),))
    write_learned(copied.campaigns / LEARNED, learned)
    result = scored(copied)
    assert result.as_json()["stage"] == "posterior"
    assert "personal call" not in set(result.plan["action"])
    mass = result.plan[result.plan["tier"] == "Mass"]
    assert (mass["action"] == "voucher").mean() > 0.9
    assert "personal call" in set(trained[2].plan["action"])
    assert json.loads((result.list_dir / "MANIFEST.json").read_text())["meta"]["learned"] == learned.as_json()
    texts = dict(everything_written(result.list_dir))
    said = "Stage posterior: 2 campaigns measured"
    assert said in texts["book.html"]
    assert said in texts["retention_list.xlsx/xl/sharedStrings.xml"]
    done = CliRunner().invoke(app, ["score", "-c", str(copied.path)])
    assert said in re.sub(r"\s+", " ", done.output)


def test_a_budget_that_binds_says_what_more_would_earn(copied):
    result = scored(copied, budget=100.0)
    low, high = result.total_expected_gain_interval
    assert low < result.total_expected_gain < high
    assert result.marginal_gain > 1.0
    assert result.as_json()["total_expected_gain_interval"] == [low, high]
    assert "The next 100 EUR of budget would earn about" in dict(everything_written(result.list_dir))["book.html"]
    assert scored(copied).marginal_gain is None
    assert result.sample_ratio_p > 0.05
