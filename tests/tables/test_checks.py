"""The data contract: each breach is counted, placed, valued and put into words that hold no value."""

import csv
import datetime as dt
import stat

import pytest

from hvc_ml.errors import DataError, OutputError
from hvc_ml.tables.rejected import rejected_rows, write_rejected
from hvc_ml.tables.sources import Source

PLAIN = {"customer_id": "customer", "ordered_at": "date", "amount": "amount"}
HEAD = "customer,date,amount\n"


def breach(found, code):
    return next(b for b in found.reports["orders"].breaches if b.code == code)


def test_a_missing_customer_is_refused_with_count_share_lines_and_remedy(shop):
    text = HEAD + "a,2024-01-01,30\n,2024-01-01,10\nb,2024-01-01,60\n"
    with pytest.raises(DataError) as error, shop(text):
        pass
    assert str(error.value) == (
        "orders.customer_id: 1 of 3 rows (10.0% of the money) have no customer (first: orders.csv line 3). "
        "Fix the source, or set tables.orders.drop_anonymous: true."
    )
    with shop(text, drop_anonymous=True) as found:
        assert found.reports["orders"].reasons == {"anonymous": 1}
        assert breach(found, "anonymous").value == pytest.approx(0.1)


def test_every_breach_of_every_table_is_in_one_message(shop):
    text = HEAD + ",2024-01-01,1\na,2024-13-01,1\na,2024-01-01,x1y2\na,,1\na,2024-01-01,\n"
    with pytest.raises(DataError) as error, shop(text):
        pass
    message = str(error.value)
    for words in ("have no customer", "cannot be read", "not a number", "have no time", "have no amount"):
        assert words in message
    assert "x1y2" not in message
    assert "line 4 like 'a9a9'" in message
    assert "2024-13" not in message
    assert "\n" not in message


@pytest.mark.parametrize("value", ["03/04/2011", "3.4.11", "03-04-2011 10:00", "13/04/2011"])
def test_day_or_month_is_never_guessed(shop, value):
    text = HEAD + f"a,{value},1\n" + "b,2024-01-01,1\n" * 99
    with (
        pytest.raises(DataError, match=r'could be day/month or month/day .*tables\.orders\.date_format: "%d/%m/%Y"'),
        shop(text, max_rejected=0.5),
    ):
        pass


def test_rejected_rows_below_the_limit_are_taken_above_it_refused(shop):
    text = HEAD + "a,bad,1\n" + "b,2024-01-01,1\n" * 9
    with shop(text, max_rejected=0.1) as found:
        assert found.reports["orders"].rejected == 1
    with (
        pytest.raises(DataError, match=r"10\.00% of rows rejected; max_rejected is 5\.00%"),
        shop(text, max_rejected=0.05),
    ):
        pass


def test_rows_left_out_as_asked_do_not_count_towards_the_limit(shop):
    text = HEAD + ",2024-01-01,1\na,2024-01-01,-5\nb,2024-01-01,1\nc,2031-01-01,1\nd,2024-01-01,0\n"
    with shop(
        text, drop_anonymous=True, refunds="drop", filter="amount != 0", future_rows="drop", now=dt.date(2024, 6, 1)
    ) as found:
        assert found.reports["orders"].reasons == {"filtered": 1, "anonymous": 1, "future": 1, "refund": 1}
        assert rejected_rows(found.engine).num_rows == 0


def test_rows_after_today_are_refused_and_today_is_not(shop):
    text = HEAD + "a,2024-06-01 23:59,1\nb,2024-06-02 00:00,1\n"
    with (
        pytest.raises(DataError, match=r"orders\.ordered_at: 1 of 2 rows \(50\.0% of the money\) are later than today"),
        shop(text, now=dt.date(2024, 6, 1)),
    ):
        pass
    with shop(text, now=dt.date(2024, 6, 2)) as found:
        assert found.reports["orders"].kept == 2
    with shop(text) as found:
        assert found.reports["orders"].kept == 2


def warned(found, words):
    return [w for w in found.reports["orders"].warnings if words in w]


def test_sentinel_dates_are_said(shop):
    with shop(HEAD + "a,1970-01-01,1\nb,1900-01-01,1\nc,2024-01-01,1\n") as found:
        assert warned(found, "2 rows are dated 1900-01-01 or 1970-01-01")


def test_the_year_9999_is_no_time_of_an_order(shop):
    with pytest.raises(DataError, match="year 9999 or later"), shop(HEAD + "a,9999-12-31,1\n"):
        pass


