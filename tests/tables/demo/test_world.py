"""A world goes on as the demo would have, except for those who are saved."""

from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from hvc_ml.errors import UsageError
from hvc_ml.tables.demo import DemoSettings, write_demo
from hvc_ml.tables.demo.actions import RETAIL_ACTIONS
from hvc_ml.tables.demo.orders import REFUND_DAYS
from hvc_ml.tables.demo.settings import BLOCK
from hvc_ml.tables.demo.world import World

CUSTOMERS, HORIZON = 5_200, 90
OPENS, ENDS = date(2025, 1, 1), date(2026, 1, 1)
WHO = ("C0000007", "C0000011")


@pytest.fixture(scope="module")
def world():
    """A shop of two blocks that goes on for a year after the start of 2025."""
    return World(DemoSettings(customers=CUSTOMERS, years=2, end=OPENS, seed=5, horizon=HORIZON), months=12)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo that ends where the world does, and its truth on that day."""
    settings = DemoSettings(customers=CUSTOMERS, years=3, end=ENDS, seed=5, horizon=HORIZON, cutoffs=0)
    files = write_demo(tmp_path_factory.mktemp("demo"), settings)
    read = {name: pd.read_parquet(path) for name, path in (files.data | files.truth).items() if name != "customers"}
    return SimpleNamespace(customers=pd.read_parquet(files.data["customers"]), **read)


def _ids(world, day=OPENS):
    return world.tables(day)["customers"]["customer_id"].to_pylist()


def _foreseen(world, action, day=OPENS):
    ids = _ids(world, day)
    return world.foresee(ids, [action] * len(ids), day).to_pandas()


def _pandas(world, day):
    return {name: table.to_pandas() for name, table in world.tables(day).items()}


def _log(world, day, customers, *, others=False):
    """Everything known of these customers (or of all others), in an order of its own."""
    found = {}
    for name, frame in _pandas(world, day).items():
        rows = frame[frame["customer_id"].isin(customers) != others]
        found[name] = rows.sort_values(list(rows), ignore_index=True)
    return found


def test_a_world_in_which_nothing_is_done_is_the_demo_that_ends_later(world, demo):
    for name, table in world.untouched().tables(ENDS).items():
        pd.testing.assert_frame_equal(table.to_pandas(), getattr(demo, name), obj=name)


def test_what_is_foreseen_is_the_truth_of_the_demo(world, demo):
    truth = demo.actions.pivot_table(index="customer_id", columns="action", values="save_probability")
    outlook = demo.outlook.set_index("customer_id")
    for action in RETAIL_ACTIONS:
        told = _foreseen(world, action.name, ENDS).set_index("customer_id")
        outlook_of = outlook.reindex(told.index)
        assert sorted(told.index) == sorted(outlook.index)
        np.testing.assert_allclose(told["save_probability"], truth.loc[told.index, action.name])
        assert (told["leaves"] == outlook_of["churned"]).all()
        np.testing.assert_allclose(told["money_alone"], outlook_of["realised_value"], atol=1e-6)


def test_the_log_of_a_day_knows_nothing_of_later_days(world):
    early, late = _pandas(world, date(2025, 3, 1)), _pandas(world, date(2025, 6, 1))
    for name, moment in (("orders", "ordered_at"), ("events", "happened_at"), ("customers", "signed_up_at")):
        assert early[name][moment].max() < pd.Timestamp("2025-03-01")
        before = late[name][late[name][moment] < pd.Timestamp("2025-03-01")]
        assert set(before["customer_id"]) == set(early[name]["customer_id"])
        assert len(before) == len(early[name])


def test_as_many_are_saved_as_their_chances_say(world):
    for action in RETAIL_ACTIONS:
        told = _foreseen(world, action.name)
        chance = told["save_probability"][told["leaves"]]
        spread = 4 * np.sqrt((chance * (1 - chance)).sum())
        assert told["saved"].sum() == pytest.approx(chance.sum(), abs=spread)
        assert not told["saved"][~told["leaves"]].any()


def test_stayers_take_the_offer_up_as_they_should_and_only_takers_cost_one(world):
    for action in RETAIL_ACTIONS:
        told = _foreseen(world, action.name)
        stayers = told[~told["leaves"]]
        assert stayers["takes"].mean() == pytest.approx(action.take_up, abs=0.03)
        assert (told["takes"][told["leaves"]] == (told["saved"][told["leaves"]] & (action.offer > 0))).all()
        np.testing.assert_allclose(told["cost"], action.contact + action.offer * told["takes"])


def test_whoever_is_saved_orders_within_the_horizon(world):
    then = world.untouched()
    told = then.contact(_ids(world), ["voucher"] * len(_ids(world)), OPENS).to_pandas()
    saved = set(told["customer_id"][told["saved"]])
    orders = then.tables(date(2025, 4, 1))["orders"].to_pandas()
    orders = orders[(orders["ordered_at"] >= "2025-01-01") & (orders["amount"] > 0)]
    assert len(saved) > 100
    assert saved <= set(orders["customer_id"])
    assert not set(told["customer_id"][told["leaves"] & ~told["saved"]]) & set(orders["customer_id"])


def test_only_those_who_are_saved_live_on_differently(world):
    then = world.untouched()
    told = then.contact(_ids(world), ["personal call"] * len(_ids(world)), OPENS).to_pandas()
    saved = told["customer_id"][told["saved"]]
    before, after = (_log(w, ENDS, saved, others=True) for w in (world, then))
    for name in before:
        pd.testing.assert_frame_equal(before[name], after[name], obj=name)
    assert len(_log(then, ENDS, saved)["orders"]) > len(_log(world, ENDS, saved)["orders"])


def test_a_contact_changes_nothing_that_was_known_before_it(world):
    then = world.untouched()
    then.contact(_ids(world), ["voucher"] * len(_ids(world)), date(2025, 2, 1))
    for name, frame in _pandas(world, date(2025, 2, 1)).items():
        pd.testing.assert_frame_equal(_pandas(then, date(2025, 2, 1))[name], frame, obj=name)


def test_money_of_the_horizon_is_what_the_log_says(world):
    then = world.untouched()
    told = then.contact(_ids(world), ["voucher"] * len(_ids(world)), OPENS).to_pandas().set_index("customer_id")
    for one, column in ((world, "money_alone"), (then, "money_contacted")):
        orders = one.tables(date(2025, 4, 1))["orders"].to_pandas()
        ahead = orders[(orders["ordered_at"] >= "2025-01-01") & (orders["ordered_at"] < "2025-04-01")]
        found = ahead.groupby("customer_id")["amount"].sum().reindex(told.index).fillna(0.0)
        np.testing.assert_allclose(found, told[column], atol=1e-6)
        newcomers = ahead[~ahead["customer_id"].isin(told.index)]["amount"].sum()
        assert one.money(OPENS, date(2025, 4, 1)) == pytest.approx(told[column].sum() + newcomers)


def test_the_luck_of_a_customer_is_the_same_whoever_else_is_contacted(world):
    told = _foreseen(world, "voucher").set_index("customer_id")
    few = world.untouched().contact(list(told.index[::7]), ["voucher"] * len(told.index[::7]), OPENS).to_pandas()
    pd.testing.assert_frame_equal(few.set_index("customer_id"), told.iloc[::7])


def test_rows_come_back_in_the_order_they_were_asked_in(world):
    asked = ["C0005100", "C0000007", "C0005001", "C0000002"]
    assert int(asked[0][1:]) > BLOCK
    come = [customer for customer in asked if customer in set(_ids(world))]
    told = world.foresee(come, ["voucher", "bonus points", "voucher", "voucher"][: len(come)], OPENS)
    assert told["customer_id"].to_pylist() == come
    again = {c: world.foresee([c], ["voucher"], OPENS)["leaves"].to_pylist()[0] for c in come}
    assert told["leaves"].to_pylist() == [again[c] for c in come]


def test_the_won_back_bring_what_the_oracle_expects_of_them(world, demo):
    told = _foreseen(world, "personal call", ENDS).set_index("customer_id")
    outlook = demo.outlook.set_index("customer_id").reindex(told.index)
    gone = told["leaves"] & (outlook["state"] == "gone")
    found, expected = told["money_saved"][gone], outlook["value_if_kept"][gone]
    error = (found - expected).std() / np.sqrt(gone.sum())
    assert gone.sum() > 1_000
    assert found.mean() == pytest.approx(expected.mean(), abs=4 * error)


def test_a_refund_stays_with_its_order_when_lives_change(world):
    then = world.untouched()
    told = then.contact(_ids(world), ["personal call"] * len(_ids(world)), OPENS).to_pandas()
    saved = told["customer_id"][told["saved"]]
    orders = _log(then, ENDS, saved)["orders"]
    paid = orders[orders["amount"] > 0].groupby("order_id")["ordered_at"].first()
    back = orders[orders["amount"] < 0].set_index("order_id")["ordered_at"]
    assert back.index.is_unique
    assert back.index.isin(paid.index).all()
    delay = (back.dt.normalize() - paid.reindex(back.index).dt.normalize()).dt.days
    assert delay.between(*REFUND_DAYS).all()
    late = paid.reindex(back.index) < pd.Timestamp(OPENS)
    assert (late & (back >= pd.Timestamp(OPENS))).any()


def test_order_ids_stay_unique_when_customers_are_won_back_again_and_again(world):
    then, told = world.untouched(), []
    for month in (1, 4, 7, 10):
        day = date(2025, month, 1)
        ids = _ids(then, day)
        told.append(then.contact(ids, ["personal call"] * len(ids), day).to_pandas().query("saved")["customer_id"])
    assert set(told[0]) & set(told[2])
    orders = then.tables(ENDS)["orders"].to_pandas()
    bought = orders[orders["amount"] > 0].groupby("order_id")
    for column in ("customer_id", "ordered_at"):
        assert (bought[column].min() == bought[column].max()).all()


def test_newcomers_still_say_who_sent_them(world):
    then = world.untouched()
    then.contact(_ids(world), ["personal call"] * len(_ids(world)), OPENS)
    sent, sent_then = (_pandas(one, ENDS)["events"].query("kind == 'referral'") for one in (world, then))
    assert len(sent) > 100
    assert set(sent.itertuples(index=False)) == set(sent_then.itertuples(index=False))


def test_saved_customers_can_be_saved_again_and_go_on_to_leave(world):
    then = world.untouched()
    first = then.contact(_ids(world), ["personal call"] * len(_ids(world)), OPENS).to_pandas().query("saved")
    later = then.foresee(first["customer_id"].tolist(), ["voucher"] * len(first), date(2025, 7, 1)).to_pandas()
    assert 0 < later["saved"].sum() < later["leaves"].sum() < len(later)


def test_the_same_files_are_written_for_the_same_world(world, tmp_path):
    twin = World(world.settings, months=12)
    for one, name in ((world, "a"), (twin, "b")):
        one.write(tmp_path / name, date(2025, 5, 1))
    for file in ("orders", "customers", "events"):
        left, right = ((tmp_path / name / "data" / f"{file}.parquet").read_bytes() for name in "ab")
        assert left == right


@pytest.mark.parametrize(
    ("customers", "actions", "day", "why"),
    [
        (["C9999999"], ["voucher"], OPENS, "unknown"),
        (["nobody"], ["voucher"], OPENS, "unknown"),
        ([WHO[0]], ["flowers"], OPENS, "no such action"),
        ([WHO[0], WHO[0]], ["voucher", "voucher"], OPENS, "twice"),
        ([WHO[0]], ["voucher"], date(2024, 12, 31), "expected a day from"),
        ([WHO[0]], ["voucher"], date(2026, 1, 2), "expected a day from"),
    ],
)
def test_impossible_contacts_are_refused(world, customers, actions, day, why):
    with pytest.raises(UsageError, match=why):
        world.contact(customers, actions, day)


def test_a_log_is_read_within_the_span(world):
    with pytest.raises(UsageError, match="outside"):
        world.tables(date(2026, 1, 2))


def test_nobody_is_contacted_before_the_first_order(world):
    newcomer = sorted(set(_ids(world, ENDS)) - set(_ids(world)))[:1]
    with pytest.raises(UsageError, match="have not come"):
        world.foresee(newcomer, ["voucher"], OPENS)


def test_time_does_not_run_backwards(world):
    then = world.untouched()
    then.contact([], [], date(2025, 3, 1))
    with pytest.raises(UsageError, match="expected a day from 2025-03-01"):
        then.contact([], [], date(2025, 2, 1))


def test_a_world_is_a_shop():
    with pytest.raises(UsageError, match="expected retail"):
        World(DemoSettings(kind="subscription", customers=10), months=12)
    with pytest.raises(UsageError, match="1 to 60 months"):
        World(DemoSettings(customers=10), months=0)


def test_even_the_rarest_customers_order_when_they_are_won_back():
    rare = World(DemoSettings(customers=3_000, years=1, horizon=7, seed=2), months=3)
    told = _foreseen(rare, "personal call", rare.today)
    assert (told["money_saved"][told["leaves"]] > -500).all()
    saved = told["customer_id"][told["saved"]].tolist()
    rare.contact(saved, ["personal call"] * len(saved), rare.today)
    orders = rare.tables(date(2026, 1, 8))["orders"].to_pandas()
    bought = orders[(orders["amount"] > 0) & (orders["ordered_at"] >= "2026-01-01")]
    assert set(saved) <= set(bought["customer_id"])
