"""A stranger's files: what is proposed loads, and says why."""

import datetime as dt
import gzip
import math
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.errors import DataError
from hvc_ml.tables.propose import Choice, Proposal, TableProposal, propose
from hvc_ml.tables.render import render
from hvc_ml.tables.sources import Source


def columns(proposal, table="orders"):
    return dict(proposal.mapping(table).columns)


def test_the_online_retail_log_is_understood(shared_data):
    found = propose(shared_data / "online-retail/online_retail.parquet")
    assert columns(found) == {
        "customer_id": "CustomerID", "ordered_at": "InvoiceDate", "amount": "Quantity * UnitPrice", "order_id": "InvoiceNo",
        "product_id": "StockCode", "quantity": "Quantity",
    }  # fmt: skip
    mapping = found.mapping("orders")
    assert (mapping.drop_anonymous, mapping.refunds, mapping.date_format) == (True, "net", None)
    reasons = {c.key: c.why for c in found.tables[0].settings}
    assert "135,080 of 541,909 rows have no customer" in reasons["drop_anonymous"]


def test_the_cdnow_log_is_understood(shared_data):
    found = propose(shared_data / "cdnow/CDNOW_master.txt")
    assert columns(found) == {
        "customer_id": "customer_id",
        "ordered_at": "date",
        "amount": "dollar_value",
        "quantity": "number_of_cds",
    }
    assert (found.mapping("orders").delimiter, found.mapping("orders").date_format) == ("whitespace", "%Y%m%d")


def test_the_complete_journey_is_understood(shared_data):
    folder = shared_data / "complete-journey"
    found = propose(folder / "transactions.parquet", folder / "demographics.parquet")
    mapped = columns(found)
    assert (mapped["customer_id"], mapped["order_id"], mapped["amount"]) == ("household_id", "basket_id", "sales_value")
    assert (mapped["ordered_at"], mapped["product_id"], mapped["quantity"]) == (
        "transaction_timestamp",
        "product_id",
        "quantity",
    )
    assert mapped["discount"] == "retail_disc + coupon_disc + coupon_match_disc"
    assert set(columns(found, "customers")) == {
        "customer_id", "age", "income", "home_ownership", "marital_status", "household_size", "household_comp", "kids_count",
    }  # fmt: skip


def german(n=300):
    rows = (
        f"{i % 7:03d};{i};{i % 28 + 1:02d}.{i % 12 + 1:02d}.2024;{i % 50},{i % 10}5;{('Web', 'Laden')[i % 2]}\n"
        for i in range(n)
    )
    return "Kundennummer;Bestellnr;Bestelldatum;Betrag;Kanal\n" + "".join(rows)


def american(n=60):
    rows = (f"c{i % 9}\t{i % 12 + 1}/{i % 28 + 1}/2023 10:05 PM\t{i}.5\n" for i in range(n))
    return "Client\tPurchase Date\tOrder Total\n" + "".join(rows)


def shouting(n=40):
    rows = (f'"{i % 5}";"{2 + i % 3}";"19.{i % 9 + 1}";"2024-0{i % 9 + 1}-11T10:00:00Z";"x{i % 3}"\n' for i in range(n))
    return '"MEMBER NO";"QTY";"UNIT PRICE";"ORDERED AT";"ITEM CODE"\n' + "".join(rows)


def headless(n=40):
    return "".join(f"c{i % 5}0012|2024-01-{i % 28 + 1:02d}|{i}.25\n" for i in range(n))