def test_equal_rows_are_said_and_dropped_on_request(shop):
    text = "customer,date,amount,note\n" + "a,2024-01-01,1,x\n" * 3 + "a,2024-01-01,1,y\n"
    with shop(text) as found:
        assert warned(found, "2 rows equal another row in every column")
        assert found.rows()[0]["lines"] == 4
    with shop(text, duplicates="drop") as found:
        report = found.reports["orders"]
        assert (report.rows, report.kept, report.deduplicated) == (4, 2, 2)
        assert found.rows()[0]["amount"] == 20_000
        assert warned(found, "2 rows equal another row and were dropped")


def test_ids_that_look_alike_are_said_and_kept_apart(shop):
    with shop(
        HEAD + '007,2024-01-01,1\n7,2024-01-01,1\n" 7",2024-01-01,1\nA,2024-01-01,1\na,2024-01-01,1\nb,2024-01-01,1\n'
    ) as found:
        assert warned(found, "3 of 6 ids differ from another only in leading zeros")
        assert len(found.rows()) == 6


def test_ids_that_were_exported_as_floats_are_said(shop):
    with shop(HEAD + "17850.0,2024-01-01,1\n13047.0,2024-01-01,1\n") as found:
        assert warned(found, "all 2 ids end in '.0'")
        assert found.rows()[0]["customer_id"] == "13047.0"


def test_refunds_are_counted_and_valued(shop):
    with shop(HEAD + "a,2024-01-01,100\na,2024-01-02,-25\n") as found:
        assert warned(found, "1 rows are refunds, 25.00 in all (25.0% of what was paid)")


def test_only_refunds_have_no_share(shop):
    with shop(HEAD + "a,2024-01-02,-25\n") as found:
        assert warned(found, "1 rows are refunds, 25.00 in all.")


def test_contracts_that_end_before_they_start_and_empty_kinds_are_refused(tmp_path, loaded):
    (tmp_path / "o.csv").write_text(HEAD + "a,2024-01-01,1\n")
    (tmp_path / "k.csv").write_text("who,from,to\na,2024-02-01,2024-01-01\n")
    (tmp_path / "e.csv").write_text("who,at,what\na,2024-02-01,\na,,x\n")
    source = Source(paths={"orders": "o.csv", "contracts": "k.csv", "events": "e.csv"})
    with pytest.raises(DataError) as error, loaded(
        tmp_path, source, orders={"columns": PLAIN},
        contracts={"columns": {"customer_id": "who", "started_at": "from", "ended_at": "to"}},
        events={"columns": {"customer_id": "who", "happened_at": "at", "kind": "what"}},
    ):  # fmt: skip
        pass
    message = str(error.value)
    for words in (
        "contracts.ended_at: 1 of 1 rows end before they start",
        "events.kind: 1 of 2 rows are empty",
        "events.happened_at: 1 of 2 rows have no time",
    ):
        assert words in message


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("Ärger-5€", "aaaaa-9?"),
        ("\x1b[31mred", "?[99aaaa"),
        ("a@b.example", "a@a.aaaaaaa"),
        ("\u0661\u0662x", "99a"),
        ("9" * 60 + "z", "9" * 24),
    ],
)
def test_shapes_show_no_letter_no_digit_and_no_control_character(shop, value, shape):
    with pytest.raises(DataError) as error, shop(HEAD + f"a,2024-01-01,{value}\n"):
        pass
    assert f"line 2 like '{shape}'" in str(error.value)


def test_shapes_of_a_product_show_each_factor(shop):
    with (
        pytest.raises(DataError, match=r"like '9 \| aaa'"),
        shop("customer,date,q,p\na,2024-01-01,3,abc\n", columns={**PLAIN, "amount": "q * p"}),
    ):
        pass


def test_rejected_rows_are_kept_aside_and_written_for_their_owner_only(shop, tmp_path):
    text = HEAD + "a,bad,=1+1\nb,2024-01-01,1\nc,2024-01-01,\n"
    with shop(text, max_rejected=1.0) as found:
        assert rejected_rows(found.engine).to_pylist() == [
            {
                "table_name": "orders",
                "position": "orders.csv line 2",
                "reason": "bad_time",
                "source_row": ["a", "bad", "=1+1"],
            },
            {
                "table_name": "orders",
                "position": "orders.csv line 4",
                "reason": "no_amount",
                "source_row": ["c", "2024-01-01", None],
            },
        ]
        path = tmp_path / "rejected.csv"
        assert write_rejected(found.engine, path) == 2
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with path.open(newline="", encoding="utf-8") as stream:
            lines = list(csv.reader(stream))
        assert lines[0] == ["table", "position", "reason", "column_1", "column_2", "column_3"]
        assert lines[1][-1] == "'=1+1"
        with pytest.raises(OutputError):
            write_rejected(found.engine, path / "where.csv")


def test_there_are_no_rejected_rows_before_loading(engine):
    assert rejected_rows(engine).num_rows == 0
