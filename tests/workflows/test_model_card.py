"""The model card of a training: what it says is what was measured, and no customer is in it."""

import re

import pytest

from hvc_ml.evaluation.bootstrap import Estimate
from hvc_ml.evaluation.gate import Decision
from hvc_ml.workflows.model_card import _rivals, _weak
from hvc_ml.workflows.model_card_tables import against, differences_table, shown, slices_table
from hvc_ml.workflows.model_card_words import FORBIDDEN, INTENDED, LIMITS, PARTS
from hvc_ml.workflows.slicing import numbered
from made.parts import part

GUARD = {"challenger": 0.83, "champion": 0.79, "bound": 0.1}
COMPARED = Decision(
    promoted=False,
    reason="worse",
    details={
        "best_baseline": "past_spend",
        "against_baseline": {"churn_auc": [0.01, 0.02, 0.03], "value_spearman": [0, 0, 0]},
        "against_champion": {"churn_auc": [-0.03, -0.02, -0.01], "profit_at_capacity": [None, None, None]},
        "guardrails": {"interval_coverage": GUARD, "value_bias": {**GUARD, "champion": None}},
        "nominal_coverage": 0.8,
    },
)


@pytest.fixture(scope="module")
def told(trained):
    project, result, _ = trained
    return (project.models / "artifacts" / result.run_id / "artifacts" / "model_card.md").read_text()


def test_the_card_is_kept_with_the_run_with_the_model_and_with_its_version(trained, told):
    project, result, _ = trained
    assert (project.models / "cards" / f"version_{result.model_version}.md").read_text() == told
    logged = [p.read_text() for p in (project.models / "artifacts" / "models").rglob("model_card.md")]
    assert told in logged


def test_it_says_what_was_measured_with_intervals(trained, told):
    panel = trained[1].panel
    for name, metric in (("churn AUC", "churn_auc"), ("Gini of value", "value_gini")):
        line = f"| {name} | higher | {shown(panel.model[metric])} | {shown(panel.baselines[panel.best_baseline][metric])} |"
        assert line in told
    assert re.search(r"^\| tier: Mass \| [\d,]+ \| \d+\.\d% \|", told, re.MULTILINE)
    assert trained[1].promotion_reason in told.replace("\\", "")
    assert "There was no champion to compare with" in told


def test_it_says_what_was_learned_from_what(trained, told):
    result = trained[1]
    assert all(cutoff in told for cutoff in result.cutoffs["test"])
    assert f"| test (refitted each time) | {', '.join(result.cutoffs['test'])} | {result.panel.n_rows:,} |" in told
    assert re.search(r"\| orders \| ([\d,]+) \| \1 \| 0 \| 0 \|", told)
    assert f"Grade {result.grade.letter}: {result.grade.reason}" in told


def test_it_says_what_the_model_is_for_and_what_it_is_not_for(told):
    for text in (*INTENDED, *FORBIDDEN, *LIMITS):
        assert f"- {text}" in told
    shares = re.findall(r"^\| \w+ \| (\d+)% \| (\d+)% \|$", told, re.MULTILINE)
    for column in zip(*shares, strict=True):
        assert sum(map(int, column)) == pytest.approx(100, abs=6)  # rounded


def test_no_customer_is_in_the_card_or_on_its_page(trained):
    project, result, listed = trained
    folder = project.models / "artifacts" / result.run_id / "artifacts"
    customers = listed.plan["customer_id"].head(200)
    for name in ("model_card.md", "model_card.html"):
        content = (folder / name).read_text()
        assert not [c for c in customers if re.search(rf"\b{re.escape(c)}\b", content)]


def test_differences_are_told_per_rival_and_only_of_what_the_gate_compares():
    found = against(COMPARED)
    assert found["churn AUC"] == {"past spend": [0.01, 0.02, 0.03], "champion": [-0.03, -0.02, -0.01]}
    assert list(found) == ["profit at capacity", "churn AUC"]
    table = differences_table(COMPARED).set_index("model minus")
    assert table.loc["churn AUC"].tolist() == ["+0.020 [+0.010, +0.030]", "-0.020 [-0.030, -0.010]"]
    assert table.loc["profit at capacity"].tolist() == ["", ""]
    assert differences_table(Decision(promoted=False, reason="no signal")) is None


def test_guardrails_are_told_with_their_bound_and_left_out_where_unknown():
    assert list(_rivals(COMPARED)) == ["Guardrail interval coverage: 0.830 (champion 0.790; may be off 0.8 by 0.1)."]


def test_where_no_part_could_be_measured_there_is_no_table():
    assert slices_table(()) is None
    assert shown(Estimate(float("nan"), float("nan"), float("nan"))) == ""
    assert shown(Estimate(float("nan"), 0.5, float("nan"))) == "0.500"


def test_a_card_numbers_the_values_of_an_attribute_and_says_how_parts_are_read():
    parts = numbered([part("tier", "Gold"), part("town", "Ulm"), part("town", "Bonn", cutoffs=())], ["town"])
    table = slices_table(parts).set_index("part")
    assert table.index.tolist() == ["tier: Gold", "town: part 1"]
    assert table.loc["town: part 1", ["churn rate", "mean risk", "selected", "leavers selected"]].tolist() == [
        *("25.0%", "30.0%", "20.0%", "30.0%"),
    ]
    says = [*_weak(parts, ["town"])]
    assert says[0] == PARTS
    assert says[1].startswith("Parts by town are numbered by size")
    assert not any(name in text for name in ("Ulm", "Bonn") for text in (*says, table.to_csv()))
    assert len([*_weak(parts, [])]) == 1