CASES = {
    "de.csv": (german(), {"customer_id": "Kundennummer", "ordered_at": "Bestelldatum", "amount": "Betrag", "order_id": "Bestellnr", "channel": "Kanal"},
               {"delimiter": ";", "decimal": ",", "date_format": "%d.%m.%Y"}),
    "us.tsv.gz": (american(), {"customer_id": "Client", "ordered_at": "Purchase Date", "amount": "Order Total"},
                  {"delimiter": "tab", "date_format": "%m/%d/%Y %I:%M %p"}),
    "loud.txt": (shouting(), {"customer_id": "MEMBER NO", "ordered_at": "ORDERED AT", "amount": "QTY * `UNIT PRICE`", "product_id": "ITEM CODE", "quantity": "QTY"},
                 {"delimiter": ";"}),
    "one.csv": ("buyer,when,net revenue,gross margin note\n" + "".join(f"b{i % 3},2024-01-{i % 28 + 1:02d},{i},x\n" for i in range(30)),
                {"customer_id": "buyer", "ordered_at": "when", "amount": "net revenue"}, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_odd_files_are_understood_and_the_written_config_loads(tmp_path, loaded, name):
    text, mapped, settings = CASES[name]
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    found = propose(path)
    assert columns(found) == mapped
    document = yaml.safe_load(render(found, name="shop", base=tmp_path))
    tables = document["tables"]
    assert tables["orders"]["columns"] == mapped
    assert {k: v for k, v in tables["orders"].items() if k != "columns"} == settings
    assert document["source"] == {"kind": "files", "paths": {"orders": f"data/{name}"}}
    with loaded(tmp_path, Source.model_validate(document["source"]), orders=tables["orders"]) as back:
        assert back.reports["orders"].kept == back.reports["orders"].rows == text.count("\n") - 1


def test_day_or_month_that_cannot_be_told_is_left_open_and_said(tmp_path):
    path = tmp_path / "o.csv"
    path.write_text(
        "customer,date,amount\n" + "".join(f"c{i % 3},0{i % 9 + 1}/0{i % 8 + 1}/2023,{i}.5\n" for i in range(30))
    )
    found = propose(path)
    assert found.mapping("orders").date_format is None
    text = render(found, name="shop", base=tmp_path)
    assert (
        'CHECK: no day is above 12, so day and month cannot be told apart: set date_format to "%d/%m/%Y" or "%m/%d/%Y"'
        in text
    )


def test_one_late_row_decides_between_day_and_month(tmp_path):
    path = tmp_path / "o.csv"
    path.write_text("customer,date,amount\n" + "c1,01/02/2023,1.5\nc2,01/02/2023,1.5\n" * 60_000 + "c1,31/01/2023,2\n")
    assert propose(path).mapping("orders").date_format == "%d/%m/%Y"


def test_dates_written_in_two_ways_are_said(tmp_path):
    path = tmp_path / "o.csv"
    path.write_text("customer,date,amount\n" + "c1,01.02.2023,1.5\nc2,01.02.2023,1.5\n" * 60_000 + "c1,2023-01-31,2\n")
    found = propose(path)
    assert found.mapping("orders").date_format is None
    assert any("no one format reads every value" in note for note in found.tables[0].notes)


def test_a_file_without_names_gets_some(tmp_path):
    path = tmp_path / "o.csv"
    path.write_text(headless())
    with pytest.raises(
        DataError, match=r"no column looks like the customer\. There are: column_1 \(text\), column_2 \(date\)"
    ):
        propose(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("customer,amount\na,1.5\nb,2.5\n", "looks like the time"),
        ("customer,date,words\na,2024-01-01,x\nb,2024-01-02,y\n", "looks like the amount"),
        ("only one column\nx\ny z\n", "no delimiter"),
        ("customer,date,amount\n", "no rows"),
        ("\n\n", "is empty"),
        ("", "an empty file"),
        (None, "no such file"),
        (b"customer,date,amount\n\xff\xfe,2024-01-01,1\n", "not UTF-8 at byte 21"),
    ],
)
def test_files_that_cannot_be_understood_say_why(tmp_path, content, words):
    path = tmp_path / "o.csv"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=words):
        propose(path)


def test_a_lonely_price_or_fraction_is_taken_with_a_question(tmp_path):
    path = tmp_path / "o.csv"
    for name in ("price", "zzz"):
        path.write_text(f"customer,date,{name}\na,2024-01-01,1.5\nb,2024-01-02,2.5\n")
        amount = next(c for c in propose(path).tables[0].columns if c.key == "amount")
        assert (amount.value, amount.sure) == (name, False)
        assert "CHECK" in render(propose(path), name="x", base=tmp_path)


def test_customers_and_events_are_understood(tmp_path, loaded):
    days = [dt.datetime(2024, 1, 1) + dt.timedelta(days=i) for i in range(60)]
    orders = pa.table(
        {"cust": [f"{i % 20:03d}" for i in range(60)], "at": days, "total": [1.5 * i - 3 for i in range(60)]}
    )
    pq.write_table(orders, tmp_path / "o.parquet")
    people = pa.table({
        "cust": [f"{i:03d}" for i in range(20)], "Full Name": [f"n{i}" for i in range(20)], "e-mail": ["x@y"] * 20, "Age (years)": [20.0 + i for i in range(20)],
        "Segment": ["a", "b"] * 10, "segment": ["c", "d"] * 10, "2nd plan": ["p", "q"] * 10, "same": ["z"] * 20, "void": pa.nulls(20, pa.string()), "joined": days[:20],
    })  # fmt: skip
    pq.write_table(people, tmp_path / "c.parquet")
    events = pa.table(
        {
            "cust": [f"{i % 20:03d}" if i else None for i in range(60)],
            "when": days,
            "event type": ["visit", "call"] * 30,
            "duration": [float(i) for i in range(60)],
        }
    )
    pq.write_table(events, tmp_path / "e.parquet")
    found = propose(tmp_path / "o.parquet", tmp_path / "c.parquet", tmp_path / "e.parquet")
    assert columns(found, "customers") == {
        "customer_id": "cust",
        "age_years": "Age (years)",
        "segment": "Segment",
        "attribute_3": "segment",
        "attribute_4": "2nd plan",
    }
    assert columns(found, "events") == {
        "customer_id": "cust",
        "happened_at": "when",
        "kind": "event type",
        "value": "duration",
    }
    assert "'Full Name', 'e-mail', 'same', 'void', 'joined'" in found.tables[1].notes[0]
    document = yaml.safe_load(render(found, name="x", base=tmp_path))
    with loaded(tmp_path, Source.model_validate(document["source"]), **document["tables"]) as back:
        assert back.reports["events"].reasons == {"anonymous": 1}
        assert back.rows("customers")[3]["age_years"] == 23.0


