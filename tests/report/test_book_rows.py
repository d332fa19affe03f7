import json
from dataclasses import replace

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.report.book_rows import rows_data, script_json
from hvc_ml.report.columns import as_listed
from made.listed import figures_of, history_of, scores_of


def test_the_parts_of_each_row_add_up_to_its_value_at_risk_to_the_cent(plan, scores):
    data = rows_data(as_listed(plan), scores.sample(frac=1, random_state=1), None)
    parts = np.array([data["parts"]["base"], *data["parts"]["amounts"]])
    assert parts.sum(axis=0).tolist() == data["cents"]["value_at_risk"]


def test_the_family_of_a_row_is_the_one_with_the_largest_positive_amount(plan):
    scores = scores_of(plan).assign(amount_service=[1e6] + [-1.0] * (len(plan) - 1), amount_rhythm=-2.0)
    main = rows_data(as_listed(plan), scores, None)["parts"]["main"]
    assert main == [1] + [-1] * (len(plan) - 1)


def test_rows_are_matched_by_customer_and_unknown_money_is_null(plan):
    history = history_of(plan).iloc[::-1].drop(index="C003")
    spent = rows_data(as_listed(plan), None, history)["spent"]
    assert len(spent) == 13
    assert spent[0][:5] == [-500, -500, -500, None, -500]
    data = rows_data(as_listed(plan), None, None)
    assert data["parts"] == data["chances"] == {}
    assert data["cents"]["reason_3_amount"] == [None] * len(plan)


def test_scores_without_families_have_no_parts(plan):
    scores = pd.DataFrame({"customer_id": plan["customer_id"], "churn_risk": 0.5, "churn_risk_30d": 0.25})
    data = rows_data(as_listed(plan), scores, None)
    assert data["parts"] == {}
    assert set(data["chances"]) == {"churn_risk_30d"}


def test_figures_are_matched_by_customer_and_what_is_unknown_is_null(plan):
    given = [replace(f, own=f.own.iloc[::-1], below=f.below.drop(index="C003")) for f in figures_of(plan)]
    money, *_ = rows_data(as_listed(plan), None, None, given)["figures"]
    assert money["own"][:3] == [None, -0.7, round(figures_of(plan)[0].own.iloc[2], 4)]
    assert money["below"][2:5] == [5.0, None, 10.0]
    assert (money["unit"], money["median"]) == ("money", 2.125)


@given(st.dictionaries(st.text(), st.lists(st.text()), max_size=3))
def test_json_in_a_script_reads_back_and_cannot_end_it(value):
    text = script_json(value)
    assert json.loads(text) == value
    assert text.isascii()
    assert not set("<>&") & set(text)
