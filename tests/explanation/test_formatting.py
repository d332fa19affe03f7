import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.explanation.formatting import UNKNOWN, count, days, formatter, money, number_text, ratio, share


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (1234.4, "GBP", "£1,234"),
        (1234.4, "EUR", "1,234 EUR"),
        (99.999, "USD", "$100"),
        (12.0, "USD", "$12"),
        (12.345, "USD", "$12.35"),
        (-12.5, "GBP", "-£12.50"),
        (-12.5, "CHF", "-12.50 CHF"),
        (-0.001, "GBP", "£0"),
        (0.0, "EUR", "0 EUR"),
        (1_234_567.0, "JPY", "1,234,567 JPY"),
    ],
)
def test_money_reads_as_people_write_it(amount, currency, words):
    assert money(amount, currency) == words


@pytest.mark.parametrize("write", [days, count, share, ratio, number_text, lambda x: money(x, "EUR")])
@pytest.mark.parametrize("figure", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_unknown(write, figure):
    assert write(figure) == UNKNOWN


def test_units():
    assert [days(1), days(0), days(9.96), days(0.4)] == ["1 day", "0 days", "10 days", "0.4 days"]
    assert [share(1), share(0.5), share(0.0004)] == ["100 %", "50 %", "0 %"]
    assert [ratio(0.996), ratio(-0.5), ratio(1.0)] == ["1", "-0.50", "1"]
    assert number_text(-0.01) == "0"


@given(number=st.floats(-1e9, 1e9), unit=st.sampled_from(["money", "days", "count", "share", "ratio", "number"]))
def test_no_figure_is_written_as_minus_nothing(number, unit):
    words = formatter(unit, "EUR")(number)
    assert words[0] != "-" or any(c in "123456789" for c in words)


def test_text_is_left_alone_and_a_number_is_not_a_text():
    assert formatter("text", "EUR")("<b>") == "<b>"
    assert formatter("text", "EUR")(3.0) == UNKNOWN
    assert formatter("days", "EUR")("94") == UNKNOWN


def test_an_unknown_unit_is_refused():
    with pytest.raises(ValueError, match="no such unit: 'hours'"):
        formatter("hours", "EUR")
