"""What a campaign earned, counted by hand on a shop whose customers did what we say."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from hvc_ml.campaigns.ratio import RatioCheck
from hvc_ml.cli import campaign as verb
from hvc_ml.cli.app import app
from hvc_ml.cli.console import Console
from hvc_ml.errors import DataError
from hvc_ml.planning.learned import Learned, Stopped, read_learned
from hvc_ml.progress import Stages
from hvc_ml.workflows.campaign_import import ImportResult, import_contacts
from hvc_ml.workflows.campaign_measure import measure
from hvc_ml.workflows.uplift import ActionUplift, LearnedUplift
from workflows.worked import CUTOFF, HELD, IDS, contact_group, publish, rows, shop

LIST = f"{CUTOFF}_aaaa"


def worked(folder, frame=None, **more):
    """A shop whose list of the first of March was worked."""
    project = shop(folder, **more)
    (contact_group() if frame is None else frame).to_csv(folder / "worked.csv", index=False)
    import_contacts(project, folder / "worked.csv", worked=project.lists / LIST, replace=False, stages=Stages())
    return project


def measured(project):
    return measure(project, stages=Stages())


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    project = worked(tmp_path_factory.mktemp("worked"))
    return project, measured(project)


def test_the_effect_is_what_was_counted(known):
    _, result = known
    (campaign,) = result.campaigns
    assert (campaign.name, campaign.n_contact, campaign.n_holdout, campaign.reached) == (LIST, 300, 100, 300)
    stay, money, profit = campaign.effects.stay, campaign.effects.money, campaign.effects.profit
    assert stay.estimate == pytest.approx(0.7 - 0.5)
    assert money.estimate == pytest.approx(10.0 * 0.2)
    calls = rows()["action"][HELD:].eq("call").mean()
    assert profit.estimate == pytest.approx(2.0 - calls * 1.0 - (1 - calls) * 0.1)
    assert stay.verdict == "better"
    assert campaign.ratio.passed


def test_pooled_is_the_campaign_where_there_is_one(known):
    result = known[1]
    assert result.pooled.stay == result.campaigns[0].effects.stay


def test_actions_are_measured_apart_and_one_without_a_holdout_is_not(known):
    call, mail = known[1].actions[1], known[1].actions[0]
    assert (call.name, mail.name) == ("call", "=mail")
    assert (call.effects.stay.n_contact, call.effects.stay.n_holdout) == (150, 100)
    assert mail.effects.stay is None
    assert mail.rates == ()
    assert call.prior == pytest.approx(0.3)


def test_save_rates_rise_above_the_belief_where_contact_keeps_more(known):
    rates = {rate.tier: rate for rate in known[1].actions[1].rates}
    assert set(rates) == {"Priority", "Gold", "Mass"}
    assert rates["Gold"].mean > 0.3
    assert rates["Priority"].n_contact == 0


def test_what_was_learned_is_written_for_the_next_list(known):
    project, result = known
    learned = read_learned(project.campaigns / "learned.json")
    assert learned == result.learned
    assert (learned.stage, learned.campaigns) == ("posterior", 1)
    gold = next(r for r in learned.save_rates if r.tier == "Gold")
    assert gold.mean == pytest.approx(next(r for r in result.actions[1].rates if r.tier == "Gold").mean, abs=1e-4)
    assert (gold.action, gold.campaigns, gold.n_holdout) == ("call", 1, 75)
    assert gold.low < gold.mean < gold.high
    assert json.loads((project.campaigns / "measured.json").read_text()) == json.loads(json.dumps(result.as_json()))


def test_measuring_again_writes_the_same_bytes(known):
    project, _ = known
    files = [project.campaigns / name for name in ("learned.json", "measured.json")]
    before = [f.read_bytes() for f in files]
    measured(project)
    assert before == [f.read_bytes() for f in files]
    assert {oct(f.stat().st_mode & 0o777) for f in files} == {"0o600"}


def test_uplift_says_what_is_missing(known):
    assert all("too little to learn uplift from" in told["why"] for told in known[1].uplift)
    assert known[1].learned.uplift == ()


def test_the_four_groups_hold_everyone_who_was_scored(known):
    groups = {(g.listed, g.contacted): g for g in known[1].groups}
    assert groups[True, True].n == 300
    assert groups[True, False].n == 100
    assert groups[True, False].churn == pytest.approx(0.5)
    assert groups[True, False].predicted_churn == pytest.approx(0.4)
    assert "said too little" in groups[True, False].says
    assert "the offer works" in groups[True, True].says


def test_those_off_the_list_are_told_by_whether_they_were_contacted(tmp_path):
    project = shop(tmp_path, cutoffs=())
    folder = publish(project, listed=200, share=0.5)
    pd.DataFrame({"who": ["c300", "c150"], "at": "2024-03-05", "what": "call"}).to_csv(tmp_path / "t.csv", index=False)
    text = project.path.read_text().replace("{orders: orders.csv}", "{orders: orders.csv, touches: t.csv}")
    mapped = "  touches:\n    columns: {customer_id: who, touched_at: at, action: what}\npopulation:"
    project.path.write_text(text.replace("population:", mapped))
    from hvc_ml.config import load_config  # noqa: PLC0415 # here alone

    project = load_config(project.path)
    contact_group().head(100).to_csv(tmp_path / "worked.csv", index=False)
    import_contacts(project, tmp_path / "worked.csv", worked=folder, replace=False, stages=Stages())
    groups = {(g.listed, g.contacted): g.n for g in measured(project).groups}
    assert groups == {(True, True): 100, (True, False): 100, (False, True): 1, (False, False): 199}


def test_groups_are_compared_as_drawn_whoever_was_contacted(known, tmp_path):
    half = pd.DataFrame({"customer_id": [*IDS[HELD:250], *IDS[:20]]})
    result = measured(worked(tmp_path, half))
    (campaign,) = result.campaigns
    assert campaign.effects.stay == known[1].campaigns[0].effects.stay
    assert (campaign.reached, campaign.contaminated) == (150, 20)


def test_a_list_is_measured_on_the_day_its_outcomes_are_settled_and_not_before(tmp_path):
    complete = CUTOFF + dt.timedelta(days=30 + 5)
    early = measured(worked(tmp_path / "a", last=complete - dt.timedelta(days=2)))
    assert early.campaigns == ()
    assert early.learned == Learned()
    assert str(complete) in early.others[LIST]
    assert read_learned(early.path / "learned.json") == Learned()
    assert len(measured(worked(tmp_path / "b", last=complete - dt.timedelta(days=1))).campaigns) == 1


def test_a_list_that_hardly_anyone_worked_is_no_campaign(tmp_path):
    result = measured(worked(tmp_path, contact_group().head(10)))
    assert result.campaigns == ()
    assert "10 of 300" in result.others[LIST]


def test_lists_that_nobody_worked_are_not_mentioned(tmp_path):
    result = measured(shop(tmp_path))
    assert (result.campaigns, result.others, result.learned.stage) == ((), {}, "prior")


def test_a_campaign_whose_groups_are_not_as_drawn_teaches_nothing(tmp_path):
    project = shop(tmp_path, cutoffs=())
    folder = publish(project, share=0.5)
    contact_group().to_csv(tmp_path / "worked.csv", index=False)
    import_contacts(project, tmp_path / "worked.csv", worked=folder, replace=False, stages=Stages())
    result = measured(project)
    assert not result.campaigns[0].ratio.passed
    assert result.learned == Learned()
    assert result.pooled.stay is None


def test_without_a_holdout_everything_is_told_but_the_effect(tmp_path):
    project = shop(tmp_path, cutoffs=())
    folder = publish(project, share=0.0)
    plan = rows().assign(group="contact")
    from hvc_ml.publish import publish_directory  # noqa: PLC0415 # here alone
    from hvc_ml.workflows.past_lists import past_list  # noqa: PLC0415

    with publish_directory(folder, meta=past_list(folder).meta, replace=True) as staging:
        plan.to_parquet(staging / "retention_list.parquet", index=False)
        plan.drop(columns=["action", "group", "rank"]).to_parquet(staging / "scores.parquet", index=False)
    pd.DataFrame({"customer_id": IDS}).to_csv(tmp_path / "worked.csv", index=False)
    import_contacts(project, tmp_path / "worked.csv", worked=folder, replace=False, stages=Stages())
    result = measured(project)
    assert result.campaigns[0].ratio is None
    assert result.campaigns[0].effects.stay is None
    assert result.learned.stage == "prior"
    json.dumps(result.as_json(), allow_nan=False)


def test_an_action_that_drives_customers_away_is_stopped(tmp_path):
    cutoffs = tuple(dt.date(2024, m, 1) for m in (2, 3, 4))
    stays = [i % 10 < 8 if i < HELD else i % 10 < 4 for i in range(400)]
    project = shop(tmp_path, cutoffs=cutoffs, stays=stays)
    contact_group().to_csv(tmp_path / "worked.csv", index=False)
    for cutoff in cutoffs:
        folder = project.lists / f"{cutoff}_aaaa"
        import_contacts(project, tmp_path / "worked.csv", worked=folder, replace=False, stages=Stages())
    result = measured(project)
    assert len(result.campaigns) == 3
    (stopped,) = result.learned.stopped
    assert (stopped.action, stopped.tier) == ("call", None)
    assert "stay less often" in stopped.why
    assert result.learned.stops("call", "Gold")
    assert result.pooled.stay.error < result.campaigns[0].effects.stay.error


def test_measured_uplift_takes_over_where_it_earns_more(tmp_path, monkeypatch):
    told = ActionUplift("call", 150, 100, 1, taken_over=True, why="it earns more.")
    monkeypatch.setattr("hvc_ml.workflows.campaign_measure.learn_uplift", lambda *_: LearnedUplift((told,)))
    result = measured(worked(tmp_path))
    assert (result.learned.stage, result.learned.uplift) == ("uplift", ("call",))
    assert read_learned(result.path / "learned.json") == result.learned
    assert result.learned.save_rates  # they stay known


def test_contacts_that_were_changed_are_refused(tmp_path):
    project = worked(tmp_path)
    (project.campaigns / LIST / "contacts.parquet").write_bytes(b"changed")
    with pytest.raises(DataError, match="was changed"):
        measured(project)


def said(*argv):
    return CliRunner().invoke(app, ["campaign", *map(str, argv)])


def test_the_commands_tell_it_in_words_and_in_json(tmp_path):
    project = shop(tmp_path)
    pd.DataFrame({"customer_id": [*IDS[HELD:], *IDS[:20], "x"]}).to_csv(tmp_path / "worked.csv", index=False)
    file = tmp_path / "worked.csv"
    first = said("import", file, "-c", project.path)
    assert first.exit_code == 0, first.output
    assert "320 of 321 rows are contacts" in first.output
    assert "not on the list" in first.output
    assert "20 of 100 held out were contacted all the same" in first.output
    again = json.loads(said("import", file, "-c", project.path, "--json").output)
    assert (again["unchanged"], again["kept"], again["list"]) == (True, 320, LIST)
    told = said("measure", "-c", project.path)
    assert told.exit_code == 0, told.output
    for words in (LIST, "+20.0", "all: call", "save rate", "the offer works", "Stage posterior", "20 of 100 held out"):
        assert words in told.output
    found = json.loads(said("measure", "-c", project.path, "--json").output)
    assert found["stage"] == "posterior"
    assert found["campaigns"][0]["stay"]["estimate"] == pytest.approx(0.2)
    low, mid, high = found["pooled"]["money"]["total"]
    assert low < mid < high
    assert mid == pytest.approx(600.0, abs=0.1)


def test_the_command_says_what_is_not_measured_and_what_was_stopped(tmp_path):
    project = shop(tmp_path)
    assert "No worked list" in said("measure", "-c", project.path).output
    project = worked(tmp_path / "b", cutoffs=(CUTOFF,), last=dt.date(2024, 3, 20))
    assert "not measured, its outcomes are complete on 2024-04-05" in said("measure", "-c", project.path).output


def test_the_command_warns_of_groups_that_are_not_as_drawn_and_tells_what_is_stopped(known, capsys):
    result = known[1]
    out = Console(as_json=False, verbose=False, quiet=False)
    wrong = replace(result.campaigns[0], ratio=RatioCheck(0.5, 0.25, 0.0, 0.0))
    stopped = Learned("posterior", 1, (), (Stopped("call", None, "contacted customers stay less often"),))
    verb._show(out, replace(result, campaigns=(wrong,), learned=stopped, actions=()))
    said = " ".join(capsys.readouterr().out.split())
    assert f"{LIST}: 25.0% are held out where 50.0% were drawn; chance does not explain that" in said
    assert "Stopped: call: contacted customers stay less often." in said
    assert "save rate" not in said.split("Of 300 drawn")[0]


def test_an_import_tells_what_was_known_and_what_was_not_worked(capsys):
    found = ImportResult(LIST, 400, 300, 100, 300, 300, 300, 100, 0, unchanged=True, path=Path("campaigns"))
    verb._show_import(Console(as_json=False, verbose=False, quiet=False), found)
    assert capsys.readouterr().out.splitlines() == [
        f"List {LIST}: 300 of 400 rows are contacts, all known before; 300 in all.",
        "100 rows say that nobody was contacted.",
        "Reached: 300 of 300 drawn for contact.",
    ]


def test_money_and_points_are_told_with_their_intervals(known):
    result = known[1]
    assert result.share(None) == result.total(None) == "too few"
    assert result.share(result.pooled.stay).startswith("+20.0 (+")
    assert np.isfinite(result.pooled.stay.error)
