import numpy as np
import pandas as pd
import pytest

from hvc_ml.errors import DataError
from hvc_ml.planning.candidates import Known, candidates
from hvc_ml.planning.learned import Learned, SaveRate, Stopped
from hvc_ml.planning.playbook import Action, ListSettings, Playbook
from hvc_ml.planning.priority import CARRIED, act_before, retention_list, retention_plan
from hvc_ml.planning.suppression import read_suppressed
from hvc_ml.planning.triggers import allowed_actions
from hvc_ml.report.columns import COLUMNS

OPTIONS = {"cutoff": "2026-01-01", "horizon": 90}


def scores(n=200, seed=0):
    rng = np.random.default_rng(seed)
    risk, value = rng.beta(2, 3, n), rng.lognormal(4.5, 1, n)
    return pd.DataFrame(
        {
            "customer_id": [f"c{i:04d}" for i in range(n)],
            "tier": rng.choice(["Priority", "Gold", "Mass"], n),
            "churn_risk": risk,
            "value_if_kept": value,
            "future_value": (1 - risk) * value,
            "future_value_low": 0.0,
            "future_value_high": 2 * value,
            "value_at_risk": risk * value,
            "act_before_days": rng.integers(0, 90, n),
        }
    )


def test_the_list_is_sorted_ranked_and_has_the_contract_s_columns_but_for_reasons_and_version():
    plan = retention_list(scores(), Playbook(), ListSettings(), **OPTIONS)
    told = [c for c in COLUMNS if not c.startswith("reason") and c != "model_version"]
    assert list(plan.columns) == told
    assert plan["rank"].tolist() == list(range(1, len(plan) + 1))
    order = plan.sort_values(["expected_gain", "customer_id"], ascending=[False, True])
    assert order["rank"].tolist() == plan["rank"].tolist()
    assert (plan["expected_gain"] >= 0.01).all()
    assert set(plan["group"]) == {"contact", "holdout"}


def test_the_index_leads_back_to_the_scores():
    table = scores().sample(frac=1, random_state=2).reset_index(drop=True)
    plan = retention_list(table, Playbook(), ListSettings(), suppressed=["c0001"], **OPTIONS)
    back = table.loc[plan.index, list(CARRIED)]
    pd.testing.assert_frame_equal(plan[list(CARRIED)], back)


def test_the_order_of_the_scores_does_not_matter():
    table = scores().round({"churn_risk": 1, "value_if_kept": -1})
    settings = ListSettings(top=30, budget=120.0)
    first = retention_list(table, Playbook(), settings, **OPTIONS)
    second = retention_list(table.sample(frac=1, random_state=1), Playbook(), settings, **OPTIONS)
    pd.testing.assert_frame_equal(first.reset_index(drop=True), second.reset_index(drop=True))


def test_suppressed_customers_are_never_listed_and_leave_their_places_to_others():
    first = retention_list(scores(), Playbook(), ListSettings(top=10), **OPTIONS)
    gone = first["customer_id"].head(3).tolist()
    plan = retention_list(scores(), Playbook(), ListSettings(top=10), suppressed=gone, **OPTIONS)
    assert len(plan) == 10
    assert not set(gone) & set(plan["customer_id"])


def test_limits_are_kept():
    playbook = Playbook().with_capacities({"personal call": 4})
    plan = retention_list(scores(), playbook, ListSettings(top=25, budget=40.0), **OPTIONS)
    assert len(plan) <= 25
    assert (plan["action"] == "personal call").sum() <= 4
    costs = {action.name: action.contact_cost for action in playbook.actions}
    assert plan["action"].map(costs).sum() <= 40.0


def test_an_action_that_asks_for_a_reason_goes_only_to_those_who_have_it():
    table = scores()
    amounts = pd.DataFrame({"service": np.where(table.index % 2, 50.0, -1.0), "rhythm": 10.0})
    recover = Playbook(actions=(Action(name="recover", families=("service",)),))
    plan = retention_list(table, recover, ListSettings(), family_amounts=amounts, **OPTIONS)
    assert (plan.index % 2 == 1).all()
    assert len(plan)
    assert len(retention_list(table, recover, ListSettings(), **OPTIONS)) == 0


def test_only_the_three_largest_positive_families_count():
    amounts = pd.DataFrame({"a": [4.0], "b": [3.0], "c": [2.0], "d": [1.0], "e": [0.0]})
    playbook = Playbook(actions=tuple(Action(name=f, families=(f,)) for f in "abcdex"))
    assert allowed_actions(pd.Series(["Mass"]), playbook, amounts).tolist() == [[True, True, True, False, False, False]]
    with pytest.raises(ValueError, match="1 rows of amounts for 2"):
        allowed_actions(pd.Series(["Mass", "Gold"]), playbook, amounts)


def test_dates_leave_the_action_its_lead_time_and_stay_within_the_horizon():
    dates = act_before("2026-01-01", np.array([30, 2, 90, 0]), np.array([3, 3, 0, 0]), 90)
    assert dates.tolist() == ["2026-01-28", "2026-01-01", "2026-04-01", "2026-01-01"]
    assert act_before("2026-01-01", np.array([7]), np.array([0]), 3).tolist() == ["2026-01-04"]


def test_the_list_takes_each_customer_s_day_less_the_lead_time_of_their_action():
    table = scores()
    plan = retention_list(table, Playbook(), ListSettings(), **OPTIONS)
    lead = plan["action"].map({action.name: action.lead_time for action in Playbook().actions})
    by = pd.Timestamp("2026-01-01") + pd.to_timedelta((table["act_before_days"][plan.index] - lead).clip(lower=0), "D")
    assert (pd.to_datetime(plan["act_before"]) == by).all()
    unknown = retention_list(table.drop(columns="act_before_days"), Playbook(), ListSettings(), **OPTIONS)
    assert (pd.to_datetime(unknown["act_before"]) >= "2026-03-28").all()