def test_events_of_one_kind_get_a_constant(tmp_path):
    (tmp_path / "o.csv").write_text("customer,date,amount\na,2024-01-01,1.5\nb,2024-01-02,2.5\n")
    (tmp_path / "e.csv").write_text("customer,time\na,2024-01-01\nb,2024-01-02\n")
    found = propose(tmp_path / "o.csv", events=tmp_path / "e.csv")
    assert columns(found, "events")["kind"] == "'event'"
    assert yaml.safe_load(render(found, name="x", base=tmp_path))["tables"]["events"]["columns"]["kind"] == "'event'"


def test_the_written_config_has_every_section_and_only_known_keys(tmp_path):
    (tmp_path / "o.csv").write_text("customer,date,amount\na,2024-01-01,1.5\nb,2024-01-02,2.5\n")
    document = yaml.safe_load(render(propose(tmp_path / "o.csv"), name="yes", base=tmp_path))
    assert document["name"] == "yes"
    assert set(document) == {
        "name",
        "timezone",
        "currency",
        "source",
        "tables",
        "population",
        "labels",
        "calendar",
        "tiers",
        "list",
        "resources",
    }
    assert document["calendar"] == {"every": "month", "cutoffs": 12, "tests": 3, "min_history": 30}
    assert [t["share"] for t in document["tiers"]] == [0.5, 0.8, 1.0]


@given(st.text(min_size=1, max_size=12), st.text(max_size=20))
def test_any_name_is_written_so_that_yaml_reads_it_back(name, why):
    table = TableProposal("orders", Path("/x/o.csv"), (Choice("amount", name, why),), (), (why,))
    document = yaml.safe_load(render(Proposal((table,)), name=name, base=Path("/x")))
    assert document["tables"]["orders"]["columns"] == {"amount": name}
    assert document["name"] == name


def test_missing_floats_and_line_items_of_data_frames_are_seen(tmp_path):
    n = 40
    table = pa.table({"UserId": [math.nan if i % 5 == 0 else float(i % 7) for i in range(n)], "BasketNo": [i // 4 for i in range(n)],
                      "day": [dt.date(2024, 1, 1)] * n, "value": [1.0 + i / 4 for i in range(n)], "department": ["a", "b"] * (n // 2)})  # fmt: skip
    pq.write_table(table, tmp_path / "o.parquet")
    found = propose(tmp_path / "o.parquet")
    assert columns(found) == {
        "customer_id": "UserId",
        "ordered_at": "day",
        "amount": "value",
        "order_id": "BasketNo",
        "category": "department",
    }
    assert found.mapping("orders").drop_anonymous
    assert "4 rows each: line items" in next(c.why for c in found.tables[0].columns if c.key == "order_id")


def test_a_column_of_currencies_is_mapped_and_the_most_frequent_is_the_businesss(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("customer,date,amount,Currency\na,2024-01-13,1.5,chf\nb,2024-01-14,2.5,CHF\na,2024-01-15,3,EUR\n")
    found = propose(path)
    assert (columns(found)["currency"], found.currency) == ("Currency", "CHF")
    text = render(found, name="shop", base=tmp_path)
    assert yaml.safe_load(text)["currency"] == "CHF"
    assert "CHECK: money is in CHF, EUR" in text


def test_a_column_of_that_name_which_holds_no_codes_is_left_alone(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("customer,date,amount,currency\na,2024-01-13,1.5,dollars\nb,2024-01-14,2.5,dollars\n")
    found = propose(path)
    assert ("currency" in columns(found), found.currency) == (False, None)
