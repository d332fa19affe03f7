"""The workbook: a list to fill in, a plan that adds up, figures, words; and nothing in it that runs."""

import zipfile
from io import BytesIO

import numpy as np
import openpyxl
import pytest

from hvc_ml.report.columns import COLUMNS, NOT_CONTACTED, OUTCOMES, ListColumn, as_listed
from hvc_ml.report.retention_list import write_xlsx
from hvc_ml.report.workbook import About, Beside, workbook_bytes
from hvc_ml.report.workbook_figures import Figures
from hvc_ml.report.workbook_list import ANSWERS
from hvc_ml.report.workbook_plan import NOBODY, TOTAL, week_table, work_table
from hvc_ml.tables.schema import LIST_COLUMNS
from made.listed import scores_of

SHEETS = ["Retention list", "Plan", "Customer figures", "Glossary", "About"]


def beside(plan):
    """Figures with a hostile text, a hole, and amounts of both signs."""
    known = scores_of(plan).assign(rank=plan["rank"], tier=plan["tier"], spend=np.nan)
    columns = {n: COLUMNS[n] for n in ("rank", "customer_id", "tier")}
    money = ("base_amount", "amount_rhythm", "amount_service")
    columns |= {n: ListColumn("money", 12, f"About {n}.") for n in money} | {"spend": ListColumn("number", 9, "Spent.")}
    return Beside(Figures(known, columns), {"holdout": "Left alone on purpose."})


def opened(plan, about, more=None):
    return openpyxl.load_workbook(BytesIO(workbook_bytes(as_listed(plan), about, more)))


def words(sheet):
    return {row[0].value: row[1].value for row in sheet.iter_rows(max_col=2)}


@pytest.fixture
def sheet(plan, about):
    return opened(plan, about)["Retention list"]


def test_it_holds_no_formula_no_link_and_no_macro(tmp_path, hostile, about):
    write_xlsx(hostile, tmp_path / "list.xlsx", about, beside(hostile))
    with zipfile.ZipFile(tmp_path / "list.xlsx") as archive:
        names = archive.namelist()
        sheets = "".join(archive.read(name).decode() for name in names if name.startswith("xl/worksheets/sheet"))
    assert "<f>" not in sheets
    assert "<f " not in sheets
    assert "hyperlink" not in sheets
    assert not [name for name in names if "externalLink" in name or "vbaProject" in name or "_rels/sheet" in name]


def test_ids_stay_texts_and_money_stays_numbers(hostile, about, corpus):
    sheet = opened(hostile, about)["Retention list"]
    ids = [sheet.cell(i, 2) for i in range(2, len(corpus) + 2)]
    assert {cell.data_type for cell in ids} <= {"s", "f"}  # openpyxl calls any text with = a formula
    assert {cell.number_format for cell in ids} == {"@"}
    readable = [i for i, text in enumerate(corpus) if "\r" not in text and "\x1b" not in text and "_x" not in text]
    assert [ids[i].value for i in readable] == [corpus[i] for i in readable]  # XML's own escapes are read by Excel
    assert sheet["K2"].value == 500.0
    assert sheet["K2"].number_format == "#,##0.00"
    assert sheet["D2"].number_format == "0.0%"
    assert sheet["L2"].is_date


def test_it_opens_with_the_list_and_its_columns_in_the_contracts_order(plan, about):
    book = opened(plan, about, beside(plan))
    assert book.sheetnames == SHEETS
    sheet = book["Retention list"]
    assert [cell.value for cell in sheet[1]] == [*LIST_COLUMNS, *ANSWERS]
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref == "A1:Z41"


def test_what_came_of_a_row_is_chosen_from_words_that_are_explained(plan, about, sheet):
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    assert rules["Z2:Z41"].formula1 == f'"{",".join(OUTCOMES)}"'
    assert rules["Y2:Y41"].type == "date"
    assert NOT_CONTACTED in OUTCOMES
    told = words(opened(plan, about)["Glossary"])
    assert set(OUTCOMES) | set(ANSWERS) | set(LIST_COLUMNS) <= set(told)
    assert all(sheet.cell(i, j).value is None for i in range(2, 42) for j in (25, 26))


def test_bars_show_money_and_whole_rows_of_the_holdout_are_grey(sheet):
    kinds = {str(area.sqref): rule.type for area in sheet.conditional_formatting for rule in area.rules}
    assert kinds == {"K2:K41": "dataBar", "I2:I41": "dataBar", "D2:D41": "colorScale", "A2:Z41": "expression"}


