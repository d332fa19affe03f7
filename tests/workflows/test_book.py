"""The chapters of the book, from what other workflows found."""

from dataclasses import replace

import pytest

from hvc_ml.config import load_config
from hvc_ml.explanation.formatting import money
from hvc_ml.progress import Stages
from hvc_ml.workflows.book_people import people
from hvc_ml.workflows.book_quality import quality
from hvc_ml.workflows.champions import load_champion
from hvc_ml.workflows.past_lists import past_list
from hvc_ml.workflows.profile import profile, profiled
from hvc_ml.workflows.shop import open_shop

VALUES_DRAWN = "Future value: forecast and outcome, drawn"


def euros(amount):
    return money(amount, "EUR")


@pytest.fixture(scope="module")
def found(trained):
    return load_champion(trained[0]).model.meta["quality"]


@pytest.fixture(scope="module")
def business(trained):
    return profile(trained[0], cutoff=None, stages=Stages())


def test_a_model_carries_the_figures_of_its_own_test_and_no_customer(trained, found):
    panel = trained[1].panel
    assert found["says"] == panel.says
    assert found["n_customers"] == panel.n_customers
    figures = {(f["name"], f["metric"]): f["mid"] for f in found["figures"]}
    assert figures["model", "churn_auc"] == round(panel.model["churn_auc"].mid, 6)
    assert found["covered"][0] <= found["covered"][1] <= found["covered"][2]
    assert [len(found[name]) for name in ("churn", "value")] == [10, 10]
    assert not [v for v in trained[2].plan["customer_id"] if v in repr(found)]


def test_the_model_stands_among_the_rules_in_the_order_of_their_value(found):
    chapter = quality(found, euros, "EUR")
    table = chapter.tables[0]
    names = [row[0].text for row in table.rows]
    gini = {f["name"].replace("_", " "): f["mid"] for f in found["figures"] if f["metric"] == "value_gini"}
    gini["the model"] = gini.pop("model")
    known = [gini[n] for n in names if gini[n] is not None]
    assert known == sorted(known, reverse=True)
    assert {row[0].text for row in table.rows if row[0].tone == "strong"} == {"the model"}
    assert all(len(row) == len(t.head) for t in chapter.tables for row in t.rows)


def test_calibration_is_drawn_and_told_in_points(found):
    tenths = [{"predicted": 0.9, "actual": 0.8}, {"predicted": 0.2, "actual": 0.22}, {"predicted": 0.1, "actual": None}]
    chapter = quality(found | {"churn": tenths}, euros, "EUR")
    assert any("6.0 percentage points apart on average, and 10.0 at most" in line for line in chapter.lines)
    assert [c.title for c in chapter.charts][1:] == ["Churn risk: forecast and outcome, drawn", VALUES_DRAWN]
    drawn = chapter.charts[1].figure.axes[0].lines[1].get_xydata()
    assert drawn.tolist() == [[0.2, 0.22], [0.9, 0.8]]


def test_what_the_model_is_not_for_stands_by_itself(found):
    ((title, points),) = quality(found, euros, "EUR").points
    assert title == "What it must not be used for"
    assert any("credit" in point for point in points)


@pytest.mark.parametrize(("bias", "says"), [(0.1, "10 % more money than came"), (-0.02, "2 % less money than came")])
def test_what_a_total_is_off_by_is_said_with_its_direction(found, bias, says):
    assert any(says in line for line in quality(found | {"value_bias": bias}, euros, "EUR").lines)


def test_what_is_unknown_of_a_test_is_left_out(found):
    tenths = [{"predicted": 0.5, "actual": None}]
    figures = [f | {"low": None, "mid": None, "high": None} if f["name"] == "recency" else f for f in found["figures"]]
    unknown = {"covered": [None] * 3, "value_bias": None, "churn": tenths, "figures": figures}
    chapter = quality(found | unknown, euros, "EUR")
    assert not any("interval of future value" in line or "money than came" in line for line in chapter.lines)
    assert [c.text for c in chapter.tables[1].rows[0]] == ["1", "50 %", ""]
    assert ["recency", "", "", "", ""] in [[c.text for c in row] for row in chapter.tables[0].rows]
    assert [c.title for c in chapter.charts] == ["The model beside simple rules, drawn", VALUES_DRAWN]
    assert "Train again" in quality(None, euros, "EUR").lines[0]


def test_the_people_of_the_book_are_those_of_the_profile(business):
    chapter = people(business)
    counts = business.groups.set_index("group")["customers"]
    assert chapter.lines[0].startswith(f"{counts['high-value']:,} of {counts['all']:,} customers")
    captions = [t.caption for t in chapter.tables]
    assert captions[:2] == ["Customers and their money", "Figures by tier, beside the average of all"]
    assert captions[-1].startswith("Who moved between tiers")
    assert all(len(row) == len(t.head) for t in chapter.tables for row in t.rows)
    verdicts = {cell.tone for row in chapter.tables[1].rows for cell in row}
    assert {"good", "bad"} <= verdicts
    assert [c.title for c in chapter.charts] == [
        "How concentrated the money is",
        "What sets high-value customers apart",
    ]


def test_a_young_business_has_no_moves_and_no_contrast(business):
    young = replace(
        business,
        moves=None,
        outcomes_at=None,
        differences=business.differences.head(0),
        concentration=replace(business.concentration, spans={}),
        notes=("Too young.",),
    )
    chapter = people(young)
    assert not chapter.charts
    assert chapter.lines[1:] == ("Too young.",)
    assert not [t for t in chapter.tables if "moved" in t.caption]


def test_the_high_value_customers_of_a_list_are_told_by_its_own_scores(copied, trained):
    text = copied.path.read_text().replace("profile: #", "profile: # see below\n  high_value: {by: predicted} #")
    copied.path.write_text(text)
    project = load_config(copied.path)
    assert project.config.profile.high_value.by == "predicted"
    newest = past_list(project.lists / "latest")
    scores = newest.scores()
    with open_shop(project, Stages()) as shop:
        of_list = profiled(shop, shop.now)
        (newest.folder / "our notes.txt").write_text("a team may write beside a list")
        given = profiled(shop, shop.now, scores)
        assert profiled(shop, shop.now).groups.equals(given.groups)
    assert of_list.by == given.by == "predicted"
    assert of_list.floor == given.floor
