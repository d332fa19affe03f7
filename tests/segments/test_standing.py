from datetime import timedelta

import narwhals as nw
import numpy as np
import pandas as pd
import pytest

from hvc_ml.dataset.build import PanelPlan, compute
from hvc_ml.features.catalog import available
from hvc_ml.features.settings import FeatureSettings
from hvc_ml.labels import LabelSettings
from hvc_ml.population import PopulationSettings
from hvc_ml.segments.settings import DEFAULT_TIERS
from hvc_ml.segments.standing import Standings, firsts_of_months
from hvc_ml.segments.tiers import assign_tiers
from hvc_ml.tables.load import Tables
from hvc_ml.timeline.days import as_date, day_number
from made.shop import TODAY, contract, make_tables, order


@pytest.fixture(scope="module")
def tables(engine):
    """Forty customers whose spending wobbles over a year."""
    rng = np.random.default_rng(2)
    orders = [
        order(f"c{c:02d}", -int(day), round(rng.gamma(2.0, 10.0 + c), 2), order_id=f"{c}/{day}")
        for c in range(40)
        for day in rng.choice(np.arange(1, 330), 12, replace=False)
    ]
    made = make_tables(engine, orders)  # whose name other tests take
    return Tables(engine.materialise(made.orders, "wobbling"), made.first_day, made.end_day)


def told(engine, tables, margin=0.0, labels=None, **population):
    settings = labels or LabelSettings(horizon=60)
    features = available(tables, FeatureSettings(), settings.horizon)
    plan = PanelPlan(features, PopulationSettings(**population), settings)
    return Standings(engine, tables, plan, DEFAULT_TIERS, margin)


def test_customers_and_money_are_those_of_the_panel(engine, tables):
    standings = told(engine, tables)
    for cutoff in (TODAY, TODAY - timedelta(days=100)):
        panel = compute(engine, tables, cutoff, standings.plan).panel.to_pandas()
        found = standings.at([cutoff])[cutoff]
        pd.testing.assert_frame_equal(found[["customer_id", "spend_365d"]], panel[["customer_id", "spend_365d"]])
        plain = assign_tiers(panel["spend_365d"], panel["customer_id"])
        assert found["tier"].tolist() == plain.tolist()


def test_subscribers_are_those_of_the_panel(engine):
    orders = [order(c, -d, 10.0) for c in "abc" for d in (40, 10)]
    made = make_tables(engine, orders, contracts=[contract("a", -90, None), contract("b", -90, -20)])
    standings = told(engine, made, labels=LabelSettings(horizon=30, churn="contract_end"))
    assert standings.at([TODAY])[TODAY]["customer_id"].tolist() == ["a"]


def test_with_a_memory_a_tier_does_not_depend_on_what_else_is_asked(engine, tables):
    standings = told(engine, tables, margin=0.05)
    past = TODAY - timedelta(days=91)
    together, alone = standings.at([past, TODAY]), {c: standings.at([c])[c] for c in (past, TODAY)}
    for cutoff, frame in alone.items():
        pd.testing.assert_frame_equal(together[cutoff], frame)


def test_the_memory_is_the_recursion_over_the_firsts_of_months(engine, tables):
    standings, before = told(engine, tables, margin=0.05), None
    first = as_date(tables.first_day)
    for month in [*firsts_of_months(first, TODAY), TODAY]:
        money = told(engine, tables).at([month])[month]
        tier = assign_tiers(money["spend_365d"], money["customer_id"], before=before, margin=0.05)
        before = tier.set_axis(money["customer_id"])
    found = standings.at([TODAY])[TODAY]
    assert found["tier"].tolist() == before.tolist()
    plain = assign_tiers(found["spend_365d"], found["customer_id"], before=standings.before(TODAY), margin=0.05)
    assert found["tier"].tolist() == plain.tolist()


def test_a_margin_makes_tiers_move_less(engine, tables):
    months = list(firsts_of_months(TODAY - timedelta(days=240), TODAY))
    moves = []
    for margin in (0.0, 0.1):
        found = told(engine, tables, margin, active_within="all").at(months)
        wide = pd.concat([found[m].set_index("customer_id")["tier"] for m in months], axis=1).to_numpy()
        moves.append(int((wide[:, 1:] != wide[:, :-1]).sum()))
    assert 0 < moves[1] < 0.75 * moves[0]


def test_the_future_does_not_move_a_tier(engine, tables):
    standings, cutoff = told(engine, tables, margin=0.05), TODAY - timedelta(days=150)
    known = tables.orders.filter(nw.col("day") < day_number(cutoff))
    past = Tables(engine.materialise(known, "past"), tables.first_day, tables.end_day)
    cut = told(engine, past, margin=0.05)
    pd.testing.assert_frame_equal(standings.at([cutoff])[cutoff], cut.at([cutoff])[cutoff])


def test_without_a_margin_there_is_nothing_to_remember(engine, tables):
    assert told(engine, tables).before(TODAY) is None
    assert told(engine, tables, margin=0.1).before(as_date(tables.first_day + 1)) is None