def test_the_plan_adds_up_to_the_rows_that_are_to_be_contacted(plan):
    table, contact = work_table(as_listed(plan)), plan[plan["group"] == "contact"]
    parts, total = table.iloc[:-1], table.iloc[-1]
    assert total["action"] == TOTAL
    assert total["to contact"] == parts["to contact"].sum() == len(contact)
    assert total["held out"] == parts["held out"].sum() == len(plan) - len(contact)
    for name, column in (("expected gain", "expected_gain"), ("value at risk", "value_at_risk")):
        assert total[name] == pytest.approx(contact[column].sum())
        assert parts[name].sum() == pytest.approx(total[name])
    assert parts["expected gain"].is_monotonic_decreasing
    assert set(parts["owner"]) == {"Ms Blue", NOBODY}


def test_weeks_begin_on_monday_and_count_contacts_once(plan):
    days = ["2026-02-01", "2026-02-02", "2026-02-08", "soon"]
    dated = as_listed(plan.assign(act_before=np.resize(days, len(plan)), group="contact"))
    table = week_table(dated)
    assert table["week from"].tolist() == ["2026-01-26", "2026-02-02"]
    assert table[TOTAL].tolist() == [10, 20]  # a day that is none belongs to no week
    assert (table[TOTAL] == table[["personal call", "personal e-mail"]].sum(axis=1)).all()


def test_an_action_may_be_called_as_the_tables_own_columns_are(plan, about):
    named = as_listed(plan.assign(action=np.resize([TOTAL, "week from"], len(plan)), group="contact"))
    assert week_table(named)[TOTAL].sum() == len(plan)
    assert opened(named, about)["Plan"].max_row > 8


def test_figures_are_numbers_under_names_in_words_and_holes_stay_empty(plan, about):
    sheet = opened(plan, about, beside(plan))["Customer figures"]
    names = [cell.value for cell in sheet[1]]
    assert names == ["rank", "customer id", "tier", "base amount", "amount rhythm", "amount service", "spend"]
    assert sheet["D2"].number_format == "#,##0.00"
    assert sheet["G2"].value is None
    parts = [sum(sheet.cell(i, j).value for j in (4, 5, 6)) for i in range(2, 42)]
    assert parts == pytest.approx(plan["value_at_risk"].round(2).tolist())
    assert sheet.freeze_panes == "C2"


def test_it_says_what_its_words_mean_and_how_to_read_it(plan, about):
    book = opened(plan, about, beside(plan))
    told = words(book["Glossary"])
    assert told["holdout"] == "Left alone on purpose."
    assert told["amount rhythm"] == "About amount_rhythm."
    facts = words(book["About"])
    assert (facts["Model version"], facts["To contact"]) == ("3", "30")


def test_without_figures_their_sheet_is_not_there(plan, about):
    assert opened(plan, about).sheetnames == [name for name in SHEETS if name != "Customer figures"]


def test_it_says_when_it_holds_only_the_first_rows(plan, about, monkeypatch):
    monkeypatch.setattr("hvc_ml.report.workbook.MAX_ROWS", 10)
    monkeypatch.setattr("hvc_ml.report.workbook_figures.MAX_ROWS", 5)
    book = opened(plan, about, beside(plan))
    assert book["Retention list"].max_row == 11
    assert book["Customer figures"].max_row == 6
    assert words(book["About"])["Rows"] == "40 (the first 10 are in this workbook)"


def test_an_empty_list_is_still_a_workbook(plan, about):
    book = opened(plan.head(0), about, beside(plan.head(0)))
    assert book.sheetnames == SHEETS
    assert book["Retention list"].max_row == 1


def test_a_date_that_is_none_is_shown_as_the_text_it_is(plan, about):
    sheet = opened(plan.assign(act_before="soon", cutoff="someday"), about)["Retention list"]
    assert sheet["L2"].value == "soon"
    assert len(sheet.data_validations.dataValidation) == 1


def test_a_business_may_have_any_name(plan):
    book = opened(plan, About("A & B <=1+1>", "2026-01-01", "3", "EUR", 90))
    assert book["About"]["A1"].value == "Retention list: A & B <=1+1>"
    assert "A && B" in book["Plan"].oddFooter.left.text


def test_the_same_list_gives_the_same_bytes(plan, about):
    assert workbook_bytes(as_listed(plan), about, beside(plan)) == workbook_bytes(as_listed(plan), about, beside(plan))
