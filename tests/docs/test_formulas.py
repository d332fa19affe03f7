"""Formulas become MathML; money and code stay what they are."""

import pytest

markdown = pytest.importorskip("markdown", reason="formulas need the extra: pip install '.[docs]'")
pytest.importorskip("latex2mathml", reason="formulas need the extra: pip install '.[docs]'")


def html(text):
    return markdown.markdown(text, extensions=["docs.handbook.formulas", "fenced_code"])


def test_a_formula_in_a_line_is_mathml_with_its_source_as_its_name():
    said = html("With $p$ the risk.")
    assert "<math" in said
    assert 'aria-label="p"' in said
    assert "$" not in said


def test_a_formula_of_its_own_may_run_over_lines_and_hold_underscores_and_stars():
    said = html("$$a_i * b_i\n\\le c_i * d_i$$")
    assert said.count("<math") == 1
    assert 'display="block"' in said
    assert "<em>" not in said


@pytest.mark.parametrize("text", ["From $5 to $6.", "`$p$`", "```\n$p$\n```", "A price of 5 $ or 6 $."])
def test_money_and_code_are_left_alone(text):
    assert "<math" not in html(text)
    assert "$" in html(text)
