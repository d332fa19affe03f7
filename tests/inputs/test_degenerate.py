"""Logs that hold too little, or too little that differs: a list all the same, or words that say what is missing."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from hvc_ml.config import load_config
from hvc_ml.errors import NotEnoughData
from hvc_ml.progress import Stages
from hvc_ml.workflows.check import check
from hvc_ml.workflows.score import Limits, score
from hvc_ml.workflows.train import train

FIRST, DAYS = date(2024, 1, 1), 420
CONFIG = """
name: shop
source: {kind: files, paths: {orders: orders.csv}}
tables: {orders: {columns: {customer_id: customer, ordered_at: day, amount: amount}}}
calendar: {cutoffs: 3, tests: 1}
labels: {horizon: 60}
resources: {memory: 1GB, threads: 1}
"""


@pytest.fixture
def business(tmp_path):
    """Return ``business(rows)``: a project whose orders are (customer, days from the first, amount)."""

    def made(rows):
        days = [(FIRST + timedelta(days=int(d))).isoformat() for _, d, _ in rows]
        log = pd.DataFrame({"customer": [c for c, _, _ in rows], "day": days, "amount": [a for *_, a in rows]})
        log.to_csv(tmp_path / "orders.csv", index=False)
        (tmp_path / "hvc.yaml").write_text(CONFIG)
        return load_config(tmp_path / "hvc.yaml")

    return made


def visits(customers, every, amount, lost=0.3):
    """Customers who buy about every so many days, each at a pace of their own; some leave for good at a random moment."""
    rng, rows = np.random.default_rng(4), []
    for c in range(customers):
        leaves = rng.uniform(0, DAYS) if rng.random() < lost else DAYS
        at = np.cumsum(rng.exponential(every * rng.gamma(1.5), 90)) + rng.uniform(0, DAYS / 2)
        rows += [(f"c{c}", d, amount(rng)) for d in at[at < leaves]]
    return [*rows, ("c0", DAYS, amount(rng))]


def listed(project):
    trained = train(project, promote=True, stages=Stages())
    return trained, score(project, cutoff=None, limits=Limits(), stages=Stages())


def test_where_every_amount_is_alike_customers_differ_by_when_they_buy(business):
    trained, scored = listed(business(visits(250, 25, lambda rng: 20)))
    assert trained.promoted
    assert scored.n_scored > 100
    assert scored.plan["value_if_kept"].nunique() > 10
    assert np.isfinite(scored.plan["expected_gain"]).all()


def test_a_single_customer_is_no_business_to_learn_from(business):
    project = business([("only", d, 10) for d in range(0, DAYS, 20)])
    with pytest.raises(NotEnoughData, match="customers churned"):
        train(project, promote=True, stages=Stages())


def test_where_nobody_ever_leaves_there_is_no_churn_to_learn(business):
    project = business([(f"c{c}", d + c % 7, 10 + c) for c in range(60) for d in range(0, DAYS, 10)])
    with pytest.raises(NotEnoughData, match="customers churned; choose another horizon or churn rule"):
        train(project, promote=True, stages=Stages())


def test_where_everybody_bought_once_it_says_so(business):
    rng = np.random.default_rng(1)
    project = business([(f"c{c}", d, 10) for c, d in enumerate(rng.uniform(0, DAYS, 400))])
    with pytest.raises(NotEnoughData, match="customers churned"):
        train(project, promote=True, stages=Stages())


def test_a_hole_of_missing_days_is_told_by_check(business):
    whole = visits(250, 25, lambda rng: 20)
    found = check(business(whole), strict=False, stages=Stages())
    assert not [p for p in found.problems if "days in a row" in p]
    holed = [row for row in whole if not 200 <= row[1] < 230]
    found = check(business(holed), strict=False, stages=Stages())
    assert [p for p in found.problems if "30 days in a row without any; was a load missed?" in p]
