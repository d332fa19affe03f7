"""Money is whole ticks: exact sums, one way of rounding, and nothing unreadable taken for nothing."""

import datetime as dt
import math

import pytest

from hvc_ml.errors import DataError
from hvc_ml.tables.sources import Source
from made.logs import PLAIN, as_parquet


@pytest.mark.parametrize(
    ("text", "decimal", "ticks"),
    [
        ("9.99", ".", 99_900),
        ("9,99", ",", 99_900),
        ("-0.0001", ".", -1),
        ("0.00005", ".", 1),
        ("-0.00005", ".", -1),
        ("0.00004", ".", 0),
        (" 12 ", ".", 120_000),
        ("1e3", ".", 10_000_000),
        ("+7.5", ".", 75_000),
        ("900719925474.0", ".", 9_007_199_254_740_000),
        ("1 ", ",", 10_000),
    ],
)
def test_money_is_whole_ticks_rounded_half_away_from_zero(shop, text, decimal, ticks):
    with shop(f"customer;date;amount\nx;2024-01-01;{text}\n", decimal=decimal, delimiter=";") as found:
        assert found.rows()[0]["amount"] == ticks


@pytest.mark.parametrize(
    ("text", "decimal", "reason"),
    [
        ("1,234.5", ".", "bad_amount"),
        ("1.234,5", ",", "bad_amount"),
        ("1.234", ",", "bad_amount"),
        ("1_000", ".", "bad_amount"),
        ("1_000", ",", "bad_amount"),
        ("9,99", ".", "bad_amount"),
        ("EUR 5", ".", "bad_amount"),
        ("0x10", ".", "bad_amount"),
        ("nan", ".", "not_finite"),
        ("inf", ".", "not_finite"),
        ("-infinity", ".", "not_finite"),
        ("1e999", ".", "not_finite"),
        ("900719925474.1", ".", "overflow"),
        ("-1e15", ".", "overflow"),
        ("", ".", "no_amount"),
        ("  ", ".", "no_amount"),
    ],
)
def test_an_amount_that_is_no_money_is_a_rejected_row(shop, text, decimal, reason):
    lines = f"customer;date;amount\nx;2024-01-01;{text}\ny;2024-01-01;5\n"
    with shop(lines, decimal=decimal, delimiter=";", max_rejected=0.5) as found:
        assert found.reports["orders"].reasons == {reason: 1}
        assert [r["customer_id"] for r in found.rows()] == ["y"]
    with (
        pytest.raises(DataError, match=r"orders\.amount: 1 of 2 rows") as error,
        shop(lines, decimal=decimal, delimiter=";"),
    ):
        pass
    digits = "".join(c for c in text if c.isdigit() and c not in "90")
    assert not digits or text.strip() not in str(error.value)


def test_sums_of_money_are_exact(shop):
    lines = "".join("x,2024-01-01,0.1\n" for _ in range(1000))
    with shop(f"customer,date,amount\n{lines}") as found:
        assert found.rows()[0]["amount"] == 1_000_000
        assert found.rows()[0]["lines"] == 1000


def test_a_sum_beyond_64_bits_is_refused_in_words(shop):
    lines = "x,2024-01-01,900719925474\n" * 1100
    with pytest.raises(DataError, match="sum of an order exceeds 64 bits"), shop(f"customer,date,amount\n{lines}"):
        pass


def test_optional_numbers_may_be_empty_but_not_unreadable(shop):
    text = "customer,date,amount,disc\nx,2024-01-01,1,\ny,2024-01-01,1,0.5\nz,2024-01-01,1,abc\n"
    with shop(text, columns={**PLAIN, "discount": "disc"}, max_rejected=0.5) as found:
        assert [(r["customer_id"], r["discount"]) for r in found.rows()] == [("x", None), ("y", 5000)]
        assert found.reports["orders"].reasons == {"bad_number": 1}


def test_missing_floats_of_data_frames_are_missing_numbers(loaded, tmp_path):
    as_parquet(
        tmp_path / "o.parquet", {"customer": ["x"], "date": [dt.date(2024, 1, 1)], "amount": [1.0], "disc": [math.nan]}
    )
    columns = {**PLAIN, "discount": "disc"}
    with loaded(tmp_path, Source(paths={"orders": "o.parquet"}), orders={"columns": columns}) as found:
        assert found.rows()[0]["discount"] is None


CURRENCIES = {**PLAIN, "currency": "money"}


def test_money_of_one_currency_only(loaded, tmp_path):
    log = {"customer": ["x", "y", "z", "w"], "date": ["2024-01-01"] * 4, "amount": [1.0] * 4}
    as_parquet(tmp_path / "o.parquet", {**log, "money": ["EUR", " eur ", "USD", None]})
    mapping = {"columns": CURRENCIES, "max_rejected": 0.5}
    with loaded(tmp_path, Source(paths={"orders": "o.parquet"}), currency="EUR", orders=mapping) as found:
        report = found.reports["orders"]
        assert (report.kept, report.reasons) == (2, {"other_currency": 2})
        assert report.breaches[0].value == 0.5
        assert "currency" not in found.rows()[0]  # looked at, and not kept
    with (
        pytest.raises(
            DataError, match=r"orders\.currency: 2 of 4 rows \(50\.0% of the money\) are in another currency"
        ),
        loaded(tmp_path, Source(paths={"orders": "o.parquet"}), currency="EUR", orders={"columns": CURRENCIES}),
    ):
        pass


def test_prices_of_contracts_are_of_one_currency_too(loaded, tmp_path):
    as_parquet(tmp_path / "o.parquet", {"customer": ["x"], "date": ["2024-01-01"], "amount": [1.0]})
    terms = {"customer": ["x", "y"], "begin": ["2024-01-01"] * 2, "end": [None, "2025-01-01"], "money": ["EUR", "CHF"]}
    as_parquet(tmp_path / "c.parquet", terms)
    columns = {"customer_id": "customer", "started_at": "begin", "ended_at": "end", "currency": "money"}
    source = Source(paths={"orders": "o.parquet", "contracts": "c.parquet"})
    mappings = {"orders": {"columns": PLAIN}, "contracts": {"columns": columns, "max_rejected": 0.5}}
    with loaded(tmp_path, source, currency="EUR", **mappings) as found:
        assert found.reports["contracts"].reasons == {"other_currency": 1}
        assert found.rows("contracts")[0].keys() == {"customer_id", "day", "end_day"}


def test_a_constant_says_what_all_rows_are_in(shop):
    one = "customer,date,amount\nx,2024-01-01,1\n"
    with shop(one, currency="EUR", columns={**PLAIN, "currency": "'EUR'"}) as found:
        assert found.reports["orders"].kept == 1
    with (
        pytest.raises(DataError, match="1 of 1 rows"),
        shop(one, currency="EUR", columns={**PLAIN, "currency": "'USD'"}),
    ):
        pass
