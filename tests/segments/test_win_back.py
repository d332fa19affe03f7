import pandas as pd

from hvc_ml.population import population_at
from hvc_ml.segments.win_back import dormant_at, win_back
from made.shop import TODAY, make_tables, order


def dormant(engine, orders, active=90):
    tables = make_tables(engine, orders)
    found = dormant_at(tables, TODAY, population_at(tables, TODAY, active))
    return engine.arrow(found.sort("customer_id")).to_pandas().set_index("customer_id")


def test_the_dormant_were_customers_and_are_not_any_more(engine):
    orders = [
        *(order("ann", -200, 50.0), order("ann", -10, 50.0)),
        order("bob", -100, 20.0),
        *(order("cyd", -120, -5.0), order("dan", 5, 5.0)),  # only ever sent something back; only the future
    ]
    found = dormant(engine, orders)
    assert found.index.tolist() == ["bob"]
    assert found.loc["bob"].tolist() == [100, 20.0]


def test_the_last_value_is_of_the_year_that_ended_with_the_last_purchase(engine):
    orders = [
        order("bob", -1000, 7.0),
        order("bob", -400 - 365, 100.0),  # a year and a day too early by one
        order("bob", -400 - 364, 10.0),
        order("bob", -400, 30.0),
        order("bob", -390, -5.0),  # sent back after it
    ]
    found = dormant(engine, orders)
    assert found.loc["bob"].tolist() == [400, 35.0]


def test_bands_part_everyone_once(engine):
    days = [1, 180, 181, 365, 366, 730, 731]
    table = win_back(pd.DataFrame({"silent_days": days, "last_value": [10.0] * 7}), floor=10.0)
    assert table["customers"].tolist() == [7, 2, 2, 2, 1]
    assert table["as_good_as_high_value"].tolist() == [7, 2, 2, 2, 1]


def test_nobody_dormant_is_a_table_of_zeros():
    table = win_back(pd.DataFrame({"silent_days": pd.Series(dtype="int64"), "last_value": pd.Series(dtype=float)}), 1.0)
    assert table["customers"].sum() == 0
    assert table["median_value"].isna().all()
