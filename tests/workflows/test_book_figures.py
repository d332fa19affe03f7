"""What a listed customer does beside all others."""

import numpy as np
import pandas as pd
import pytest

from hvc_ml.progress import Stages
from hvc_ml.segments.kpis import KPIS
from hvc_ml.workflows.book_figures import WORDS, _figures, figures_beside
from hvc_ml.workflows.shop import open_shop

ORDERS = pd.DataFrame(
    {"orders_365d": [1.0, 2.0, 2.0, np.nan, 9.0], "last_survey": np.nan},
    index=pd.Index(["ann", "bob", "cyd", "dan", "eve"], name="customer_id"),
)


def orders(customers, table=ORDERS):
    return list(_figures(table, customers, {"orders_365d": "count", "last_survey": "number"}))


def test_a_figure_stands_beside_the_median_and_the_share_of_the_others_below():
    (found,) = orders(["eve", "bob", "dan"])  # nobody answered a survey
    assert (found.name, found.unit, found.median) == ("orders in 12 months", "count", 2.0)
    assert found.own.to_dict() == pytest.approx({"eve": 9.0, "bob": 2.0, "dan": np.nan}, nan_ok=True)
    assert found.below.to_dict() == pytest.approx({"eve": 1.0, "bob": 0.5, "dan": np.nan}, nan_ok=True)


def test_who_is_alone_has_nobody_below():
    (found,) = orders(["ann"], ORDERS.head(1))
    assert found.own["ann"] == 1.0
    assert np.isnan(found.below["ann"])


def test_the_figures_are_those_of_everybody_of_the_day(trained):
    listed = trained[2].plan["customer_id"].tolist()
    with open_shop(trained[0], Stages()) as shop:
        found = figures_beside(shop, trained[2].cutoff, listed)
        panel = shop.eligible(trained[2].cutoff).set_index("customer_id")
    spent = next(f for f in found if f.name == WORDS["spend_365d"])
    assert spent.unit == "money"
    assert spent.median == pytest.approx(panel["spend_365d"].median())
    assert spent.own.tolist() == panel.loc[listed, "spend_365d"].tolist()
    others = panel.drop(listed[0])["spend_365d"]
    mine = panel["spend_365d"][listed[0]]
    below = ((others < mine).sum() + (others == mine).sum() / 2) / len(others)
    assert spent.below[listed[0]] == pytest.approx(below)


def test_every_figure_that_has_words_is_one_that_customers_are_profiled_by():
    assert set(WORDS) <= {kpi.name for kpi in KPIS}
