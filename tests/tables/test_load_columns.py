"""Columns are found by their exact names, and a mapping that means nothing is refused by its place."""

import datetime as dt

import pytest

from hvc_ml.errors import ConfigError, DataError
from hvc_ml.tables.sources import Source
from made.logs import PLAIN, as_parquet, written

HOSTILE = [
    'a"; DROP TABLE x; --',
    "it's",
    "`tick`",
    "select",
    "order total",
    "net-amount",
    "c0",
    "reason",
    "ünï",
    "p_amount",
    "a,b",
    "row",
    "file_row",
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_hostile_column_names_are_names(loaded, tmp_path, name, kind):
    if kind == "csv":
        (tmp_path / "o.csv").write_text(f"{written(name)},date,who\n5,2024-01-01,x\n", encoding="utf-8")
    else:
        as_parquet(tmp_path / "o.parquet", {name: [5], "date": [dt.date(2024, 1, 1)], "who": ["x"]})
    tick = "`" + name.replace("`", "``") + "`"
    columns = {"customer_id": "who", "ordered_at": "date", "amount": name, "quantity": f"{tick} * 2"}
    mapping = {"columns": columns, "filter": f"{tick} > 4 and {tick} is not null"}
    with loaded(tmp_path, Source(paths={"orders": f"o.{kind}"}), orders=mapping) as found:
        assert (found.rows()[0]["amount"], found.rows()[0]["quantity"]) == (50_000, 100_000)


def test_columns_that_differ_in_case_only_are_two_columns(loaded, tmp_path):
    as_parquet(
        tmp_path / "o.parquet",
        {"ID": ["upper"], "id": ["lower"], "date": [dt.date(2024, 1, 1)], "Amount": [1], "amount": [2]},
    )
    (tmp_path / "o.csv").write_text("ID,id,date,Amount,amount\nupper,lower,2024-01-01,1,2\n")
    for name in ("o.parquet", "o.csv"):
        columns = {
            "customer_id": "id",
            "order_id": "ID",
            "ordered_at": "date",
            "amount": "Amount",
            "quantity": "amount",
        }
        with loaded(tmp_path, Source(paths={"orders": name}), orders={"columns": columns}) as found:
            row = found.rows()[0]
            assert (row["customer_id"], row["order_id"], row["amount"], row["quantity"]) == (
                "lower",
                "upper",
                10_000,
                20_000,
            )


def test_a_name_that_stands_twice_is_refused_only_where_it_is_used(shop):
    text = "customer,date,amount,x,x\na,2024-01-01,1,2,3\n"
    with shop(text) as found:
        assert len(found.rows()) == 1
    with pytest.raises(ConfigError, match="2 columns named 'x'"), shop(text, columns={**PLAIN, "quantity": "x"}):
        pass


def test_unknown_columns_are_answered_with_the_nearest_name(shop):
    text = "Customer,date,amount\na,2024-01-01,1\n"
    with (
        pytest.raises(
            DataError, match=r"tables\.orders\.columns\.customer_id: no column 'customer'; did you mean 'Customer'\?"
        ),
        shop(text),
    ):
        pass
    with (
        pytest.raises(DataError, match=r"tables\.orders\.filter: no column 'amonut'; did you mean 'amount'\?"),
        shop(text.lower(), filter="amonut > 1"),
    ):
        pass


@pytest.mark.parametrize(
    ("columns", "filter_", "words"),
    [
        ({"amount": "amount >"}, None, "columns.amount"),
        ({"amount": "amount > 1"}, None, "found a condition"),
        ({"customer_id": "customer + 1"}, None, "expected one column"),
        ({"ordered_at": "date * 2"}, None, "expected one column"),
        ({"amount": "'five'"}, None, "found a text"),
        ({}, "amount", "expected a condition"),
        ({}, "amount >", "tables.orders.filter"),
        ({"amuont": "amount"}, None, "did you mean 'amount'"),
    ],
)
def test_mappings_that_mean_nothing_are_refused_by_their_place(shop, columns, filter_, words):
    text = "customer,date,amount\na,2024-01-01,1\n"
    with pytest.raises(ConfigError, match=words), shop(text, columns={**PLAIN, **columns}, filter=filter_):
        pass


def test_dates_are_no_amounts(loaded, tmp_path):
    as_parquet(tmp_path / "o.parquet", {"customer": ["x"], "date": [dt.date(2024, 1, 1)], "amount": [1]})
    with (
        pytest.raises(ConfigError, match="is DATE, not a number"),
        loaded(tmp_path, Source(paths={"orders": "o.parquet"}), orders={"columns": {**PLAIN, "amount": "date"}}),
    ):
        pass