def test_nobody_to_list_is_an_empty_list_with_its_columns():
    plan = retention_list(scores(0), Playbook(), ListSettings(), **OPTIONS)
    assert len(plan) == 0
    assert "act_before" in plan.columns


def test_a_customer_who_stands_twice_is_refused():
    with pytest.raises(ValueError, match="twice"):
        retention_list(pd.concat([scores(2), scores(2)]), Playbook(), ListSettings(), **OPTIONS)


def test_ids_of_the_objection_list_are_byte_exact(tmp_path):
    (tmp_path / "no.txt").write_bytes(b"\xef\xbb\xbf007\r\n 7\n\nann\n")
    assert read_suppressed(tmp_path / "no.txt") == {"007", " 7", "ann"}


def test_an_objection_list_that_cannot_be_read_stops_the_list(tmp_path):
    with pytest.raises(DataError, match="No list without it"):
        read_suppressed(tmp_path / "missing.txt")
    (tmp_path / "bad.txt").write_bytes(b"ok\n\xff")
    with pytest.raises(DataError, match="byte 3"):
        read_suppressed(tmp_path / "bad.txt")


def plan_of(table, playbook, settings=None, **options):
    known = Known(**{k: options.pop(k) for k in ("figures", "birthdays", "owners", "effects") if k in options})
    settings = settings or ListSettings()
    found = candidates(
        table, playbook, settings, known=known, suppressed=(), learned=options.pop("learned", Learned.NOTHING)
    )
    return retention_plan(found, playbook, settings, **OPTIONS, **options)


def test_a_list_of_four_weeks_has_four_times_the_capacity():
    playbook = Playbook(actions=(Action(name="call", capacity=5),))
    assert len(retention_list(scores(), playbook, ListSettings(), **OPTIONS)) == 5
    assert len(retention_list(scores(), playbook, ListSettings(weeks=4), **OPTIONS)) == 20


def test_who_makes_the_contact_is_the_customer_s_own_or_the_action_s():
    table = scores(60)
    owners = pd.Series(np.where(table.index % 3 == 0, "Ms Blue", None), dtype="string")
    owners[1] = ""
    playbook = Playbook(actions=(Action(name="call", owner="team", channel="phone", says=("Hello.", "Bye.")),))
    rows = plan_of(table, playbook, owners=owners).rows
    assert (rows["owner"] == np.where(rows.index % 3 == 0, "Ms Blue", "team")).all()
    assert set(rows["channel"]) == {"phone"}
    assert set(rows["talking_points"]) == {"Hello. Bye."}


def test_a_birthday_card_is_sent_so_that_it_comes_on_the_day():
    table = scores(30)
    days = np.where(table.index < 10, 5.0, np.nan)
    playbook = Playbook(actions=(Action(name="card", birthday="born", lead_time=2),))
    rows = plan_of(table, playbook, birthdays={"born": days}).rows
    assert set(rows.index) == set(range(10))
    assert set(rows["act_before"]) == {"2026-01-04"}


def test_measured_save_rates_move_the_list_and_stopped_actions_leave_it():
    table = scores()
    playbook = Playbook(actions=(Action(name="call", contact_cost=1), Action(name="mail", contact_cost=1)))
    better = Learned("posterior", 1, (SaveRate("mail", "Gold", 9.0, 1.0, 0.7, 1.0),))
    rows = plan_of(table, playbook, learned=better).rows
    assert ((rows["action"] == "mail") == (rows["tier"] == "Gold")).all()
    gone = Learned("posterior", 1, stopped=(Stopped("call", None, "worse"),))
    assert set(plan_of(table, playbook, learned=gone).rows["action"]) == {"mail"}


def test_a_measured_uplift_ranks_the_list():
    table = scores()
    playbook = Playbook(actions=(Action(name="call"),))
    learned = Learned("uplift", 1, uplift=("call",))
    effects = pd.DataFrame({"call": np.where(table.index < 7, 0.1, -0.1)})
    rows = retention_list(table, playbook, ListSettings(), learned=learned, effects=effects, **OPTIONS)
    assert set(rows.index) == set(range(7))
    assert rows["expected_gain"].to_numpy() == pytest.approx(0.1 * rows["value_if_kept"].to_numpy(), abs=0.01)


def test_the_next_unit_of_budget_has_a_price_where_the_budget_binds():
    table, playbook = scores(), Playbook()
    assert plan_of(table, playbook).marginal_gain is None
    assert plan_of(table, playbook, ListSettings(budget=1e9)).marginal_gain is None
    few, some = (plan_of(table, playbook, ListSettings(budget=b)).marginal_gain for b in (20.0, 200.0))
    assert few > some > 0


def test_the_interval_lies_around_the_total_and_a_common_shock_widens_it():
    table, playbook = scores(), Playbook()
    plain, shaken = plan_of(table, playbook), plan_of(table, playbook, shock=0.5)
    total = plain.rows["expected_gain"].sum()
    (low, high), (lower, higher) = plain.gain_interval, shaken.gain_interval
    assert low < total < high
    assert higher - lower > high - low
    curve = plain.budget_curve()
    assert curve["gain"].iloc[-1] == pytest.approx(total, rel=0.01)


def test_nobody_to_list_has_an_outlook_too():
    found = plan_of(scores(0), Playbook(), ListSettings(budget=10.0))
    assert (len(found.rows), found.marginal_gain, found.gain_interval) == (0, None, (0.0, 0.0))
    assert found.budget_curve().empty
