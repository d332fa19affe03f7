"""The book's tables of parts: shares counted by hand, small parts not told, and no stamp on any of them."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from hvc_ml.config import load_config
from hvc_ml.report.book_parts import Chapter
from hvc_ml.workflows import slicing
from hvc_ml.workflows.book_slices import NOT_KEPT, listed_table, right_table, with_slices
from hvc_ml.workflows.slicing import keep_slices
from made.parts import CONFIG, part

EVERYONE = pd.DataFrame(
    {
        "customer_id": [f"c{i:03d}" for i in range(350)],
        "tier": ["Priority"] * 150 + ["Gold"] * 150 + ["Mass"] * 50,
        "churn_risk": [0.5] * 150 + [0.25] * 150 + [0.125] * 50,
    }
)
LISTED = pd.concat([EVERYONE["customer_id"].head(120), EVERYONE["customer_id"].iloc[150:180]])


def texts(table):
    return [[cell.text for cell in row] for row in table.rows]


def test_selection_rates_stand_beside_the_highest_and_small_parts_are_only_counted():
    labels = pd.DataFrame({"tier": pd.Categorical(EVERYONE["tier"], ["Priority", "Gold", "Mass"])})
    table = listed_table(labels, EVERYONE, LISTED)
    assert texts(table) == [
        ["tier: Priority", "150", "120", "80 %", "1.00", "50 %"],
        ["tier: Gold", "150", "30", "20 %", "0.25", "25 %"],
    ]
    assert "1 of tier" in table.says
    assert "a person decides" in table.says
    assert {cell.tone for row in table.rows for cell in row} == {""}  # nothing is stamped good or bad


def test_forecast_and_outcome_stand_beside_each_other_and_unknown_figures_say_so():
    kept = [
        part("gender", "f").as_json(),
        part("gender", "m", auc=float("nan"), reached=float("nan")).as_json(),
        part("gender", "x", cutoffs=()).as_json(),
    ]
    (table,) = right_table(kept)
    assert texts(table) == [
        ["gender: f", "400", "30 %", "25 %", "+5.0 (-10.0 to +10.0)", "0.800", "30 %"],
        ["gender: m", "400", "30 %", "25 %", "+5.0 (-10.0 to +10.0)", "too few", "too few"],
    ]
    assert "1 of gender" in table.says
    assert "Hardt et al. 2016" in table.says
    assert "Kleinberg et al. 2016" in table.says
    assert [*right_table([])] == []


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A business whose customers' genders are known, a third of them not."""
    (tmp_path / "hvc.yaml").write_text(CONFIG.format(by="gender"))
    days = pa.array([10.0] * 100 + [None] * 10 + [900.0] * 240)
    panel = pa.table({"customer_id": EVERYONE["customer_id"].tolist(), "days_since_first_order": days})
    genders = pd.DataFrame({"gender": np.resize(["f", "m", None], 350)}, index=EVERYONE.index)
    monkeypatch.setattr(slicing, "_attributes", lambda *_: genders)
    return SimpleNamespace(project=load_config(tmp_path), panel=lambda _: panel)


def test_the_books_chapter_tells_of_tiers_new_customers_and_the_attributes_that_were_asked_for(shop):
    meta = {"cutoff": "2026-01-01", "model_sha256": "ab" * 32}
    rows = pd.DataFrame({"customer_id": LISTED})
    plain = Chapter("model", "How good the model is", ("It is good.",))
    found = with_slices(plain, shop, meta, rows, EVERYONE)
    (listed,) = found.tables
    assert [row[0] for row in texts(listed)] == [
        *("tier: Priority", "tier: Gold", "tenure: new", "tenure: long-standing"),
        *("gender: f", "gender: m", "gender: unknown"),
    ]
    assert texts(listed)[2][1] == "110"  # whose first order is yet to come is new
    assert found.lines == ("It is good.", NOT_KEPT)
    keep_slices(shop.project, meta["model_sha256"], [part("gender", "f")])
    found = with_slices(plain, shop, meta, rows, EVERYONE)
    assert found.lines == ("It is good.",)
    assert [table.caption for table in found.tables][1:] == ["Is the model right for every part?"]
