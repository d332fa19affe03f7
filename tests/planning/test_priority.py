import numpy as np
import pandas as pd
import pytest

from hvc_ml.errors import DataError
from hvc_ml.planning.playbook import Action, ListSettings, Playbook
from hvc_ml.planning.priority import CARRIED, act_before, retention_list
from hvc_ml.planning.suppression import read_suppressed
from hvc_ml.planning.triggers import allowed_actions
from hvc_ml.tables.schema import LIST_COLUMNS

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
    told = [c for c in LIST_COLUMNS if not c.startswith("reason") and c != "model_version"]
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
